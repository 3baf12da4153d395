// Asks the addon one thing and writes the answer as JSON. Runs in a process of its own: a broken library may do worse
// than throw.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const self = fileURLToPath(import.meta.url);
const root = resolve(dirname(self), '..');

const questions = {
  /** The addon's path. */
  addon: (findAddon) => findAddon.path(root),
  /** What the CPU backend is. */
  cpu: (findAddon) => findAddon(root).openDevice('cpu', {}).info(),
  /** What of CUDA this machine has, see lib/cuda.ts. */
  cuda: (findAddon) => JSON.parse(findAddon(root).describeCuda()),
  /** What the CUDA backend is on the first GPU. */
  gpu: (findAddon) => findAddon(root).openDevice('cuda', {}).info(),
};

/** `{ answer }` or `{ problem }`. */
export function probe(question, env = {}) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [self, question], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  if (status === 0) return JSON.parse(stdout.slice(stdout.lastIndexOf('\n{') + 1));
  const ended = signal ? `the process ended with ${signal}` : `the process ended with status ${status}`;
  return { problem: [ended, ...stderr.trim().split('\n').slice(-3)].join(' ').trim() };
}

if (process.argv[1] === self) {
  let result;
  try {
    result = { answer: questions[process.argv[2]](createRequire(import.meta.url)('node-gyp-build')) };
  } catch (error) {
    result = { problem: String(error.message).split('\n')[0] };
  }
  process.stdout.write(`\n${JSON.stringify(result)}\n`);
}
