// Element by element: ops of one, two or three tensors that broadcast.
import { isFloat, type DType } from '../../../dtype.js';
import type { Value } from '../../../graph/ir.js';
import { transposeTo } from '../../../ops/movement.js';
import { reshapeTo } from '../../../ops/reshape-core.js';
import type { DeviceTensor } from '../../../tensor.js';
import { ordered, type Call, type Rule } from '../call.js';
import { dataTypes } from '../proto.js';
import { identity, isIdentity, type Held } from '../scope.js';

/** Writes an op for operands that are brought into one order of axes already. */
type Formula = (call: Call, ...operands: string[]) => string;

/** Operands that broadcast against each other, in one order of axes. Repeating is left to the op where others have the size. */
function aligned(call: Call): { readonly names: string[]; readonly perm: readonly number[] } {
  const { scope, node } = call;
  const rank = call.output.shape.length;
  const bare = node.inputs.map((input) => scope.unspread(input));
  const operands = covers(call, bare) ? bare : node.inputs;
  const perm = call.commonOrder(operands, rank);
  return { names: operands.map((operand) => inOrder(call, operand, perm)), perm };
}

/** Whether operands broadcast to the shape of the result by themselves. */
function covers(call: Call, operands: readonly Value[]): boolean {
  const { sized } = call.scope.file;
  const sizes = operands.map((operand) => sized.sizesOf(operand));
  return call
    .outputSizes()
    .every((size, axis, all) =>
      sizes.some((own) => String(own[axis - all.length + own.length] ?? size.map(() => 1)) === String(size)),
    );
}

/** An operand in an order of axes; ones stand for the axes that it lacks. */
function inOrder(call: Call, operand: Value, perm: readonly number[]): string {
  const { scope } = call;
  const lead = perm.length - operand.shape.length;
  if (isIdentity(perm) || operand.shape.length === 0) return scope.plain(operand);
  if (lead === 0) return scope.inOrder(operand, perm);
  const shape = [...Array<number>(lead).fill(1), ...operand.shape];
  const origin = scope.origin(operand);
  if (scope.isFixed(operand)) {
    return scope.file.weight(origin, {
      key: `widen ${perm.join()}`,
      shape: perm.map((axis) => shape[axis]),
      apply: (tensor) => widened(tensor, shape, perm),
    });
  }
  const wide = call.emit('Unsqueeze', [scope.plain(operand), call.int64(identity(lead))]);
  return call.emit('Transpose', [wide], { perm: [...perm] });
}

const widened = (tensor: DeviceTensor, shape: readonly number[], perm: readonly number[]): DeviceTensor =>
  transposeTo(reshapeTo(tensor, shape), perm) as DeviceTensor;

const rule =
  (formula: Formula): Rule =>
  (call): Held => {
    const { names, perm } = aligned(call);
    return ordered(formula(call, ...names), perm);
  };

const named =
  (op: string): Formula =>
  (call, ...operands) =>
    call.emit(op, operands);

/** Arithmetic on booleans is arithmetic on 0 and 1. */
const numeric =
  (formula: Formula): Formula =>
  (call, ...operands) => {
    if (call.dtype() !== 'bool') return formula(call, ...operands);
    const numbers = operands.map((operand) => call.cast(operand, 'int32'));
    return call.cast(formula(call, ...numbers), call.output.dtype);
  };

const numberOf = (call: Call, value: number): string =>
  call.number(value, call.dtype() === 'bool' ? 'int32' : call.dtype());
const negate = (call: Call, x: string): string => call.emit('Not', [x]);
const isNegative = (call: Call, x: string): string => call.emit('Less', [x, numberOf(call, 0)]);
const times = (call: Call, x: string, factor: number): string => call.emit('Mul', [x, numberOf(call, factor)]);
const wholeOnly =
  (formula: Formula): Formula =>
  (call, ...operands) =>
    isFloat(call.dtype()) ? formula(call, ...operands) : operands[0];

/** The remainder with the sign of the divisor. */
const mod: Formula = (call, a, b) => {
  if (!isFloat(call.dtype())) return call.emit('Mod', [a, b]);
  const rest = call.emit('Mod', [a, b], { fmod: 1 });
  const differs = call.emit('Xor', [isNegative(call, rest), isNegative(call, b)]);
  const isWhole = call.emit('Equal', [rest, call.number(0)]);
  return call.emit('Where', [call.emit('And', [negate(call, isWhole), differs]), call.emit('Add', [rest, b]), rest]);
};

const floorDiv: Formula = (call, a, b) => {
  if (isFloat(call.dtype())) return call.emit('Floor', [call.emit('Div', [a, b])]);
  return call.emit('Div', [call.emit('Sub', [a, call.emit('Mod', [a, b])]), b]);
};

/** log(1 + x): near zero as 2 atanh(x / (2 + x)), which loses nothing. */
const log1p: Formula = (call, x) => {
  const near = call.emit('Less', [call.emit('Abs', [x]), call.number(0.5)]);
  const ratio = call.emit('Div', [x, call.emit('Add', [x, call.number(2)])]);
  const safe = call.emit('Where', [near, ratio, call.number(0)]);
  const direct = call.emit('Log', [call.emit('Add', [x, call.number(1)])]);
  return call.emit('Where', [near, times(call, call.emit('Atanh', [safe]), 2), direct]);
};

/** exp(x) − 1 = tanh(x / 2) (exp(x) + 1), which loses nothing near zero. */
const expm1: Formula = (call, x) => {
  const half = call.emit('Tanh', [times(call, x, 0.5)]);
  return call.emit('Mul', [half, call.emit('Add', [call.emit('Exp', [x]), call.number(1)])]);
};

const atan2: Formula = (call, y, x) => {
  const [zero, pi] = [call.number(0), call.number(Math.PI)];
  const angle = call.emit('Atan', [call.emit('Div', [y, x])]);
  const turn = call.emit('Where', [isNegative(call, y), call.number(-Math.PI), pi]);
  const turned = call.emit('Where', [isNegative(call, x), call.emit('Add', [angle, turn]), angle]);
  const upright = times(call, call.emit('Sign', [y]), Math.PI / 2);
  return call.emit('Where', [call.emit('Equal', [x, zero]), upright, turned]);
};

const shift =
  (direction: string): Formula =>
  (call, x, by) => {
    const unsigned: Partial<Record<DType, DType>> = { int8: 'uint8', int16: 'uint16', int32: 'uint32' };
    const own = call.dtype();
    if (own.startsWith('uint')) return call.emit('BitShift', [x, by], { direction });
    const wide = unsigned[own];
    if (direction === 'RIGHT' || !wide) return call.fail(`ONNX shifts unsigned integers only, this is ${own}`);
    return call.cast(call.emit('BitShift', [call.cast(x, wide), call.cast(by, wide)], { direction }), own);
  };

const formulas: Readonly<Record<string, Formula>> = {
  neg: numeric(named('Neg')),
  abs: numeric(named('Abs')),
  sign: numeric(named('Sign')),
  square: numeric((call, x) => call.emit('Mul', [x, x])),
  reciprocal: named('Reciprocal'),
  floor: wholeOnly(named('Floor')),
  ceil: wholeOnly(named('Ceil')),
  round: wholeOnly(named('Round')),
  trunc: wholeOnly((call, x) =>
    call.emit('Mul', [call.emit('Sign', [x]), call.emit('Floor', [call.emit('Abs', [x])])]),
  ),
  relu: numeric(named('Relu')),
  exp: named('Exp'),
  exp2: (call, x) => call.emit('Exp', [times(call, x, Math.LN2)]),
  expm1,
  log: named('Log'),
  log2: (call, x) => times(call, call.emit('Log', [x]), Math.LOG2E),
  log10: (call, x) => times(call, call.emit('Log', [x]), Math.LOG10E),
  log1p,
  sqrt: named('Sqrt'),
  rsqrt: (call, x) => call.emit('Reciprocal', [call.emit('Sqrt', [x])]),
  cbrt: (call, x) => {
    const root = call.emit('Pow', [call.emit('Abs', [x]), call.number(1 / 3)]);
    return call.emit('Mul', [call.emit('Sign', [x]), root]);
  },
  ...Object.fromEntries(
    [
      'Sin',
      'Cos',
      'Tan',
      'Asin',
      'Acos',
      'Atan',
      'Sinh',
      'Cosh',
      'Tanh',
      'Asinh',
      'Acosh',
      'Atanh',
      'Erf',
      'Sigmoid',
    ].map((op) => [op.toLowerCase(), named(op)]),
  ),
  erfc: (call, x) => call.emit('Sub', [call.number(1), call.emit('Erf', [x])]),
  is_nan: named('IsNaN'),
  is_inf: named('IsInf'),
  is_finite: (call, x) => negate(call, call.emit('Or', [call.emit('IsNaN', [x]), call.emit('IsInf', [x])])),
  logical_not: named('Not'),
  bitwise_not: (call, x) => call.emit(call.dtype() === 'bool' ? 'Not' : 'BitwiseNot', [x]),

  add: numeric(named('Add')),
  sub: numeric(named('Sub')),
  mul: numeric(named('Mul')),
  div: named('Div'),
  floor_div: floorDiv,
  mod,
  rem: (call, a, b) => call.emit('Mod', [a, b], { fmod: 1 }),
  pow: named('Pow'),
  max: numeric(named('Max')),
  min: numeric(named('Min')),
  atan2,
  hypot: (call, a, b) => call.emit('Sqrt', [call.emit('Add', [call.emit('Mul', [a, a]), call.emit('Mul', [b, b])])]),
  copysign: (call, a, b) => {
    const size = call.emit('Abs', [a]);
    return call.emit('Where', [isNegative(call, b), call.emit('Neg', [size]), size]);
  },

  equal: named('Equal'),
  not_equal: (call, a, b) => negate(call, call.emit('Equal', [a, b])),
  less: comparison('Less'),
  less_equal: comparison('LessOrEqual'),
  greater: comparison('Greater'),
  greater_equal: comparison('GreaterOrEqual'),
  logical_and: named('And'),
  logical_or: named('Or'),
  logical_xor: named('Xor'),
  bitwise_and: bitwise('And'),
  bitwise_or: bitwise('Or'),
  bitwise_xor: bitwise('Xor'),
  shift_left: shift('LEFT'),
  shift_right: shift('RIGHT'),
  select: named('Where'),
  cast: (call, x) => call.emit('Cast', [x], { to: dataTypes[call.output.dtype] }),
};

function comparison(op: string): Formula {
  return (call, a, b) => {
    if (call.dtype() !== 'bool') return call.emit(op, [a, b]);
    return call.emit(op, [call.cast(a, 'int32'), call.cast(b, 'int32')]);
  };
}

function bitwise(op: string): Formula {
  return (call, a, b) => call.emit(call.dtype() === 'bool' ? op : `Bitwise${op}`, [a, b]);
}

export const elementwise: Readonly<Record<string, Rule>> = Object.fromEntries(
  Object.entries(formulas).map(([name, formula]) => [name, rule(formula)]),
);
