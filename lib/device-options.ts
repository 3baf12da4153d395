// What users choose of devices, in code or by environment variables: which one, and how it works.
import { HornetError } from './errors.js';

/** Kinds of devices. */
export type DeviceKind = 'cpu' | 'cuda';

/** Options of devices, set before the first tensor is made. */
export interface DeviceOptions {
  /**
   * The default device: `cpu`, `cuda` (the first GPU), `cuda:1` … Default: the `HORNET_DEVICE` environment variable, else
   * the first GPU that can be used, else the CPU.
   */
  readonly device?: string;
  /** CPU threads. Default: the `HORNET_NUM_THREADS` environment variable, else all physical cores. */
  readonly threads?: number;
  /**
   * The most memory that tensors and programs may take on one device, in bytes or as text, e.g. `4GB`. Default: the
   * `HORNET_MEMORY_LIMIT` environment variable, else no limit. Nothing is taken in advance.
   */
  readonly memoryLimit?: number | string;
  /**
   * Whether GPUs may compute float32 products in TF32: faster, with 10 bits of mantissa. Default: true unless the
   * `HORNET_TF32` environment variable is 0.
   */
  readonly allowTf32?: boolean;
  /**
   * Whether a program must give equal bits at every run on a GPU, at some cost of speed. Default: false unless the
   * `HORNET_DETERMINISTIC` environment variable is 1.
   */
  readonly deterministic?: boolean;
}

/** What the addon opens a device with. */
export interface NativeDeviceOptions {
  readonly index?: number;
  readonly threads?: number;
  readonly memoryLimit?: number;
  readonly allowTf32?: boolean;
  readonly deterministic?: boolean;
}

/** A device's name taken apart, e.g. `cuda:1`. The first CPU is `cpu`, the first GPU `cuda:0`. */
export interface DeviceName {
  readonly kind: DeviceKind;
  readonly index: number;
  readonly name: string;
}

/** Reads the name of a device. Throws a `HornetError` for `where` when it is none. */
export function parseDeviceName(where: string, text: string): DeviceName {
  const match = /^(cpu|cuda)(?::(\d{1,3}))?$/.exec(text);
  if (!match) throw new HornetError(where, `expected a device like 'cpu', 'cuda' or 'cuda:1', received '${text}'`);
  const kind = match[1] as DeviceKind;
  const index = Number(match[2] ?? 0);
  return { kind, index, name: kind === 'cpu' && index === 0 ? 'cpu' : `${kind}:${index}` };
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

/** A number of bytes from a number or a text like `4GB` or `512 MiB`. Throws a `HornetError` for anything else. */
export function parseBytes(where: string, value: number | string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(String(value));
  const bytes = match ? Math.floor(Number(match[1]) * (units[match[2].toUpperCase()] ?? NaN)) : NaN;
  if (bytes >= 1 && Number.isSafeInteger(bytes)) return bytes;
  throw new HornetError(where, `expected a size like 4GB, received '${value}'`);
}

function flagFrom(name: string): boolean | undefined {
  const value = process.env[name];
  if (!value) return undefined;
  if (value === '0' || value === '1') return value === '1';
  throw new HornetError('device', `expected ${name} to be 0 or 1, received '${value}'`);
}

/** Checks what a user passes. Throws a `HornetError` for `where`. */
export function checkOptions(where: string, options: DeviceOptions): void {
  const { device, threads, memoryLimit } = options;
  if (device !== undefined) parseDeviceName(where, device);
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw new HornetError(where, `expected threads to be a positive integer, received ${threads}`);
  }
  if (memoryLimit !== undefined) parseBytes(where, memoryLimit);
  for (const name of ['allowTf32', 'deterministic'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== 'boolean') {
      throw new HornetError(where, `expected ${name} to be true or false, received '${value as string}'`);
    }
  }
}

/** Options for opening one device: what the user set, else what the environment says. */
export function nativeOptions(options: DeviceOptions, index: number): NativeDeviceOptions {
  const limit = options.memoryLimit ?? process.env.HORNET_MEMORY_LIMIT;
  return {
    index,
    threads: options.threads,
    memoryLimit: limit ? parseBytes('memoryLimit', limit) : undefined,
    allowTf32: options.allowTf32 ?? flagFrom('HORNET_TF32'),
    deterministic: options.deterministic ?? flagFrom('HORNET_DETERMINISTIC'),
  };
}
