#!/usr/bin/env node
// The command `hornet`.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const usage = `usage:
  hornet build [--levels v2,v3,v4] [--jobs N] [--debug]   builds the engine from source
  hornet doctor [--json]                                  tells what works on this machine
  hornet install-cuda [--cuda 12|13] [--nccl] [--force]   gets the libraries that NVIDIA GPUs need`;

const commands = {
  build: (args) => {
    const script = join(dirname(fileURLToPath(import.meta.url)), 'build.mjs');
    return spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' }).status ?? 1;
  },
  doctor: async (args) => (await import('./doctor.mjs')).main(args),
  'install-cuda': async (args) => (await import('./install-cuda.mjs')).main(args),
};

const [name = '', ...args] = process.argv.slice(2);
try {
  if (!Object.hasOwn(commands, name)) throw new Error(usage);
  process.exitCode = await commands[name](args);
} catch (error) {
  console.error(error.message);
  process.exitCode = 2;
}
