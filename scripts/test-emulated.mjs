// Runs jest with the CUDA backend on an emulated GPU: the libraries of native/test/cuda_emulator stand in for NVIDIA's.
// What passes here has been emulated, not run on a GPU. Arguments are jest's; without any, the emulator tests itself.
// `--native [part of a name]` runs the native tests of kernels instead.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const libraries = join(root, 'build', 'emulated');
// What Hornet compiles is thrown away: only then does the emulated NVRTC see every kernel. It keeps its own.
const cache = mkdtempSync(join(tmpdir(), 'hornet-emulated-'));
const { HORNET_EMULATED_SOURCES: sources } = process.env;
const env = {
  ...process.env,
  ...(sources && { HORNET_EMULATED_SOURCES: resolve(root, sources) }),
  HORNET_DEVICE: 'cuda',
  HORNET_TF32: '0', // which is emulated, too
  HORNET_CUDA_LIBRARIES: libraries,
  HORNET_CACHE: cache,
  HORNET_EMULATED_CACHE: process.env.HORNET_EMULATED_CACHE ?? join(root, 'build', 'emulated', 'kernels'),
  OMP_WAIT_POLICY: 'passive',
};

function run(command, args, environment = process.env) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', cwd: root, env: environment });
  return status ?? 1;
}

const build = ['scripts/build.mjs', '--tests', '--target=cuda_emulator'];
const args = process.argv.slice(2);
try {
  process.exitCode = run(process.execPath, build);
  if (process.exitCode === 0 && args.length === 0) process.exitCode = run(join(libraries, 'cuda_emulator'), [], env);
  if (process.exitCode === 0 && args[0] === '--native') {
    const build = run(process.execPath, ['scripts/build.mjs', '--tests', '--target=hornet_tests']);
    const HORNET_TEST_BACKEND = join(root, 'build', 'Release', 'libhornet_cuda.so');
    const tests = join(root, 'build', 'tests', 'hornet_tests');
    process.exitCode = build || run(tests, args.slice(1), { ...env, HORNET_TEST_BACKEND });
  } else if (process.exitCode === 0 && args.length > 0)
    process.exitCode = run('npm', ['run', '--silent', 'jest', '--', ...args], env);
} finally {
  rmSync(cache, { recursive: true, force: true });
}
