// What of CUDA this machine has. The library is searched and described by native/cuda; a GPU is chosen here.
import { parseDeviceName, type DeviceName } from './device-options.js';
import { loadAddon } from './native.js';

/** What `native/cuda/describe.cpp` writes. */
export interface CudaReport {
  /** Whether at least one GPU can be used. */
  readonly usable: boolean;
  /** Why the driver does not start; null where it does, or is not there. */
  readonly problem: string | null;
  readonly gpus: readonly GpuReport[];
  readonly libraries: readonly LibraryReport[];
}

export interface GpuReport {
  readonly index: number;
  readonly name: string;
  readonly memoryBytes: number;
  readonly capability: string;
  /** Why it cannot be used; null where it can. */
  readonly problem: string | null;
}

export interface LibraryReport {
  readonly name: string;
  readonly path: string | null;
  /** The rule that found it: loaded, environment, cache, pip, system or toolkit. */
  readonly origin: string | null;
  readonly version: string | null;
  /** What is wrong with it and what to do; null where nothing is. */
  readonly problem: string | null;
}

const nothing: CudaReport = { usable: false, problem: null, gpus: [], libraries: [] };

/** What is there; nothing in a build without CUDA. */
export function describeCuda(): CudaReport {
  // The libraries are large: they are not searched where nobody could use them.
  return countGpus() === 0 ? nothing : (JSON.parse(loadAddon().describeCuda()) as CudaReport);
}

function countGpus(): number {
  try {
    return loadAddon().countGpus();
  } catch {
    return 0; // this build has no CUDA library
  }
}

/** The first GPU that can be used, or null. Where one is there but cannot be used, says on stderr why. */
export function firstGpu(): DeviceName | null {
  const { gpus, libraries, usable } = describeCuda();
  if (usable) return parseDeviceName('device', `cuda:${gpus.find(({ problem }) => problem === null)!.index}`);
  if (gpus.length > 0) {
    const reason = [...libraries, ...gpus].find(({ problem }) => problem !== null)?.problem;
    warnUnused(gpus[0].name, reason ?? 'its libraries do not work together');
  }
  return null;
}

/** Tells that a GPU is there but not used. */
export function warnUnused(gpu: string, reason: string): void {
  process.stderr.write(`hornet: ${gpu} is not used: ${reason} (HORNET_DEVICE=cpu silences this)\n`);
}
