// Norms of vectors and matrices. Normalizations are in norm.ts.
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxis } from './axes.js';
import { castTo, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { fullLike, scalar } from './fill.js';
import { reducedSvd } from './factors.js';
import { transposeTo } from './movement.js';
import { toFloat } from './promote.js';
import { publicOp } from './public-op.js';
import { reduceMax, reduceMin, reduceSum } from './reduce-core.js';
import { reshapeTo } from './reshape-core.js';

/** The Euclidean length along axes. A vector of zeros has no slope. */
export function lengthOf(x: Tensor, axes: readonly number[]): Tensor {
  const square = reduceSum(e.square(x), axes);
  const isZero = e.equal(square, fullLike(square, 0));
  return e.select(isZero, fullLike(square, 0), e.sqrt(e.select(isZero, fullLike(square, 1), square)));
}

/** Which norm: of vectors any number, of matrices `fro`, `nuc`, ±1, ±2 or ±Infinity. */
export type NormOrder = number | 'fro' | 'nuc';

function vectorNorm(x: Tensor, axis: number, order: number): Tensor {
  const size = e.abs(x);
  if (order === Infinity) return reduceMax(size, [axis]);
  if (order === -Infinity) return reduceMin(size, [axis]);
  if (order === 0) return reduceSum(castTo(e.notEqual(x, fullLike(x, 0)), x.dtype), [axis]);
  if (order === 1) return reduceSum(size, [axis]);
  if (order === 2) return lengthOf(x, [axis]);
  return e.pow(reduceSum(e.pow(size, scalar(order, x.dtype)), [axis]), scalar(1 / order, x.dtype));
}

/** The norm of the matrices in the last two axes. */
function matrixNorm(x: Tensor, order: NormOrder): Tensor {
  const last = x.rank - 1;
  if (order === 'fro') return lengthOf(x, [last - 1, last]);
  const [across, along] = order === 1 || order === -1 ? [last - 1, last] : [last, last - 1];
  if (order === 'nuc' || order === 2 || order === -2) {
    const [, s] = reducedSvd(castTo(x, 'float64'));
    const fold = order === 'nuc' ? reduceSum : order === 2 ? reduceMax : reduceMin;
    return castTo(fold(s, [last - 1]), x.dtype);
  }
  if (![1, -1, Infinity, -Infinity].includes(order)) {
    const known = "'fro', 'nuc', 1, -1, 2, -2, Infinity or -Infinity";
    throw new HornetError('norm', `expected ord of a matrix norm to be ${known}, received ${String(order)}`);
  }
  const sums = reduceSum(e.abs(x), [across]);
  return (order > 0 ? reduceMax : reduceMin)(sums, [along > across ? along - 1 : along]);
}

/** Which norm, and of what. */
export interface NormArgs {
  /** Default: the Euclidean length of the vector or of all elements. */
  readonly ord?: NormOrder | null;
  /** One axis: vectors. Two: matrices. Default: all of a tensor; with `ord` given, of one of rank 1 or 2. */
  readonly axis?: number | readonly number[] | null;
  /** Keep the axes with size one. Default false. */
  readonly keepdims?: boolean;
}

/**
 * Norms of vectors or matrices.
 *
 * @throws HornetError for an `ord` that vectors or matrices do not have, and for more than two axes.
 */
export const norm = publicOp('norm', (x: TensorLike, options: NormArgs = {}): Tensor => {
  const { ord = null, axis = null, keepdims = false } = options;
  const value = toFloat(x);
  if (typeof ord === 'string' && ord !== 'fro' && ord !== 'nuc') {
    throw new HornetError('norm', `expected ord to be a number, 'fro' or 'nuc', received '${String(ord)}'`);
  }
  const given = axis ?? value.shape.map((_, i) => i);
  const axes = (typeof given === 'number' ? [given] : given).map((each) => normalizeAxis('norm', each, value.rank));
  const kept = value.shape.map((dim, i) => (axes.includes(i) ? 1 : dim));
  const shape = keepdims ? kept : value.shape.filter((_, i) => !axes.includes(i));
  if (ord === null && (axis === null || axes.length <= 2))
    return reshapeTo(
      lengthOf(
        value,
        [...axes].sort((a, b) => a - b),
      ),
      shape,
    );
  if (axes.length === 1 && typeof ord === 'number') return reshapeTo(vectorNorm(value, axes[0], ord), shape);
  if (axes.length !== 2 || axes[0] === axes[1] || ord === null) {
    const what = axes.length === 1 ? `a number as ord of vectors, received '${String(ord)}'` : 'one or two axes';
    throw new HornetError('norm', `expected ${what}${axes.length === 1 ? '' : `, received ${axes.length}`}`);
  }
  const others = value.shape.map((_, i) => i).filter((each) => !axes.includes(each));
  return reshapeTo(matrixNorm(transposeTo(value, [...others, ...axes]), ord), shape);
});
