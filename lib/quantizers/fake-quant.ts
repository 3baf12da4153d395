// Fake quantization: numbers stay floats, but only those that whole numbers of some bits could stand for.
import {
  add,
  cast,
  clip,
  divide,
  floor,
  greaterEqual,
  lessEqual,
  logicalAnd,
  multiply,
  negative,
} from '../ops/index.js';
import { customGradient, reshape, round, subtract, sum, where } from '../ops/index.js';
import { resultType } from '../dtype-promotion.js';
import { normalizeAxis } from '../ops/axes.js';
import { convertToTensor, type TensorLike } from '../ops/convert.js';
import type { Tensor } from '../tensor.js';

/** What `fakeQuantWithMinMaxVars` may be told. */
export interface FakeQuantArgs {
  /** Default 8. */
  readonly numBits?: number;
  /** Whether the lowest whole number is 1 instead of 0. Default false. */
  readonly narrowRange?: boolean;
  /** The axis along which ranges differ. Default: one range for all. */
  readonly axis?: number | null;
}

/** The range moved so that zero is one of its numbers, and the distance of these. */
function nudge(
  low: Tensor,
  high: Tensor,
  lowest: number,
  highest: number,
): { low: Tensor; high: Tensor; step: Tensor } {
  const step = divide(subtract(high, low), highest - lowest);
  const zero = round(clip(subtract(lowest, divide(low, step)), lowest, highest));
  return { low: multiply(subtract(lowest, zero), step), high: multiply(subtract(highest, zero), step), step };
}

/**
 * Rounds numbers to those that `numBits` bits between `minVals` and `maxVals` could hold; what lies outside becomes the
 * nearest end. The gradient passes within the range; outside it goes to the ends.
 */
export function fakeQuantWithMinMaxVars(
  inputs: TensorLike,
  minVals: TensorLike,
  maxVals: TensorLike,
  { numBits = 8, narrowRange = false, axis = null }: FakeQuantArgs = {},
): Tensor {
  const [lowest, highest] = [narrowRange ? 1 : 0, 2 ** numBits - 1];
  return customGradient((x: Tensor, minimum: Tensor, maximum: Tensor) => {
    const dtype = resultType(minimum.dtype, 'float32');
    const at = axis === null ? null : normalizeAxis('fakeQuantWithMinMaxVars', axis, x.rank);
    const along = (bound: Tensor): Tensor =>
      at === null || bound.size === 1
        ? cast(bound, dtype)
        : reshape(
            cast(bound, dtype),
            x.shape.map((dim, i) => (i === at ? dim : 1)),
          );
    const { low, high, step } = nudge(along(minimum), along(maximum), lowest, highest);
    const inverse = divide(highest - lowest, subtract(along(maximum), along(minimum)));
    const zero = floor(add(multiply(negative(low), inverse), 0.5));
    const shifted = subtract(clip(cast(x, dtype), low, high), low);
    const result = cast(multiply(floor(add(subtract(multiply(shifted, inverse), zero), 0.5)), step), x.dtype);
    const total = (part: Tensor, like: Tensor): Tensor => {
      const others = part.shape.map((_, i) => i).filter((i) => at === null || i !== at);
      return reshape(sum(part, { axis: others }), like.shape);
    };
    return [
      result,
      (upstream: Tensor) => {
        const [belowLow, aboveHigh] = [lessEqual(x, low), greaterEqual(x, high)];
        const inside = logicalAnd(greaterEqual(x, low), lessEqual(x, high));
        return [
          where(inside, upstream, 0),
          total(where(belowLow, upstream, 0), minimum),
          total(where(aboveHigh, upstream, 0), maximum),
        ];
      },
    ];
  })(convertToTensor(inputs), convertToTensor(minVals), convertToTensor(maxVals));
}
