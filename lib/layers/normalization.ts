// Normalizations within a sample: layer, group, RMS and unit norm. Batch normalization has a file of its own.
import { getInitializer } from '../initializers/index.js';
import { HornetError } from '../errors.js';
import {
  add,
  cast,
  layerNormalization as layerNorm,
  moments,
  multiply,
  normalize,
  reshape,
  rmsNormalization as rmsNorm,
  rsqrt,
  subtract,
} from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { checkPositive } from './conv.js';
import type { Shape } from './input-spec.js';
import { Layer, type Config, type LayerArgs } from './layer.js';
import { knownSize, ScaledNormalization, type ScaleArgs } from './scaled-normalization.js';

type Axis = number | readonly number[];
const axisList = (axis: Axis): readonly number[] => (typeof axis === 'number' ? [axis] : axis);

function checkAxis(where: string, axis: Axis): void {
  const list: unknown = axisList(axis);
  if (!Array.isArray(list) || !list.every(Number.isInteger)) {
    throw new HornetError(where, `expected axis to be an integer or several, received ${JSON.stringify(axis)}`);
  }
}

export interface LayerNormalizationArgs extends ScaleArgs {
  /** Axis or axes to normalize over. Default −1. */
  readonly axis?: Axis;
  /** Added to the variance. Default 0.001. */
  readonly epsilon?: number;
  /** Only scale by the root of the variance, as Keras 2 models may ask. Default false. */
  readonly rmsScaling?: boolean;
}

/** Normalizes each sample over its features. Source: Ba et al. 2016. */
export class LayerNormalization extends ScaledNormalization {
  static readonly className: string = 'LayerNormalization';
  readonly axis: Axis;
  readonly epsilon: number;
  readonly rmsScaling: boolean;

  constructor(args: LayerNormalizationArgs = {}) {
    // Scaling by the root mean square alone knows no summand.
    super(args.rmsScaling ? { ...args, center: false, scale: true } : args);
    this.axis = args.axis ?? -1;
    this.epsilon = args.epsilon ?? 0.001;
    this.rmsScaling = args.rmsScaling ?? false;
    checkAxis('layerNormalization', this.axis);
  }

  override build(inputShape: Shape): void {
    this.addScale(axisList(this.axis).map((axis) => knownSize(this.name, inputShape, axis)));
  }

  override call(inputs: Tensor): Tensor {
    const { gamma, beta, axis, epsilon } = this;
    if (this.rmsScaling) return cast(this.scaledByDeviation(inputs), this.computeDtype);
    return cast(layerNorm(inputs, { gamma, beta, axis, epsilon }), this.computeDtype);
  }

  /** The inputs, not centered, over the root of their variance. */
  private scaledByDeviation(inputs: Tensor): Tensor {
    const axes = axisList(this.axis).map((axis) => (axis < 0 ? axis + inputs.rank : axis));
    const [, variance] = moments(cast(inputs, 'float32'), axes, { keepdims: true });
    const shape = inputs.shape.map((dim, i) => (axes.includes(i) ? dim : 1));
    const scale = multiply(rsqrt(add(variance, this.epsilon)), reshape(this.gamma!, shape));
    return multiply(cast(inputs, 'float32'), scale);
  }

  override getConfig(): Config {
    const { axis, epsilon, rmsScaling } = this;
    return { ...super.getConfig(), axis, epsilon, ...(rmsScaling ? { rmsScaling } : {}) };
  }
}

export interface GroupNormalizationArgs extends ScaleArgs {
  /** Number of groups of channels; −1: one per channel. Default 32. */
  readonly groups?: number;
  /** The channel axis. Default −1. */
  readonly axis?: number;
  /** Added to the variance. Default 0.001. */
  readonly epsilon?: number;
}

/** Normalizes each sample over groups of channels. Source: Wu & He 2018. */
export class GroupNormalization extends ScaledNormalization {
  static readonly className: string = 'GroupNormalization';
  groups: number;
  readonly axis: number;
  readonly epsilon: number;

  constructor(args: GroupNormalizationArgs = {}) {
    super(args);
    this.groups = args.groups ?? 32;
    this.axis = args.axis ?? -1;
    this.epsilon = args.epsilon ?? 0.001;
    // Large half precision inputs must not overflow before the statistics are computed.
    this.autocast = false;
    if (this.groups !== -1) checkPositive('groupNormalization', 'groups', this.groups);
  }

  override build(inputShape: Shape): void {
    const channels = knownSize(this.name, inputShape, this.axis);
    if (this.groups === -1) this.groups = channels;
    if (channels % this.groups !== 0) {
      throw new HornetError(this.name, `expected groups to divide the ${channels} channels, received ${this.groups}`);
    }
    this.addScale([channels]);
    this.inputSpec = { rank: inputShape.length, axes: { [this.axis]: channels } };
  }

  override call(inputs: Tensor): Tensor {
    const { shape, rank } = inputs;
    const axis = this.axis < 0 ? this.axis + rank : this.axis;
    const grouped = [...shape.slice(0, axis), this.groups, shape[axis] / this.groups, ...shape.slice(axis + 1)];
    const wide = cast(reshape(inputs, grouped), inputs.dtype === 'float64' ? 'float64' : 'float32');
    const axes = grouped.map((_, i) => i).filter((i) => i !== 0 && i !== axis);
    const [mean, variance] = moments(wide, axes, { keepdims: true });
    let outputs = reshape(multiply(subtract(wide, mean), rsqrt(add(variance, this.epsilon))), shape);
    const channel = shape.map((dim, i) => (i === axis ? dim : 1));
    if (this.gamma) outputs = multiply(outputs, reshape(this.gamma, channel));
    if (this.beta) outputs = add(outputs, reshape(this.beta, channel));
    return cast(outputs, this.computeDtype);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), groups: this.groups, axis: this.axis, epsilon: this.epsilon };
  }
}

export interface RMSNormalizationArgs extends LayerArgs {
  /** Axis or axes to normalize over. Default −1. */
  readonly axis?: Axis;
  /** Added to the mean square. Default 1e-6. */
  readonly epsilon?: number;
}

/** Divides by the root of the mean square, then multiplies with a learned factor. Source: Zhang & Sennrich 2019. */
export class RMSNormalization extends Layer {
  static readonly className: string = 'RMSNormalization';
  readonly axis: Axis;
  readonly epsilon: number;
  scale!: Variable;

  constructor(args: RMSNormalizationArgs = {}) {
    super(args);
    this.axis = args.axis ?? -1;
    this.epsilon = args.epsilon ?? 1e-6;
  }

  override build(inputShape: Shape): void {
    const shape = axisList(this.axis).map((axis) => knownSize(this.name, inputShape, axis));
    this.scale = this.addWeight({ name: 'scale', shape, initializer: getInitializer('ones'), autocast: false });
  }

  override call(inputs: Tensor): Tensor {
    const { scale, axis, epsilon } = this;
    return cast(rmsNorm(inputs, { scale, axis, epsilon }), this.computeDtype);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), axis: this.axis, epsilon: this.epsilon };
  }
}

export interface UnitNormalizationArgs extends LayerArgs {
  /** Axis or axes to normalize over. Default −1. */
  readonly axis?: Axis;
}

/** Scales each sample to an L2 norm of one. */
export class UnitNormalization extends Layer {
  static readonly className: string = 'UnitNormalization';
  readonly axis: Axis;

  constructor(args: UnitNormalizationArgs = {}) {
    super(args);
    this.axis = args.axis ?? -1;
    checkAxis('unitNormalization', this.axis);
    this.supportsMasking = true;
    this.built = true;
  }

  override call(inputs: Tensor): Tensor {
    return normalize(inputs, { axis: this.axis, order: 2, epsilon: 1e-12 });
  }

  override getConfig(): Config {
    return { ...super.getConfig(), axis: this.axis };
  }
}

for (const layer of [LayerNormalization, GroupNormalization, RMSNormalization, UnitNormalization]) {
  registerSerializable('keras.layers', layer);
}

/** Makes a `LayerNormalization` layer. */
export const layerNormalization = (args?: LayerNormalizationArgs): LayerNormalization => new LayerNormalization(args);
/** Makes a `GroupNormalization` layer. */
export const groupNormalization = (args?: GroupNormalizationArgs): GroupNormalization => new GroupNormalization(args);
/** Makes an `RMSNormalization` layer. */
export const rmsNormalization = (args?: RMSNormalizationArgs): RMSNormalization => new RMSNormalization(args);
/** Makes a `UnitNormalization` layer. */
export const unitNormalization = (args?: UnitNormalizationArgs): UnitNormalization => new UnitNormalization(args);
