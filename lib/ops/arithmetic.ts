// Public arithmetic and elementary functions, with Keras's dtype promotion.
import { checkDType, isFloat, isInteger, type DType } from '../dtype.js';
import { floatResultType, resultType } from '../dtype-promotion.js';
import type { Tensor } from '../tensor.js';
import { castTo, convertToTensor, promotableType, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { scalar } from './fill.js';
import { binaryOp, floatOp, strongBinaryOp, toFloat, unaryOp, type Fn1, type Fn2, type Rule } from './promote.js';
import { publicOp } from './public-op.js';

const intFromBool: Rule = (...types) => {
  const dtype = resultType(...types);
  return dtype === 'bool' ? 'int32' : dtype;
};
/** An op on booleans as the logical op that stands for it. */
const onBool =
  (logical: Fn2, other: Fn2): Fn2 =>
  (a, b) =>
    a.dtype === 'bool' ? logical(a, b) : other(a, b);

/** x1 + x2; logical or of booleans. */
export const add = binaryOp('add', onBool(e.logicalOr, e.add));
/** x1 − x2. */
export const subtract = binaryOp('subtract', e.sub);
/** x1 · x2; logical and of booleans. */
export const multiply = binaryOp('multiply', onBool(e.logicalAnd, e.mul));
/** x1 / x2, a float. */
export const divide = binaryOp('divide', e.div, floatResultType);
/** x1 / x2, a float. */
export const trueDivide = binaryOp('trueDivide', e.div, floatResultType);
/** Division that gives 0 where the divisor is 0. */
export const divideNoNan = binaryOp(
  'divideNoNan',
  (a, b) => {
    const isZero = e.equal(b, scalar(0, b.dtype));
    return e.select(isZero, scalar(0, a.dtype), e.div(a, e.select(isZero, scalar(1, b.dtype), b)));
  },
  floatResultType,
);
/** x1 / x2 rounded down. Integers divided by 0 give 0. */
export const floorDivide = binaryOp('floorDivide', e.floorDiv, intFromBool);
/** The rest of the floor division, with the sign of `x2`. */
export const mod = binaryOp('mod', e.mod, intFromBool);
/** The rest of the truncated division, with the sign of `x1`. */
export const fmod = binaryOp('fmod', e.rem, intFromBool);
/** x1 to the power of x2. */
export const power = binaryOp('power', e.pow);
/** The larger of two numbers; NaN where one is NaN. */
export const maximum = binaryOp('maximum', onBool(e.logicalOr, e.max));
/** The smaller of two numbers; NaN where one is NaN. */
export const minimum = binaryOp('minimum', onBool(e.logicalAnd, e.min));
/** The angle of the point (x2, x1), in radians within (−π, π]. */
export const arctan2 = strongBinaryOp('arctan2', e.atan2, floatResultType);
/** √(x1² + x2²). */
export const hypot = strongBinaryOp('hypot', e.hypot, floatResultType);
/** The float next to `x1` in the direction of `x2`. */
export const nextafter = strongBinaryOp('nextafter', e.nextafter, floatResultType);
/** log(e^x1 + e^x2), without overflow. */
export const logaddexp = strongBinaryOp('logaddexp', (a, b) => logAddExp(a, b, e.exp, e.log1p, 1), floatResultType);
/** log2(2^x1 + 2^x2), without overflow. */
export const logaddexp2 = strongBinaryOp(
  'logaddexp2',
  (a, b) => logAddExp(a, b, e.exp2, e.log1p, Math.LOG2E),
  floatResultType,
);

function logAddExp(a: Tensor, b: Tensor, power: Fn1, log1p: Fn1, scale: number): Tensor {
  const larger = e.max(a, b);
  const gap = e.sub(a, b);
  const soft = e.add(larger, e.mul(scalar(scale, a.dtype), log1p(power(e.neg(e.abs(gap))))));
  // Equal infinities have no gap.
  return e.select(e.isNan(gap), e.add(a, b), soft);
}

/** −x. */
export const negative = unaryOp('negative', e.neg);
const absoluteOf: Fn1 = (x) => (x.dtype === 'bool' || x.dtype.startsWith('uint') ? x : e.abs(x));
/** The absolute value. */
export const abs = unaryOp('abs', absoluteOf);
/** The absolute value. */
export const absolute = unaryOp('absolute', absoluteOf);
/** The absolute value, as a float. */
export const fabs = floatOp('fabs', e.abs);
/** −1, 0 or 1. */
export const sign = unaryOp('sign', e.sign);
/** x². */
export const square = unaryOp('square', (x) => e.square(x.dtype === 'bool' ? castTo(x, 'int32') : x));
/** 1 / x. */
export const reciprocal = floatOp('reciprocal', e.reciprocal);
/** eˣ. */
export const exp = floatOp('exp', e.exp);
/** 2ˣ. */
export const exp2 = floatOp('exp2', e.exp2);
/** eˣ − 1, exact near 0. */
export const expm1 = floatOp('expm1', e.expm1);
/** The natural logarithm. */
export const log = floatOp('log', e.log);
/** The logarithm to base 2. */
export const log2 = floatOp('log2', e.log2);
/** The logarithm to base 10. */
export const log10 = floatOp('log10', e.log10);
/** log(1 + x), exact near 0. */
export const log1p = floatOp('log1p', e.log1p);
/** The square root. */
export const sqrt = floatOp('sqrt', e.sqrt);
/** 1 / √x. */
export const rsqrt = floatOp('rsqrt', e.rsqrt);
/** The cube root. */
export const cbrt = floatOp('cbrt', e.cbrt);
/** The sine of radians. */
export const sin = floatOp('sin', e.sin);
/** The cosine of radians. */
export const cos = floatOp('cos', e.cos);
/** The tangent of radians. */
export const tan = floatOp('tan', e.tan);
/** The inverse sine, in radians. */
export const arcsin = floatOp('arcsin', e.asin);
/** The inverse cosine, in radians. */
export const arccos = floatOp('arccos', e.acos);
/** The inverse tangent, in radians. */
export const arctan = floatOp('arctan', e.atan);
/** The hyperbolic sine. */
export const sinh = floatOp('sinh', e.sinh);
/** The hyperbolic cosine. */
export const cosh = floatOp('cosh', e.cosh);
/** The hyperbolic tangent. */
export const tanh = floatOp('tanh', e.tanh);
/** The inverse hyperbolic sine. */
export const arcsinh = floatOp('arcsinh', e.asinh);
/** The inverse hyperbolic cosine. */
export const arccosh = floatOp('arccosh', e.acosh);
/** The inverse hyperbolic tangent. */
export const arctanh = floatOp('arctanh', e.atanh);
/** The error function. */
export const erf = floatOp('erf', e.erf);
/** 1 − erf(x), exact for large x. */
export const erfc = floatOp('erfc', e.erfc);
/** The inverse of the error function. */
export const erfinv = floatOp('erfinv', e.erfinv);
/** 1 / (1 + e⁻ˣ). */
export const sigmoid = floatOp('sigmoid', e.sigmoid);
/** x, or 0 where x is negative. */
export const relu = unaryOp('relu', e.relu);
/** sin(πx) / (πx), 1 at 0. */
export const sinc = floatOp('sinc', (x) => {
  const isZero = e.equal(x, scalar(0, x.dtype));
  const angle = e.mul(scalar(Math.PI, x.dtype), e.select(isZero, scalar(1, x.dtype), x));
  return e.select(isZero, scalar(1, x.dtype), e.div(e.sin(angle), angle));
});
/** Degrees in radians. */
export const deg2rad = floatOp('deg2rad', (x) => e.mul(x, scalar(Math.PI / 180, x.dtype)));
/** Radians in degrees. */
export const rad2deg = floatOp('rad2deg', (x) => e.mul(x, scalar(180 / Math.PI, x.dtype)));

const onFloats =
  (fn: Fn1): Fn1 =>
  (x) =>
    isFloat(x.dtype) ? fn(x) : x;
/** Rounded down, a float. */
export const floor = floatOp('floor', e.floor);
/** Rounded up, a float. */
export const ceil = floatOp('ceil', e.ceil);
/** Rounded towards zero. */
export const trunc = unaryOp('trunc', onFloats(e.trunc));

/** Rounded half to even, to `decimals` places (default 0). */
export const round = publicOp('round', (x: TensorLike, options: { decimals?: number } = {}): Tensor => {
  const { decimals = 0 } = options;
  const value = convertToTensor(x);
  if (value.dtype === 'bool') return castTo(value, 'int32');
  if (isInteger(value.dtype) && decimals >= 0) return value;
  const float = toFloat(value);
  const scale = scalar(10 ** Math.abs(decimals), float.dtype);
  const [up, down] = decimals >= 0 ? [e.mul, e.div] : [e.div, e.mul];
  const rounded = decimals === 0 ? e.round(float) : down(e.round(up(float, scale)), scale);
  return castTo(rounded, value.dtype);
});

/** Values limited to [xMin, xMax]; the limits may be tensors. A value on a limit keeps its gradient. */
export const clip = publicOp('clip', (x: TensorLike, xMin: TensorLike, xMax: TensorLike): Tensor => {
  const types = [x, xMin, xMax].map(promotableType);
  const dtype = resultType(...types) === 'bool' ? 'int32' : resultType(...types);
  const [value, low, high] = [x, xMin, xMax].map((each) => convertToTensor(each, dtype));
  const least = e.min(low, high);
  return e.select(e.greater(value, high), high, e.select(e.less(value, least), least, value));
});

/** Another dtype. Floats become integers by truncation, everything but 0 becomes true. */
export const cast = publicOp('cast', (x: TensorLike, dtype: DType): Tensor =>
  convertToTensor(x, checkDType(dtype, 'cast')),
);
