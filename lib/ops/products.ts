// Products and distances of vectors and blocks: cross, kron, cdist. Matrix products are in matmul.ts.
import { floatResultType } from '../dtype-promotion.js';
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxis } from './axes.js';
import { broadcastShapes, broadcastTensor } from './broadcast.js';
import { castTo, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { scalar } from './fill.js';
import { lengthOf } from './length.js';
import { concatTensors, partOf, transposeTo } from './movement.js';
import { promote, promoteStrong } from './promote.js';
import { publicOp } from './public-op.js';
import { reshapeTo } from './reshape-core.js';

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

/** Blocks of `x2`, each multiplied by one element of `x1`, in the places of `x1`'s elements. */
export const kron = publicOp('kron', (x1: TensorLike, x2: TensorLike): Tensor => {
  const [a, b] = promoteStrong(x1, x2);
  const rank = Math.max(a.rank, b.rank);
  const sizes = (x: Tensor): number[] => [...Array<number>(rank - x.rank).fill(1), ...x.shape];
  const [outer, inner] = [sizes(a), sizes(b)];
  const spread = reshapeTo(
    a,
    outer.flatMap((size) => [size, 1]),
  );
  const blocks = reshapeTo(
    b,
    inner.flatMap((size) => [1, size]),
  );
  const product = a.dtype === 'bool' ? e.logicalAnd(spread, blocks) : e.mul(spread, blocks);
  return reshapeTo(
    product,
    outer.map((size, i) => size * inner[i]),
  );
});

/** Euclidean distances between all vectors `[..., m, d]` and `[..., n, d]`: `[..., m, n]`. */
export const cdist = publicOp('cdist', (x: TensorLike, y: TensorLike): Tensor => {
  const [a, b] = promote(x, y, floatResultType);
  if (a.rank < 2 || b.rank < 2 || a.shape.at(-1) !== b.shape.at(-1)) {
    const shapes = `[${a.shape.join(', ')}] and [${b.shape.join(', ')}]`;
    throw new HornetError('cdist', `expected vectors of one size as rows, received shapes ${shapes}`);
  }
  const rows = reshapeTo(a, [...a.shape.slice(0, -1), 1, a.shape.at(-1)!]);
  const columns = reshapeTo(b, [...b.shape.slice(0, -2), 1, ...b.shape.slice(-2)]);
  const gap = e.sub(rows, columns);
  return lengthOf(gap, [gap.rank - 1]);
});
