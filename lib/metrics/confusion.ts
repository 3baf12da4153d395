// Counting right and wrong yes-or-no predictions at many thresholds: the state behind precision, recall and AUC.
import { HornetError } from '../errors.js';
import { sameRank } from '../losses/reduce.js';
import { castTo, convertToTensor } from '../ops/convert.js';
import { scatterAddAlong } from '../ops/gather.js';
import * as ops from '../ops/index.js';
import type { TensorLike } from '../ops/index.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import type { DType } from '../dtype.js';

const { add, broadcastTo, expandDims, greater, multiply, reshape, subtract, sum } = ops;

/** Marks a class that is not among the best k. */
export const negativeInfinity = -1e10;

/** The counts to add to; one number per threshold, or a row per threshold with one number per label. */
export interface ConfusionVariables {
  readonly truePositives?: Variable;
  readonly falsePositives?: Variable;
  readonly trueNegatives?: Variable;
  readonly falseNegatives?: Variable;
}

export interface ConfusionArgs {
  readonly sampleWeight?: TensorLike | null;
  /** Predictions above it are positive. */
  readonly thresholds: readonly number[];
  /** The thresholds divide [0, 1] into equal parts: counts come from a histogram. */
  readonly evenlySpaced?: boolean;
  /** Only the k largest predictions of a row count as predictions. */
  readonly topK?: number | null;
  /** Look at this index of the last axis only. */
  readonly classId?: number | null;
  /** Keep the labels (last axis) apart. */
  readonly multiLabel?: boolean;
  /** A weight per label. */
  readonly labelWeights?: TensorLike | null;
}

/** Thresholds as a list within [0, 1]. */
export function thresholdList(where: string, thresholds: number | readonly number[]): number[] {
  const list = typeof thresholds === 'number' ? [thresholds] : [...thresholds];
  const wrong = list.find((value) => !(typeof value === 'number' && value >= 0 && value <= 1));
  if (wrong !== undefined || list.length === 0) {
    throw new HornetError(where, `expected thresholds within [0, 1], received [${list.join(', ')}]`);
  }
  return list;
}

/** Adds the counts of one batch. Everything is computed in the type of the counts, whatever that of the metric. */
export function updateConfusion(
  counts: ConfusionVariables,
  yTrue: TensorLike,
  yPred: TensorLike,
  args: ConfusionArgs,
): void {
  const { dtype } = Object.values(counts as Record<string, Variable>)[0];
  const { topK = null, classId = null, multiLabel = false } = args;
  let [t, p] = sameRank(convertToTensor(yTrue, dtype), convertToTensor(yPred, dtype));
  if (t.rank !== p.rank || t.shape.some((dim, i) => dim !== p.shape[i])) {
    throw new HornetError(
      'metric',
      `expected targets and predictions of one shape, received [${t.shape.join(', ')}] and [${p.shape.join(', ')}]`,
    );
  }
  if (topK !== null) p = onlyTopK(p, topK);
  if (classId !== null) [t, p] = [t, p].map((x) => onlyClass(x, classId));
  const weights = elementWeights(t, args, dtype);
  const positive = multiply(castTo(castTo(t, 'bool'), dtype), weights);
  const negative = subtract(weights, positive);
  const columns = multiLabel ? t.shape[t.rank - 1] : 1;
  const table = (x: Tensor): Tensor => reshape(x, [-1, columns]);
  const above = args.evenlySpaced ? histogramAbove : comparedAbove;
  const [tp, fp] = [positive, negative].map((x) => above(table(p), table(x), args.thresholds));
  const [allPositive, allNegative] = [positive, negative].map((x) => sum(table(x), { axis: 0, keepdims: true }));
  const increase = (variable: Variable | undefined, by: Tensor): void => {
    variable?.assign(add(variable, reshape(by, variable.shape)));
  };
  increase(counts.truePositives, tp);
  increase(counts.falsePositives, fp);
  increase(counts.falseNegatives, subtract(allPositive, tp));
  increase(counts.trueNegatives, subtract(allNegative, fp));
}

/** One index of the last axis, which stays with size one. */
function onlyClass(x: Tensor, classId: number): Tensor {
  if (x.rank < 2) {
    throw new HornetError(
      'metric',
      `expected predictions of several classes with classId, received [${x.shape.join(', ')}]`,
    );
  }
  const classes = x.shape[x.rank - 1];
  if (!(Number.isInteger(classId) && classId >= -classes && classId < classes)) {
    throw new HornetError('metric', `expected classId to be one of ${classes} classes, received ${classId}`);
  }
  return ops.take(x, [classId], { axis: -1 });
}

/** A weight per element. */
function elementWeights(t: Tensor, args: ConfusionArgs, dtype: DType): Tensor {
  const { sampleWeight = null, labelWeights = null } = args;
  let weights = ops.ones(t.shape, { dtype });
  if (sampleWeight !== null) {
    const column = expandDims(convertToTensor(sampleWeight, dtype), -1);
    weights = broadcastTo(sameRank(t, column, false)[1], t.shape);
  }
  return labelWeights === null ? weights : multiply(weights, convertToTensor(labelWeights, dtype));
}

/** Everything but the k largest predictions of a row made negative. */
function onlyTopK(p: Tensor, k: number): Tensor {
  const classes = p.shape[p.rank - 1];
  const [, best] = ops.topK(p, k);
  const chosen = castTo(sum(ops.oneHot(best, classes, { dtype: 'int32' }), { axis: -2 }), 'bool');
  return ops.where(chosen, p, convertToTensor(negativeInfinity, p.dtype));
}

/** For each threshold the sum of values whose prediction is above it: [thresholds, columns]. */
function comparedAbove(p: Tensor, values: Tensor, thresholds: readonly number[]): Tensor {
  const limits = convertToTensor(
    thresholds.map((value) => [[value]]),
    p.dtype,
  );
  const isAbove = castTo(greater(expandDims(p, 0), limits), p.dtype);
  return sum(multiply(isAbove, expandDims(values, 0)), { axis: 1 });
}

/** The same for thresholds that divide [0, 1] equally: one histogram, summed from above. */
function histogramAbove(p: Tensor, values: Tensor, thresholds: readonly number[]): Tensor {
  const size = thresholds.length;
  const columns = p.shape[1];
  const scaled = subtract(ops.ceil(multiply(ops.clip(p, 0, 1), size - 1)), 1);
  const bucket = castTo(ops.maximum(scaled, 0), 'int32');
  const offset = convertToTensor(
    Array.from({ length: columns }, (_, i) => i * size),
    'int32',
  );
  const index = reshape(add(bucket, offset), [-1]);
  const empty = ops.zeros([columns * size], { dtype: values.dtype });
  const histogram = reshape(scatterAddAlong(empty, index, reshape(values, [-1]), 0), [columns, size]);
  const fromAbove = ops.flip(ops.cumsum(ops.flip(histogram, { axis: 1 }), { axis: 1 }), { axis: 1 });
  return ops.transpose(fromAbove);
}
