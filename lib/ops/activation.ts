// Activation functions of keras.ops. With Keras's options and names: lib/activations.ts.
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { floatOp, toFloat } from './promote.js';
import { normalizeAxis } from './axes.js';
import type { TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { scalar } from './fill.js';
import { sliceAt } from './movement.js';
import { publicOp } from './public-op.js';

/** A scalar of the tensor's dtype. */
const k = (x: Tensor, value: number): Tensor => scalar(value, x.dtype);
const times = (x: Tensor, factor: number): Tensor => e.mul(x, k(x, factor));
const plus = (x: Tensor, summand: number): Tensor => e.add(x, k(x, summand));

/** `low` up to `from`, `high` from `to` on, `middle` between; NaN goes to `middle`. The ends have no slope. */
function between(x: Tensor, from: number, to: number, low: Tensor, middle: Tensor, high: Tensor): Tensor {
  return e.select(e.lessEqual(x, k(x, from)), low, e.select(e.greaterEqual(x, k(x, to)), high, middle));
}

const clipped = (x: Tensor, low: number, high: number): Tensor => between(x, low, high, k(x, low), x, k(x, high));

/** log(1 + eˣ), without overflow. */
const softplusOf = (x: Tensor): Tensor => e.add(e.max(x, k(x, 0)), e.log1p(e.exp(e.neg(e.abs(x)))));

/** `x` where it is positive, else α (e^(x / α) − 1) · factor. */
function exponentialBelow(x: Tensor, factor: number, divisor: number): Tensor {
  const positive = e.greater(x, k(x, 0));
  // The unused branch must not overflow: its gradient would be 0 · ∞.
  const below = e.select(positive, k(x, 0), divisor === 1 ? x : times(x, 1 / divisor));
  return e.select(positive, x, times(e.expm1(below), factor));
}

/** max(0, min(x, 6)). */
export const relu6 = floatOp('relu6', (x) => clipped(x, 0, 6));
export const softplus = floatOp('softplus', softplusOf);
/** x / (|x| + 1). */
export const softsign = floatOp('softsign', (x) => e.div(x, plus(e.abs(x), 1)));
/** x · sigmoid(x). */
export const silu = floatOp('silu', (x) => e.mul(x, e.sigmoid(x)));
/** The same as `silu`. */
export const swish = silu;
/** log(sigmoid(x)), without overflow. */
export const logSigmoid = floatOp('logSigmoid', (x) => e.neg(softplusOf(e.neg(x))));
const hardSigmoidOf = (x: Tensor): Tensor => times(clipped(plus(x, 3), 0, 6), 1 / 6);
/** relu6(x + 3) / 6. */
export const hardSigmoid = floatOp('hardSigmoid', hardSigmoidOf);
/** x · hardSigmoid(x). */
export const hardSilu = floatOp('hardSilu', (x) => e.mul(x, hardSigmoidOf(x)));
/** The same as `hardSilu`. */
export const hardSwish = hardSilu;
/** x limited to [-1, 1]. */
export const hardTanh = floatOp('hardTanh', (x) => {
  const upper = e.select(e.greater(x, k(x, 1)), k(x, 1), x);
  return e.select(e.less(x, k(x, -1)), k(x, -1), upper);
});
/** x − tanh(x). */
export const tanhShrink = floatOp('tanhShrink', (x) => e.sub(x, e.tanh(x)));
/** 0 below −1, x above 1, a parabola between. */
export const sparsePlus = floatOp('sparsePlus', (x) =>
  between(x, -1, 1, k(x, 0), times(e.square(plus(x, 1)), 0.25), x),
);
/** 0 below −1, 1 above 1, a line between. */
export const sparseSigmoid = floatOp('sparseSigmoid', (x) =>
  between(x, -1, 1, k(x, 0), times(plus(x, 1), 0.5), k(x, 1)),
);
const seluScale = 1.0507009873554805;
const seluAlpha = 1.6732632423543772;
/** The scaled exponential linear unit, which keeps mean and variance of its inputs. */
export const selu = floatOp('selu', (x) => times(exponentialBelow(x, seluAlpha, 1), seluScale));

/** x where it is positive, else α (eˣ − 1). */
export const elu = publicOp('elu', (x: TensorLike, options: { alpha?: number } = {}): Tensor =>
  exponentialBelow(toFloat(x), options.alpha ?? 1, 1),
);

/** x where it is positive, else α (e^(x / α) − 1). */
export const celu = publicOp('celu', (x: TensorLike, options: { alpha?: number } = {}): Tensor => {
  const alpha = options.alpha ?? 1;
  return exponentialBelow(toFloat(x), alpha, alpha);
});

/** x where it is positive, else `negativeSlope` · x (default 0.2). */
export const leakyRelu = publicOp('leakyRelu', (x: TensorLike, options: { negativeSlope?: number } = {}): Tensor => {
  const value = toFloat(x);
  return e.select(e.greater(value, k(value, 0)), value, times(value, options.negativeSlope ?? 0.2));
});

/** x times the normal distribution function of x; by default (`approximate`) with its tanh approximation. */
export const gelu = publicOp('gelu', (x: TensorLike, options: { approximate?: boolean } = {}): Tensor => {
  const value = toFloat(x);
  if (options.approximate === false) return e.mul(times(value, 0.5), e.erfc(times(value, -Math.SQRT1_2)));
  const cubic = e.add(value, times(e.mul(value, e.square(value)), 0.044715));
  return e.mul(times(value, 0.5), plus(e.tanh(times(cubic, Math.sqrt(2 / Math.PI))), 1));
});

/** (x + √(x² + b)) / 2; b default 4. */
export const squareplus = publicOp('squareplus', (x: TensorLike, options: { b?: number } = {}): Tensor => {
  const value = toFloat(x);
  return times(e.add(value, e.sqrt(plus(e.square(value), options.b ?? 4))), 0.5);
});

/** x moved towards zero by the threshold (default 0.5), 0 within it. */
export const softShrink = publicOp('softShrink', (x: TensorLike, options: { threshold?: number } = {}): Tensor => {
  const value = toFloat(x);
  const limit = options.threshold ?? 0.5;
  const outer = e.select(e.greater(value, k(value, limit)), plus(value, -limit), plus(value, limit));
  return e.select(e.lessEqual(e.abs(value), k(value, limit)), k(value, 0), outer);
});

/** x where |x| is above the threshold (default 0.5), else 0. */
export const hardShrink = publicOp('hardShrink', (x: TensorLike, options: { threshold?: number } = {}): Tensor => {
  const value = toFloat(x);
  return e.select(e.lessEqual(e.abs(value), k(value, options.threshold ?? 0.5)), k(value, 0), value);
});

/** x where it is above the threshold, else the default value. */
export const threshold = publicOp('threshold', (x: TensorLike, limit: number, defaultValue: number): Tensor => {
  const value = toFloat(x);
  return e.select(e.greater(value, k(value, limit)), value, k(value, defaultValue));
});

/** The first half along an axis (default -1) times the sigmoid of the second. */
export const glu = publicOp('glu', (x: TensorLike, options: { axis?: number } = {}): Tensor => {
  const value = toFloat(x);
  const axis = normalizeAxis('glu', options.axis ?? -1, value.rank);
  const half = value.shape[axis] / 2;
  if (!Number.isInteger(half)) {
    throw new HornetError('glu', `expected an even size along axis ${axis}, received ${value.shape[axis]}`);
  }
  const sizes = value.shape.map((dim, i) => (i === axis ? half : dim));
  const part = (start: number): Tensor =>
    sliceAt(
      value,
      sizes.map((_, i) => (i === axis ? start : 0)),
      sizes,
    );
  return e.mul(part(0), e.sigmoid(part(half)));
});
