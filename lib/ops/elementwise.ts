// The element-wise primitives: one per functor of native/elementwise.h, operands of one dtype, shapes broadcast.
// Public ops with Keras's promotion are in arithmetic.ts, comparison.ts and logical.ts.
import { isFloat, type DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { defineOp, type Primitive } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import type { Aval } from '../graph/ir.js';
import type { Tensor } from '../tensor.js';
import { broadcastShapes, unbroadcast } from './broadcast.js';
import { scalar } from './fill.js';

type NoAttrs = Record<never, never>;
type UnaryGrad = (x: Tensor, y: Tensor, g: Tensor) => Tensor;
/** The gradients of both operands, each computed only if it is needed. */
type BinaryGrad = readonly [
  (a: Tensor, b: Tensor, y: Tensor, g: Tensor) => Tensor,
  (a: Tensor, b: Tensor, y: Tensor, g: Tensor) => Tensor,
];

function needFloat(name: string, x: Aval): void {
  if (!isFloat(x.dtype)) throw new HornetError(name, `expected a float tensor, received ${x.dtype}`);
}

function unary(name: string, grad: UnaryGrad | null, options: { float?: boolean; dtype?: DType } = {}) {
  const op = defineOp<NoAttrs>({
    name,
    elementwise: true,
    infer: ([x]) => {
      if (options.float) needFloat(name, x);
      return [{ shape: x.shape, dtype: options.dtype ?? x.dtype }];
    },
    grad: ({ inputs: [x], outputs: [y], grads: [g] }) => [grad ? grad(x, y, g!) : null],
  });
  return (x: Tensor): Tensor => emit1(op, [x], {});
}

const float = { float: true } as const;
const toBool = { dtype: 'bool' } as const;

function binary(name: string, grad: BinaryGrad | null, options: { dtype?: DType } = {}) {
  const op: Primitive<NoAttrs> = defineOp<NoAttrs>({
    name,
    elementwise: true,
    infer: ([a, b]) => {
      if (a.dtype !== b.dtype)
        throw new HornetError(name, `expected operands of one dtype, received ${a.dtype} and ${b.dtype}`);
      return [{ shape: broadcastShapes(name, a.shape, b.shape), dtype: options.dtype ?? a.dtype }];
    },
    grad: ({ inputs: [a, b], outputs: [y], grads: [g], needs }) =>
      [a, b].map((operand, i) => (grad && needs[i] ? unbroadcast(grad[i](a, b, y, g!), operand.shape) : null)),
  });
  return (a: Tensor, b: Tensor): Tensor => emit1(op, [a, b], {});
}

/** A scalar of the tensor's dtype. */
const like = (x: Tensor, value: number): Tensor => scalar(value, x.dtype);
const zero = (_x: Tensor, y: Tensor, g: Tensor): Tensor => mul(g, like(y, 0));
/** 1 - x², which many inverse functions need. */
const oneMinusSquare = (x: Tensor): Tensor => sub(like(x, 1), square(x));

export const neg = unary('neg', (_x, _y, g) => neg(g));
export const abs = unary('abs', (x, _y, g) => mul(g, sign(x)));
export const sign = unary('sign', zero);
export const square = unary('square', (x, _y, g) => mul(g, mul(like(x, 2), x)));
export const reciprocal = unary('reciprocal', (_x, y, g) => neg(mul(g, square(y))), float);
export const floor = unary('floor', zero);
export const ceil = unary('ceil', zero);
export const round = unary('round', zero);
export const trunc = unary('trunc', zero);
export const relu = unary('relu', (_x, y, g) => select(greater(y, like(y, 0)), g, like(g, 0)));

export const exp = unary('exp', (_x, y, g) => mul(g, y), float);
export const exp2 = unary('exp2', (_x, y, g) => mul(g, mul(y, like(y, Math.LN2))), float);
export const expm1 = unary('expm1', (_x, y, g) => mul(g, add(y, like(y, 1))), float);
export const log = unary('log', (x, _y, g) => div(g, x), float);
export const log2 = unary('log2', (x, _y, g) => div(g, mul(x, like(x, Math.LN2))), float);
export const log10 = unary('log10', (x, _y, g) => div(g, mul(x, like(x, Math.LN10))), float);
export const log1p = unary('log1p', (x, _y, g) => div(g, add(x, like(x, 1))), float);
export const sqrt = unary('sqrt', (_x, y, g) => div(g, mul(y, like(y, 2))), float);
export const rsqrt = unary('rsqrt', (x, y, g) => mul(g, mul(like(x, -0.5), div(y, x))), float);
export const cbrt = unary('cbrt', (_x, y, g) => div(g, mul(square(y), like(y, 3))), float);
export const sin = unary('sin', (x, _y, g) => mul(g, cos(x)), float);
export const cos = unary('cos', (x, _y, g) => neg(mul(g, sin(x))), float);
export const tan = unary('tan', (_x, y, g) => mul(g, add(square(y), like(y, 1))), float);
export const asin = unary('asin', (x, _y, g) => mul(g, rsqrt(oneMinusSquare(x))), float);
export const acos = unary('acos', (x, _y, g) => neg(mul(g, rsqrt(oneMinusSquare(x)))), float);
export const atan = unary('atan', (x, _y, g) => div(g, add(square(x), like(x, 1))), float);
export const sinh = unary('sinh', (x, _y, g) => mul(g, cosh(x)), float);
export const cosh = unary('cosh', (x, _y, g) => mul(g, sinh(x)), float);
export const tanh = unary('tanh', (_x, y, g) => mul(g, oneMinusSquare(y)), float);
export const asinh = unary('asinh', (x, _y, g) => mul(g, rsqrt(add(square(x), like(x, 1)))), float);
export const acosh = unary('acosh', (x, _y, g) => mul(g, rsqrt(sub(square(x), like(x, 1)))), float);
export const atanh = unary('atanh', (x, _y, g) => div(g, oneMinusSquare(x)), float);
export const erf = unary('erf', (x, _y, g) => mul(g, mul(like(x, 2 / Math.sqrt(Math.PI)), exp(neg(square(x))))), float);
export const erfc = unary(
  'erfc',
  (x, _y, g) => mul(g, mul(like(x, -2 / Math.sqrt(Math.PI)), exp(neg(square(x))))),
  float,
);
export const erfinv = unary(
  'erfinv',
  (_x, y, g) => mul(g, mul(like(y, Math.sqrt(Math.PI) / 2), exp(square(y)))),
  float,
);
export const lgamma = unary('lgamma', (x, _y, g) => mul(g, digamma(x)), float);
const digammaOp = defineOp<NoAttrs>({
  name: 'digamma',
  elementwise: true,
  infer: ([x]) => [x],
  grad: null,
});
export const digamma = (x: Tensor): Tensor => emit1(digammaOp, [x], {});
export const sigmoid = unary('sigmoid', (_x, y, g) => mul(g, mul(y, sub(like(y, 1), y))), float);

export const isNan = unary('is_nan', null, toBool);
export const isInf = unary('is_inf', null, toBool);
export const isFinite = unary('is_finite', null, toBool);
export const logicalNot = unary('logical_not', null, toBool);
export const bitwiseNot = unary('bitwise_not', null);

export const add = binary('add', [(_a, _b, _y, g) => g, (_a, _b, _y, g) => g]);
export const sub = binary('sub', [(_a, _b, _y, g) => g, (_a, _b, _y, g) => neg(g)]);
export const mul = binary('mul', [(_a, b, _y, g) => mul(g, b), (a, _b, _y, g) => mul(g, a)]);
export const div = binary('div', [(_a, b, _y, g) => div(g, b), (_a, b, y, g) => neg(div(mul(g, y), b))]);
const noSlope = (_a: Tensor, _b: Tensor, y: Tensor, g: Tensor): Tensor => mul(g, like(y, 0));
export const floorDiv = binary('floor_div', [noSlope, noSlope]);
export const mod = binary('mod', [(_a, _b, _y, g) => g, (a, b, _y, g) => neg(mul(g, floorDiv(a, b)))]);
export const rem = binary('rem', [(_a, _b, _y, g) => g, (a, b, _y, g) => neg(mul(g, trunc(div(a, b))))]);
export const pow = binary('pow', [
  // b · a^(b-1), which is 0 (not NaN) for b = 0.
  (a, b, _y, g) => mul(g, select(equal(b, like(b, 0)), like(b, 0), mul(b, pow(a, sub(b, like(b, 1)))))),
  // a^b · log a; 0 where a is 0 and b is not negative.
  (a, b, y, g) => {
    const isZero = logicalAnd(equal(a, like(a, 0)), greaterEqual(b, like(b, 0)));
    return mul(g, select(isZero, like(a, 0), mul(y, log(select(isZero, like(a, 1), a)))));
  },
]);
/** Where both operands are equal, each gets half of the gradient. */
const winner =
  (wins: (a: Tensor, b: Tensor) => Tensor, mine: 0 | 1) =>
  (a: Tensor, b: Tensor, _y: Tensor, g: Tensor): Tensor => {
    const [own, other] = mine === 0 ? [a, b] : [b, a];
    const half = mul(g, like(g, 0.5));
    return select(wins(own, other), g, select(equal(own, other), half, like(g, 0)));
  };
export const max = binary('max', [winner((a, b) => greater(a, b), 0), winner((a, b) => greater(a, b), 1)]);
export const min = binary('min', [winner((a, b) => less(a, b), 0), winner((a, b) => less(a, b), 1)]);
export const atan2 = binary('atan2', [
  (a, b, _y, g) => div(mul(g, b), add(square(a), square(b))),
  (a, b, _y, g) => neg(div(mul(g, a), add(square(a), square(b)))),
]);
export const hypot = binary('hypot', [(a, _b, y, g) => div(mul(g, a), y), (_a, b, y, g) => div(mul(g, b), y)]);
export const nextafter = binary('nextafter', [(_a, _b, _y, g) => g, noSlope]);
export const copysign = binary('copysign', [(a, _b, y, g) => mul(g, mul(sign(a), sign(y))), noSlope]);

export const equal = binary('equal', null, toBool);
export const notEqual = binary('not_equal', null, toBool);
export const less = binary('less', null, toBool);
export const lessEqual = binary('less_equal', null, toBool);
export const greater = binary('greater', null, toBool);
export const greaterEqual = binary('greater_equal', null, toBool);
export const logicalAnd = binary('logical_and', null, toBool);
export const logicalOr = binary('logical_or', null, toBool);
export const logicalXor = binary('logical_xor', null, toBool);
export const bitwiseAnd = binary('bitwise_and', null);
export const bitwiseOr = binary('bitwise_or', null);
export const bitwiseXor = binary('bitwise_xor', null);
export const shiftLeft = binary('shift_left', null);
export const shiftRight = binary('shift_right', null);

const selectOp = defineOp<NoAttrs>({
  name: 'select',
  elementwise: true,
  infer: ([condition, a, b]) => {
    if (condition.dtype !== 'bool' || a.dtype !== b.dtype) {
      const types = [condition, a, b].map(({ dtype }) => dtype).join(', ');
      throw new HornetError('select', `expected a bool condition and two operands of one dtype, received ${types}`);
    }
    return [{ shape: broadcastShapes('select', condition.shape, a.shape, b.shape), dtype: a.dtype }];
  },
  grad: ({ inputs: [condition, a, b], grads: [g], needs }) => [
    null,
    needs[1] ? unbroadcast(select(condition, g!, like(g!, 0)), a.shape) : null,
    needs[2] ? unbroadcast(select(condition, like(g!, 0), g!), b.shape) : null,
  ],
});

/** `a` where the condition holds, else `b`. */
export const select = (condition: Tensor, a: Tensor, b: Tensor): Tensor => emit1(selectOp, [condition, a, b], {});

/** `x` limited to [low, high]; NaN stays. */
export const clamp = (x: Tensor, low: number, high: number): Tensor => min(max(x, like(x, low)), like(x, high));
