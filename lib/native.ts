// The native addon: its interface, and how it is found. Only lib/device.ts, lib/graph/compile.ts and
// lib/ops/hash.ts use it.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeviceKind, NativeDeviceOptions } from './device-options.js';
import { HornetError } from './errors.js';

/** Device memory. Freed when the last queued use is done. */
export interface NativeBuffer {
  readonly bytes: number;
  readonly disposed: boolean;
  dispose(): void;
}

/** A program with fixed memory. */
export interface NativeBinding {
  /** Queues so many runs in a row and returns at once. */
  run(times: number): void;
  dispose(): void;
}

/** A decoded program. */
export interface NativeProgram {
  readonly arenaBytes: number;
  bind(parameters: readonly NativeBuffer[], results: readonly NativeBuffer[]): NativeBinding;
  /** Queues one run and returns at once. */
  run(parameters: readonly NativeBuffer[], results: readonly NativeBuffer[]): void;
  /** One line per instruction: op and operands; after the first run also what runs it, with HORNET_PROFILE how long. */
  explain(): string[];
}

/** What a device is. */
export interface DeviceInfo {
  readonly name: string;
  /** The library behind it, e.g. `oneDNN 2.6`. */
  readonly library: string;
  /** The instruction set level or compute capability that is used. */
  readonly level: string;
  readonly memoryBytes: number;
  readonly threads: number;
}

/** One device: memory, programs, and a queue on a thread of its own. All calls but `allocate` and `upload` are queued. */
export interface NativeDevice {
  info(): DeviceInfo;
  /** Names of the ops that it has kernels for. */
  kernels(): string[];
  /** Memory filled with zeros, or with anything where `zeroed` is false. */
  allocate(bytes: number, zeroed?: boolean): NativeBuffer;
  /** Copies the data before it returns. */
  upload(data: ArrayBufferView): NativeBuffer;
  /** Copies the data before it returns, and into the buffer in its turn. */
  write(buffer: NativeBuffer, data: ArrayBufferView): void;
  copy(from: NativeBuffer, to: NativeBuffer): void;
  /** Rejects when the run that should have filled the buffer failed. */
  read(buffer: NativeBuffer): Promise<ArrayBuffer>;
  /** Decodes a program; throws when an op has no kernel. */
  compile(program: Uint8Array): NativeProgram;
  /** Resolves when all earlier work is done; rejects with the first error since the last `sync`. */
  sync(): Promise<void>;
  memory(): { readonly currentBytes: number; readonly peakBytes: number };
}

interface NativeAddon {
  readonly version: string;
  openDevice(kind: DeviceKind, options: NativeDeviceOptions): NativeDevice;
  /** How many GPUs the driver knows. Throws in a build without the CUDA library. */
  countGpus(): number;
  /** Hashes of strings whose bytes lie one behind the other: string i ends before `ends[i]`. `key`: of SipHash. */
  hashStrings(text: Uint8Array, ends: Uint32Array, key?: BigUint64Array): BigUint64Array;
  /** JSON about driver, GPUs and libraries, see lib/cuda.ts. Throws in a build without the CUDA library. */
  describeCuda(): string;
}

let addon: NativeAddon | null = null;

/** Loads the addon: the prebuilt one that fits this platform, else the one built from source. */
export function loadAddon(): NativeAddon {
  return (addon ??= load());
}

function load(): NativeAddon {
  const require = createRequire(import.meta.url);
  try {
    const findAddon = require('node-gyp-build') as (folder: string) => NativeAddon;
    return findAddon(packageFolder());
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    const message = `the native addon could not be loaded (${reason}). Build it with: npx hornet build`;
    throw new HornetError('native', message, { cause: error });
  }
}

/** The folder of package.json: above `lib` in the sources, above `dist` in the package. */
const packageFolder = (): string => join(dirname(fileURLToPath(import.meta.url)), '..');
