// Rows of length one.
import { floatx } from '../config.js';
import { isFloat } from '../dtype.js';
import { divide, equal, expandDims, norm, where } from '../ops/index.js';
import { castTo, convertToTensor, type TensorLike } from '../ops/convert.js';
import type { Tensor } from '../tensor.js';

export interface NormalizeArgs {
  /** Axis along which the norm is taken. Default -1. */
  readonly axis?: number;
  /** Order of the norm: 1, 2, Infinity … Default 2. */
  readonly order?: number;
}

/** The values divided by their norm along an axis; where that is zero they stay. */
export function normalize(x: TensorLike, { axis = -1, order = 2 }: NormalizeArgs = {}): Tensor {
  const given = convertToTensor(x);
  const values = isFloat(given.dtype) ? given : castTo(given, floatx());
  const rows = values.rank === 0 ? expandDims(values, 0) : values;
  const length = norm(rows, { ord: order, axis, keepdims: true });
  return divide(rows, where(equal(length, 0), 1, length));
}
