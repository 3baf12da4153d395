// The best value of one rate at the thresholds where another is good enough.
import { HornetError } from '../errors.js';
import { add, divideNoNan, greaterEqual, max, where, type TensorLike } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { updateConfusion } from './confusion.js';
import { Metric, type MetricArgs, type UpdateArgs } from './metric.js';

export interface AtThresholdArgs extends MetricArgs {
  /** How many thresholds between 0 and 1 are tried. Default 200. */
  readonly numThresholds?: number;
  /** Look at this class only. Default all. */
  readonly classId?: number | null;
}

/** Evenly spaced thresholds from 0 to 1; one half if there is only one. */
function evenThresholds(where: string, count: number): number[] {
  if (!(Number.isInteger(count) && count > 0)) {
    throw new HornetError(where, `expected numThresholds to be a positive integer, received ${count}`);
  }
  return count === 1 ? [0.5] : Array.from({ length: count }, (_, i) => i / (count - 1));
}

abstract class BestAtThreshold extends Metric {
  static override readonly direction = 'up';
  readonly numThresholds: number;
  readonly classId: number | null;
  private readonly thresholds: readonly number[];
  readonly truePositives: Variable;
  readonly falsePositives: Variable;
  readonly trueNegatives: Variable;
  readonly falseNegatives: Variable;

  constructor(
    private readonly wanted: number,
    wantedName: string,
    args: AtThresholdArgs,
  ) {
    super(args);
    if (!(wanted >= 0 && wanted <= 1)) {
      throw new HornetError(this.name, `expected ${wantedName} to be within [0, 1], received ${wanted}`);
    }
    this.numThresholds = args.numThresholds ?? 200;
    this.classId = args.classId ?? null;
    this.thresholds = evenThresholds(this.name, this.numThresholds);
    const shape = [this.numThresholds];
    this.truePositives = this.addVariable('true_positives', shape);
    this.falsePositives = this.addVariable('false_positives', shape);
    this.trueNegatives = this.addVariable('true_negatives', shape);
    this.falseNegatives = this.addVariable('false_negatives', shape);
  }

  updateState(yTrue: TensorLike, yPred?: TensorLike | UpdateArgs, options: UpdateArgs = {}): void {
    const { thresholds, classId, truePositives, falsePositives, trueNegatives, falseNegatives } = this;
    const counts = { truePositives, falsePositives, trueNegatives, falseNegatives };
    updateConfusion(counts, yTrue, yPred as TensorLike, { ...options, thresholds, classId });
  }

  /** The rate that must reach the wanted value, and the rate that is to be as large as possible. */
  protected abstract rates(): { limited: Tensor; best: Tensor };

  result(): Tensor {
    const { limited, best } = this.rates();
    return max(where(greaterEqual(limited, this.wanted), best, 0));
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), numThresholds: this.numThresholds, classId: this.classId };
  }

  protected get sensitivity(): Tensor {
    return divideNoNan(this.truePositives, add(this.truePositives, this.falseNegatives));
  }

  protected get specificity(): Tensor {
    return divideNoNan(this.trueNegatives, add(this.trueNegatives, this.falsePositives));
  }

  protected get precisionRate(): Tensor {
    return divideNoNan(this.truePositives, add(this.truePositives, this.falsePositives));
  }
}

/** The best specificity where the sensitivity is at least the given one. */
export class SpecificityAtSensitivity extends BestAtThreshold {
  static readonly requiredArgs = ['sensitivity'];
  constructor(
    private readonly least: number,
    args: AtThresholdArgs = {},
  ) {
    super(least, 'sensitivity', args);
  }
  protected rates(): { limited: Tensor; best: Tensor } {
    return { limited: this.sensitivity, best: this.specificity };
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), sensitivity: this.least };
  }
}
registerSerializable('keras.metrics', SpecificityAtSensitivity);

/** The best sensitivity where the specificity is at least the given one. */
export class SensitivityAtSpecificity extends BestAtThreshold {
  static readonly requiredArgs = ['specificity'];
  constructor(
    private readonly least: number,
    args: AtThresholdArgs = {},
  ) {
    super(least, 'specificity', args);
  }
  protected rates(): { limited: Tensor; best: Tensor } {
    return { limited: this.specificity, best: this.sensitivity };
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), specificity: this.least };
  }
}
registerSerializable('keras.metrics', SensitivityAtSpecificity);

/** The best precision where the recall is at least the given one. */
export class PrecisionAtRecall extends BestAtThreshold {
  static readonly requiredArgs = ['recall'];
  constructor(
    readonly recall: number,
    args: AtThresholdArgs = {},
  ) {
    super(recall, 'recall', args);
  }
  protected rates(): { limited: Tensor; best: Tensor } {
    return { limited: this.sensitivity, best: this.precisionRate };
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), recall: this.recall };
  }
}
registerSerializable('keras.metrics', PrecisionAtRecall);

/** The best recall where the precision is at least the given one. */
export class RecallAtPrecision extends BestAtThreshold {
  static readonly requiredArgs = ['precision'];
  constructor(
    readonly precision: number,
    args: AtThresholdArgs = {},
  ) {
    super(precision, 'precision', args);
  }
  protected rates(): { limited: Tensor; best: Tensor } {
    return { limited: this.precisionRate, best: this.sensitivity };
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), precision: this.precision };
  }
}
registerSerializable('keras.metrics', RecallAtPrecision);
