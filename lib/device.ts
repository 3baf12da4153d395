// Devices: opening a backend, and the compiled programs it keeps. What a program is, lib/graph/compile.ts knows.
import { HornetError } from './errors.js';
import { loadAddon, type NativeDevice } from './native.js';

/** Options for the default device, set before the first tensor is made. */
export interface DeviceOptions {
  /** CPU threads. Default: the `HORNET_NUM_THREADS` environment variable, else all physical cores. */
  readonly threads?: number;
}

let device: NativeDevice | null = null;
let options: DeviceOptions = {};

/**
 * Sets options of the default device. Must come before anything runs on it.
 *
 * @throws HornetError when the device is already open or `threads` is not a positive integer.
 */
export function configureDevice(wanted: DeviceOptions): void {
  if (device) throw new HornetError('configureDevice', 'the device is already in use; configure it first');
  if (wanted.threads !== undefined && !(Number.isInteger(wanted.threads) && wanted.threads > 0)) {
    throw new HornetError('configureDevice', `expected threads to be a positive integer, received ${wanted.threads}`);
  }
  options = wanted;
}

/** The device on which everything runs; opened at first use. */
export function currentDevice(): NativeDevice {
  return (device ??= openDevice());
}

function openDevice(): NativeDevice {
  const wanted = process.env.HORNET_DEVICE ?? 'cpu';
  if (wanted !== 'cpu') throw new HornetError('device', `expected HORNET_DEVICE to be 'cpu', received '${wanted}'`);
  try {
    return loadAddon().openDevice('cpu', options);
  } catch (error) {
    throw HornetError.fromNative(error);
  }
}
