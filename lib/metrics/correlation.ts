// How predictions and targets go together: R², Pearson's and the concordance correlation.
import { HornetError } from '../errors.js';
import { sameRank } from '../losses/reduce.js';
import { named } from '../losses/loss.js';
import { convertToTensor } from '../ops/convert.js';
import * as ops from '../ops/index.js';
import type { TensorLike } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Metric, type MetricArgs, type UpdateArgs } from './metric.js';
import { ScoreMetric } from './reduction.js';

const { add, divide, mean, multiply, square, sqrt, subtract, sum, where } = ops;

interface AxisOptions {
  /** The axis of the samples. Default -1. */
  readonly axis?: number;
}

/** Deviations from the mean, means, variances and covariance along an axis. */
function statistics(yTrue: TensorLike, yPred: TensorLike, axis: number) {
  const p = convertToTensor(yPred);
  const [t, q] = sameRank(convertToTensor(yTrue, p.dtype), p);
  const means = [t, q].map((x) => mean(x, { axis, keepdims: true }));
  const [dt, dq] = [t, q].map((x, i) => subtract(x, means[i]));
  const average = (x: Tensor): Tensor => mean(x, { axis });
  const gap = ops.squeeze(subtract(means[0], means[1]), { axis });
  return {
    gap,
    varianceTrue: average(square(dt)),
    variancePred: average(square(dq)),
    covariance: average(multiply(dt, dq)),
  };
}

/** Pearson's correlation along an axis: 1 where predictions are a rising linear function of the targets. */
export const pearsonCorrelation = named(
  'pearson_correlation',
  (yTrue: TensorLike, yPred: TensorLike, options: AxisOptions = {}): Tensor => {
    const { varianceTrue, variancePred, covariance } = statistics(yTrue, yPred, options.axis ?? -1);
    return divide(covariance, multiply(sqrt(varianceTrue), sqrt(variancePred)));
  },
);

/** Correlation along an axis that is 1 only where predictions equal the targets. */
export const concordanceCorrelation = named(
  'concordance_correlation',
  (yTrue: TensorLike, yPred: TensorLike, options: AxisOptions = {}): Tensor => {
    const { gap, varianceTrue, variancePred, covariance } = statistics(yTrue, yPred, options.axis ?? -1);
    return divide(multiply(2, covariance), add(add(varianceTrue, variancePred), square(gap)));
  },
);

/** Mean of Pearson's correlation. */
export class PearsonCorrelation extends ScoreMetric {
  readonly axis: number;
  constructor(args: MetricArgs & AxisOptions = {}) {
    const { axis = -1 } = args;
    super((t, p) => pearsonCorrelation(t, p, { axis }), { ...args, name: args.name ?? 'pearson_correlation' });
    this.axis = axis;
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), axis: this.axis };
  }
}
registerSerializable('keras.metrics', PearsonCorrelation);

/** Mean of the concordance correlation. */
export class ConcordanceCorrelation extends ScoreMetric {
  readonly axis: number;
  constructor(args: MetricArgs & AxisOptions = {}) {
    const { axis = -1 } = args;
    super((t, p) => concordanceCorrelation(t, p, { axis }), { ...args, name: args.name ?? 'concordance_correlation' });
    this.axis = axis;
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), axis: this.axis };
  }
}
registerSerializable('keras.metrics', ConcordanceCorrelation);

const aggregations = [null, 'uniform_average', 'variance_weighted_average'] as const;

export interface R2ScoreArgs extends MetricArgs {
  /** Null: a score per output; their mean (default); their mean weighted by the variance of the targets. */
  readonly classAggregation?: 'uniform_average' | 'variance_weighted_average' | null;
  /** Number of inputs of the regression, for the adjusted score. Default 0: not adjusted. */
  readonly numRegressors?: number;
}

interface Sums {
  readonly squaredSum: Variable;
  readonly sum: Variable;
  readonly residual: Variable;
  readonly count: Variable;
}

/** The share of the targets' variance that predictions [batch, outputs] explain. */
export class R2Score extends Metric {
  static override readonly direction = 'up';
  readonly classAggregation: 'uniform_average' | 'variance_weighted_average' | null;
  readonly numRegressors: number;
  private readonly samples: Variable;
  private sums: Sums | null = null;

  constructor(args: R2ScoreArgs = {}) {
    super(args, 'r2_score');
    this.classAggregation = args.classAggregation === undefined ? 'uniform_average' : args.classAggregation;
    this.numRegressors = args.numRegressors ?? 0;
    if (!aggregations.includes(this.classAggregation)) {
      const received = `'${String(this.classAggregation)}'`;
      throw new HornetError(
        this.name,
        `expected classAggregation to be one of ${aggregations.map(String).join(', ')}, received ${received}`,
      );
    }
    if (!(this.numRegressors >= 0)) {
      throw new HornetError(this.name, `expected numRegressors to be 0 or more, received ${this.numRegressors}`);
    }
    this.samples = this.addVariable('num_samples');
  }

  private build(t: Tensor, p: Tensor): Sums {
    if (t.rank !== 2 || p.rank !== 2 || t.shape[1] !== p.shape[1]) {
      const shapes = `[${t.shape.join(', ')}] and [${p.shape.join(', ')}]`;
      throw new HornetError(this.name, `expected targets and predictions [batch, outputs], received ${shapes}`);
    }
    const shape = [p.shape[1]];
    return {
      squaredSum: this.addVariable('squared_sum', shape),
      sum: this.addVariable('sum', shape),
      residual: this.addVariable('residual', shape),
      count: this.addVariable('count', shape),
    };
  }

  updateState(yTrue: TensorLike, yPred?: TensorLike | UpdateArgs, options: UpdateArgs = {}): void {
    const { dtype } = this;
    const [t, p] = [convertToTensor(yTrue, dtype), convertToTensor(yPred as TensorLike, dtype)];
    const sums = (this.sums ??= this.build(t, p));
    const given = convertToTensor(options.sampleWeight ?? 1, dtype);
    const weights = ops.broadcastTo(given.rank === 1 ? ops.expandDims(given, 1) : given, t.shape);
    const weighted = multiply(t, weights);
    const increase = (variable: Variable, by: Tensor): void => variable.assign(add(variable, sum(by, { axis: 0 })));
    increase(sums.sum, weighted);
    increase(sums.squaredSum, multiply(t, weighted));
    increase(sums.residual, multiply(square(subtract(t, p)), weights));
    increase(sums.count, weights);
    this.samples.assign(add(this.samples, t.size));
  }

  result(): Tensor {
    if (!this.sums) return convertToTensor(0, this.dtype);
    const average = divide(this.sums.sum, this.sums.count);
    const total = subtract(this.sums.squaredSum, multiply(this.sums.sum, average));
    const raw = subtract(1, divide(this.sums.residual, total));
    const scores = where(ops.isinf(raw), 0, raw);
    if (this.classAggregation === null) return this.adjusted(scores);
    if (this.classAggregation === 'uniform_average') return this.adjusted(mean(scores));
    return this.adjusted(divide(sum(multiply(total, scores)), sum(total)));
  }

  /** Corrected for the number of inputs; left alone where there are fewer samples than inputs. */
  private adjusted(scores: Tensor): Tensor {
    if (this.numRegressors === 0) return scores;
    const freedom = subtract(this.samples, this.numRegressors + 1);
    const corrected = subtract(1, divide(multiply(subtract(1, scores), subtract(this.samples, 1)), freedom));
    return where(ops.greater(freedom, 0), corrected, scores);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), classAggregation: this.classAggregation, numRegressors: this.numRegressors };
  }
}
registerSerializable('keras.metrics', R2Score);
