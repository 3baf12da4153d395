// Products of matrices and vectors with NumPy's rules: matmul, dot, tensordot, inner, outer, vdot.
import type { DType } from '../dtype.js';
import { resultType } from '../dtype-promotion.js';
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import type { Tensor } from '../tensor.js';
import { promote, promoteStrong } from './promote.js';
import { normalizeAxis } from './axes.js';
import { castTo, promotableType, type TensorLike } from './convert.js';
import { mul, notEqual } from './elementwise.js';
import { scalar } from './fill.js';
import { multiply } from './matmul-core.js';
import { transposeTo } from './movement.js';
import { publicOp } from './public-op.js';
import { reshapeTo } from './reshape-core.js';

/** Runs a product in a type that can hold its sums: bool as "any of the products". */
export function accumulate(a: Tensor, b: Tensor, product: (a: Tensor, b: Tensor) => Tensor): Tensor {
  if (a.dtype !== 'bool') return product(a, b);
  const counts = product(castTo(a, 'int32'), castTo(b, 'int32'));
  return notEqual(counts, scalar(0, 'int32'));
}

/** The batched product of operands of rank two or more. */
function multiplyMatrices(a: Tensor, b: Tensor): Tensor {
  const depth = a.shape[a.rank - 1];
  if (b.rank === 2 && a.rank > 2 && depth === b.shape[0]) {
    // One matrix for the whole batch: one large product instead of many small ones.
    const rows = reshapeTo(a, [sizeOf(a.shape.slice(0, -1)), depth]);
    return reshapeTo(multiply(rows, b), [...a.shape.slice(0, -1), b.shape[1]]);
  }
  const rank = Math.max(a.rank, b.rank);
  const widen = (x: Tensor): Tensor => reshapeTo(x, [...Array<number>(rank - x.rank).fill(1), ...x.shape]);
  return multiply(widen(a), widen(b));
}

/**
 * The matrix product: the last axis of `x1` against the last but one of `x2`. Further axes broadcast; a 1-D operand is a
 * row on the left, a column on the right. The product of two `int8` tensors is `int32`.
 *
 * @throws HornetError for scalars and when the shapes do not fit.
 */
export const matmul = publicOp('matmul', (x1: TensorLike, x2: TensorLike): Tensor => {
  const wide = [x1, x2].every((x) => promotableType(x) === 'int8') ? 'int32' : undefined;
  const [a, b] = promote(x1, x2).map((x) => (wide ? castTo(x, wide) : x));
  if (a.rank === 0 || b.rank === 0)
    throw new HornetError('matmul', 'expected tensors of rank 1 or more, received a scalar');
  return accumulate(a, b, (left, right) => {
    const product = multiplyMatrices(
      left.rank === 1 ? reshapeTo(left, [1, left.size]) : left,
      right.rank === 1 ? reshapeTo(right, [right.size, 1]) : right,
    );
    const rowDropped = left.rank === 1 ? product.shape.filter((_, i) => i !== product.rank - 2) : product.shape;
    return reshapeTo(product, right.rank === 1 ? rowDropped.slice(0, -1) : rowDropped);
  });
});

/** The sum over pairs of axes of both operands; the other axes of `a` come first, then those of `b`. */
export function contract(a: Tensor, b: Tensor, axesA: readonly number[], axesB: readonly number[], op: string): Tensor {
  axesA.forEach((axis, i) => {
    if (a.shape[axis] !== b.shape[axesB[i]]) {
      throw new HornetError(
        op,
        `axis ${axis} of [${a.shape.join(', ')}] does not fit axis ${axesB[i]} of [${b.shape.join(', ')}]`,
      );
    }
  });
  const freeA = a.shape.map((_, axis) => axis).filter((axis) => !axesA.includes(axis));
  const freeB = b.shape.map((_, axis) => axis).filter((axis) => !axesB.includes(axis));
  const depth = sizeOf(axesA.map((axis) => a.shape[axis]));
  const dimsA = freeA.map((axis) => a.shape[axis]);
  const dimsB = freeB.map((axis) => b.shape[axis]);
  return accumulate(a, b, (left, right) => {
    const rows = reshapeTo(transposeTo(left, [...freeA, ...axesA]), [sizeOf(dimsA), depth]);
    const columns = reshapeTo(transposeTo(right, [...axesB, ...freeB]), [depth, sizeOf(dimsB)]);
    return reshapeTo(multiply(rows, columns), [...dimsA, ...dimsB]);
  });
}

/** The dot product: the last axis of `x1` against the last but one (or only) axis of `x2`; scalars multiply. */
export const dot = publicOp('dot', (x1: TensorLike, x2: TensorLike): Tensor => {
  const [a, b] = promoteStrong(x1, x2);
  if (a.rank === 0 || b.rank === 0) return mul(a, b);
  return contract(a, b, [a.rank - 1], [Math.max(b.rank - 2, 0)], 'dot');
});

/** The sum of products over the last axes of both; scalars multiply. */
export const inner = publicOp('inner', (x1: TensorLike, x2: TensorLike): Tensor => {
  const [a, b] = promoteStrong(x1, x2);
  if (a.rank === 0 || b.rank === 0) return mul(a, b);
  return contract(a, b, [a.rank - 1], [b.rank - 1], 'inner');
});

/** All products of an element of `x1` with one of `x2`, both flattened: shape [size1, size2]. */
export const outer = publicOp('outer', (x1: TensorLike, x2: TensorLike): Tensor => {
  const [a, b] = promoteStrong(x1, x2);
  return mul(reshapeTo(a, [a.size, 1]), reshapeTo(b, [1, b.size]));
});

/** The dot product of both tensors flattened: a scalar. */
export const vdot = publicOp('vdot', (x1: TensorLike, x2: TensorLike): Tensor => {
  const [a, b] = promote(x1, x2);
  return contract(reshapeTo(a, [a.size]), reshapeTo(b, [b.size]), [0], [0], 'vdot');
});

/** How many trailing axes of the first operand meet leading axes of the second, or which axes of each. */
export type TensordotAxes = number | readonly [number | readonly number[], number | readonly number[]];

/**
 * The sum over several axes of both operands.
 *
 * @param options.axes - A count, or the axes of each operand. Default 2.
 */
export const tensordot = publicOp(
  'tensordot',
  (x1: TensorLike, x2: TensorLike, options: { axes?: TensordotAxes } = {}): Tensor => {
    const [a, b] = promote(x1, x2);
    const { axes = 2 } = options;
    if (typeof axes === 'number') {
      if (!(Number.isInteger(axes) && axes >= 0 && axes <= Math.min(a.rank, b.rank))) {
        throw new HornetError(
          'tensordot',
          `expected axes to be an integer of at most ${Math.min(a.rank, b.rank)}, received ${axes}`,
        );
      }
      const count = Array.from({ length: axes }, (_, i) => i);
      return contract(
        a,
        b,
        count.map((i) => a.rank - axes + i),
        count,
        'tensordot',
      );
    }
    const [axesA, axesB] = axes.map((list, i) =>
      (typeof list === 'number' ? [list] : list).map((axis) => normalizeAxis('tensordot', axis, [a, b][i].rank)),
    );
    if (axesA.length !== axesB.length) {
      throw new HornetError(
        'tensordot',
        `expected as many axes of each operand, received ${axesA.length} and ${axesB.length}`,
      );
    }
    return contract(a, b, axesA, axesB, 'tensordot');
  },
);

/** The dtype of a product of several operands. */
export const productType = (operands: readonly TensorLike[]): DType => {
  const types = operands.map(promotableType);
  return types.every((type) => type === 'int8') ? 'int32' : resultType(...types);
};
