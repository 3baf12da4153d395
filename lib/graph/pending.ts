// First values of variables, made when somebody needs the numbers: a weight that comes from a file is never drawn.
import { currentDevice, onDevice } from '../device.js';
import type { DType } from '../dtype.js';
import { concrete, DeviceTensor, type Tensor } from '../tensor.js';
import { currentTrace, withTrace } from './trace.js';

let postponing = false;

/** Runs `fn`, outside of any trace; tensors that `whenNeeded` gives meanwhile have no memory yet. */
export function postponed<T>(fn: () => T): T {
  const outer = postponing;
  postponing = true;
  try {
    return withTrace(null, fn);
  } finally {
    postponing = outer;
  }
}

/**
 * What `make` gives, a tensor of this shape and type. Within `postponed`, `make` runs when the numbers are first needed, and
 * not at all if they never are; it must not depend on what changes meanwhile.
 */
export function whenNeeded(shape: readonly number[], dtype: DType, make: () => Tensor): Tensor {
  if (!postponing || currentTrace()) return make();
  const device = currentDevice();
  const memory = () => onDevice(device, () => withTrace(null, () => concrete('tensor', make()).buffer));
  return new DeviceTensor(device, memory, [...shape], dtype);
}
