// F scores: weighted harmonic means of precision and recall.
import { epsilon } from '../config.js';
import { HornetError } from '../errors.js';
import { castTo, convertToTensor } from '../ops/convert.js';
import * as ops from '../ops/index.js';
import type { TensorLike } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Metric, type MetricArgs, type UpdateArgs } from './metric.js';

const { abs, add, divide, greater, greaterEqual, max, mean, multiply, subtract, sum } = ops;

/** Null: a score per class; `micro`: over all elements; `macro`: mean of classes; `weighted`: by their frequency. */
export type Average = 'micro' | 'macro' | 'weighted' | null;

export interface F1ScoreArgs extends MetricArgs {
  /** Default null. */
  readonly average?: Average;
  /** Predictions above it are yes. Null (default): the largest of each row is. */
  readonly threshold?: number | null;
}

export interface FBetaScoreArgs extends F1ScoreArgs {
  /** How many times more recall counts than precision. Default 1. */
  readonly beta?: number;
}

interface Counts {
  readonly truePositives: Variable;
  readonly falsePositives: Variable;
  readonly falseNegatives: Variable;
  readonly weights: Variable;
}

/** F score of predictions [batch, classes] against one-hot or multi-hot targets. */
export class FBetaScore extends Metric {
  static override readonly direction = 'up';
  readonly average: Average;
  readonly beta: number;
  readonly threshold: number | null;
  private counts: Counts | null = null;

  constructor(args: FBetaScoreArgs = {}, defaultName = 'fbeta_score') {
    super(args, defaultName);
    this.average = args.average ?? null;
    this.beta = args.beta === undefined ? 1 : args.beta;
    this.threshold = args.threshold ?? null;
    if (![null, 'micro', 'macro', 'weighted'].includes(this.average)) {
      throw new HornetError(
        this.name,
        `expected average to be micro, macro, weighted or null, received '${String(this.average)}'`,
      );
    }
    if (!(typeof this.beta === 'number' && this.beta > 0))
      throw new HornetError(this.name, `expected beta to be positive, received ${this.beta}`);
    if (this.threshold !== null && !(typeof this.threshold === 'number' && this.threshold > 0 && this.threshold <= 1)) {
      throw new HornetError(this.name, `expected threshold to be within (0, 1], received ${this.threshold}`);
    }
  }

  private build(t: Tensor, p: Tensor): Counts {
    if (t.rank !== 2 || p.rank !== 2) {
      const shapes = `[${t.shape.join(', ')}] and [${p.shape.join(', ')}]`;
      throw new HornetError(this.name, `expected targets and predictions [batch, classes], received ${shapes}`);
    }
    const shape = this.average === 'micro' ? [] : [p.shape[1]];
    return {
      truePositives: this.addVariable('true_positives', shape, this.dtypePolicy.variableDtype),
      falsePositives: this.addVariable('false_positives', shape, this.dtypePolicy.variableDtype),
      falseNegatives: this.addVariable('false_negatives', shape, this.dtypePolicy.variableDtype),
      weights: this.addVariable('intermediate_weights', shape, this.dtypePolicy.variableDtype),
    };
  }

  updateState(yTrue: TensorLike, yPred?: TensorLike | UpdateArgs, options: UpdateArgs = {}): void {
    const { dtype } = this;
    const target = convertToTensor(yTrue, dtype);
    const scores = convertToTensor(yPred as TensorLike, dtype);
    const counts = (this.counts ??= this.build(target, scores));
    const yes = castTo(this.decide(scores), dtype);
    const { sampleWeight = null } = options;
    const weights = sampleWeight === null ? null : ops.expandDims(convertToTensor(sampleWeight, dtype), 1);
    const total = (x: Tensor): Tensor =>
      sum(weights ? multiply(x, weights) : x, { axis: this.average === 'micro' ? null : 0 });
    const increase = (variable: Variable, by: Tensor): void => variable.assign(add(variable, total(by)));
    increase(counts.truePositives, multiply(yes, target));
    increase(counts.falsePositives, multiply(yes, subtract(1, target)));
    increase(counts.falseNegatives, multiply(subtract(1, yes), target));
    increase(counts.weights, target);
  }

  private decide(scores: Tensor): Tensor {
    if (this.threshold !== null) return greater(scores, this.threshold);
    const best = max(scores, { axis: -1, keepdims: true });
    return ops.logicalAnd(greaterEqual(scores, best), greater(abs(scores), 1e-9));
  }

  result(): Tensor {
    if (!this.counts) return convertToTensor(0, this.dtype);
    const { truePositives: tp, falsePositives: fp, falseNegatives: fn, weights } = this.counts;
    const share = (wrong: Variable): Tensor => divide(tp, add(add(tp, wrong), epsilon()));
    const [precision, recall] = [share(fp), share(fn)];
    const square = this.beta ** 2;
    const score = multiply(
      1 + square,
      divide(multiply(precision, recall), add(add(multiply(square, precision), recall), epsilon())),
    );
    if (this.average === 'weighted') return sum(multiply(score, divide(weights, add(sum(weights), epsilon()))));
    return this.average === null ? score : mean(score);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), average: this.average, beta: this.beta, threshold: this.threshold };
  }
}
registerSerializable('keras.metrics', FBetaScore);

/** Harmonic mean of precision and recall. */
export class F1Score extends FBetaScore {
  constructor(args: F1ScoreArgs = {}) {
    super({ ...args, beta: 1 }, 'f1_score');
  }

  override getConfig(): Record<string, unknown> {
    const { beta: _beta, ...config } = super.getConfig();
    return config;
  }
}
registerSerializable('keras.metrics', F1Score);
