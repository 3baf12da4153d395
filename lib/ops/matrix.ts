// What linear algebra needs of matrices in the last two axes of a tensor: products, transposes, triangles, diagonals.
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { broadcastTensor } from './broadcast.js';
import { castTo, type TensorLike } from './convert.js';
import { eye, tril, triu } from './diagonal.js';
import * as e from './elementwise.js';
import { fullLike } from './fill.js';
import { takeAlongAxis } from './gather.js';
import { multiply } from './matmul-core.js';
import { iota, transposeTo } from './movement.js';
import { toFloat } from './promote.js';
import { reduceSum } from './reduce-core.js';
import { reshapeTo } from './reshape-core.js';
import { sortWithIndices } from './sort.js';

/** Matrices as float64, in which all of linear algebra is computed. Throws a `HornetError` on less than two axes. */
export function matricesOf(op: string, x: TensorLike): Tensor {
  const value = toFloat(x);
  if (value.rank < 2) throw new HornetError(op, `expected matrices, received shape [${value.shape.join(', ')}]`);
  return castTo(value, 'float64');
}

/** The same, of as many rows as columns. */
export function squareMatricesOf(op: string, x: TensorLike): Tensor {
  const value = matricesOf(op, x);
  const [rows, columns] = value.shape.slice(-2);
  if (rows === columns) return value;
  throw new HornetError(op, `expected square matrices, received shape [${value.shape.join(', ')}]`);
}

/** The shape of the batch before the matrices. */
export const batchOf = (x: Tensor): readonly number[] => x.shape.slice(0, -2);

/** The matrices with rows and columns exchanged. */
export function turned(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return transposeTo(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

/** a · b, a · bᵀ and aᵀ · b of batches of one rank. */
export const times = (a: Tensor, b: Tensor): Tensor => multiply(a, b);
export const timesTurned = (a: Tensor, b: Tensor): Tensor => multiply(a, b, false, true);
export const turnedTimes = (a: Tensor, b: Tensor): Tensor => multiply(a, b, true);

/** Identity matrices of `x`'s batch and dtype. */
export function identityLike(x: Tensor, size: number): Tensor {
  const one = reshapeTo(eye(size, { dtype: x.dtype }), [...batchOf(x).map(() => 1), size, size]);
  return broadcastTensor(one, [...batchOf(x), size, size]);
}

/** Where a matrix of this shape has its main diagonal. */
export const onDiagonal = (shape: readonly number[]): Tensor =>
  e.equal(iota(shape, shape.length - 2, 'int32'), iota(shape, shape.length - 1, 'int32'));

/** The main diagonals. */
export function diagonalsOf(x: Tensor): Tensor {
  const [rows, columns] = x.shape.slice(-2);
  const kept = e.select(onDiagonal(x.shape), x, fullLike(x, 0));
  return reduceSum(kept, [rows <= columns ? x.rank - 1 : x.rank - 2]);
}

/** Vectors [..., n] as matrices of one row, or of one column. */
export const asRow = (x: Tensor): Tensor => reshapeTo(x, [...x.shape.slice(0, -1), 1, x.shape.at(-1)!]);
export const asColumn = (x: Tensor): Tensor => reshapeTo(x, [...x.shape, 1]);

/** Each column, or each row, times a number of its own. */
export const scaleColumns = (x: Tensor, by: Tensor): Tensor => e.mul(x, asRow(by));
export const scaleRows = (x: Tensor, by: Tensor): Tensor => e.mul(x, asColumn(by));

export const lower = (x: Tensor): Tensor => tril(x);
export const upper = (x: Tensor): Tensor => triu(x);
export const strictlyLower = (x: Tensor): Tensor => tril(x, { k: -1 });
export const strictlyUpper = (x: Tensor): Tensor => triu(x, { k: 1 });

/** Rows in another order, [..., rows] of row numbers. */
export const orderRows = (x: Tensor, order: Tensor): Tensor => takeAlongAxis(x, asColumn(order), { axis: -2 });

/** What `orderRows` did, undone. */
export const disorderRows = (x: Tensor, order: Tensor): Tensor =>
  orderRows(x, sortWithIndices(order, order.rank - 1)[1]);
