#!/usr/bin/env node
// The command `hornet`: builds the addon on machines for which none is prebuilt or whose npm runs no install scripts.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [command, ...args] = process.argv.slice(2);
if (command === 'build') {
  const script = join(dirname(fileURLToPath(import.meta.url)), 'build.mjs');
  process.exitCode = spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' }).status ?? 1;
} else {
  console.error('usage: hornet build [--levels v2,v3,v4] [--jobs N] [--debug]');
  process.exitCode = 2;
}
