// Compiles kernels that the emulated NVRTC has kept with the real one, which needs no GPU.
// Arguments: the folder (HORNET_EMULATED_SOURCES of the run), architectures such as sm_80,sm_90, or compute_90, which stops
// at PTX and takes half the time.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { findLibrary } from './cuda-headers.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const [folder, architectures] = process.argv.slice(2);
const library = findLibrary('libnvrtc.so');
if (!library) throw new Error('NVRTC was not found: see scripts/cuda-toolchain.mjs');
const jobs = String(Math.min(availableParallelism(), 8));
const args = [library, resolve(folder), architectures, jobs];
const { status } = spawnSync(join(root, 'build/emulated/compile_kept'), args, { stdio: 'inherit' });
process.exitCode = status ?? 1;
