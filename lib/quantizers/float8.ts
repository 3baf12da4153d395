// 8-bit floats: numbers are rounded to what such a type holds and computed with in the usual types.
import {
  add,
  abs,
  bitwiseAnd,
  cast,
  clip,
  divide,
  isfinite,
  leftShift,
  max,
  maximum,
  multiply,
  reciprocal,
} from '../ops/index.js';
import { reshape, rightShift, roll, round, scatterUpdate, view, where, greater, logicalAnd } from '../ops/index.js';
import type { DType } from '../dtype.js';
import type { TensorLike } from '../ops/convert.js';
import type { Tensor } from '../tensor.js';

/** Of four bits of exponent and three of mantissa (no infinities), or of five and two. */
export type Float8DType = 'float8_e4m3fn' | 'float8_e5m2';

interface Format {
  readonly mantissaBits: number;
  /** Exponent of the smallest normal number. */
  readonly lowest: number;
  readonly max: number;
}

const formats: Readonly<Record<Float8DType, Format>> = {
  float8_e4m3fn: { mantissaBits: 3, lowest: -6, max: 448 },
  float8_e5m2: { mantissaBits: 2, lowest: -14, max: 57344 },
};

/** The largest number of a type. */
export const float8Max = (dtype: Float8DType): number => formats[dtype].max;

/** The nearest numbers that the type holds, ties to even; larger ones become the largest. */
function roundTo(x: Tensor, { mantissaBits, lowest, max }: Format): Tensor {
  const wide = clip(cast(x, 'float32'), -max, max);
  const biased = bitwiseAnd(rightShift(view(wide, { dtype: 'int32' }), 23), 255);
  // The distance of neighbouring numbers, a power of two, from its bits.
  const exponent = add(maximum(biased, lowest + 127), -mantissaBits);
  const step = view(leftShift(exponent, 23), { dtype: 'float32' });
  return multiply(round(divide(wide, step)), step);
}

/** The numbers as they come back from the 8-bit type after division by `scale`. */
export function quantizeAndDequantize(
  inputs: TensorLike,
  scale: TensorLike,
  quantizedDtype: Float8DType,
  computeDtype: DType,
): Tensor {
  const factor = cast(scale, computeDtype);
  const rounded = roundTo(divide(inputs, factor), formats[quantizedDtype]);
  return multiply(cast(rounded, computeDtype), factor);
}

/** The scale at which magnitudes up to `amax` use the whole range of the type; the old one where `amax` tells nothing. */
export function computeFloat8Scale(
  amax: TensorLike,
  scale: TensorLike,
  dtypeMax: TensorLike,
  { margin = 0 }: { readonly margin?: number } = {},
): Tensor {
  const factor = divide(divide(dtypeMax, amax), 2 ** margin);
  const usable = logicalAnd(greater(amax, 0), isfinite(amax));
  return reciprocal(where(usable, factor, reciprocal(scale)));
}

/** The history of largest magnitudes with that of `x` in front. */
export function computeFloat8AmaxHistory(x: TensorLike, amaxHistory: Tensor): Tensor {
  const amax = cast(max(abs(x)), amaxHistory.dtype);
  return scatterUpdate(roll(amaxHistory, -1), [[0]], reshape(amax, [1]));
}
