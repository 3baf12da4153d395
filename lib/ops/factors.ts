// Factors of matrices: cholesky, LU, QR, singular values and eigenvectors.
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { castComplex, type Complex } from './complex.js';
import { castTo, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { scalar } from './fill.js';
import { choleskyOf, eigOf, luOf, qrOf, solveColumns, svdOf } from './linalg-core.js';
import * as m from './matrix.js';
import { concatTensors, flipAxes, partOf, stop } from './movement.js';
import { toFloat } from './promote.js';
import { publicOp } from './public-op.js';
import { reduceMax, reduceSum } from './reduce-core.js';

/** Which triangle a Cholesky factor is. */
export interface CholeskyArgs {
  /** The upper one instead of the lower. Default false. */
  readonly upper?: boolean;
}

/** Results in the float type of what came in. */
const likeInput = (x: TensorLike, ...results: readonly Tensor[]): Tensor[] => {
  const { dtype } = toFloat(x);
  return results.map((result) => castTo(result, dtype));
};

/**
 * The triangle whose product with its transpose is `x` [..., N, N], symmetric and positive definite. Only the lower triangle of
 * `x` is read.
 *
 * @throws HornetError when a matrix is not positive definite; where the numbers come later, reading the result rejects.
 */
export const cholesky = publicOp('cholesky', (x: TensorLike, options: CholeskyArgs = {}): Tensor => {
  const factor = choleskyOf(m.squareMatricesOf('cholesky', x));
  return likeInput(x, options.upper ? m.turned(factor) : factor)[0];
});

/** The inverse of the matrix whose Cholesky factor `x` is. */
export const choleskyInverse = publicOp('choleskyInverse', (x: TensorLike, options: CholeskyArgs = {}): Tensor => {
  const factor = m.squareMatricesOf('choleskyInverse', x);
  const { upper = false } = options;
  const inverse = solveColumns(factor, m.identityLike(factor, factor.shape.at(-1)!), { lower: !upper });
  return likeInput(x, upper ? m.timesTurned(inverse, inverse) : m.turnedTimes(inverse, inverse))[0];
});

/**
 * The LU factors of matrices [..., M, N] with partial pivoting: both triangles in one matrix, without the ones on the diagonal
 * of the lower one; and for each of the first min(M, N) rows the row (int32) it changed places with.
 */
export const luFactor = publicOp('luFactor', (x: TensorLike): [Tensor, Tensor] => {
  const [lu, pivots] = luOf(m.matricesOf('luFactor', x));
  return [likeInput(x, lu)[0], pivots];
});

/** How many columns the orthogonal factor has: as many as are needed, or a whole base. */
export type QrMode = 'reduced' | 'complete';

/**
 * Matrices [..., M, N] as orthogonal columns Q [..., M, K] and an upper triangle R [..., K, N]; K is min(M, N), or M in mode
 * `complete`, which has no gradient where M > N.
 */
export const qr = publicOp('qr', (x: TensorLike, options: { mode?: QrMode } = {}): [Tensor, Tensor] => {
  const { mode = 'reduced' } = options;
  if (mode !== 'reduced' && mode !== 'complete') {
    throw new HornetError('qr', `expected mode to be 'reduced' or 'complete', received '${String(mode)}'`);
  }
  return likeInput(x, ...qrOf(m.matricesOf('qr', x), mode === 'complete')) as [Tensor, Tensor];
});

/** What `svd` gives. */
export interface SvdArgs {
  /** Square U and V instead of min(M, N) columns. What is added has no gradient. Default true. */
  readonly fullMatrices?: boolean;
  /** Whether U and V are wanted; otherwise only the singular values. Default true. */
  readonly computeUv?: boolean;
}

/** u, s and vt of matrices of any shape, float64, with min(rows, columns) singular values. */
export function reducedSvd(x: Tensor): [Tensor, Tensor, Tensor] {
  const [rows, columns] = x.shape.slice(-2);
  if (rows <= columns) return svdOf(x);
  const [u, s, vt] = svdOf(m.turned(x));
  return [m.turned(vt), s, m.turned(u)];
}

/** Orthogonal columns, and behind them those that make a whole base of them. */
function completed(columns: Tensor): Tensor {
  const [size, count] = columns.shape.slice(-2);
  if (size === count) return columns;
  const [base] = qrOf(stop(columns), true);
  return concatTensors([columns, partOf(base, base.rank - 1, count, size)], base.rank - 1);
}

const svdOfMatrices = publicOp('svd', (x: TensorLike, options: SvdArgs = {}): Tensor | [Tensor, Tensor, Tensor] => {
  const { fullMatrices = true, computeUv = true } = options;
  const [u, s, vt] = reducedSvd(m.matricesOf('svd', x));
  if (!computeUv) return likeInput(x, s)[0];
  const whole = fullMatrices ? [completed(u), s, m.turned(completed(m.turned(vt)))] : [u, s, vt];
  return likeInput(x, ...whole) as [Tensor, Tensor, Tensor];
});

/**
 * The singular value decomposition of matrices [..., M, N]: U [..., M, M], the singular values in descending order
 * [..., min(M, N)], and the transpose of V [..., N, N], such that x = U · diag(s) · Vᵀ.
 */
export const svd = svdOfMatrices as {
  (x: TensorLike, options: SvdArgs & { readonly computeUv: false }): Tensor;
  (x: TensorLike, options?: SvdArgs): [Tensor, Tensor, Tensor];
};

/**
 * Eigenvalues of symmetric matrices [..., N, N] in ascending order, and their eigenvectors as the columns of [..., N, N].
 * Matrices that are not symmetric are taken for the mean of themselves and their transposes.
 */
export const eigh = publicOp('eigh', (x: TensorLike): [Tensor, Tensor] => {
  const given = m.squareMatricesOf('eigh', x);
  const symmetric = e.mul(e.add(given, m.turned(given)), scalar(0.5, 'float64'));
  // With more than its norm on the diagonal a matrix is positive: its singular vectors are its eigenvectors.
  const norm = reduceMax(reduceSum(e.abs(symmetric), [symmetric.rank - 1]), [symmetric.rank - 2]);
  const shift = stop(e.mul(norm, scalar(2, 'float64')));
  const shifts = m.asColumn(m.asColumn(shift));
  const moved = e.add(symmetric, e.mul(m.identityLike(symmetric, symmetric.shape.at(-1)!), shifts));
  const [, s, vt] = svdOf(moved);
  const values = e.sub(flipAxes(s, [s.rank - 1]), m.asColumn(shift));
  return likeInput(x, values, flipAxes(m.turned(vt), [vt.rank - 1])) as [Tensor, Tensor];
});

/**
 * Eigenvalues [..., N] and eigenvectors, the columns of [..., N, N], of square matrices without symmetry: complex tensors, as pairs
 * of real and imaginary part. Vectors have length 1 and a real largest element.
 */
export const eig = publicOp('eig', (x: TensorLike): [values: Complex, vectors: Complex] => {
  const { dtype } = toFloat(x);
  return eigOf(m.squareMatricesOf('eig', x)).map((pair) => castComplex(pair, dtype)) as [Complex, Complex];
});
