// Brings what the CUDA backend is built and checked with: headers and libraries by `hornet install-cuda`, nvcc from its
// wheels where the machine has none. What is there already is left as it is; nothing here needs a GPU.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { nvccFolder } from './cuda-cache.mjs';
import { cudaIncludes, findLibrary, findNvcc } from './cuda-headers.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const wheels = ['nvidia-cuda-nvcc', 'nvidia-nvvm', 'nvidia-cuda-crt', 'nvidia-cuda-runtime', 'nvidia-cuda-cccl'];

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', cwd: root });
  if (status !== 0) throw new Error(`\`${[command, ...args].join(' ')}\` failed${error ? `: ${error.message}` : ''}`);
}

function installNvcc() {
  const folder = nvccFolder();
  const partial = `${folder}.partial-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    const options = ['--no-deps', '--only-binary=:all:', '--disable-pip-version-check', '--quiet'];
    run('python3', ['-m', 'pip', 'install', ...options, '--target', partial, ...wheels]);
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

try {
  if (cudaIncludes().length === 0 || !findLibrary('libnvrtc.so'))
    run(process.execPath, ['scripts/hornet.mjs', 'install-cuda']);
  if (!findNvcc()) installNvcc();
  for (const [what, found] of [
    ['headers', cudaIncludes().join(', ')],
    ['NVRTC', findLibrary('libnvrtc.so')],
    ['nvcc', findNvcc()],
  ]) {
    if (!found || !existsSync(found.split(', ')[0])) throw new Error(`${what} not found`);
    console.log(`${what}: ${found}`);
  }
} catch (error) {
  console.error(
    `the CUDA toolchain is not complete: ${error.message}. Without a network, install a CUDA toolkit with cuDNN, or set ` +
      `HORNET_CUDA_WHEELS to a folder filled by: pip install --no-deps --target FOLDER nvidia-cublas nvidia-cudnn-cu13 ` +
      `nvidia-cuda-nvrtc ${wheels.join(' ')}`,
  );
  process.exitCode = 1;
}
