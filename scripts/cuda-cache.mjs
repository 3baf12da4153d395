// Hornet's own folder of CUDA libraries: `hornet install-cuda` fills it, native/cuda/search.cpp looks into it.
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** `$HORNET_CACHE/cuda`, else `$XDG_CACHE_HOME/hornet/cuda`, else `~/.cache/hornet/cuda`. */
export function cacheFolder(env = process.env) {
  const root = env.HORNET_CACHE || join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'hornet');
  return join(root, 'cuda');
}

/** Where `scripts/cuda-toolchain.mjs` puts nvcc. */
export const nvccFolder = (env = process.env) => `${cacheFolder(env)}-nvcc`;
