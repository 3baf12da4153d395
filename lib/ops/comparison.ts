// Public comparisons and logic: results are bool.
import { isFloat } from '../dtype.js';
import { HornetError } from '../errors.js';
import { resultType } from '../dtype-promotion.js';
import type { Tensor } from '../tensor.js';
import { binaryOp, promote, unaryOp } from './promote.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { filled, scalar } from './fill.js';
import { publicOp } from './public-op.js';
import { reduceMin } from './reduce-core.js';

/** Whether x1 = x2. */
export const equal = binaryOp('equal', e.equal);
/** Whether x1 ≠ x2. */
export const notEqual = binaryOp('notEqual', e.notEqual);
/** Whether x1 < x2. */
export const less = binaryOp('less', e.less);
/** Whether x1 ≤ x2. */
export const lessEqual = binaryOp('lessEqual', e.lessEqual);
/** Whether x1 > x2. */
export const greater = binaryOp('greater', e.greater);
/** Whether x1 ≥ x2. */
export const greaterEqual = binaryOp('greaterEqual', e.greaterEqual);

const toBool = (x: TensorLike): Tensor => convertToTensor(x, 'bool');
const logical = (name: string, fn: (a: Tensor, b: Tensor) => Tensor) =>
  publicOp(name, (x1: TensorLike, x2: TensorLike): Tensor => fn(toBool(x1), toBool(x2)));
/** Whether both are true (not zero). */
export const logicalAnd = logical('logicalAnd', e.logicalAnd);
/** Whether one or both are true (not zero). */
export const logicalOr = logical('logicalOr', e.logicalOr);
/** Whether exactly one is true (not zero). */
export const logicalXor = logical('logicalXor', e.logicalXor);
/** Whether it is false (zero). */
export const logicalNot = publicOp('logicalNot', (x: TensorLike): Tensor => e.logicalNot(toBool(x)));

const onFloats = (name: string, fn: (x: Tensor) => Tensor, otherwise: 0 | 1) =>
  unaryOp(name, (x) => (isFloat(x.dtype) ? fn(x) : filled(x.shape, otherwise, 'bool')));
/** Whether it is NaN. */
export const isnan = onFloats('isnan', e.isNan, 0);
/** Whether it is ∞ or −∞. */
export const isinf = onFloats('isinf', e.isInf, 0);
/** Whether it is neither infinite nor NaN. */
export const isfinite = onFloats('isfinite', e.isFinite, 1);
/** Whether it is ∞. */
export const isposinf = onFloats('isposinf', (x) => e.equal(x, scalar(Infinity, x.dtype)), 0);
/** Whether it is −∞. */
export const isneginf = onFloats('isneginf', (x) => e.equal(x, scalar(-Infinity, x.dtype)), 0);

/** How close numbers must be. */
export interface CloseArgs {
  /** Relative tolerance. Default 1e-5. */
  readonly rtol?: number;
  /** Absolute tolerance. Default 1e-8. */
  readonly atol?: number;
  /** Whether NaN equals NaN. Default false. */
  readonly equalNan?: boolean;
}

/** Whether |x1 − x2| ≤ atol + rtol · |x2|, element by element. */
export const isclose = publicOp('isclose', (x1: TensorLike, x2: TensorLike, options: CloseArgs = {}): Tensor => {
  const { rtol = 1e-5, atol = 1e-8, equalNan = false } = options;
  const [a, b] = promote(x1, x2, (...types) => (isFloat(resultType(...types)) ? resultType(...types) : 'float64'));
  const limit = e.add(scalar(atol, a.dtype), e.mul(scalar(rtol, a.dtype), e.abs(b)));
  const near = e.logicalAnd(e.lessEqual(e.abs(e.sub(a, b)), limit), e.logicalAnd(e.isFinite(a), e.isFinite(b)));
  const same = e.logicalOr(near, e.equal(a, b));
  return equalNan ? e.logicalOr(same, e.logicalAnd(e.isNan(a), e.isNan(b))) : same;
});

/** Whether all elements are close: |x1 − x2| ≤ atol + rtol · |x2|. */
export const allclose = publicOp('allclose', (x1: TensorLike, x2: TensorLike, options: CloseArgs = {}): Tensor => {
  const close = isclose(x1, x2, options);
  return reduceMin(
    close,
    close.shape.map((_, axis) => axis),
  );
});

/** Elements of `x1` where the condition holds, else of `x2`. */
export const where = publicOp('where', (condition: TensorLike, x1: TensorLike, x2: TensorLike): Tensor => {
  if (x1 === undefined || x2 === undefined) {
    throw new HornetError('where', 'expected x1 and x2; the places where a condition holds are given by nonzero()');
  }
  const [a, b] = promote(x1, x2);
  return e.select(toBool(condition), a, b);
});

const bitwise = (
  name: string,
  fn: (a: Tensor, b: Tensor) => Tensor,
  onBool: ((a: Tensor, b: Tensor) => Tensor) | null,
) => binaryOp(name, (a, b) => (a.dtype === 'bool' && onBool ? onBool(a, b) : fn(a, b)));
/** Bits set in both integers. */
export const bitwiseAnd = bitwise('bitwiseAnd', e.bitwiseAnd, e.logicalAnd);
/** Bits set in one or both integers. */
export const bitwiseOr = bitwise('bitwiseOr', e.bitwiseOr, e.logicalOr);
/** Bits set in exactly one of two integers. */
export const bitwiseXor = bitwise('bitwiseXor', e.bitwiseXor, e.logicalXor);
const intShift =
  (fn: (a: Tensor, b: Tensor) => Tensor) =>
  (a: Tensor, b: Tensor): Tensor =>
    a.dtype === 'bool' ? fn(castTo(a, 'int32'), castTo(b, 'int32')) : fn(a, b);
/** Bits moved up by y places: x · 2^y as far as the dtype holds it. */
export const bitwiseLeftShift = binaryOp('bitwiseLeftShift', intShift(e.shiftLeft));
/** Bits moved down by y places: x / 2^y rounded down. */
export const bitwiseRightShift = binaryOp('bitwiseRightShift', intShift(e.shiftRight));
/** As `bitwiseLeftShift`. */
export const leftShift = binaryOp('leftShift', intShift(e.shiftLeft));
/** As `bitwiseRightShift`. */
export const rightShift = binaryOp('rightShift', intShift(e.shiftRight));
const notOf = (x: Tensor): Tensor => (x.dtype === 'bool' ? e.logicalNot(x) : e.bitwiseNot(x));
/** All bits of an integer inverted; not of a boolean. */
export const bitwiseNot = unaryOp('bitwiseNot', notOf);
/** As `bitwiseNot`. */
export const bitwiseInvert = unaryOp('bitwiseInvert', notOf);

/** NaN and infinities replaced by numbers; by default 0 and the dtype's largest and smallest. */
export const nanToNum = publicOp(
  'nanToNum',
  (x: TensorLike, options: { nan?: number; posinf?: number | null; neginf?: number | null } = {}): Tensor => {
    const value = convertToTensor(x);
    if (!isFloat(value.dtype)) return value;
    const largest = { float16: 65504, bfloat16: 3.3895313892515355e38, float32: 3.4028234663852886e38 }[
      value.dtype as string
    ];
    const { nan = 0 } = options;
    const posinf = options.posinf ?? largest ?? Number.MAX_VALUE;
    const neginf = options.neginf ?? -(largest ?? Number.MAX_VALUE);
    const fill = (from: Tensor, condition: Tensor, to: number): Tensor =>
      e.select(condition, scalar(to, from.dtype), from);
    const withoutNan = fill(value, e.isNan(value), nan);
    const withoutPos = fill(withoutNan, e.equal(value, scalar(Infinity, value.dtype)), posinf);
    return fill(withoutPos, e.equal(value, scalar(-Infinity, value.dtype)), neginf);
  },
);
