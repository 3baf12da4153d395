// Public arithmetic and elementary functions, with Keras's dtype promotion.
import { checkDType, isFloat, isInteger, type DType } from '../dtype.js';
import { floatResultType, resultType } from '../dtype-promotion.js';
import type { Tensor } from '../tensor.js';
import { castTo, convertToTensor, promotableType, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { scalar } from './fill.js';
import { binaryOp, floatOp, toFloat, unaryOp, type Fn1, type Fn2, type Rule } from './promote.js';
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

export const add = binaryOp('add', onBool(e.logicalOr, e.add));
export const subtract = binaryOp('subtract', e.sub);
export const multiply = binaryOp('multiply', onBool(e.logicalAnd, e.mul));
export const divide = binaryOp('divide', e.div, floatResultType);
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
export const floorDivide = binaryOp('floorDivide', e.floorDiv, intFromBool);
export const mod = binaryOp('mod', e.mod, intFromBool);
export const fmod = binaryOp('fmod', e.rem, intFromBool);
export const power = binaryOp('power', e.pow);
export const maximum = binaryOp('maximum', onBool(e.logicalOr, e.max));
export const minimum = binaryOp('minimum', onBool(e.logicalAnd, e.min));
export const arctan2 = binaryOp('arctan2', e.atan2, floatResultType);
export const hypot = binaryOp('hypot', e.hypot, floatResultType);
export const nextafter = binaryOp('nextafter', e.nextafter, floatResultType);
/** log(e^x1 + e^x2), without overflow. */
export const logaddexp = binaryOp('logaddexp', (a, b) => logAddExp(a, b, e.exp, e.log1p, 1), floatResultType);
/** log2(2^x1 + 2^x2), without overflow. */
export const logaddexp2 = binaryOp(
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

export const negative = unaryOp('negative', e.neg);
const absoluteOf: Fn1 = (x) => (x.dtype === 'bool' || x.dtype.startsWith('uint') ? x : e.abs(x));
export const abs = unaryOp('abs', absoluteOf);
export const absolute = unaryOp('absolute', absoluteOf);
export const fabs = floatOp('fabs', e.abs);
export const sign = unaryOp('sign', e.sign);
export const square = unaryOp('square', (x) => e.square(x.dtype === 'bool' ? castTo(x, 'int32') : x));
export const reciprocal = floatOp('reciprocal', e.reciprocal);
export const exp = floatOp('exp', e.exp);
export const exp2 = floatOp('exp2', e.exp2);
export const expm1 = floatOp('expm1', e.expm1);
export const log = floatOp('log', e.log);
export const log2 = floatOp('log2', e.log2);
export const log10 = floatOp('log10', e.log10);
export const log1p = floatOp('log1p', e.log1p);
export const sqrt = floatOp('sqrt', e.sqrt);
export const rsqrt = floatOp('rsqrt', e.rsqrt);
export const cbrt = floatOp('cbrt', e.cbrt);
export const sin = floatOp('sin', e.sin);
export const cos = floatOp('cos', e.cos);
export const tan = floatOp('tan', e.tan);
export const arcsin = floatOp('arcsin', e.asin);
export const arccos = floatOp('arccos', e.acos);
export const arctan = floatOp('arctan', e.atan);
export const sinh = floatOp('sinh', e.sinh);
export const cosh = floatOp('cosh', e.cosh);
export const tanh = floatOp('tanh', e.tanh);
export const arcsinh = floatOp('arcsinh', e.asinh);
export const arccosh = floatOp('arccosh', e.acosh);
export const arctanh = floatOp('arctanh', e.atanh);
export const erf = floatOp('erf', e.erf);
export const erfc = floatOp('erfc', e.erfc);
export const erfinv = floatOp('erfinv', e.erfinv);
export const sigmoid = floatOp('sigmoid', e.sigmoid);
export const relu = unaryOp('relu', e.relu);
/** sin(πx) / (πx), 1 at 0. */
export const sinc = floatOp('sinc', (x) => {
  const isZero = e.equal(x, scalar(0, x.dtype));
  const angle = e.mul(scalar(Math.PI, x.dtype), e.select(isZero, scalar(1, x.dtype), x));
  return e.select(isZero, scalar(1, x.dtype), e.div(e.sin(angle), angle));
});
export const deg2rad = floatOp('deg2rad', (x) => e.mul(x, scalar(Math.PI / 180, x.dtype)));
export const rad2deg = floatOp('rad2deg', (x) => e.mul(x, scalar(180 / Math.PI, x.dtype)));

const onFloats =
  (fn: Fn1): Fn1 =>
  (x) =>
    isFloat(x.dtype) ? fn(x) : x;
export const floor = floatOp('floor', e.floor);
export const ceil = floatOp('ceil', e.ceil);
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

/** Values limited to [xMin, xMax]; the limits may be tensors. */
export const clip = publicOp('clip', (x: TensorLike, xMin: TensorLike, xMax: TensorLike): Tensor => {
  const types = [x, xMin, xMax].map(promotableType);
  const dtype = resultType(...types) === 'bool' ? 'int32' : resultType(...types);
  return e.min(e.max(convertToTensor(x, dtype), convertToTensor(xMin, dtype)), convertToTensor(xMax, dtype));
});

/** Another dtype. Floats become integers by truncation, everything but 0 becomes true. */
export const cast = publicOp('cast', (x: TensorLike, dtype: DType): Tensor =>
  convertToTensor(x, checkDType(dtype, 'cast')),
);
