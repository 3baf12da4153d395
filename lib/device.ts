// Devices: opening them, and which one is the current. What a program is, lib/graph/compile.ts knows.
import { AsyncLocalStorage } from 'node:async_hooks';
import { cpus, totalmem } from 'node:os';
import { describeCuda, firstGpu, warnUnused } from './cuda.js';
import {
  checkOptions,
  nativeOptions,
  parseDeviceName,
  type DeviceKind,
  type DeviceName,
  type DeviceOptions,
} from './device-options.js';
import { HornetError } from './errors.js';
import { loadAddon, type DeviceInfo, type NativeDevice } from './native.js';

export type { DeviceKind, DeviceOptions } from './device-options.js';

/** A CPU or GPU that is open: memory, programs, and a queue of work of its own. */
export class Device {
  /** `cpu` or `cuda`. */
  readonly kind: DeviceKind;
  /** E.g. `cpu`, `cuda:0`. */
  readonly name: string;
  /** Internal. */
  readonly native: NativeDevice;

  /** Internal: devices are opened by name. */
  constructor({ kind, name }: DeviceName, native: NativeDevice) {
    this.kind = kind;
    this.name = name;
    this.native = native;
  }

  /** What it is and which library is behind it. */
  info(): DeviceInfo {
    return this.native.info();
  }

  /** Bytes in use by tensors and programs, now and at most so far. */
  memory(): { readonly currentBytes: number; readonly peakBytes: number } {
    return this.native.memory();
  }

  /** Resolves when all earlier work is done; rejects with the first error since the last call. */
  async sync(): Promise<void> {
    try {
      await this.native.sync();
    } catch (error) {
      throw HornetError.fromNative(error);
    }
  }

  toString(): string {
    return this.name;
  }
}

/** A device of this machine, as `devices()` lists it. */
export interface DeviceDescription {
  /** What `withDevice`, `setDevice` and `HORNET_DEVICE` take. */
  readonly name: string;
  readonly kind: DeviceKind;
  /** The name of the processor or GPU. */
  readonly description: string;
  readonly memoryBytes: number;
  /** The compute capability of a GPU, e.g. `9.0`; null for the CPU. */
  readonly capability: string | null;
}

const opened = new Map<string, Device>();
let options: DeviceOptions = {};
let standard: Device | null = null;
/** Of the synchronous `onDevice` around the running code. */
let scope: Device | null = null;
/** Of the `withDevice` around the running code, beyond its awaits; made when first needed, for it is not free. */
let scopes: AsyncLocalStorage<Device> | null = null;

/** The devices that can be used: the CPU, then the GPUs. Opens none of them. */
export function devices(): DeviceDescription[] {
  const memoryBytes = Math.min(totalmem(), process.constrainedMemory() || Infinity);
  const description = cpus()[0]?.model ?? process.arch;
  const { usable, gpus } = describeCuda();
  return [
    { name: 'cpu', kind: 'cpu', description, memoryBytes, capability: null },
    ...gpus
      .filter(({ problem }) => usable && problem === null)
      .map((gpu): DeviceDescription => {
        const { index, name, memoryBytes, capability } = gpu;
        return { name: `cuda:${index}`, kind: 'cuda', description: name, memoryBytes, capability };
      }),
  ];
}

/**
 * Sets the default device and how devices work. Must come before anything runs.
 *
 * @throws HornetError when a device is already open or an option has no meaning.
 */
export function configureDevice(wanted: DeviceOptions): void {
  checkOptions('configureDevice', wanted);
  if (opened.size > 0) throw new HornetError('configureDevice', 'a device is already in use; configure it first');
  options = { ...options, ...wanted };
}

/**
 * Makes a device the default: tensors, variables and models that are made from now on live there.
 *
 * @param device - `cpu`, `cuda` (the first GPU), `cuda:1` … `cpu:1` is another engine on the same CPU.
 * @throws HornetError when there is no such device or its libraries are missing.
 */
export function setDevice(device: string | Device): void {
  standard = toDevice('setDevice', device);
}

/**
 * Runs `fn` with another current device. Tensors, variables and models made inside live there, in async functions also
 * after an `await`. Ops run where their tensors are, models where their weights are, inside and outside.
 *
 * @example
 * const model = withDevice('cuda:1', () => new Sequential([dense(10, { inputShape: [4] })]));
 *
 * @throws HornetError when there is no such device or its libraries are missing.
 */
export function withDevice<T>(device: string | Device, fn: () => T): T {
  const wanted = toDevice('withDevice', device);
  scopes ??= new AsyncLocalStorage();
  return scopes.run(wanted, () => onDevice(wanted, fn));
}

/** The device on which new tensors are made: that of the `withDevice` around, else the default one, opened at first use. */
export function currentDevice(): Device {
  return scope ?? scopes?.getStore() ?? (standard ??= openDefault());
}

/** `withDevice` for functions that are not async. Internal. */
export function onDevice<T>(device: Device, fn: () => T): T {
  const outer = scope;
  scope = device;
  try {
    return fn();
  } finally {
    scope = outer;
  }
}

/** Runs `fn`, which is not async, where the first tensor or variable among `values` is. Internal. */
export function onDeviceOf<T>(values: unknown, fn: () => T): T {
  const device = opened.size > 1 ? deviceOf(values) : null;
  return device ? onDevice(device, fn) : fn();
}

/** The device of the first tensor or variable in arrays and plain objects; null where there is none. Internal. */
export function deviceOf(value: unknown): Device | null {
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return null;
  const { device } = value as { device?: unknown };
  if (device instanceof Device) return device;
  if (Array.isArray(value)) {
    // Nested arrays hold numbers or tensors, never both.
    return value.length > 0 && typeof value[0] !== 'number' ? firstOf(value) : null;
  }
  return Object.getPrototypeOf(value) === Object.prototype ? firstOf(Object.values(value)) : null;
}

function firstOf(values: readonly unknown[]): Device | null {
  for (const value of values) {
    const device = deviceOf(value);
    if (device) return device;
  }
  return null;
}

/** Something of which every device has its own, made at first use. Internal. */
export function perDevice<T>(make: (device: Device) => T): (device: Device) => T {
  const made = new WeakMap<Device, { readonly value: T }>();
  return (device) => {
    let entry = made.get(device);
    if (!entry) made.set(device, (entry = { value: make(device) }));
    return entry.value;
  };
}

/** The device of this name, opened at first use. Throws a `HornetError` for `where` when it is no name. Internal. */
export function toDevice(where: string, device: string | Device): Device {
  return device instanceof Device ? device : open(parseDeviceName(where, device));
}

function open(wanted: DeviceName): Device {
  let device = opened.get(wanted.name);
  if (!device) {
    try {
      const native = loadAddon().openDevice(wanted.kind, nativeOptions(options, wanted.index));
      opened.set(wanted.name, (device = new Device(wanted, native)));
    } catch (error) {
      throw HornetError.fromNative(error);
    }
  }
  return device;
}

function openDefault(): Device {
  const wanted = options.device ?? process.env.HORNET_DEVICE;
  if (wanted) return toDevice(options.device ? 'configureDevice' : 'HORNET_DEVICE', wanted);
  const gpu = firstGpu();
  if (gpu) {
    try {
      return open(gpu);
    } catch (error) {
      warnUnused(gpu.name, (error as Error).message);
    }
  }
  return toDevice('device', 'cpu');
}
