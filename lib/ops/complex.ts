// Complex numbers. There is no complex dtype: a complex tensor is a pair of tensors of one shape, its real and its imaginary
// part, as Keras's own Fourier transforms take and give them. The functions here take real tensors, too.
import { isFloat } from '../dtype.js';
import { HornetError } from '../errors.js';
import { sameShape } from '../graph/ir.js';
import { Tensor } from '../tensor.js';
import { Variable } from '../variable.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { filled, fullLike, scalar } from './fill.js';
import { concatTensors, partOf } from './movement.js';
import { promote, toFloat } from './promote.js';
import { publicOp } from './public-op.js';
import { reshapeTo } from './reshape-core.js';

/** A complex tensor: real and imaginary part. */
export type Complex = [Tensor, Tensor];
/** What is taken for one. */
export type ComplexLike = readonly [Tensor | Variable, Tensor | Variable];

const isTensor = (x: unknown): boolean => x instanceof Tensor || x instanceof Variable;
const isComplex = (x: TensorLike | ComplexLike): x is ComplexLike =>
  Array.isArray(x) && x.length === 2 && x.every(isTensor);

/** Both parts, of one float type. Throws a `HornetError` unless they are tensors of floats and of one shape. */
export function partsOf(op: string, x: ComplexLike): Complex {
  if (!isComplex(x)) throw new HornetError(op, 'expected two tensors, the real and the imaginary part');
  const [re, im] = promote(...x);
  if (!isFloat(re.dtype) || !sameShape(re.shape, im.shape)) {
    const received = `${re.dtype}[${re.shape.join(', ')}] and ${im.dtype}[${im.shape.join(', ')}]`;
    throw new HornetError(op, `expected real and imaginary part to be floats of one shape, received ${received}`);
  }
  return [re, im];
}

/** A function of real tensors, and one of complex ones. */
const either = <R>(name: string, ofReal: (x: Tensor) => R, ofComplex: (re: Tensor, im: Tensor) => R) =>
  publicOp(name, (x: TensorLike | ComplexLike): R =>
    isComplex(x) ? ofComplex(...partsOf(name, x)) : ofReal(convertToTensor(x)),
  );

/** The real part. */
export const real = either(
  'real',
  (x) => x,
  (re) => re,
);
/** The imaginary part: zeros for a real tensor. */
export const imag = either(
  'imag',
  (x) => fullLike(x, 0),
  (_re, im) => im,
);
/** Whether the imaginary part is zero. */
export const isreal = either(
  'isreal',
  (x) => filled(x.shape, 1, 'bool'),
  (_re, im) => e.equal(im, fullLike(im, 0)),
);
/** The angle in the complex plane, within (−π, π]: 0 or π for a real tensor. */
export const angle = either(
  'angle',
  (x) => {
    const value = toFloat(x);
    const [zero, half] = [0, Math.PI].map((number) => scalar(number, value.dtype));
    return e.select(e.isNan(value), value, e.select(e.less(value, zero), half, zero));
  },
  (re, im) => e.atan2(im, re),
);

const conjugateOf = (name: string) =>
  either<Tensor | Complex>(
    name,
    (x) => x,
    (re, im) => [re, e.neg(im)],
  ) as {
    (x: ComplexLike): Complex;
    (x: TensorLike): Tensor;
  };
/** The complex conjugate: a real tensor itself. */
export const conjugate = conjugateOf('conjugate');
/** As `conjugate`. */
export const conj = conjugateOf('conj');

/** The complex numbers of these absolute values and angles. */
export const polar = publicOp('polar', (abs: TensorLike, angles: TensorLike): Complex => {
  const [length, turn] = promote(toFloat(abs), toFloat(angles));
  return [e.mul(length, e.cos(turn)), e.mul(length, e.sin(turn))];
});

/** A tensor [..., 2] of real and imaginary parts as a complex one [...]. */
export const viewAsComplex = publicOp('viewAsComplex', (x: TensorLike): Complex => {
  const value = toFloat(x);
  if (value.shape.at(-1) !== 2) {
    throw new HornetError(
      'viewAsComplex',
      `expected a last axis of size 2, received shape [${value.shape.join(', ')}]`,
    );
  }
  const part = (i: number): Tensor => reshapeTo(partOf(value, value.rank - 1, i, i + 1), value.shape.slice(0, -1));
  return [part(0), part(1)];
});

/** A complex tensor [...] as a real one [..., 2] of real and imaginary parts. */
export const viewAsReal = publicOp('viewAsReal', (x: ComplexLike): Tensor => {
  const parts = partsOf('viewAsReal', x).map((part) => reshapeTo(part, [...part.shape, 1]));
  return concatTensors(parts, parts[0].rank - 1);
});

/** Products of complex numbers. */
export const timesComplex = ([a, b]: Complex, [c, d]: Complex): Complex => [
  e.sub(e.mul(a, c), e.mul(b, d)),
  e.add(e.mul(a, d), e.mul(b, c)),
];

/** Both parts in another dtype. */
export const castComplex = ([re, im]: Complex, dtype: Tensor['dtype']): Complex => [
  castTo(re, dtype),
  castTo(im, dtype),
];
