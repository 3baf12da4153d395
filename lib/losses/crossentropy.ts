// Cross entropies between class labels and predictions, with label smoothing and ignored classes.
import { epsilon } from '../config.js';
import { HornetError } from '../errors.js';
import { setMask } from '../layers/mask.js';
import { convertToTensor } from '../ops/convert.js';
import * as ops from '../ops/index.js';
import type { TensorLike } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { align, Loss, named, type LossArgs } from './loss.js';

const { add, cast, divide, mean, multiply, notEqual, oneHot, power, subtract, sum, where } = ops;

export interface CrossentropyOptions {
  /** Whether predictions are scores before sigmoid or softmax. Default false: probabilities. */
  readonly fromLogits?: boolean;
  /** Moves the targets by this share towards equal probabilities. Default 0. */
  readonly labelSmoothing?: number;
  /** For categories: the axis of the classes; for binary: the axis to average over. Default -1. */
  readonly axis?: number;
}

/** Binary targets moved towards one half. */
const smoothBinary = (t: Tensor, share: number): Tensor => (share === 0 ? t : add(multiply(t, 1 - share), 0.5 * share));

/** Targets over classes moved towards equal probabilities. */
function smoothClasses(t: Tensor, share: number, axis: number): Tensor {
  if (share === 0) return t;
  return add(multiply(t, 1 - share), share / t.shape[axis < 0 ? axis + t.rank : axis]);
}

/** Cross entropy of yes-or-no targets, averaged over an axis. */
export const binaryCrossentropy = named(
  'binary_crossentropy',
  (yTrue: TensorLike, yPred: TensorLike, options: CrossentropyOptions = {}): Tensor => {
    const p = convertToTensor(yPred);
    const t = smoothBinary(convertToTensor(yTrue, p.dtype), options.labelSmoothing ?? 0);
    return mean(ops.binaryCrossentropy(t, p, { fromLogits: options.fromLogits }), { axis: options.axis ?? -1 });
  },
);

/** Cross entropy between distributions over classes. */
export const categoricalCrossentropy = named(
  'categorical_crossentropy',
  (yTrue: TensorLike, yPred: TensorLike, options: CrossentropyOptions = {}): Tensor => {
    const p = convertToTensor(yPred);
    const { fromLogits, labelSmoothing = 0, axis = -1 } = options;
    const t = smoothClasses(convertToTensor(yTrue, p.dtype), labelSmoothing, axis);
    return ops.categoricalCrossentropy(t, p, { fromLogits, axis });
  },
);

export interface SparseCrossentropyOptions extends Omit<CrossentropyOptions, 'labelSmoothing'> {
  /** Samples of this class cost nothing and do not count. Default none. */
  readonly ignoreClass?: number | null;
}

/** Cross entropy between class numbers and distributions over classes. */
export const sparseCategoricalCrossentropy = named(
  'sparse_categorical_crossentropy',
  (yTrue: TensorLike, yPred: TensorLike, options: SparseCrossentropyOptions = {}): Tensor => {
    const p = convertToTensor(yPred);
    const { fromLogits, ignoreClass = null, axis = -1 } = options;
    let t = convertToTensor(yTrue);
    if (t.rank === p.rank && t.shape[t.rank - 1] === 1) t = ops.squeeze(t, { axis: -1 });
    if (ignoreClass === null) return ops.sparseCategoricalCrossentropy(t, p, { fromLogits, axis });
    const valid = notEqual(t, ignoreClass);
    const safe = multiply(t, cast(valid, t.dtype));
    const values = where(
      valid,
      ops.sparseCategoricalCrossentropy(safe, p, { fromLogits, axis }),
      convertToTensor(0, p.dtype),
    );
    setMask(values, valid);
    return values;
  },
);

export interface BinaryFocalOptions extends CrossentropyOptions {
  /** Weigh targets of 1 with `alpha` and targets of 0 with 1 − `alpha`. Default false. */
  readonly applyClassBalancing?: boolean;
  /** Default 0.25. */
  readonly alpha?: number;
  /** How much less a sample counts that is already right. Default 2. */
  readonly gamma?: number;
}

/** Binary cross entropy in which samples that are already right count less. */
export const binaryFocalCrossentropy = named(
  'binary_focal_crossentropy',
  (yTrue: TensorLike, yPred: TensorLike, options: BinaryFocalOptions = {}): Tensor => {
    const { applyClassBalancing = false, alpha = 0.25, gamma = 2, axis = -1 } = options;
    const given = convertToTensor(yPred);
    const p = options.fromLogits ? ops.sigmoid(given) : given;
    const t = smoothBinary(convertToTensor(yTrue, p.dtype), options.labelSmoothing ?? 0);
    const opposite = subtract(1, t);
    const right = add(multiply(t, p), multiply(opposite, subtract(1, p)));
    let values = multiply(power(subtract(1, right), gamma), ops.binaryCrossentropy(t, p));
    if (applyClassBalancing) values = multiply(add(multiply(t, alpha), multiply(opposite, 1 - alpha)), values);
    return mean(values, { axis });
  },
);

export interface CategoricalFocalOptions extends CrossentropyOptions {
  /** Factor of all classes. Default 0.25. */
  readonly alpha?: number;
  /** How much less a sample counts that is already right. Default 2. */
  readonly gamma?: number;
}

/** Categorical cross entropy in which samples that are already right count less. */
export const categoricalFocalCrossentropy = named(
  'categorical_focal_crossentropy',
  (yTrue: TensorLike, yPred: TensorLike, options: CategoricalFocalOptions = {}): Tensor => {
    const { alpha = 0.25, gamma = 2, labelSmoothing = 0, axis = -1 } = options;
    const given = convertToTensor(yPred);
    const t = smoothClasses(convertToTensor(yTrue, given.dtype), labelSmoothing, axis);
    const p = options.fromLogits ? ops.softmax(given, { axis }) : given;
    const share = insideUnit(divide(p, sum(p, { axis, keepdims: true })));
    const entropy = multiply(ops.negative(t), ops.log(share));
    return sum(multiply(multiply(power(subtract(1, share), gamma), alpha), entropy), { axis });
  },
);

/** (1 − p^q) / q for the probability p of the right class: bears wrong labels. Targets are class numbers. */
export const categoricalGeneralizedCrossEntropy = named(
  'categorical_generalized_cross_entropy',
  (yTrue: TensorLike, yPred: TensorLike, q: number): Tensor => {
    const p = convertToTensor(yPred);
    let t = convertToTensor(yTrue, 'int32');
    if (t.rank === p.rank && t.shape[t.rank - 1] === 1) t = ops.squeeze(t, { axis: -1 });
    const right = sum(multiply(oneHot(t, p.shape[p.rank - 1], { dtype: p.dtype }), p), { axis: -1 });
    return divide(subtract(1, power(right, q)), q);
  },
);

const insideUnit = (p: Tensor): Tensor => ops.clip(p, epsilon(), 1 - epsilon());

export interface CrossentropyArgs extends LossArgs, CrossentropyOptions {}

/** Cross entropy of yes-or-no targets. */
export class BinaryCrossentropy extends Loss {
  readonly fromLogits: boolean;
  readonly labelSmoothing: number;
  readonly axis: number;
  constructor(args: CrossentropyArgs = {}) {
    super({ name: 'binary_crossentropy', ...args });
    this.fromLogits = args.fromLogits ?? false;
    this.labelSmoothing = args.labelSmoothing ?? 0;
    this.axis = args.axis ?? -1;
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return binaryCrossentropy(...align(yTrue, yPred), this);
  }
  override getConfig(): Record<string, unknown> {
    const { fromLogits, labelSmoothing, axis } = this;
    return { ...super.getConfig(), fromLogits, labelSmoothing, axis };
  }
}
registerSerializable('keras.losses', BinaryCrossentropy);

/** Cross entropy between distributions over classes: targets are one-hot or soft. */
export class CategoricalCrossentropy extends Loss {
  readonly fromLogits: boolean;
  readonly labelSmoothing: number;
  readonly axis: number;
  constructor(args: CrossentropyArgs = {}) {
    super({ name: 'categorical_crossentropy', ...args });
    this.fromLogits = args.fromLogits ?? false;
    this.labelSmoothing = args.labelSmoothing ?? 0;
    this.axis = args.axis ?? -1;
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return categoricalCrossentropy(...align(yTrue, yPred), this);
  }
  override getConfig(): Record<string, unknown> {
    const { fromLogits, labelSmoothing, axis } = this;
    return { ...super.getConfig(), fromLogits, labelSmoothing, axis };
  }
}
registerSerializable('keras.losses', CategoricalCrossentropy);

/** Cross entropy of class numbers. */
export class SparseCategoricalCrossentropy extends Loss {
  readonly fromLogits: boolean;
  readonly ignoreClass: number | null;
  readonly axis: number;
  constructor(args: LossArgs & SparseCrossentropyOptions = {}) {
    super({ name: 'sparse_categorical_crossentropy', ...args });
    this.fromLogits = args.fromLogits ?? false;
    this.ignoreClass = args.ignoreClass ?? null;
    this.axis = args.axis ?? -1;
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return sparseCategoricalCrossentropy(yTrue, yPred, this);
  }
  override getConfig(): Record<string, unknown> {
    const { fromLogits, ignoreClass, axis } = this;
    return { ...super.getConfig(), fromLogits, ignoreClass, axis };
  }
}
registerSerializable('keras.losses', SparseCategoricalCrossentropy);

/** Binary cross entropy for unequal classes: samples that are already right count less. */
export class BinaryFocalCrossentropy extends BinaryCrossentropy {
  readonly applyClassBalancing: boolean;
  readonly alpha: number;
  readonly gamma: number;
  constructor(args: LossArgs & BinaryFocalOptions = {}) {
    super({ name: 'binary_focal_crossentropy', ...args });
    this.applyClassBalancing = args.applyClassBalancing ?? false;
    this.alpha = args.alpha ?? 0.25;
    this.gamma = args.gamma ?? 2;
  }
  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return binaryFocalCrossentropy(...align(yTrue, yPred), this);
  }
  override getConfig(): Record<string, unknown> {
    const { applyClassBalancing, alpha, gamma } = this;
    return { ...super.getConfig(), applyClassBalancing, alpha, gamma };
  }
}
registerSerializable('keras.losses', BinaryFocalCrossentropy);

/** Categorical cross entropy for unequal classes: samples that are already right count less. */
export class CategoricalFocalCrossentropy extends CategoricalCrossentropy {
  readonly alpha: number;
  readonly gamma: number;
  constructor(args: LossArgs & CategoricalFocalOptions = {}) {
    super({ name: 'categorical_focal_crossentropy', ...args });
    this.alpha = args.alpha ?? 0.25;
    this.gamma = args.gamma ?? 2;
  }
  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return categoricalFocalCrossentropy(...align(yTrue, yPred), this);
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), alpha: this.alpha, gamma: this.gamma };
  }
}
registerSerializable('keras.losses', CategoricalFocalCrossentropy);

export interface GeneralizedCrossEntropyArgs extends LossArgs {
  /** From almost 0 (like cross entropy) to almost 1 (like absolute error, bears wrong labels). Default 0.5. */
  readonly q?: number;
}

/** Cross entropy that bears wrong labels. Targets are class numbers. */
export class CategoricalGeneralizedCrossEntropy extends Loss {
  readonly q: number;
  constructor(args: GeneralizedCrossEntropyArgs = {}) {
    super({ name: 'categorical_generalized_cross_entropy', ...args });
    this.q = args.q ?? 0.5;
    if (!(this.q > 0 && this.q < 1))
      throw new HornetError(this.name, `expected q to be between 0 and 1, received ${this.q}`);
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return categoricalGeneralizedCrossEntropy(yTrue, yPred, this.q);
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), q: this.q };
  }
}
registerSerializable('keras.losses', CategoricalGeneralizedCrossEntropy);
