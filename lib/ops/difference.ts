// Differences along an axis, areas under sampled curves, the cross product.
import { HornetError } from '../errors.js';
import { floatResultType } from '../dtype-promotion.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxis } from './axes.js';
import { broadcastShapes, broadcastTensor } from './broadcast.js';
import { castTo, convertToTensor, promotableType, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { scalar } from './fill.js';
import { concatTensors, partOf, transposeTo } from './movement.js';
import { promote } from './promote.js';
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

/** Where `cross` finds the vectors. */
export interface CrossArgs {
  /** Axis of the vectors in `x1`. Default −1. */
  readonly axisa?: number;
  /** Axis of the vectors in `x2`. Default −1. */
  readonly axisb?: number;
  /** Axis of the vectors in the result. Default −1. */
  readonly axisc?: number;
  /** One axis for all three. */
  readonly axis?: number | null;
}

/** The tensor with one axis moved to the end. */
function lastAxis(x: Tensor, axis: number): Tensor {
  const along = normalizeAxis('cross', axis, x.rank);
  return transposeTo(x, [...x.shape.map((_, i) => i).filter((i) => i !== along), along]);
}

/** The cross product of vectors of two or three components; of two components each: only the third component. */
export const cross = publicOp('cross', (x1: TensorLike, x2: TensorLike, options: CrossArgs = {}): Tensor => {
  const { axis = null } = options;
  const [axisa, axisb, axisc] = [options.axisa, options.axisb, options.axisc].map((own) => axis ?? own ?? -1);
  const [p1, p2] = promote(x1, x2);
  if (p1.rank === 0 || p2.rank === 0) throw new HornetError('cross', 'expected vectors, received a scalar');
  const wide = (x: Tensor): Tensor => (x.dtype === 'bool' ? castTo(x, 'int32') : x);
  const [a, b] = [lastAxis(wide(p1), axisa), lastAxis(wide(p2), axisb)];
  const [sizeA, sizeB] = [a, b].map((x) => x.shape[x.rank - 1]);
  if (![sizeA, sizeB].every((size) => size === 2 || size === 3)) {
    throw new HornetError('cross', `expected vectors of 2 or 3 components, received ${sizeA} and ${sizeB}`);
  }
  const zero = scalar(0, a.dtype);
  const component = (x: Tensor, i: number): Tensor => {
    if (i >= x.shape[x.rank - 1]) return zero;
    return reshapeTo(partOf(x, x.rank - 1, i, i + 1), x.shape.slice(0, -1));
  };
  const part = (i: number, j: number): Tensor =>
    e.sub(e.mul(component(a, i), component(b, j)), e.mul(component(a, j), component(b, i)));
  if (sizeA === 2 && sizeB === 2) return part(0, 1);
  const batch = broadcastShapes('cross', a.shape.slice(0, -1), b.shape.slice(0, -1));
  const parts = [part(1, 2), part(2, 0), part(0, 1)].map((x) => reshapeTo(broadcastTensor(x, batch), [...batch, 1]));
  const result = concatTensors(parts, batch.length);
  const place = normalizeAxis('cross', axisc, result.rank);
  const perm = batch.map((_, i) => i);
  perm.splice(place, 0, batch.length);
  return transposeTo(result, perm);
});
