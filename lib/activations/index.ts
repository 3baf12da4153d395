// Activation functions under Keras's names and defaults, and the strings that stand for them.
import { HornetError } from '../errors.js';
import * as ops from '../ops/activation.js';
import * as arithmetic from '../ops/arithmetic.js';
import { convertToTensor, type TensorLike } from '../ops/convert.js';
import * as e from '../ops/elementwise.js';
import { scalar } from '../ops/fill.js';
import { toFloat } from '../ops/promote.js';
import { publicOp } from '../ops/public-op.js';
import { logSoftmax, softmax, sparsemax } from '../ops/softmax.js';
import { lookUpFunction, registerFunction } from '../saving/registry.js';
import { describe, type Tensor } from '../tensor.js';

export { logSoftmax, softmax, sparsemax };
export const { exp: exponential, sigmoid, tanh } = arithmetic;
export const { celu, elu, glu, hardShrink, hardSigmoid, hardSilu, hardSwish, hardTanh, leakyRelu, logSigmoid } = ops;
export const { relu6, selu, silu, softShrink, softplus, softsign, sparsePlus, sparseSigmoid } = ops;
export const { squareplus, swish, tanhShrink } = ops;

export interface ReluArgs {
  /** Slope below the threshold. Default 0. */
  readonly negativeSlope?: number;
  /** Upper limit of the result. Default none. */
  readonly maxValue?: number | null;
  /** Below it the unit is off. Default 0. */
  readonly threshold?: number;
}

/** `x` above the threshold (at most `maxValue`), `negativeSlope · (x − threshold)` below it. */
export const relu = publicOp('activations.relu', (x: TensorLike, options: ReluArgs = {}): Tensor => {
  const { negativeSlope = 0, maxValue = null, threshold = 0 } = options;
  if (negativeSlope === 0 && threshold === 0) {
    if (maxValue === null) return arithmetic.relu(x);
    if (maxValue === 6) return ops.relu6(x);
  }
  const value = toFloat(x);
  const k = (number: number): Tensor => scalar(number, value.dtype);
  const limited = maxValue === null ? value : e.select(e.greater(value, k(maxValue)), k(maxValue), value);
  // Through relu, so that the slope at the threshold itself is 0.
  const below = negativeSlope === 0 ? k(0) : e.mul(k(-negativeSlope), e.relu(e.sub(k(threshold), value)));
  return e.select(e.greater(value, k(threshold)), limited, below);
});

/** x times the normal distribution function of x. `approximate` (default false): by tanh. */
export const gelu = publicOp('activations.gelu', (x: TensorLike, options: { approximate?: boolean } = {}): Tensor =>
  ops.gelu(x, { approximate: options.approximate ?? false }),
);

/** x · tanh(softplus(x)). */
export const mish = publicOp('activations.mish', (x: TensorLike): Tensor => {
  const value = toFloat(x);
  return e.mul(value, e.tanh(ops.softplus(value)));
});

/** The input itself. */
export const linear = publicOp('activations.linear', (x: TensorLike): Tensor => convertToTensor(x));

/** x where it is above `threshold`, else `defaultValue`. */
export const { threshold } = ops;

/** A function from a tensor to one of the same shape. */
export type ActivationFunction = (x: Tensor) => Tensor;

/** Names of the activations; the spelling of Keras (`leaky_relu`) is understood as well. */
export type ActivationName = keyof typeof named;

/** An activation function or its name. */
export type ActivationLike = ActivationFunction | ActivationName | (string & {});

// The first name of a function is the one that configs get: silu, not swish.
const named = {
  celu,
  elu,
  exponential,
  gelu,
  glu,
  hardShrink,
  hardSigmoid,
  hardSilu,
  hardSwish,
  hardTanh,
  leakyRelu,
  linear,
  logSigmoid,
  logSoftmax,
  mish,
  relu,
  relu6,
  selu,
  sigmoid,
  silu,
  softShrink,
  softmax,
  softplus,
  softsign,
  sparsePlus,
  sparseSigmoid,
  sparsemax,
  squareplus,
  swish,
  tanh,
  tanhShrink,
};
for (const [name, fn] of Object.entries(named)) {
  registerFunction(
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    fn,
  );
}

/** The activation that `identifier` stands for; `linear` for null. Throws a `HornetError` for an unknown name. */
export function getActivation(identifier: ActivationLike | null | undefined): ActivationFunction {
  if (identifier === null || identifier === undefined) return linear;
  if (typeof identifier === 'function') return identifier;
  const found = typeof identifier === 'string' ? lookUpFunction(identifier) : undefined;
  if (!found) throw new HornetError('activation', `unknown activation ${describe(identifier)}`);
  return found as ActivationFunction;
}
