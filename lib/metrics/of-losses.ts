// Means of what the loss functions give: errors, hinges, divergences, cross entropies.
import * as losses from '../losses/index.js';
import * as ops from '../ops/index.js';
import type { TensorLike } from '../ops/index.js';
import { convertToTensor } from '../ops/convert.js';
import { sameRank } from '../losses/reduce.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { MetricArgs, UpdateArgs } from './metric.js';
import { ErrorMetric, Mean, ScoreMetric } from './reduction.js';

/** Mean of squared differences. */
export class MeanSquaredError extends ErrorMetric {
  constructor(args: MetricArgs = {}) {
    super(losses.meanSquaredError, { ...args, name: args.name ?? 'mean_squared_error' });
  }
}
registerSerializable('keras.metrics', MeanSquaredError);

/** Root of the mean of squared differences. */
export class RootMeanSquaredError extends Mean {
  static override readonly direction = 'down';
  constructor(args: MetricArgs = {}) {
    super({ ...args, name: args.name ?? 'root_mean_squared_error' });
  }
  override updateState(yTrue: TensorLike, yPred?: TensorLike | UpdateArgs, options: UpdateArgs = {}): void {
    const [t, p] = sameRank(convertToTensor(yTrue, this.dtype), convertToTensor(yPred as TensorLike, this.dtype));
    this.addValues(ops.square(ops.subtract(p, t)), options.sampleWeight);
  }
  override result(): Tensor {
    return ops.sqrt(super.result());
  }
}
registerSerializable('keras.metrics', RootMeanSquaredError);

/** Mean of absolute differences. */
export class MeanAbsoluteError extends ErrorMetric {
  constructor(args: MetricArgs = {}) {
    super(losses.meanAbsoluteError, { ...args, name: args.name ?? 'mean_absolute_error' });
  }
}
registerSerializable('keras.metrics', MeanAbsoluteError);

/** Mean of absolute differences in percent of the targets. */
export class MeanAbsolutePercentageError extends ErrorMetric {
  constructor(args: MetricArgs = {}) {
    super(losses.meanAbsolutePercentageError, { ...args, name: args.name ?? 'mean_absolute_percentage_error' });
  }
}
registerSerializable('keras.metrics', MeanAbsolutePercentageError);

/** Mean of squared differences of log(1 + y). */
export class MeanSquaredLogarithmicError extends ErrorMetric {
  constructor(args: MetricArgs = {}) {
    super(losses.meanSquaredLogarithmicError, { ...args, name: args.name ?? 'mean_squared_logarithmic_error' });
  }
}
registerSerializable('keras.metrics', MeanSquaredLogarithmicError);

/** Mean of log(cosh(error)). */
export class LogCoshError extends ErrorMetric {
  constructor(args: MetricArgs = {}) {
    super(losses.logCosh, { ...args, name: args.name ?? 'logcosh' });
  }
}
registerSerializable('keras.metrics', LogCoshError);

/** Cosine of the angle between targets and predictions along an axis (default -1): 1 for the same direction. */
export class CosineSimilarity extends ScoreMetric {
  readonly axis: number;
  constructor(args: MetricArgs & { readonly axis?: number } = {}) {
    const { axis = -1 } = args;
    super((t, p) => ops.negative(losses.cosineSimilarity(t, p, { axis })), {
      ...args,
      name: args.name ?? 'cosine_similarity',
    });
    this.axis = axis;
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), axis: this.axis };
  }
}
registerSerializable('keras.metrics', CosineSimilarity);

/** Mean of max(1 − t · p, 0). */
export class Hinge extends ErrorMetric {
  constructor(args: MetricArgs = {}) {
    super(losses.hinge, { ...args, name: args.name ?? 'hinge' });
  }
}
registerSerializable('keras.metrics', Hinge);

/** Mean of max(1 − t · p, 0)². */
export class SquaredHinge extends ErrorMetric {
  constructor(args: MetricArgs = {}) {
    super(losses.squaredHinge, { ...args, name: args.name ?? 'squared_hinge' });
  }
}
registerSerializable('keras.metrics', SquaredHinge);

/** Margin between the right class and the best wrong one. */
export class CategoricalHinge extends ErrorMetric {
  constructor(args: MetricArgs = {}) {
    super(losses.categoricalHinge, { ...args, name: args.name ?? 'categorical_hinge' });
  }
}
registerSerializable('keras.metrics', CategoricalHinge);

/** Kullback–Leibler divergence of the predictions from the targets. */
export class KLDivergence extends ErrorMetric {
  constructor(args: MetricArgs = {}) {
    super(losses.klDivergence, { ...args, name: args.name ?? 'kl_divergence' });
  }
}
registerSerializable('keras.metrics', KLDivergence);

/** Likelihood of counts under predicted rates. */
export class Poisson extends ErrorMetric {
  constructor(args: MetricArgs = {}) {
    super(losses.poisson, { ...args, name: args.name ?? 'poisson' });
  }
}
registerSerializable('keras.metrics', Poisson);

/** Cross entropy of yes-or-no targets. */
export class BinaryCrossentropy extends ErrorMetric {
  readonly fromLogits: boolean;
  readonly labelSmoothing: number;
  constructor(args: MetricArgs & Omit<losses.CrossentropyOptions, 'axis'> = {}) {
    const { fromLogits = false, labelSmoothing = 0 } = args;
    const name = args.name ?? 'binary_crossentropy';
    super((t, p) => losses.binaryCrossentropy(t, p, { fromLogits, labelSmoothing }), { ...args, name });
    this.fromLogits = fromLogits;
    this.labelSmoothing = labelSmoothing;
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), fromLogits: this.fromLogits, labelSmoothing: this.labelSmoothing };
  }
}
registerSerializable('keras.metrics', BinaryCrossentropy);

/** Cross entropy between distributions over classes. */
export class CategoricalCrossentropy extends ErrorMetric {
  readonly fromLogits: boolean;
  readonly labelSmoothing: number;
  readonly axis: number;
  constructor(args: MetricArgs & losses.CrossentropyOptions = {}) {
    const { fromLogits = false, labelSmoothing = 0, axis = -1 } = args;
    const name = args.name ?? 'categorical_crossentropy';
    super((t, p) => losses.categoricalCrossentropy(t, p, { fromLogits, labelSmoothing, axis }), { ...args, name });
    this.fromLogits = fromLogits;
    this.labelSmoothing = labelSmoothing;
    this.axis = axis;
  }
  override getConfig(): Record<string, unknown> {
    const { fromLogits, labelSmoothing, axis } = this;
    return { ...super.getConfig(), fromLogits, labelSmoothing, axis };
  }
}
registerSerializable('keras.metrics', CategoricalCrossentropy);

/** Cross entropy of class numbers. */
export class SparseCategoricalCrossentropy extends ErrorMetric {
  readonly fromLogits: boolean;
  readonly ignoreClass: number | null;
  readonly axis: number;
  constructor(args: MetricArgs & losses.SparseCrossentropyOptions = {}) {
    const { fromLogits = false, ignoreClass = null, axis = -1 } = args;
    const name = args.name ?? 'sparse_categorical_crossentropy';
    super((t, p) => losses.sparseCategoricalCrossentropy(t, p, { fromLogits, ignoreClass, axis }), { ...args, name });
    this.fromLogits = fromLogits;
    this.ignoreClass = ignoreClass;
    this.axis = axis;
  }
  override getConfig(): Record<string, unknown> {
    const { fromLogits, ignoreClass, axis } = this;
    return { ...super.getConfig(), fromLogits, ignoreClass, axis };
  }
}
registerSerializable('keras.metrics', SparseCategoricalCrossentropy);
