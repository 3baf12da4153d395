// Diagonals and triangles of matrices.
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxis } from './axes.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import { checkShape, dtypeOr, type DTypeArg } from './creation.js';
import * as e from './elementwise.js';
import { fullLike, scalar } from './fill.js';
import { iota, padWith, sliceAt, transposeTo } from './movement.js';
import { publicOp } from './public-op.js';
import { reduceSum } from './reduce-core.js';
import { sumType } from './reduce.js';
import { reshapeTo } from './reshape-core.js';

/** Ones on the `k`-th diagonal of an N × M matrix. */
export const eye = publicOp('eye', (N: number, options: { M?: number | null; k?: number } & DTypeArg = {}): Tensor => {
  const shape = checkShape('eye', [N, options.M ?? N]);
  const row = e.add(iota(shape, 0, 'int32'), scalar(options.k ?? 0, 'int32'));
  return castTo(e.equal(row, iota(shape, 1, 'int32')), dtypeOr('eye', options));
});
/** The n × n identity matrix. */
export const identity = publicOp('identity', (n: number, options: DTypeArg = {}): Tensor => eye(n, options));

/** Where the column is at most `k` right of the row, on the last two axes. */
function belowDiagonal(shape: readonly number[], k: number): Tensor {
  const rank = shape.length;
  const row = e.add(iota(shape, rank - 2, 'int32'), scalar(k, 'int32'));
  return e.greaterEqual(row, iota(shape, rank - 1, 'int32'));
}

/** Ones on and below the `k`-th diagonal. */
export const tri = publicOp('tri', (N: number, options: { M?: number | null; k?: number } & DTypeArg = {}): Tensor =>
  castTo(belowDiagonal(checkShape('tri', [N, options.M ?? N]), options.k ?? 0), dtypeOr('tri', options)),
);

function matrices(op: string, x: TensorLike): Tensor {
  const value = convertToTensor(x);
  if (value.rank < 2) throw new HornetError(op, `expected a tensor of rank 2 or more, received rank ${value.rank}`);
  return value;
}

/** The lower triangle, zeros above the `k`-th diagonal. */
export const tril = publicOp('tril', (x: TensorLike, options: { k?: number } = {}): Tensor => {
  const value = matrices('tril', x);
  return e.select(belowDiagonal(value.shape, options.k ?? 0), value, fullLike(value, 0));
});

/** The upper triangle, zeros below the `k`-th diagonal. */
export const triu = publicOp('triu', (x: TensorLike, options: { k?: number } = {}): Tensor => {
  const value = matrices('triu', x);
  return e.select(belowDiagonal(value.shape, (options.k ?? 0) - 1), fullLike(value, 0), value);
});

/** The `k`-th diagonal of the last two axes: a slice of their flat order with a stride of one row and one element. */
function diagonalOf(x: Tensor, k: number): Tensor {
  const [rows, columns] = x.shape.slice(-2);
  const batch = x.shape.slice(0, -2);
  const size = Math.max(0, k >= 0 ? Math.min(rows, columns - k) : Math.min(rows + k, columns));
  const start = size === 0 ? 0 : k >= 0 ? k : -k * columns;
  const flat = reshapeTo(x, [sizeOf(batch), rows * columns]);
  return reshapeTo(sliceAt(flat, [0, start], [sizeOf(batch), size], [1, columns + 1]), [...batch, size]);
}

/** A matrix of zeros with `values` on its `k`-th diagonal. */
function matrixOf(values: Tensor, k: number): Tensor {
  const side = values.size + Math.abs(k);
  const start = values.size === 0 ? 0 : k >= 0 ? k : -k * side;
  const used = values.size === 0 ? 0 : (values.size - 1) * (side + 1) + 1;
  return reshapeTo(padWith(values, [start], [side * side - start - used], 0, [side]), [side, side]);
}

/** The `k`-th diagonal of a matrix, or a matrix with a 1-D tensor on it. */
export const diag = publicOp('diag', (x: TensorLike, options: { k?: number } = {}): Tensor => {
  const value = convertToTensor(x);
  if (value.rank !== 1 && value.rank !== 2) {
    throw new HornetError('diag', `expected a tensor of rank 1 or 2, received rank ${value.rank}`);
  }
  return value.rank === 1 ? matrixOf(value, options.k ?? 0) : diagonalOf(value, options.k ?? 0);
});

/** A matrix with all elements of `x` on its `k`-th diagonal. */
export const diagflat = publicOp('diagflat', (x: TensorLike, options: { k?: number } = {}): Tensor => {
  const value = convertToTensor(x);
  return matrixOf(reshapeTo(value, [value.size]), options.k ?? 0);
});

/** Which diagonal, of which two axes. */
export interface DiagonalArgs {
  /** Columns right of the main diagonal. Default 0. */
  readonly offset?: number;
  /** The axis of rows. Default 0. */
  readonly axis1?: number;
  /** The axis of columns. Default 1. */
  readonly axis2?: number;
}

function diagonalWith(op: string, x: TensorLike, { offset = 0, axis1 = 0, axis2 = 1 }: DiagonalArgs): Tensor {
  const value = matrices(op, x);
  const [rows, columns] = [axis1, axis2].map((axis) => normalizeAxis(op, axis, value.rank));
  if (rows === columns) throw new HornetError(op, `expected axis1 and axis2 to differ, received ${axis1} and ${axis2}`);
  const others = value.shape.map((_, i) => i).filter((axis) => axis !== rows && axis !== columns);
  return diagonalOf(transposeTo(value, [...others, rows, columns]), offset);
}

/** The diagonal of two axes, as the last axis of the result. */
export const diagonal = publicOp('diagonal', (x: TensorLike, options: DiagonalArgs = {}): Tensor =>
  diagonalWith('diagonal', x, options),
);

/** The sum of the diagonal of two axes. */
export const trace = publicOp('trace', (x: TensorLike, options: DiagonalArgs = {}): Tensor => {
  const values = diagonalWith('trace', x, options);
  return reduceSum(castTo(values, sumType(values.dtype)), [values.rank - 1]);
});
