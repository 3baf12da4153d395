// Quantiles and medians, with and without NaN.
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxes } from './axes.js';
import { broadcastTensor } from './broadcast.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { filled, scalar } from './fill.js';
import { gatherAlong } from './gather.js';
import { iota, transposeTo } from './movement.js';
import { toFloat } from './promote.js';
import { publicOp } from './public-op.js';
import { reduceSum } from './reduce-core.js';
import type { ReduceArgs } from './reduce.js';
import { reshapeTo } from './reshape-core.js';
import { sortWithIndices } from './sort.js';

/** What a quantile between two elements is. */
export type QuantileMethod = 'linear' | 'lower' | 'higher' | 'midpoint' | 'nearest';

/** Which axes, and what lies between two elements. */
export interface QuantileArgs extends ReduceArgs {
  /** Default `linear`. */
  readonly method?: QuantileMethod;
}

/** Where between the lower and the higher neighbour the result is, from the fraction of the way. */
const weightOf: Record<QuantileMethod, (fraction: Tensor, lower: Tensor) => Tensor> = {
  linear: (fraction) => fraction,
  lower: (fraction) => e.mul(fraction, scalar(0, fraction.dtype)),
  higher: (fraction) => e.ceil(fraction),
  midpoint: (fraction) => e.mul(e.ceil(fraction), scalar(0.5, fraction.dtype)),
  nearest: (fraction, lower) => e.sub(e.round(e.add(lower, fraction)), lower),
};

/** Quantiles of each row of sorted numbers `[rows, n]`, of which the first `count` count: `[quantiles, rows]`. */
function ofRows(sorted: Tensor, count: Tensor, q: Tensor, method: QuantileMethod): Tensor {
  const [rows, n] = sorted.shape;
  const shape = [q.size, rows];
  const last = e.max(e.sub(count, scalar(1, count.dtype)), scalar(0, count.dtype));
  const position = e.mul(broadcastTensor(reshapeTo(q, [q.size, 1]), shape), last);
  const lower = e.floor(position);
  const weight = weightOf[method](e.sub(position, lower), lower);
  const start = e.mul(iota(shape, 1, 'int32'), scalar(n, 'int32'));
  const flat = reshapeTo(sorted, [sorted.size]);
  const at = (place: Tensor): Tensor => gatherAlong(flat, e.add(start, castTo(place, 'int32')), 0);
  const below = at(lower);
  const above = at(e.ceil(position));
  const gap = e.sub(above, below);
  const between = e.add(below, e.mul(gap, weight));
  // Towards an infinite neighbour there is no halfway.
  const atBelow = e.logicalOr(e.equal(weight, scalar(0, weight.dtype)), e.isInf(below));
  return e.select(e.isFinite(gap), between, e.select(atBelow, below, above));
}

function quantileOf(op: string, x: TensorLike, q: TensorLike, options: QuantileArgs, skipNan: boolean): Tensor {
  const { method = 'linear', keepdims = false } = options;
  if (!(method in weightOf)) {
    throw new HornetError(op, `expected method to be one of ${Object.keys(weightOf).join(', ')}, received '${method}'`);
  }
  const float = toFloat(x);
  const value = float.dtype === 'float64' ? float : castTo(float, 'float32');
  const fractions = convertToTensor(q, value.dtype);
  const axes = normalizeAxes(op, options.axis, value.rank);
  const others = value.shape.map((_, i) => i).filter((axis) => !axes.includes(axis));
  const rows = others.map((axis) => value.shape[axis]);
  const n = sizeOf(axes.map((axis) => value.shape[axis]));
  if (n === 0) throw new HornetError(op, 'expected at least one number to reduce, received none');
  const matrix = reshapeTo(transposeTo(value, [...others, ...axes]), [sizeOf(rows), n]);
  const isNan = castTo(e.isNan(matrix), value.dtype);
  const nans = reduceSum(isNan, [1]);
  const count = skipNan ? e.sub(scalar(n, value.dtype), nans) : filled([sizeOf(rows)], n, value.dtype);
  const found = ofRows(sortWithIndices(matrix, 1)[0], count, reshapeTo(fractions, [fractions.size]), method);
  const invalid = skipNan ? e.equal(count, scalar(0, value.dtype)) : e.greater(nans, scalar(0, value.dtype));
  const result = e.select(invalid, scalar(NaN, value.dtype), found);
  const shape = keepdims ? value.shape.map((dim, i) => (axes.includes(i) ? 1 : dim)) : rows;
  return castTo(reshapeTo(result, [...fractions.shape, ...shape]), float.dtype);
}

const percentOf = (q: TensorLike): Tensor => {
  const value = toFloat(q);
  return e.div(value, scalar(100, value.dtype));
};

/** The numbers below which a fraction `q` of the elements lies. Axes of `q` come first. NaN where an element is NaN. */
export const quantile = publicOp('quantile', (x: TensorLike, q: TensorLike, options: QuantileArgs = {}): Tensor =>
  quantileOf('quantile', x, q, options, false),
);
/** As `quantile`, leaving NaN out. */
export const nanquantile = publicOp('nanquantile', (x: TensorLike, q: TensorLike, options: QuantileArgs = {}): Tensor =>
  quantileOf('nanquantile', x, q, options, true),
);
/** As `quantile`, with `q` in percent. */
export const percentile = publicOp('percentile', (x: TensorLike, q: TensorLike, options: QuantileArgs = {}): Tensor =>
  quantileOf('percentile', x, percentOf(q), options, false),
);
/** As `nanquantile`, with `q` in percent. */
export const nanpercentile = publicOp(
  'nanpercentile',
  (x: TensorLike, q: TensorLike, options: QuantileArgs = {}): Tensor =>
    quantileOf('nanpercentile', x, percentOf(q), options, true),
);
/** The middle element, or the mean of the two in the middle. NaN where an element is NaN. */
export const median = publicOp('median', (x: TensorLike, options: ReduceArgs = {}): Tensor =>
  quantileOf('median', x, 0.5, options, false),
);
/** As `median`, leaving NaN out. */
export const nanmedian = publicOp('nanmedian', (x: TensorLike, options: ReduceArgs = {}): Tensor =>
  quantileOf('nanmedian', x, 0.5, options, true),
);
