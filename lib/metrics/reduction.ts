// Sums and means over everything seen: Sum, Mean, and means of a function's values.
import { getMask } from '../layers/mask.js';
import { maskedWeights, sameRank } from '../losses/reduce.js';
import { castTo, convertToTensor } from '../ops/convert.js';
import { add, broadcastTo, divideNoNan, mean, multiply, sum, type TensorLike } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { DType } from '../dtype.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Metric, type MetricArgs, type UpdateArgs } from './metric.js';

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** One weighted value and one weight per sample: further axes are averaged. */
export function samplewise(
  values: Tensor,
  sampleWeight: TensorLike | null | undefined,
  dtype: DType,
  reduce: (x: Tensor, axes: readonly number[]) => Tensor = (x, axis) => mean(x, { axis }),
): { values: Tensor; weights: Tensor | null } {
  let result = castTo(values, dtype);
  let weights: Tensor | null = null;
  if (sampleWeight !== null && sampleWeight !== undefined) {
    const given = maskedWeights(convertToTensor(sampleWeight, dtype), getMask(values), 'sum', dtype)!;
    [result, weights] = sameRank(result, given);
    if (result.rank > weights.rank) result = reduce(result, range(weights.rank, result.rank));
    weights = broadcastTo(weights, result.shape);
    result = multiply(result, weights);
    if (weights.rank > 1) weights = reduce(weights, range(1, weights.rank));
  }
  if (result.rank > 1) result = reduce(result, range(1, result.rank));
  return { values: result, weights };
}

/** The (weighted) sum of all values. */
export class Sum extends Metric {
  private readonly total: Variable;

  constructor(args: MetricArgs = {}) {
    super(args, 'sum');
    this.total = this.addVariable('total', [], this.dtypePolicy.variableDtype);
  }

  updateState(values: TensorLike, options: UpdateArgs = {}): void {
    const overAxes = (x: Tensor, axis: readonly number[]): Tensor => sum(x, { axis });
    const reduced = samplewise(convertToTensor(values, this.dtype), options.sampleWeight, this.dtype, overAxes);
    this.total.assign(add(this.total, sum(reduced.values)));
  }

  result(): Tensor {
    return this.total.value;
  }
}
registerSerializable('keras.metrics', Sum);

/** The (weighted) mean of all values. */
export class Mean extends Metric {
  private readonly total: Variable;
  private readonly count: Variable;

  constructor(args: MetricArgs = {}) {
    super(args, 'mean');
    this.total = this.addVariable('total', [], this.dtypePolicy.variableDtype);
    this.count = this.addVariable('count', [], this.dtypePolicy.variableDtype);
  }

  updateState(values: TensorLike, options: UpdateArgs = {}): void {
    this.addValues(convertToTensor(values), options.sampleWeight);
  }

  protected addValues(values: Tensor, sampleWeight: TensorLike | null | undefined): void {
    const reduced = samplewise(values, sampleWeight, this.dtype);
    this.total.assign(add(this.total, sum(reduced.values)));
    const samples = reduced.values.rank > 0 ? reduced.values.shape[0] : 1;
    this.count.assign(add(this.count, reduced.weights ? sum(reduced.weights) : samples));
  }

  result(): Tensor {
    return divideNoNan(this.total, this.count);
  }
}
registerSerializable('keras.metrics', Mean);

/** A function from targets and predictions to a value per sample. */
export type MetricFunction = (yTrue: Tensor, yPred: Tensor, options?: never) => Tensor;

/** The mean of a function of targets and predictions. A mask that the predictions carry leaves out what it masks. */
export class MeanMetricWrapper extends Mean {
  constructor(
    private readonly fn: (yTrue: Tensor, yPred: Tensor) => Tensor,
    args: MetricArgs = {},
  ) {
    super({ ...args, name: args.name ?? (fn.name || 'metric') });
  }

  override updateState(yTrue: TensorLike, yPred?: TensorLike | UpdateArgs, options: UpdateArgs = {}): void {
    const given = convertToTensor(yPred as TensorLike);
    const mask = getMask(given);
    const values = this.fn(convertToTensor(yTrue, this.dtype), castTo(given, this.dtype));
    const { sampleWeight = null } = options;
    const weights = sampleWeight === null ? null : convertToTensor(sampleWeight, this.dtype);
    this.addValues(values, maskedWeights(weights, mask, 'sum', this.dtype));
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), fn: this.fn };
  }
}

/** A metric with a fixed function: its config has no `fn`. */
abstract class FunctionMetric extends MeanMetricWrapper {
  override getConfig(): Record<string, unknown> {
    const { fn: _fn, ...config } = super.getConfig();
    return config;
  }
}

/** The mean of a function that is large where predictions are good. */
export abstract class ScoreMetric extends FunctionMetric {
  static override readonly direction = 'up';
}

/** The mean of a function that is small where predictions are good. */
export abstract class ErrorMetric extends FunctionMetric {
  static override readonly direction = 'down';
}
