// Finds the headers that the CUDA backend is compiled against, and the compiler of its kernels. Nothing of CUDA is linked.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { cacheFolder, nvccFolder } from './cuda-cache.mjs';

const toolkits = () => [process.env.CUDA_HOME, '/usr/local/cuda'].filter(Boolean);
/** Folders of wheels: the one that is named, Hornet's cache, the one with nvcc. */
const wheels = () =>
  [process.env.HORNET_CUDA_WHEELS, cacheFolder(), nvccFolder()].filter(Boolean).map((folder) => join(folder, 'nvidia'));

/** Where nvcc is; empty where it is not: then all kernels are compiled at run time. */
export const findNvcc = () =>
  [
    ...toolkits().map((folder) => join(folder, 'bin')),
    ...(process.env.PATH ?? '').split(':'),
    ...wheels().map((folder) => join(folder, 'cu13/bin')),
  ]
    .map((folder) => join(folder, 'nvcc'))
    .find(existsSync) ?? '';

/** One folder for each header that is needed; empty where one is missing: then no CUDA backend is built. */
export function cudaIncludes() {
  const toolkit = toolkits().map((folder) => join(folder, 'include'));
  const find = (header, folders) => folders.find((folder) => existsSync(join(folder, header)));
  const cu13 = wheels().map((folder) => join(folder, 'cu13/include'));
  const found = [
    find('cuda.h', [...toolkit, ...cu13]),
    find('nvrtc.h', [...cu13, ...toolkit]),
    find('cublasLt.h', [...cu13, ...toolkit]),
    find('cudnn.h', [...wheels().map((folder) => join(folder, 'cudnn/include')), ...toolkit, '/usr/include']),
  ];
  return found.every(Boolean) ? [...new Set(found)] : [];
}

/** The path of a CUDA library whose file name begins so, e.g. `libnvrtc.so`; empty where it is not. */
export function findLibrary(stem) {
  const folders = [
    ...wheels().flatMap((folder) => ['cu13/lib', 'cudnn/lib'].map((name) => join(folder, name))),
    ...toolkits().flatMap((folder) => ['lib64', 'lib'].map((name) => join(folder, name))),
  ];
  for (const folder of folders.filter(existsSync)) {
    const file = readdirSync(folder).find((name) => name.startsWith(`${stem}.`));
    if (file) return join(folder, file);
  }
  return '';
}
