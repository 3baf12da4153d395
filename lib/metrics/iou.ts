// Intersection over union of classes, from a confusion matrix.
import { HornetError } from '../errors.js';
import { castTo, convertToTensor } from '../ops/convert.js';
import { scatterAddAlong } from '../ops/gather.js';
import * as ops from '../ops/index.js';
import type { TensorLike } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Metric, type MetricArgs, type UpdateArgs } from './metric.js';

const { add, argmax, divideNoNan, greaterEqual, less, logicalAnd, multiply, notEqual, reshape, subtract, sum, take } =
  ops;

export interface IoUArgs extends MetricArgs {
  /** Targets of this class do not count. Default none. */
  readonly ignoreClass?: number | null;
  /** Whether targets are class numbers rather than one-hot. Default true. */
  readonly sparseYTrue?: boolean;
  /** Whether predictions are class numbers rather than scores. Default true. */
  readonly sparseYPred?: boolean;
  /** The axis of the classes where they are not numbers. Default -1. */
  readonly axis?: number;
}

/** Mean over some classes of |both| / |either|. State and dtype are int32 by default, so weights are whole numbers. */
export class IoU extends Metric {
  static override readonly direction = 'up';
  static readonly requiredArgs: readonly string[] = ['numClasses', 'targetClassIds'];
  readonly ignoreClass: number | null;
  readonly sparseYTrue: boolean;
  readonly sparseYPred: boolean;
  readonly axis: number;
  private readonly matrix: Variable;

  constructor(
    readonly numClasses: number,
    readonly targetClassIds: readonly number[],
    args: IoUArgs = {},
  ) {
    super({ ...args, dtype: args.dtype ?? 'int32' });
    this.ignoreClass = args.ignoreClass ?? null;
    this.sparseYTrue = args.sparseYTrue ?? true;
    this.sparseYPred = args.sparseYPred ?? true;
    this.axis = args.axis ?? -1;
    const wrong = targetClassIds.find((id) => id >= numClasses);
    if (wrong !== undefined) {
      throw new HornetError(this.name, `expected class ids below numClasses = ${numClasses}, received ${wrong}`);
    }
    this.matrix = this.addVariable('total_confusion_matrix', [numClasses, numClasses], this.dtypePolicy.variableDtype);
  }

  updateState(yTrue: TensorLike, yPred?: TensorLike | UpdateArgs, options: UpdateArgs = {}): void {
    const classes = (x: TensorLike, sparse: boolean): Tensor =>
      reshape(castTo(sparse ? convertToTensor(x) : argmax(x, { axis: this.axis }), 'int32'), [-1]);
    const t = classes(yTrue, this.sparseYTrue);
    const p = classes(yPred as TensorLike, this.sparseYPred);
    const { sampleWeight = null } = options;
    const dtype = this.matrix.dtype;
    let weights = sampleWeight === null ? ops.ones(t.shape, { dtype }) : convertToTensor(sampleWeight, dtype);
    if (weights.rank !== 1) weights = reshape(weights, [-1]);
    // Classes that do not exist count nowhere.
    let valid = logicalAnd(this.isClass(t), this.isClass(p));
    if (this.ignoreClass !== null) valid = logicalAnd(valid, notEqual(t, this.ignoreClass));
    weights = multiply(weights, castTo(valid, dtype));
    const cells = multiply(add(multiply(t, this.numClasses), p), castTo(valid, 'int32'));
    const empty = ops.zeros([this.numClasses ** 2], { dtype });
    const counted = scatterAddAlong(empty, cells, ops.broadcastTo(weights, t.shape), 0);
    this.matrix.assign(add(this.matrix, reshape(counted, this.matrix.shape)));
  }

  private isClass(x: Tensor): Tensor {
    return logicalAnd(greaterEqual(x, 0), less(x, this.numClasses));
  }

  result(): Tensor {
    const matrix = castTo(this.matrix.value, 'float32');
    const both = sum(multiply(matrix, ops.eye(this.numClasses)), { axis: 0 });
    const either = subtract(add(sum(matrix, { axis: 0 }), sum(matrix, { axis: 1 })), both);
    const chosen = (x: Tensor): Tensor => take(x, convertToTensor(this.targetClassIds, 'int32'), { axis: 0 });
    const union = chosen(either);
    const present = sum(castTo(notEqual(union, 0), 'float32'));
    return divideNoNan(sum(divideNoNan(chosen(both), union)), present);
  }

  override getConfig(): Record<string, unknown> {
    const { numClasses, targetClassIds, ignoreClass, sparseYTrue, sparseYPred, axis } = this;
    return { ...super.getConfig(), numClasses, targetClassIds, ignoreClass, sparseYTrue, sparseYPred, axis };
  }
}
registerSerializable('keras.metrics', IoU);

/** IoU of yes-or-no targets: predictions of at least `threshold` (default 0.5) are yes. */
export class BinaryIoU extends IoU {
  static override readonly requiredArgs: readonly string[] = [];
  readonly threshold: number;

  constructor(args: MetricArgs & { readonly targetClassIds?: readonly number[]; readonly threshold?: number } = {}) {
    super(2, args.targetClassIds ?? [0, 1], args);
    this.threshold = args.threshold ?? 0.5;
  }

  override updateState(yTrue: TensorLike, yPred?: TensorLike | UpdateArgs, options: UpdateArgs = {}): void {
    super.updateState(yTrue, greaterEqual(yPred as TensorLike, this.threshold), options);
  }

  override getConfig(): Record<string, unknown> {
    const { name, dtype } = super.getConfig();
    return { targetClassIds: this.targetClassIds, threshold: this.threshold, name, dtype };
  }
}
registerSerializable('keras.metrics', BinaryIoU);

/** IoU averaged over all classes. */
export class MeanIoU extends IoU {
  static override readonly requiredArgs: readonly string[] = ['numClasses'];

  constructor(numClasses: number, args: IoUArgs = {}) {
    super(
      numClasses,
      Array.from({ length: numClasses }, (_, i) => i),
      args,
    );
  }

  override getConfig(): Record<string, unknown> {
    const { targetClassIds: _ids, ...config } = super.getConfig();
    return config;
  }
}
registerSerializable('keras.metrics', MeanIoU);

export interface OneHotIoUArgs extends Omit<IoUArgs, 'sparseYTrue'> {
  /** Default false. */
  readonly sparseYPred?: boolean;
}

/** IoU of one-hot targets. */
export class OneHotIoU extends IoU {
  constructor(numClasses: number, targetClassIds: readonly number[], args: OneHotIoUArgs = {}) {
    super(numClasses, targetClassIds, { ...args, sparseYTrue: false, sparseYPred: args.sparseYPred ?? false });
  }

  override getConfig(): Record<string, unknown> {
    const { sparseYTrue: _sparse, ...config } = super.getConfig();
    return config;
  }
}
registerSerializable('keras.metrics', OneHotIoU);

/** IoU of one-hot targets averaged over all classes. */
export class OneHotMeanIoU extends MeanIoU {
  constructor(numClasses: number, args: OneHotIoUArgs = {}) {
    super(numClasses, { ...args, sparseYTrue: false, sparseYPred: args.sparseYPred ?? false });
  }

  override getConfig(): Record<string, unknown> {
    const { sparseYTrue: _sparse, ...config } = super.getConfig();
    return config;
  }
}
registerSerializable('keras.metrics', OneHotMeanIoU);
