// How often predictions are right.
import { sameRank } from '../losses/reduce.js';
import { named } from '../losses/loss.js';
import { castTo, convertToTensor } from '../ops/convert.js';
import * as ops from '../ops/index.js';
import type { TensorLike } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import { floatx } from '../config.js';
import type { Tensor } from '../tensor.js';
import type { MetricArgs } from './metric.js';
import { ScoreMetric } from './reduction.js';

const { argmax, equal, greater, reshape } = ops;

const matches = (a: Tensor, b: Tensor): Tensor => castTo(equal(a, b), floatx());

/** 1 where an element equals its target, else 0. */
const accuracy = (yTrue: Tensor, yPred: Tensor): Tensor => {
  const [t, p] = sameRank(convertToTensor(yTrue, yPred.dtype), yPred);
  return matches(t, p);
};

/** 1 where a prediction is on the target's side of the threshold (default 0.5), else 0. */
export const binaryAccuracy = named(
  'binary_accuracy',
  (yTrue: TensorLike, yPred: TensorLike, options: { threshold?: number } = {}): Tensor => {
    const [t, p] = sameRank(convertToTensor(yTrue), convertToTensor(yPred));
    return matches(t, castTo(greater(p, options.threshold ?? 0.5), t.dtype));
  },
);

/** 1 where the class with the largest prediction is that of the one-hot target, else 0. */
export const categoricalAccuracy = named('categorical_accuracy', (yTrue: TensorLike, yPred: TensorLike): Tensor =>
  matches(argmax(yTrue, { axis: -1 }), argmax(yPred, { axis: -1 })),
);

/** Class numbers without a last axis of size one that the predictions account for. */
function classNumbers(yTrue: TensorLike, p: Tensor): Tensor {
  const t = convertToTensor(yTrue);
  return t.rank > 0 && t.rank === p.rank && t.shape[t.rank - 1] === 1 ? ops.squeeze(t, { axis: -1 }) : t;
}

/** 1 where the class with the largest prediction is the target, else 0. */
export const sparseCategoricalAccuracy = named(
  'sparse_categorical_accuracy',
  (yTrue: TensorLike, yPred: TensorLike): Tensor => {
    const p = convertToTensor(yPred);
    const given = convertToTensor(yTrue);
    const t = classNumbers(given, p);
    const values = matches(t, castTo(argmax(p, { axis: -1 }), t.dtype));
    return values.size === given.size && given.rank > 1 ? reshape(values, given.shape) : values;
  },
);

/** 1 where the target is among the `k` (default 5) largest predictions, else 0; targets are one-hot. */
export const topKCategoricalAccuracy = named(
  'top_k_categorical_accuracy',
  (yTrue: TensorLike, yPred: TensorLike, options: { k?: number } = {}): Tensor =>
    sparseTopKCategoricalAccuracy(argmax(yTrue, { axis: -1 }), yPred, options),
);

export interface SparseTopKOptions {
  /** Default 5. */
  readonly k?: number;
  /** Whether predictions are class numbers, the best first. Default false: scores. */
  readonly fromSortedIds?: boolean;
}

/** 1 where the target is among the `k` largest predictions, else 0; targets are class numbers. */
export const sparseTopKCategoricalAccuracy = named(
  'sparse_top_k_categorical_accuracy',
  (yTrue: TensorLike, yPred: TensorLike, options: SparseTopKOptions = {}): Tensor => {
    const { k = 5, fromSortedIds = false } = options;
    const p = convertToTensor(yPred);
    const t = classNumbers(yTrue, p);
    const classes = p.shape[p.rank - 1];
    const rows = reshape(p, [-1, classes]);
    const targets = reshape(t, [-1]);
    if (!fromSortedIds) return reshape(castTo(ops.inTopK(castTo(targets, 'int32'), rows, k), floatx()), t.shape);
    const first = ops.slice(rows, [0, 0], [rows.shape[0], Math.min(k, classes)]);
    const found = ops.any(equal(castTo(first, 'int32'), castTo(ops.expandDims(targets, 1), 'int32')), { axis: 1 });
    return reshape(castTo(found, floatx()), t.shape);
  },
);

/** How often predictions equal targets. */
export class Accuracy extends ScoreMetric {
  constructor(args: MetricArgs = {}) {
    super(accuracy, { ...args, name: args.name ?? 'accuracy' });
  }
}
registerSerializable('keras.metrics', Accuracy);

/** How often yes-or-no predictions are right. */
export class BinaryAccuracy extends ScoreMetric {
  readonly threshold: number;
  constructor(args: MetricArgs & { readonly threshold?: number } = {}) {
    const threshold = args.threshold ?? 0.5;
    super((t, p) => binaryAccuracy(t, p, { threshold }), { ...args, name: args.name ?? 'binary_accuracy' });
    this.threshold = threshold;
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), threshold: this.threshold };
  }
}
registerSerializable('keras.metrics', BinaryAccuracy);

/** How often the most probable class is that of a one-hot target. */
export class CategoricalAccuracy extends ScoreMetric {
  constructor(args: MetricArgs = {}) {
    super(categoricalAccuracy, { ...args, name: args.name ?? 'categorical_accuracy' });
  }
}
registerSerializable('keras.metrics', CategoricalAccuracy);

/** How often the most probable class is the target. */
export class SparseCategoricalAccuracy extends ScoreMetric {
  constructor(args: MetricArgs = {}) {
    super(sparseCategoricalAccuracy, { ...args, name: args.name ?? 'sparse_categorical_accuracy' });
  }
}
registerSerializable('keras.metrics', SparseCategoricalAccuracy);

/** How often a one-hot target is among the `k` (default 5) most probable classes. */
export class TopKCategoricalAccuracy extends ScoreMetric {
  readonly k: number;
  constructor(args: MetricArgs & { readonly k?: number } = {}) {
    const k = args.k ?? 5;
    super((t, p) => topKCategoricalAccuracy(t, p, { k }), { ...args, name: args.name ?? 'top_k_categorical_accuracy' });
    this.k = k;
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), k: this.k };
  }
}
registerSerializable('keras.metrics', TopKCategoricalAccuracy);

/** How often a target class is among the `k` (default 5) most probable ones. */
export class SparseTopKCategoricalAccuracy extends ScoreMetric {
  readonly k: number;
  readonly fromSortedIds: boolean;
  constructor(args: MetricArgs & SparseTopKOptions = {}) {
    const { k = 5, fromSortedIds = false } = args;
    const name = args.name ?? 'sparse_top_k_categorical_accuracy';
    super((t, p) => sparseTopKCategoricalAccuracy(t, p, { k, fromSortedIds }), { ...args, name });
    this.k = k;
    this.fromSortedIds = fromSortedIds;
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), k: this.k, fromSortedIds: this.fromSortedIds };
  }
}
registerSerializable('keras.metrics', SparseTopKCategoricalAccuracy);
