// Losses for numbers: squared, absolute, relative and logarithmic errors, Huber, log-cosh, cosine similarity.
import { epsilon } from '../config.js';
import * as ops from '../ops/index.js';
import type { TensorLike } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { align, Loss, named, type LossArgs } from './loss.js';

const { abs, add, divide, lessEqual, log, maximum, mean, multiply, negative, square, subtract, where } = ops;

const meanOverLast = (x: Tensor): Tensor => mean(x, { axis: -1 });

/** Mean of squared differences over the last axis. */
export const meanSquaredError = named('mean_squared_error', (yTrue: TensorLike, yPred: TensorLike): Tensor => {
  const [t, p] = align(yTrue, yPred);
  return meanOverLast(square(subtract(t, p)));
});

/** Mean of absolute differences over the last axis. */
export const meanAbsoluteError = named('mean_absolute_error', (yTrue: TensorLike, yPred: TensorLike): Tensor => {
  const [t, p] = align(yTrue, yPred);
  return meanOverLast(abs(subtract(t, p)));
});

/** Mean of absolute differences in percent of the targets over the last axis. */
export const meanAbsolutePercentageError = named(
  'mean_absolute_percentage_error',
  (yTrue: TensorLike, yPred: TensorLike): Tensor => {
    const [t, p] = align(yTrue, yPred);
    return multiply(100, meanOverLast(abs(divide(subtract(t, p), maximum(abs(t), epsilon())))));
  },
);

/** Mean of squared differences of log(1 + y) over the last axis. */
export const meanSquaredLogarithmicError = named(
  'mean_squared_logarithmic_error',
  (yTrue: TensorLike, yPred: TensorLike): Tensor => {
    const [t, p] = align(yTrue, yPred);
    const logOf = (x: Tensor): Tensor => log(add(maximum(x, epsilon()), 1));
    return meanOverLast(square(subtract(logOf(t), logOf(p))));
  },
);

/** Quadratic up to an error of `delta` (default 1), linear beyond. */
export const huber = named(
  'huber',
  (yTrue: TensorLike, yPred: TensorLike, options: { delta?: number } = {}): Tensor => {
    const [t, p] = align(yTrue, yPred);
    const { delta = 1 } = options;
    const error = subtract(p, t);
    const size = abs(error);
    const quadratic = multiply(0.5, square(error));
    const linear = subtract(multiply(delta, size), 0.5 * delta * delta);
    return meanOverLast(where(lessEqual(size, delta), quadratic, linear));
  },
);

/** Mean of log(cosh(error)): quadratic for small errors, linear for large ones. */
export const logCosh = named('log_cosh', (yTrue: TensorLike, yPred: TensorLike): Tensor => {
  const [t, p] = align(yTrue, yPred);
  const error = subtract(p, t);
  return meanOverLast(subtract(add(error, ops.softplus(multiply(-2, error))), Math.LN2));
});

/** Minus the cosine of the angle between the vectors along an axis (default the last): −1 for the same direction. */
export const cosineSimilarity = named(
  'cosine_similarity',
  (yTrue: TensorLike, yPred: TensorLike, options: { axis?: number } = {}): Tensor => {
    const [t, p] = align(yTrue, yPred);
    const { axis = -1 } = options;
    return negative(ops.sum(multiply(ops.normalize(t, { axis }), ops.normalize(p, { axis })), { axis }));
  },
);

/** Mean of squared differences. */
export class MeanSquaredError extends Loss {
  constructor(args: LossArgs = {}) {
    super({ name: 'mean_squared_error', ...args });
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return meanSquaredError(yTrue, yPred);
  }
}
registerSerializable('keras.losses', MeanSquaredError);

/** Mean of absolute differences. */
export class MeanAbsoluteError extends Loss {
  constructor(args: LossArgs = {}) {
    super({ name: 'mean_absolute_error', ...args });
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return meanAbsoluteError(yTrue, yPred);
  }
}
registerSerializable('keras.losses', MeanAbsoluteError);

/** Mean of absolute differences in percent of the targets. */
export class MeanAbsolutePercentageError extends Loss {
  constructor(args: LossArgs = {}) {
    super({ name: 'mean_absolute_percentage_error', ...args });
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return meanAbsolutePercentageError(yTrue, yPred);
  }
}
registerSerializable('keras.losses', MeanAbsolutePercentageError);

/** Mean of squared differences of log(1 + y). */
export class MeanSquaredLogarithmicError extends Loss {
  constructor(args: LossArgs = {}) {
    super({ name: 'mean_squared_logarithmic_error', ...args });
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return meanSquaredLogarithmicError(yTrue, yPred);
  }
}
registerSerializable('keras.losses', MeanSquaredLogarithmicError);

export interface HuberArgs extends LossArgs {
  /** The error at which the loss becomes linear. Default 1. */
  readonly delta?: number;
}

/** Quadratic for small errors, linear for large ones. */
export class Huber extends Loss {
  readonly delta: number;
  constructor(args: HuberArgs = {}) {
    super({ name: 'huber_loss', ...args });
    this.delta = args.delta ?? 1;
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return huber(yTrue, yPred, { delta: this.delta });
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), delta: this.delta };
  }
}
registerSerializable('keras.losses', Huber);

/** Mean of log(cosh(error)). */
export class LogCosh extends Loss {
  constructor(args: LossArgs = {}) {
    super({ name: 'log_cosh', ...args });
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return logCosh(yTrue, yPred);
  }
}
registerSerializable('keras.losses', LogCosh);

export interface CosineSimilarityArgs extends LossArgs {
  /** Along which axis the vectors lie. Default -1. */
  readonly axis?: number;
}

/** Minus the cosine of the angle between targets and predictions. */
export class CosineSimilarity extends Loss {
  readonly axis: number;
  constructor(args: CosineSimilarityArgs = {}) {
    super({ name: 'cosine_similarity', ...args });
    this.axis = args.axis ?? -1;
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return cosineSimilarity(yTrue, yPred, { axis: this.axis });
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), axis: this.axis };
  }
}
registerSerializable('keras.losses', CosineSimilarity);
