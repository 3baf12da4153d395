// Numbers of true and false positives and negatives.
import { castTo } from '../ops/convert.js';
import { getItem, type TensorLike } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { thresholdList, updateConfusion, type ConfusionVariables } from './confusion.js';
import { Metric, type MetricArgs, type UpdateArgs } from './metric.js';

export interface ThresholdArgs extends MetricArgs {
  /** Predictions above it are positive. Several give a value for each. Default 0.5. */
  readonly thresholds?: number | readonly number[] | null;
}

abstract class ConfusionCount extends Metric {
  readonly thresholds: number | readonly number[] | null;
  private readonly limits: readonly number[];
  private readonly accumulator: Variable;

  constructor(
    private readonly kind: keyof ConfusionVariables,
    args: ThresholdArgs,
  ) {
    super(args);
    this.thresholds = args.thresholds ?? null;
    this.limits = thresholdList(this.name, this.thresholds ?? 0.5);
    this.accumulator = this.addVariable('accumulator', [this.limits.length]);
  }

  updateState(yTrue: TensorLike, yPred?: TensorLike | UpdateArgs, options: UpdateArgs = {}): void {
    const { limits: thresholds, kind, accumulator } = this;
    updateConfusion({ [kind]: accumulator }, yTrue, yPred as TensorLike, { ...options, thresholds });
  }

  result(): Tensor {
    return this.limits.length === 1 ? getItem(this.accumulator, 0) : castTo(this.accumulator.value, this.dtype);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), thresholds: this.thresholds };
  }
}

/** Number of yes-predictions that are right. */
export class TruePositives extends ConfusionCount {
  constructor(args: ThresholdArgs = {}) {
    super('truePositives', args);
  }
}
registerSerializable('keras.metrics', TruePositives);

/** Number of yes-predictions that are wrong. */
export class FalsePositives extends ConfusionCount {
  constructor(args: ThresholdArgs = {}) {
    super('falsePositives', args);
  }
}
registerSerializable('keras.metrics', FalsePositives);

/** Number of no-predictions that are right. */
export class TrueNegatives extends ConfusionCount {
  constructor(args: ThresholdArgs = {}) {
    super('trueNegatives', args);
  }
}
registerSerializable('keras.metrics', TrueNegatives);

/** Number of no-predictions that are wrong. */
export class FalseNegatives extends ConfusionCount {
  constructor(args: ThresholdArgs = {}) {
    super('falseNegatives', args);
  }
}
registerSerializable('keras.metrics', FalseNegatives);
