// Constants of a tensor's own dtype: what gradient rules need all the time.
import { encodeNumbers, type DType } from '../dtype.js';
import { whenNeeded } from '../graph/pending.js';
import { currentTrace } from '../graph/trace.js';
import { allocate, fromBytes, type Tensor } from '../tensor.js';
import { broadcastTensor } from './broadcast.js';

/** A scalar constant. */
export function scalar(value: number, dtype: DType): Tensor {
  const data = encodeNumbers([value], dtype);
  return currentTrace()?.constant(data, [], dtype) ?? fromBytes(data, [], dtype);
}

/** Numbers known now, in one dimension. */
export function vector(values: readonly number[], dtype: DType): Tensor {
  const data = encodeNumbers(values, dtype);
  return currentTrace()?.constant(data, [data.length], dtype) ?? fromBytes(data, [data.length], dtype);
}

/** A tensor of one value everywhere. */
export const filled = (shape: readonly number[], value: number, dtype: DType): Tensor =>
  whenNeeded(shape, dtype, () =>
    currentTrace() === null && Object.is(value, 0)
      ? allocate(shape, dtype)
      : broadcastTensor(scalar(value, dtype), shape),
  );

/** The value everywhere, in the shape and dtype of `x`. */
export const fullLike = (x: Tensor, value: number): Tensor => filled(x.shape, value, x.dtype);
