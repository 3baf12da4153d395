// Statistics that relate elements to each other: range, correlation, counts per bin.
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { filled, scalar } from './fill.js';
import { scatterAddAlong } from './gather.js';
import { matmul } from './matmul.js';
import { iota, transposeTo } from './movement.js';
import { toFloat } from './promote.js';
import { publicOp } from './public-op.js';
import { reduceMax, reduceMin, reduceSum } from './reduce-core.js';
import { max, mean, min, type ReduceArgs } from './reduce.js';
import { reshapeTo } from './reshape-core.js';

/** The largest minus the smallest element. */
export const ptp = publicOp('ptp', (x: TensorLike, options: ReduceArgs = {}): Tensor => {
  const value = convertToTensor(x);
  return e.sub(max(value, options), min(value, options));
});

/** Pearson's correlation of the rows (variables) of a matrix; 1 for a single variable. */
export const corrcoef = publicOp('corrcoef', (x: TensorLike): Tensor => {
  const value = toFloat(x);
  if (value.rank > 2) throw new HornetError('corrcoef', `expected rank 2 or less, received rank ${value.rank}`);
  const rows = reshapeTo(value, value.rank === 2 ? value.shape : [1, value.size]);
  const centered = e.sub(rows, mean(rows, { axis: 1, keepdims: true }));
  const products = matmul(centered, transposeTo(centered, [1, 0]));
  const squares = reduceSum(e.square(centered), [1]);
  const scale = e.sqrt(e.mul(reshapeTo(squares, [squares.size, 1]), squares));
  const result = e.clamp(e.div(products, scale), -1, 1);
  return value.rank === 2 ? result : reshapeTo(result, []);
});

/** The bins of a histogram. */
export interface HistogramArgs {
  /** Number of bins of equal width. Default 10. */
  readonly bins?: number;
  /** Lower and upper end. Default: the smallest and the largest element. */
  readonly range?: readonly [number, number] | null;
}

/** How many elements of a 1-D tensor lie in each bin, and the edges of the bins. The last bin is closed. */
export const histogram = publicOp('histogram', (x: TensorLike, options: HistogramArgs = {}): [Tensor, Tensor] => {
  const { bins = 10, range = null } = options;
  if (!(Number.isInteger(bins) && bins > 0)) {
    throw new HornetError('histogram', `expected bins to be a positive integer, received ${bins}`);
  }
  if (range !== null && !(range.length === 2 && range[0] <= range[1])) {
    throw new HornetError('histogram', `expected range to be [lower, upper], received [${range.join(', ')}]`);
  }
  const value = toFloat(x);
  if (value.rank !== 1) throw new HornetError('histogram', `expected a tensor of rank 1, received rank ${value.rank}`);
  const { dtype } = value;
  const fixed = range ?? (value.size === 0 ? [0, 1] : null);
  const first = fixed ? scalar(fixed[0], dtype) : reduceMin(value, [0]);
  const last = fixed ? scalar(fixed[1], dtype) : reduceMax(value, [0]);
  const isPoint = e.equal(first, last);
  const half = scalar(0.5, dtype);
  const low = e.select(isPoint, e.sub(first, half), first);
  const high = e.select(isPoint, e.add(last, half), last);
  const width = e.div(e.sub(high, low), scalar(bins, dtype));
  const edges = e.add(low, e.mul(width, iota([bins + 1], 0, dtype)));
  const inside = e.logicalAnd(e.greaterEqual(value, low), e.lessEqual(value, high));
  const place = e.clamp(e.floor(e.div(e.sub(value, low), width)), 0, bins - 1);
  const counts = scatterAddAlong(filled([bins], 0, dtype), castTo(place, 'int32'), castTo(inside, dtype), 0);
  const isLast = e.equal(iota([bins + 1], 0, 'int32'), scalar(bins, 'int32'));
  return [counts, e.select(isLast, high, edges)];
});
