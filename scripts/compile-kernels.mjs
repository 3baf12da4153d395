// Compiles each file of device code with nvcc, warnings being errors, for the architectures in use as far as this nvcc
// knows them, and as PTX for later ones. Templates are compiled with their arguments elsewhere: at run time by NVRTC.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { findNvcc } from './cuda-headers.mjs';

const folder = join(resolve(dirname(fileURLToPath(import.meta.url)), '..'), 'native', 'cuda');
const nvcc = findNvcc();
if (!nvcc) throw new Error('nvcc was not found: see scripts/cuda-toolchain.mjs');
const known = new Set(spawnSync(nvcc, ['--list-gpu-arch'], { encoding: 'utf8' }).stdout.match(/\d+/g));
const architectures = ['75', '80', '86', '89', '90', '100', '120'].filter((name) => known.has(name));
const newest = architectures.at(-1);
const gencode = [
  ...architectures.map((name) => `-gencode=arch=compute_${name},code=sm_${name}`),
  `-gencode=arch=compute_${newest},code=compute_${newest}`,
];
// A function that only templates call is never called here: no warning 177.
const options = [
  '-std=c++20',
  '-O3',
  '--expt-relaxed-constexpr',
  '-Werror',
  'all-warnings',
  '-diag-suppress=177',
  '--fatbin',
  '-o',
  '/dev/null',
];

function compile(file) {
  return new Promise((settle) => {
    const child = spawn(nvcc, [...options, ...gencode, join(folder, file)]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('close', (status) => {
      if (status !== 0) console.log(`✗ ${file}\n${output}`);
      settle(status === 0);
    });
  });
}

const files = readdirSync(folder).filter((name) => name.endsWith('.cu'));
const results = [];
const next = files.values();
await Promise.all(
  Array.from({ length: Math.min(availableParallelism(), 8) }, async () => {
    for (const file of next) results.push(await compile(file));
  }),
);
const failed = results.filter((passed) => !passed).length;
console.log(`sm_${architectures.join(', sm_')} and PTX: ${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
