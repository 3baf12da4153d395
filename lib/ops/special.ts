// Less common functions of numbers: those that ignore NaN, look at signs, bits and divisors; Bessel's i0.
import { floatx } from '../config.js';
import { checkDType, isFloat, type DType } from '../dtype.js';
import { floatResultType, resultType } from '../dtype-promotion.js';
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { filled, scalar } from './fill.js';
import { binaryOp, floatOp, promote, strongBinaryOp, unaryOp, type Fn1, type Fn2 } from './promote.js';
import { publicOp } from './public-op.js';

const like = (x: Tensor, value: number): Tensor => scalar(value, x.dtype);

/** The first operand where it wins or the second is NaN; its own NaN never wins. */
const ignoringNan = (name: string, wins: Fn2) =>
  binaryOp(name, (a, b) => e.select(isFloat(a.dtype) ? e.logicalOr(wins(a, b), e.isNan(b)) : wins(a, b), a, b));
/** The larger of two numbers; NaN only where both are. */
export const fmax = ignoringNan('fmax', e.greaterEqual);
/** The smaller of two numbers; NaN only where both are. */
export const fmin = ignoringNan('fmin', e.lessEqual);

/** 0 below zero, 1 above, `x2` at zero. */
export const heaviside = strongBinaryOp(
  'heaviside',
  (a, b) => {
    const step = castTo(e.greater(a, like(a, 0)), a.dtype);
    return e.select(e.isNan(a), a, e.select(e.equal(a, like(a, 0)), b, step));
  },
  floatResultType,
);

/** x1 · 2^x2 for integer `x2`. */
export const ldexp = publicOp('ldexp', (x1: TensorLike, x2: TensorLike): Tensor => {
  const exponent = convertToTensor(x2);
  if (isFloat(exponent.dtype)) throw new HornetError('ldexp', `expected x2 to be integers, received ${exponent.dtype}`);
  const [a, b] = promote(x1, exponent, floatResultType);
  return e.mul(a, e.exp2(b));
});

/** Whether the sign bit is set: negative numbers, and −0. */
export const signbit = unaryOp('signbit', (x) => {
  if (x.dtype === 'bool' || x.dtype.startsWith('uint')) return filled(x.shape, 0, 'bool');
  return e.less(isFloat(x.dtype) ? e.copysign(like(x, 1), x) : x, like(x, 0));
});

/** Euclid's algorithm, with as many steps as the dtype's largest Fibonacci numbers need. */
const divisor: Fn2 = (a, b) => {
  const steps = { int64: 91, int32: 46, uint32: 47, int16: 23, uint16: 24 }[a.dtype as string] ?? 13;
  let [larger, smaller] = [magnitude(a), magnitude(b)];
  for (let i = 0; i < steps; i++) {
    // Division by zero gives zero, so the divisor found stays where it is.
    const rest = e.select(e.equal(smaller, like(a, 0)), smaller, e.mod(larger, smaller));
    larger = e.select(e.equal(smaller, like(a, 0)), larger, smaller);
    smaller = rest;
  }
  return larger;
};
const magnitude: Fn1 = (x) => (x.dtype.startsWith('uint') ? x : e.abs(x));
const integersOnly = (name: string, fn: Fn2) =>
  binaryOp(name, (a, b) => {
    if (isFloat(a.dtype)) throw new HornetError(name, `expected integers, received ${a.dtype}`);
    return a.dtype === 'bool' ? fn(castTo(a, 'int32'), castTo(b, 'int32')) : fn(a, b);
  });
/** The greatest common divisor of integers. */
export const gcd = integersOnly('gcd', divisor);
/** The least common multiple of integers. */
export const lcm = integersOnly('lcm', (a, b) => {
  const common = divisor(a, b);
  const safe = e.max(common, like(a, 1));
  return e.mul(e.floorDiv(magnitude(a), safe), magnitude(b));
});

const polynomial = (x: Tensor, coefficients: readonly number[]): Tensor =>
  coefficients.reduceRight<Tensor>((sum, c) => e.add(e.mul(sum, x), like(x, c)), like(x, 0));
const i0Small = [1, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813];
const i0Large = [
  0.39894228, 0.01328592, 0.00225319, -0.00157565, 0.00916281, -0.02057706, 0.02635537, -0.01647633, 0.00392377,
];
/** The modified Bessel function of order 0 (Abramowitz and Stegun 9.8.1 and 9.8.2, exact to 2e-7). */
export const i0 = floatOp('i0', (x) => {
  const size = e.abs(x);
  const small = polynomial(e.square(e.div(e.min(size, like(x, 3.75)), like(x, 3.75))), i0Small);
  const far = e.max(size, like(x, 3.75));
  const large = e.mul(e.mul(e.exp(far), e.rsqrt(far)), polynomial(e.div(like(x, 3.75), far), i0Large));
  return e.select(e.less(size, like(x, 3.75)), small, large);
});

const integerLimits: Partial<Record<DType, readonly [number, number]>> = {
  bool: [0, 1],
  uint8: [0, 2 ** 8 - 1],
  uint16: [0, 2 ** 16 - 1],
  uint32: [0, 2 ** 32 - 1],
  int8: [-(2 ** 7), 2 ** 7 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63 - 1024],
};
const floatLimits: Partial<Record<DType, number>> = {
  float16: 65504,
  bfloat16: 3.3895313892515355e38,
  float32: 3.4028234663852886e38,
};

/** Another dtype (null: the default float type); numbers that it does not hold become its smallest or largest. */
export const saturateCast = publicOp('saturateCast', (x: TensorLike, target: DType | null): Tensor => {
  const value = convertToTensor(x);
  const dtype = checkDType(target ?? floatx(), 'saturateCast');
  const wide: DType = isFloat(resultType(value.dtype, dtype)) ? 'float64' : 'int64';
  const most = floatLimits[dtype] ?? Number.MAX_VALUE;
  const [low, high] = integerLimits[dtype] ?? [-most, most];
  const safe = wide === 'int64' ? [Math.max(low, -(2 ** 62)), Math.min(high, 2 ** 62)] : [low, high];
  const limited = dtype === 'int64' && wide === 'int64' ? value : e.clamp(castTo(value, wide), safe[0], safe[1]);
  return castTo(limited, dtype);
});
