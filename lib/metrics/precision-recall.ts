// Precision and recall.
import { add, divideNoNan, getItem, type TensorLike } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { negativeInfinity, thresholdList, updateConfusion } from './confusion.js';
import type { ThresholdArgs } from './counts.js';
import { Metric, type UpdateArgs } from './metric.js';

export interface PrecisionArgs extends ThresholdArgs {
  /** Only the k largest predictions of a row count as predictions. Default: all above the threshold. */
  readonly topK?: number | null;
  /** Look at this class only. Default all. */
  readonly classId?: number | null;
}

abstract class Ratio extends Metric {
  static override readonly direction = 'up';
  readonly thresholds: number | readonly number[] | null;
  readonly topK: number | null;
  readonly classId: number | null;
  private readonly limits: readonly number[];
  private readonly truePositives: Variable;
  private readonly wrong: Variable;

  constructor(
    private readonly kind: 'falsePositives' | 'falseNegatives',
    args: PrecisionArgs,
  ) {
    super(args);
    this.thresholds = args.thresholds ?? null;
    this.topK = args.topK ?? null;
    this.classId = args.classId ?? null;
    const everything = this.thresholds === null && this.topK !== null;
    this.limits = everything ? [negativeInfinity] : thresholdList(this.name, this.thresholds ?? 0.5);
    const shape = [this.limits.length];
    this.truePositives = this.addVariable('true_positives', shape);
    this.wrong = this.addVariable(kind === 'falsePositives' ? 'false_positives' : 'false_negatives', shape);
  }

  updateState(yTrue: TensorLike, yPred?: TensorLike | UpdateArgs, options: UpdateArgs = {}): void {
    const { limits: thresholds, topK, classId, truePositives } = this;
    const counts = { truePositives, [this.kind]: this.wrong };
    updateConfusion(counts, yTrue, yPred as TensorLike, { ...options, thresholds, topK, classId });
  }

  result(): Tensor {
    const ratio = divideNoNan(this.truePositives, add(this.truePositives, this.wrong));
    return this.limits.length === 1 ? getItem(ratio, 0) : ratio;
  }

  override getConfig(): Record<string, unknown> {
    const { thresholds, topK, classId } = this;
    return { ...super.getConfig(), thresholds, topK, classId };
  }
}

/** The share of yes-predictions that are right. */
export class Precision extends Ratio {
  constructor(args: PrecisionArgs = {}) {
    super('falsePositives', args);
  }
}
registerSerializable('keras.metrics', Precision);

/** The share of what is there that is predicted. */
export class Recall extends Ratio {
  constructor(args: PrecisionArgs = {}) {
    super('falseNegatives', args);
  }
}
registerSerializable('keras.metrics', Recall);
