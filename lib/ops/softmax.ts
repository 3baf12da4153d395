// softmax, log_softmax and sparsemax.
import { isFloat } from '../dtype.js';
import { HornetError } from '../errors.js';
import type { Aval } from '../graph/ir.js';
import { defineOp } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxes, normalizeAxis, type AxisArg } from './axes.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import { add, div, exp, greater, less, log, mul, select, sub } from './elementwise.js';
import { scalar } from './fill.js';
import { iota, transposeTo } from './movement.js';
import { publicOp } from './public-op.js';
import { reduceMax, reduceSum } from './reduce-core.js';
import { reshapeTo } from './reshape-core.js';
import { cumsum } from './scan.js';
import { sortWithIndices } from './sort.js';

type AxisAttrs = { axis: number };

/** A reduction over one axis, which stays with size one. */
const kept = (reduce: (x: Tensor, axes: readonly number[]) => Tensor, x: Tensor, axis: number): Tensor =>
  reshapeTo(
    reduce(x, [axis]),
    x.shape.map((dim, i) => (i === axis ? 1 : dim)),
  );

function needFloat(name: string, { dtype }: Aval): void {
  if (!isFloat(dtype)) throw new HornetError(name, `expected a float tensor, received ${dtype}`);
}

const softmaxOp = defineOp<AxisAttrs>({
  name: 'softmax',
  infer: ([x]) => {
    needFloat('softmax', x);
    return [{ shape: x.shape, dtype: x.dtype }];
  },
  grad: ({ outputs: [y], grads: [g], attrs: { axis } }) => [mul(y, sub(g!, kept(reduceSum, mul(g!, y), axis)))],
  decompose: ([x], { axis }) => {
    const shifted = exp(sub(x, kept(reduceMax, x, axis)));
    return [div(shifted, kept(reduceSum, shifted, axis))];
  },
});

const logSoftmaxOp = defineOp<AxisAttrs>({
  name: 'log_softmax',
  infer: ([x]) => {
    needFloat('log_softmax', x);
    return [{ shape: x.shape, dtype: x.dtype }];
  },
  grad: ({ outputs: [y], grads: [g], attrs: { axis } }) => [sub(g!, mul(exp(y), kept(reduceSum, g!, axis)))],
  decompose: ([x], { axis }) => {
    const shifted = sub(x, kept(reduceMax, x, axis));
    return [sub(shifted, log(kept(reduceSum, exp(shifted), axis)))];
  },
});

/** The softmax of a float tensor over one non-negative axis. */
export const softmaxOver = (x: Tensor, axis: number): Tensor => emit1(softmaxOp, [x], { axis });
export const logSoftmaxOver = (x: Tensor, axis: number): Tensor => emit1(logSoftmaxOp, [x], { axis });

/** Runs a function of one axis over several, joined into one. */
function overAxes(op: string, input: TensorLike, axis: AxisArg, fn: (x: Tensor, axis: number) => Tensor): Tensor {
  const tensor = convertToTensor(input);
  const x = isFloat(tensor.dtype) ? tensor : castTo(tensor, 'float32');
  if (typeof axis === 'number' && x.rank > 0) return fn(x, normalizeAxis(op, axis, x.rank));
  const axes = normalizeAxes(op, typeof axis === 'number' ? null : axis, x.rank);
  const rest = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const perm = [...rest, ...axes];
  const moved = transposeTo(x, perm);
  const joined = fn(
    reshapeTo(
      moved,
      [...rest.map((i) => x.shape[i]), -1].map((d) => (d < 0 ? sizeAlong(x, axes) : d)),
    ),
    rest.length,
  );
  return transposeTo(
    reshapeTo(joined, moved.shape),
    x.shape.map((_, i) => perm.indexOf(i)),
  );
}

const sizeAlong = (x: Tensor, axes: readonly number[]): number => axes.reduce((n, axis) => n * x.shape[axis], 1);

/** Options of the softmax family. */
export interface SoftmaxOptions {
  /** The axis whose elements sum to one, several, or null for all. Default -1. */
  readonly axis?: AxisArg;
}

const axisOf = ({ axis }: SoftmaxOptions): AxisArg => (axis === undefined ? -1 : axis);

/** `exp(x) / sum(exp(x))` along an axis. */
export const softmax = publicOp('softmax', (x: TensorLike, options: SoftmaxOptions = {}): Tensor =>
  overAxes('softmax', x, axisOf(options), softmaxOver),
);

/** The logarithm of `softmax`, computed without overflow. */
export const logSoftmax = publicOp('logSoftmax', (x: TensorLike, options: SoftmaxOptions = {}): Tensor =>
  overAxes('logSoftmax', x, axisOf(options), logSoftmaxOver),
);

/**
 * Scores above a threshold that rises with their sum, the others exactly zero. As in Keras 3, where the threshold takes
 * the cumulative sums of the whole support: equal to the projection onto the simplex for a support of one.
 */
export const sparsemax = publicOp('sparsemax', (x: TensorLike, options: { axis?: number } = {}): Tensor =>
  overAxes('sparsemax', x, options.axis ?? -1, (scores, axis) => {
    const one = scalar(1, scores.dtype);
    const zero = scalar(0, scores.dtype);
    const [sorted] = sortWithIndices(scores, axis, true);
    const sums = cumsum(sorted, { axis });
    const count = add(iota(scores.shape, axis, scores.dtype), one);
    const supported = greater(sub(sorted, div(sub(sums, one), count)), zero);
    const size = kept(reduceSum, castTo(supported, scores.dtype), axis);
    const total = kept(reduceSum, select(supported, sums, zero), axis);
    const above = sub(scores, div(sub(total, one), size));
    return select(less(above, zero), zero, above);
  }),
);
