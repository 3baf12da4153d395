// Systems of linear equations and what they give: inverses, determinants, least squares, ranks.
import { resultType } from '../dtype-promotion.js';
import type { DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { broadcastShapes, broadcastTensor } from './broadcast.js';
import { castTo, type TensorLike } from './convert.js';
import { customGradient } from './custom-gradient.js';
import * as e from './elementwise.js';
import { reducedSvd } from './factors.js';
import { fullLike, scalar } from './fill.js';
import { luOf, solveByLu, solveColumns } from './linalg-core.js';
import * as m from './matrix.js';
import { iota, stop } from './movement.js';
import { toFloat } from './promote.js';
import { publicOp } from './public-op.js';
import { reduceMax, reduceProd, reduceSum } from './reduce-core.js';
import { reshapeTo } from './reshape-core.js';

/** Square matrices and right-hand sides as float64 of one batch; runs `solver` and gives b's form to the result. */
function system(op: string, a: TensorLike, b: TensorLike, solver: (a: Tensor, b: Tensor) => Tensor): Tensor {
  const matrices = m.squareMatricesOf(op, a);
  const right = toFloat(b);
  const isVector = right.rank < matrices.rank;
  const columns = isVector ? m.asColumn(right) : right;
  if (right.rank === 0 || columns.shape.at(-2) !== matrices.shape.at(-1)) {
    const shapes = `[${matrices.shape.join(', ')}] and [${right.shape.join(', ')}]`;
    throw new HornetError(op, `expected b to have as many rows as a, received shapes ${shapes}`);
  }
  const batch = broadcastShapes(op, m.batchOf(matrices), m.batchOf(columns));
  const [left, sides] = [matrices, castTo(columns, 'float64')].map((x) =>
    broadcastTensor(x, [...batch, ...x.shape.slice(-2)]),
  );
  const x = solver(left, sides);
  const shaped = isVector ? reshapeTo(x, x.shape.slice(0, -1)) : x;
  return castTo(shaped, resultType(toFloat(a).dtype, right.dtype));
}

/**
 * Solves A · x = b for square matrices A [..., N, N] and b [..., N] or [..., N, K]. A singular matrix gives infinities or NaN.
 */
export const solve = publicOp('solve', (a: TensorLike, b: TensorLike): Tensor => system('solve', a, b, solveByLu));

/** Solves A · x = b where A is an upper triangle (with `lower` a lower one); the other half of A is not read. */
export const solveTriangular = publicOp(
  'solveTriangular',
  (a: TensorLike, b: TensorLike, options: { lower?: boolean } = {}): Tensor =>
    system('solveTriangular', a, b, (left, right) => solveColumns(left, right, { lower: options.lower ?? false })),
);

/** The inverses of square matrices. A singular matrix gives infinities or NaN. */
export const inv = publicOp('inv', (x: TensorLike): Tensor => {
  const a = m.squareMatricesOf('inv', x);
  return castTo(solveByLu(a, m.identityLike(a, a.shape.at(-1)!)), toFloat(x).dtype);
});

/** The sign of what LU did to the order of rows, and the diagonal of its upper triangle. */
function pivotsOf(a: Tensor): [sign: Tensor, diagonal: Tensor, lu: Tensor, order: Tensor] {
  const [lu, pivots, order] = luOf(a);
  const moved = castTo(e.notEqual(pivots, iota(pivots.shape, pivots.rank - 1, 'int32')), 'float64');
  const parity = e.mod(reduceSum(moved, [moved.rank - 1]), scalar(2, 'float64'));
  return [e.sub(scalar(1, 'float64'), e.mul(parity, scalar(2, 'float64'))), m.diagonalsOf(lu), lu, order];
}

const productOf = (x: Tensor): Tensor => reduceProd(x, [x.rank - 1]);

const determinant = (a: Tensor): Tensor => {
  const [sign, diagonal] = pivotsOf(a);
  return e.mul(sign, productOf(diagonal));
};

/**
 * The cofactors of square matrices: the determinant's gradient. They are det(A) · A⁻ᵀ, but exist where the last pivot is zero
 * and there is no inverse: the determinant without that pivot takes its part.
 */
function cofactors(a: Tensor): Tensor {
  const size = a.shape.at(-1)!;
  const [sign, diagonal, lu, order] = pivotsOf(a);
  const isLast = e.equal(iota(diagonal.shape, diagonal.rank - 1, 'int32'), scalar(size - 1, 'int32'));
  const ones = fullLike(diagonal, 1);
  const others = m.asColumn(e.mul(sign, productOf(e.select(isLast, ones, diagonal))));
  const scales = e.select(isLast, others, m.asColumn(e.mul(sign, productOf(diagonal))));
  const safe = e.select(e.logicalOr(isLast, e.equal(diagonal, fullLike(diagonal, 0))), ones, diagonal);
  const triangle = e.select(m.onDiagonal(lu.shape), m.asColumn(safe), lu);
  const inner = solveColumns(lu, m.identityLike(a, size), { lower: true, unit: true });
  return m.disorderRows(m.turned(solveColumns(triangle, m.scaleRows(inner, scales), {})), order);
}

// By its cofactors: through the factors a singular matrix would have no gradient.
const detOf = customGradient((a: Tensor) => [
  determinant(stop(a)),
  (g: Tensor): Tensor => e.mul(cofactors(a), m.asColumn(m.asColumn(g))),
]);

/** The determinants of square matrices [..., N, N]. */
export const det = publicOp('det', (x: TensorLike): Tensor =>
  castTo(detOf(m.squareMatricesOf('det', x)), toFloat(x).dtype),
);

/** The signs of determinants and the logarithms of their absolute values. */
export const slogdet = publicOp('slogdet', (x: TensorLike): [Tensor, Tensor] => {
  const [sign, diagonal] = pivotsOf(m.squareMatricesOf('slogdet', x));
  const logarithm = reduceSum(e.log(e.abs(diagonal)), [diagonal.rank - 1]);
  const { dtype } = toFloat(x);
  return [castTo(e.mul(sign, productOf(e.sign(diagonal))), dtype), castTo(logarithm, dtype)];
});

/** The logarithms of the absolute values of determinants. */
export const logdet = publicOp('logdet', (x: TensorLike): Tensor => slogdet(x)[1]);

/** The distance from 1 to the next larger number. */
const machineEpsilon = (dtype: DType): number =>
  ({ float16: 2 ** -10, bfloat16: 2 ** -7, float64: 2 ** -52 })[dtype as string] ?? 2 ** -23;

/** The largest of the singular values times a factor, as [..., 1]. */
const cutOff = (s: Tensor, factor: number): Tensor =>
  m.asColumn(e.mul(reduceMax(s, [s.rank - 1]), scalar(factor, 'float64')));

function pseudoInverse(a: Tensor, rcond: number): Tensor {
  const [u, s, vt] = reducedSvd(a);
  const zero = fullLike(s, 0);
  const inverse = e.select(e.greater(s, cutOff(s, rcond)), e.reciprocal(s), zero);
  return m.times(m.turned(m.scaleRows(vt, inverse)), m.turned(u));
}

// Through singular vectors there would be no gradient where singular values are equal.
const pinvWith = (matrices: Tensor, rcond: number): Tensor =>
  customGradient((a: Tensor) => [
    pseudoInverse(stop(a), rcond),
    (g: Tensor): Tensor => {
      const p = pinvWith(a, rcond);
      const [pt, gt] = [m.turned(p), m.turned(g)];
      const through = m.times(m.times(pt, g), pt);
      const left = m.times(e.sub(gt, m.times(m.times(a, p), gt)), m.times(p, pt));
      const right = m.times(m.times(pt, p), e.sub(gt, m.times(gt, m.times(p, a))));
      return e.add(e.sub(left, through), right);
    },
  ])(matrices);

/** What counts as zero among singular values. */
export interface RcondArgs {
  /** Singular values up to this many times the largest are zeros. */
  readonly rcond?: number | null;
}

/** The pseudo-inverses [..., N, M] of matrices [..., M, N]. `rcond` is by default 10 · max(M, N) · ε. */
export const pinv = publicOp('pinv', (x: TensorLike, options: RcondArgs = {}): Tensor => {
  const a = m.matricesOf('pinv', x);
  const { dtype } = toFloat(x);
  return castTo(pinvWith(a, options.rcond ?? 10 * Math.max(...a.shape.slice(-2)) * machineEpsilon(dtype)), dtype);
});

/**
 * The x of least length among those that bring A · x nearest to `b`, for a matrix A [M, N] and b [M] or [M, K]. `rcond` is by
 * default max(M, N) · ε.
 */
export const lstsq = publicOp('lstsq', (a: TensorLike, b: TensorLike, options: RcondArgs = {}): Tensor => {
  const matrix = m.matricesOf('lstsq', a);
  const right = toFloat(b);
  if (matrix.rank !== 2 || right.rank < 1 || right.rank > 2 || right.shape[0] !== matrix.shape[0]) {
    const shapes = `[${matrix.shape.join(', ')}] and [${right.shape.join(', ')}]`;
    throw new HornetError(
      'lstsq',
      `expected a matrix and one or more columns of its height, received shapes ${shapes}`,
    );
  }
  const dtype = resultType(toFloat(a).dtype, right.dtype);
  const columns = castTo(right.rank === 1 ? m.asColumn(right) : right, 'float64');
  const rcond = options.rcond ?? Math.max(...matrix.shape) * machineEpsilon(dtype);
  const x = castTo(m.times(pinvWith(matrix, rcond), columns), dtype);
  return right.rank === 1 ? reshapeTo(x, [x.shape[0]]) : x;
});

/**
 * The ranks (int32) of matrices [..., M, N]: how many singular values are larger than `tol`, by default the largest times
 * max(M, N) · ε.
 */
export const matrixRank = publicOp('matrixRank', (x: TensorLike, options: { tol?: number | null } = {}): Tensor => {
  const a = m.matricesOf('matrixRank', x);
  const [, s] = reducedSvd(a);
  const factor = Math.max(...a.shape.slice(-2)) * machineEpsilon(toFloat(x).dtype);
  const least = typeof options.tol === 'number' ? scalar(options.tol, 'float64') : cutOff(s, factor);
  return reduceSum(castTo(e.greater(s, least), 'int32'), [s.rank - 1]);
});
