// Activations as layers with options or weights of their own.
import { elu, leakyRelu, relu, softmax } from '../activations/index.js';
import { getConstraint, type ConstraintLike } from '../constraints/index.js';
import { HornetError } from '../errors.js';
import { normalizeAxis } from '../ops/axes.js';
import { getInitializer, type InitializerLike } from '../initializers/index.js';
import { add, cast, multiply, negative, relu as reluOp, subtract, where } from '../ops/index.js';
import { getRegularizer, type RegularizerLike } from '../regularizers/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import type { Shape } from './input-spec.js';
import { Layer, type CallArgs, type Config, type LayerArgs } from './layer.js';

export interface ReLUArgs extends LayerArgs {
  /** Upper limit. Default none. */
  readonly maxValue?: number | null;
  /** Slope below the threshold. Default 0. */
  readonly negativeSlope?: number;
  /** Where the activation begins. Default 0. */
  readonly threshold?: number;
}

function checkNotNegative(where: string, name: string, value: number): void {
  if (value === null || !(value >= 0)) {
    throw new HornetError(where, `expected ${name} to be at least 0, received ${String(value)}`);
  }
}

/** `max(x, 0)`, with optional slope, threshold and limit. */
export class ReLU extends Layer {
  static readonly className: string = 'ReLU';
  readonly maxValue: number | null;
  readonly negativeSlope: number;
  readonly threshold: number;

  constructor(args: ReLUArgs = {}) {
    super(args);
    const { maxValue = null, negativeSlope = 0, threshold = 0 } = args;
    checkNotNegative('reLU', 'negativeSlope', negativeSlope);
    checkNotNegative('reLU', 'threshold', threshold);
    if (maxValue !== null) checkNotNegative('reLU', 'maxValue', maxValue);
    this.maxValue = maxValue;
    this.negativeSlope = negativeSlope;
    this.threshold = threshold;
    this.supportsMasking = true;
    this.built = true;
  }

  override call(inputs: Tensor): Tensor {
    const { maxValue, negativeSlope, threshold } = this;
    return relu(inputs, { maxValue, negativeSlope, threshold });
  }

  override getConfig(): Config {
    const { maxValue, negativeSlope, threshold } = this;
    return { ...super.getConfig(), maxValue, negativeSlope, threshold };
  }
}

export interface LeakyReLUArgs extends LayerArgs {
  /** Slope below zero. Default 0.3. */
  readonly negativeSlope?: number;
}

/** `x` above zero, `negativeSlope · x` below. */
export class LeakyReLU extends Layer {
  static readonly className: string = 'LeakyReLU';
  readonly negativeSlope: number;

  constructor(args: LeakyReLUArgs = {}) {
    super(args);
    const { negativeSlope = 0.3 } = args;
    this.negativeSlope = negativeSlope;
    checkNotNegative('leakyReLU', 'negativeSlope', this.negativeSlope);
    this.supportsMasking = true;
    this.built = true;
  }

  override call(inputs: Tensor): Tensor {
    return leakyRelu(inputs, { negativeSlope: this.negativeSlope });
  }

  override getConfig(): Config {
    return { ...super.getConfig(), negativeSlope: this.negativeSlope };
  }
}

export interface ELUArgs extends LayerArgs {
  /** Scale below zero. Default 1. */
  readonly alpha?: number;
}

/** `x` above zero, `alpha · (eˣ − 1)` below. */
export class ELU extends Layer {
  static readonly className: string = 'ELU';
  readonly alpha: number;

  constructor(args: ELUArgs = {}) {
    super(args);
    this.alpha = args.alpha ?? 1;
    this.supportsMasking = true;
    this.built = true;
  }

  override call(inputs: Tensor): Tensor {
    return elu(inputs, { alpha: this.alpha });
  }

  override getConfig(): Config {
    return { ...super.getConfig(), alpha: this.alpha };
  }
}

export interface PReLUArgs extends LayerArgs {
  /** Default `zeros`. */
  readonly alphaInitializer?: InitializerLike;
  readonly alphaRegularizer?: RegularizerLike | null;
  readonly alphaConstraint?: ConstraintLike | null;
  /** Axes (from 1) along which the slope is shared. */
  readonly sharedAxes?: number | readonly number[] | null;
}

/** A leaky ReLU whose slopes are learned, one per element of a sample. */
export class PReLU extends Layer {
  static readonly className: string = 'PReLU';
  readonly alphaInitializer: ReturnType<typeof getInitializer>;
  readonly alphaRegularizer: ReturnType<typeof getRegularizer>;
  readonly alphaConstraint: ReturnType<typeof getConstraint>;
  readonly sharedAxes: readonly number[] | null;
  alpha!: Variable;

  constructor(args: PReLUArgs = {}) {
    super(args);
    this.alphaInitializer = getInitializer(args.alphaInitializer ?? 'zeros');
    this.alphaRegularizer = getRegularizer(args.alphaRegularizer ?? null);
    this.alphaConstraint = getConstraint(args.alphaConstraint ?? null);
    const { sharedAxes = null } = args;
    this.sharedAxes = typeof sharedAxes === 'number' ? [sharedAxes] : sharedAxes;
    this.supportsMasking = true;
  }

  override build(inputShape: Shape): void {
    const sample = inputShape.slice(1);
    // Axes of the input count from the batch; what lies before the sample counts from its end, as in Keras.
    const shared = (this.sharedAxes ?? []).map((axis) => normalizeAxis(this.name, axis - 1, sample.length));
    this.alpha = this.addWeight({
      name: 'alpha',
      shape: sample.map((dim, i) => (shared.includes(i) ? 1 : dim)),
      initializer: this.alphaInitializer,
      regularizer: this.alphaRegularizer,
      constraint: this.alphaConstraint,
    });
  }

  override call(inputs: Tensor): Tensor {
    return add(reluOp(inputs), multiply(negative(this.alpha), reluOp(negative(inputs))));
  }

  override getConfig(): Config {
    const { alphaInitializer, alphaRegularizer, alphaConstraint, sharedAxes } = this;
    return { ...super.getConfig(), alphaInitializer, alphaRegularizer, alphaConstraint, sharedAxes };
  }
}

export interface SoftmaxArgs extends LayerArgs {
  /** The axis, or several, whose elements sum to one. Default −1. */
  readonly axis?: number | readonly number[];
}

/** Softmax over one or several axes; what the mask leaves out gets nothing. */
export class Softmax extends Layer {
  static readonly className: string = 'Softmax';
  readonly axis: number | readonly number[];

  constructor(args: SoftmaxArgs = {}) {
    super(args);
    this.axis = args.axis ?? -1;
    this.supportsMasking = true;
    this.built = true;
  }

  override call(inputs: Tensor, options: CallArgs): Tensor {
    const mask = options.mask as Tensor | null;
    if (mask === null) return this.probabilities(inputs);
    const fits =
      mask.rank <= inputs.rank &&
      mask.shape.every((dim, i) => dim === 1 || dim === inputs.shape[i + inputs.rank - mask.rank]);
    if (!fits) {
      throw new HornetError(
        this.name,
        `expected a mask that broadcasts to [${inputs.shape}], received shape [${mask.shape}]`,
      );
    }
    const lowest = inputs.dtype === 'float16' ? -3e4 : -1e9;
    const keep = cast(mask, inputs.dtype);
    const shifted = add(inputs, multiply(subtract(1, keep), lowest));
    const probabilities = this.probabilities(shifted);
    return where(cast(mask, 'bool'), probabilities, multiply(probabilities, 0));
  }

  private probabilities(inputs: Tensor): Tensor {
    return softmax(inputs, { axis: this.axis });
  }

  override getConfig(): Config {
    return { ...super.getConfig(), axis: this.axis };
  }
}

for (const layer of [ReLU, LeakyReLU, ELU, PReLU, Softmax]) registerSerializable('keras.layers', layer);

/** Makes a `ReLU` layer. */
export const reLU = (args?: ReLUArgs): ReLU => new ReLU(args);
/** Makes a `LeakyReLU` layer. */
export const leakyReLU = (args?: LeakyReLUArgs): LeakyReLU => new LeakyReLU(args);
/** Makes an `ELU` layer. */
export const eLU = (args?: ELUArgs): ELU => new ELU(args);
/** Makes a `PReLU` layer. */
export const pReLU = (args?: PReLUArgs): PReLU => new PReLU(args);
/** Makes a `Softmax` layer. */
export const softmaxLayer = (args?: SoftmaxArgs): Softmax => new Softmax(args);
