// Differences along an axis, areas under sampled curves.
import { HornetError } from '../errors.js';
import { floatResultType } from '../dtype-promotion.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxis } from './axes.js';
import { convertToTensor, promotableType, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { scalar } from './fill.js';
import { partOf } from './movement.js';
import { publicOp } from './public-op.js';
import { reduceSum } from './reduce-core.js';
import { reshapeTo } from './reshape-core.js';

/** `fn` of each element and the one before it. */
function neighbours(x: Tensor, axis: number, fn: (later: Tensor, earlier: Tensor) => Tensor): Tensor {
  const size = x.shape[axis];
  const count = Math.max(size - 1, 0);
  return fn(partOf(x, axis, size - count, size), partOf(x, axis, 0, count));
}

/** Differences between neighbours along an axis (default the last), `n` (default 1) times over. */
export const diff = publicOp('diff', (a: TensorLike, options: { n?: number; axis?: number } = {}): Tensor => {
  const { n = 1 } = options;
  const value = convertToTensor(a);
  if (!(Number.isInteger(n) && n >= 0)) {
    throw new HornetError('diff', `expected n to be a non-negative integer, received ${n}`);
  }
  const axis = normalizeAxis('diff', options.axis ?? -1, value.rank);
  const once = value.dtype === 'bool' ? e.notEqual : e.sub;
  return Array.from({ length: n }).reduce<Tensor>((x) => neighbours(x, axis, once), value);
});

/** The integral of samples along an axis (default the last) by the trapezoidal rule, at `x` or in steps of `dx` (1). */
export const trapezoid = publicOp(
  'trapezoid',
  (y: TensorLike, options: { x?: TensorLike | null; dx?: number; axis?: number } = {}): Tensor => {
    const { x = null, dx = 1 } = options;
    const dtype = floatResultType(promotableType(y), ...(x === null ? [] : [promotableType(x)]));
    const value = convertToTensor(y, dtype);
    const axis = normalizeAxis('trapezoid', options.axis ?? -1, value.rank);
    const heights = neighbours(value, axis, e.add);
    const widths = x === null ? scalar(dx, dtype) : stepsOf(convertToTensor(x, dtype), value, axis);
    return reduceSum(e.mul(e.mul(heights, widths), scalar(0.5, dtype)), [axis]);
  },
);

/** Distances of sample points: 1-D along the axis, or of the samples' own shape. */
function stepsOf(x: Tensor, like: Tensor, axis: number): Tensor {
  if (x.rank > 1) return neighbours(x, axis - like.rank + x.rank, e.sub);
  const steps = neighbours(x, 0, e.sub);
  return reshapeTo(
    steps,
    like.shape.map((_, i) => (i === axis ? steps.size : 1)),
  );
}
