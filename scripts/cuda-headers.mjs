// Finds the headers that the CUDA backend is compiled against. Nothing of CUDA is linked.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { cacheFolder } from './cuda-cache.mjs';

/** One folder for each header that is needed; empty where one is missing: then no CUDA backend is built. */
export function cudaIncludes() {
  const wheels = [process.env.HORNET_CUDA_WHEELS, cacheFolder()]
    .filter(Boolean)
    .map((folder) => join(folder, 'nvidia'));
  const toolkits = [process.env.CUDA_HOME, '/usr/local/cuda'].filter(Boolean).map((folder) => join(folder, 'include'));
  const find = (header, folders) => folders.find((folder) => existsSync(join(folder, header)));
  const cu13 = wheels.map((folder) => join(folder, 'cu13/include'));
  const found = [
    find('cuda.h', [...toolkits, ...cu13]),
    find('nvrtc.h', [...cu13, ...toolkits]),
    find('cublasLt.h', [...cu13, ...toolkits]),
    find('cudnn.h', [...wheels.map((folder) => join(folder, 'cudnn/include')), ...toolkits, '/usr/include']),
  ];
  return found.every(Boolean) ? [...new Set(found)] : [];
}
