// `ops.linalg`: the public functions of linear algebra.
export {
  cholesky,
  choleskyInverse,
  eig,
  eigh,
  luFactor,
  qr,
  svd,
  type CholeskyArgs,
  type QrMode,
  type SvdArgs,
} from './factors.js';
export { jvp, type JvpArgs } from './jvp.js';
export { norm, type NormArgs, type NormOrder } from './length.js';
export { det, inv, logdet, lstsq, matrixRank, pinv, slogdet, solve, solveTriangular, type RcondArgs } from './solve.js';
