// The area under the ROC or the precision-recall curve, from counts at many thresholds.
import { epsilon } from '../config.js';
import { HornetError } from '../errors.js';
import { convertToTensor } from '../ops/convert.js';
import * as ops from '../ops/index.js';
import type { TensorLike } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { thresholdList, updateConfusion, type ConfusionVariables } from './confusion.js';
import { Metric, type MetricArgs, type UpdateArgs } from './metric.js';

const {
  add,
  divide,
  divideNoNan,
  equal,
  getItem,
  greater,
  log,
  maximum,
  mean,
  minimum,
  multiply,
  subtract,
  sum,
  where,
} = ops;

/** True against false positives; precision against recall; the latter corrected for the share of positives. */
export type Curve = 'ROC' | 'PR' | 'PRGAIN';
/** Between two thresholds: straight line, lower bound, upper bound. */
export type SummationMethod = 'interpolation' | 'minoring' | 'majoring';

export interface AUCArgs extends MetricArgs {
  /** How many thresholds between 0 and 1 are used. Default 200. */
  readonly numThresholds?: number;
  /** Default `ROC`. */
  readonly curve?: Curve;
  /** Default `interpolation`. */
  readonly summationMethod?: SummationMethod;
  /** Thresholds of your own within [0, 1]; 0 and 1 are added. */
  readonly thresholds?: readonly number[] | null;
  /** Compute the area for each label (last axis) and average. Default false. */
  readonly multiLabel?: boolean;
  /** Number of labels; needed only to make the state before the first batch. */
  readonly numLabels?: number | null;
  /** A weight per label. */
  readonly labelWeights?: readonly number[] | null;
  /** Whether predictions are scores before the sigmoid. Default false. */
  readonly fromLogits?: boolean;
}

function checkOne<T extends string>(where: string, name: string, value: string, known: readonly T[]): T {
  const found = known.find((each) => each.toLowerCase() === value.toLowerCase());
  if (!found) throw new HornetError(where, `expected ${name} to be one of ${known.join(', ')}, received '${value}'`);
  return found;
}

const isEvenlySpaced = (thresholds: readonly number[]): boolean =>
  thresholds.length > 2 && thresholds.every((value, i) => Math.abs(value - i / (thresholds.length - 1)) <= epsilon());

/** Area under a curve over all thresholds: 1 is perfect, for ROC one half is chance. */
export class AUC extends Metric {
  static override readonly direction = 'up';
  readonly numThresholds: number;
  readonly curve: Curve;
  readonly summationMethod: SummationMethod;
  readonly multiLabel: boolean;
  readonly numLabels: number | null;
  readonly labelWeights: readonly number[] | null;
  readonly fromLogits: boolean;
  private readonly ownThresholds: readonly number[] | null;
  private readonly thresholds: readonly number[];
  private readonly evenlySpaced: boolean;
  private counts: Required<ConfusionVariables> | null = null;

  constructor(args: AUCArgs = {}) {
    super(args);
    this.curve = checkOne(this.name, 'curve', args.curve ?? 'ROC', ['ROC', 'PR', 'PRGAIN']);
    const methods = ['interpolation', 'minoring', 'majoring'] as const;
    this.summationMethod = checkOne(this.name, 'summationMethod', args.summationMethod ?? 'interpolation', methods);
    this.multiLabel = args.multiLabel ?? false;
    this.numLabels = args.numLabels ?? null;
    this.labelWeights = args.labelWeights ?? null;
    this.fromLogits = args.fromLogits ?? false;
    this.ownThresholds = args.thresholds ? thresholdList(this.name, args.thresholds) : null;
    const inner = this.innerThresholds(args.numThresholds ?? 200);
    this.numThresholds = inner.length + 2;
    this.evenlySpaced = isEvenlySpaced([0, ...inner, 1]);
    // The ends lie outside, so that they count everything and nothing.
    this.thresholds = [-epsilon(), ...inner, 1 + epsilon()];
    if (this.numLabels !== null && !this.multiLabel) {
      throw new HornetError(this.name, 'numLabels needs multiLabel: true');
    }
    if (!this.multiLabel || this.numLabels !== null) this.build(this.numLabels);
  }

  private innerThresholds(count: number): number[] {
    if (this.ownThresholds) return [...this.ownThresholds].sort((a, b) => a - b);
    if (!(Number.isInteger(count) && count > 1)) {
      throw new HornetError(this.name, `expected numThresholds to be an integer above 1, received ${count}`);
    }
    return Array.from({ length: count - 2 }, (_, i) => (i + 1) / (count - 1));
  }

  private build(labels: number | null): Required<ConfusionVariables> {
    const shape = labels === null ? [this.numThresholds] : [this.numThresholds, labels];
    const make = (name: string): Variable => this.addVariable(name, shape);
    this.counts = {
      truePositives: make('true_positives'),
      falsePositives: make('false_positives'),
      trueNegatives: make('true_negatives'),
      falseNegatives: make('false_negatives'),
    };
    return this.counts;
  }

  updateState(yTrue: TensorLike, yPred?: TensorLike | UpdateArgs, options: UpdateArgs = {}): void {
    const given = convertToTensor(yPred as TensorLike);
    if (this.multiLabel && given.rank !== 2) {
      throw new HornetError(
        this.name,
        `expected predictions [batch, labels] for multiLabel, received [${given.shape.join(', ')}]`,
      );
    }
    const counts = this.counts ?? this.build(given.shape[1]);
    const { thresholds, evenlySpaced, multiLabel } = this;
    updateConfusion(counts, yTrue, this.fromLogits ? ops.sigmoid(given) : given, {
      ...options,
      thresholds,
      evenlySpaced,
      multiLabel,
      labelWeights: multiLabel ? null : this.labelWeights,
    });
  }

  result(): Tensor {
    if (!this.counts) return convertToTensor(0, this.dtype);
    const parts =
      this.curve === 'PR' && this.summationMethod === 'interpolation' ? this.precisionSteps() : this.steps();
    if (!this.multiLabel) return sum(parts);
    const perLabel = sum(parts, { axis: 0 });
    if (!this.labelWeights) return mean(perLabel);
    const weights = convertToTensor(this.labelWeights, this.dtype);
    return divideNoNan(sum(multiply(perLabel, weights)), sum(weights));
  }

  /** The area between each two thresholds. */
  private steps(): Tensor {
    const { x, y } = this.points();
    const [before, after] = neighbours(y);
    const heights = {
      interpolation: () => divide(add(before, after), 2),
      minoring: () => minimum(before, after),
      majoring: () => maximum(before, after),
    }[this.summationMethod]();
    const [from, to] = neighbours(x);
    return multiply(subtract(from, to), heights);
  }

  private points(): { x: Tensor; y: Tensor } {
    const { truePositives: tp, falsePositives: fp, trueNegatives: tn, falseNegatives: fn } = this.counts!;
    const recall = divideNoNan(tp, add(tp, fn));
    if (this.curve === 'ROC') return { x: divideNoNan(fp, add(fp, tn)), y: recall };
    if (this.curve === 'PR') return { x: recall, y: divideNoNan(tp, add(tp, fp)) };
    const share = divideNoNan(add(tp, fn), add(fp, tn));
    const gain = (wrong: Variable): Tensor => subtract(1, multiply(share, divideNoNan(wrong, tp)));
    const none = equal(tp, 0);
    return { x: maximum(where(none, 0, gain(fn)), 0), y: where(none, 1, gain(fp)) };
  }

  /**
   * Between two thresholds true positives are taken to grow in proportion to all positives; precision is then no straight
   * line (Davis and Goadrich, 2006), and its integral has a logarithm.
   */
  private precisionSteps(): Tensor {
    const { truePositives, falsePositives, falseNegatives } = this.counts!;
    const [tpBefore, tpAfter] = neighbours(truePositives.value);
    const [before, after] = neighbours(add(truePositives, falsePositives));
    const gained = subtract(tpBefore, tpAfter);
    const slope = divideNoNan(gained, maximum(subtract(before, after), 0));
    const intercept = subtract(tpAfter, multiply(slope, after));
    const both = ops.logicalAnd(greater(before, 0), greater(after, 0));
    const ratio = where(both, divideNoNan(before, maximum(after, 0)), 1);
    const [, missed] = neighbours(falseNegatives.value);
    const area = multiply(slope, add(gained, multiply(intercept, log(ratio))));
    return divideNoNan(area, maximum(add(tpAfter, missed), 0));
  }

  override getConfig(): Record<string, unknown> {
    const { numThresholds, curve, summationMethod, multiLabel, numLabels, labelWeights, fromLogits } = this;
    const config = { numThresholds, curve, summationMethod, multiLabel, numLabels, labelWeights, fromLogits };
    return { ...super.getConfig(), ...config, ...(this.ownThresholds && { thresholds: this.thresholds.slice(1, -1) }) };
  }
}
registerSerializable('keras.metrics', AUC);

/** The values at all thresholds but the last, and at all but the first. */
const neighbours = (x: Tensor): [Tensor, Tensor] => [getItem(x, [[0, -1]]), getItem(x, [[1, null]])];
