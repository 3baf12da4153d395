// Batch normalization. Source: Ioffe & Szegedy 2015.
import { getConstraint, type ConstraintLike } from '../constraints/index.js';
import { HornetError } from '../errors.js';
import { getInitializer, type InitializerLike } from '../initializers/index.js';
import {
  add,
  batchNormalization as normalizeWith,
  batchNormalizationTrain,
  cast,
  divide,
  expandDims,
  multiply,
  square,
  subtract,
  sum,
  broadcastTo,
} from '../ops/index.js';
import { getRegularizer, type RegularizerLike } from '../regularizers/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import type { Shape } from './input-spec.js';
import { Layer, type CallArgs, type Config, type LayerArgs } from './layer.js';

/** Options of the learned factor and summand of a normalization. */
export interface ScaleArgs extends LayerArgs {
  /** Add a learned summand. Default true. */
  readonly center?: boolean;
  /** Multiply with a learned factor. Default true. */
  readonly scale?: boolean;
  readonly betaInitializer?: InitializerLike;
  readonly gammaInitializer?: InitializerLike;
  readonly betaRegularizer?: RegularizerLike | null;
  readonly gammaRegularizer?: RegularizerLike | null;
  readonly betaConstraint?: ConstraintLike | null;
  readonly gammaConstraint?: ConstraintLike | null;
}

/** A normalization whose result is multiplied with `gamma` and moved by `beta`, both learned. */
export abstract class ScaledNormalization extends Layer {
  readonly center: boolean;
  readonly scale: boolean;
  readonly betaInitializer: ReturnType<typeof getInitializer>;
  readonly gammaInitializer: ReturnType<typeof getInitializer>;
  readonly betaRegularizer: ReturnType<typeof getRegularizer>;
  readonly gammaRegularizer: ReturnType<typeof getRegularizer>;
  readonly betaConstraint: ReturnType<typeof getConstraint>;
  readonly gammaConstraint: ReturnType<typeof getConstraint>;
  gamma: Variable | null = null;
  beta: Variable | null = null;

  constructor(args: ScaleArgs) {
    super(args);
    this.center = args.center ?? true;
    this.scale = args.scale ?? true;
    this.betaInitializer = getInitializer(args.betaInitializer ?? 'zeros');
    this.gammaInitializer = getInitializer(args.gammaInitializer ?? 'ones');
    this.betaRegularizer = getRegularizer(args.betaRegularizer ?? null);
    this.gammaRegularizer = getRegularizer(args.gammaRegularizer ?? null);
    this.betaConstraint = getConstraint(args.betaConstraint ?? null);
    this.gammaConstraint = getConstraint(args.gammaConstraint ?? null);
    this.supportsMasking = true;
  }

  /** Makes gamma and beta as far as they are wanted. */
  protected addScale(shape: readonly number[]): void {
    const { gammaInitializer, gammaRegularizer, gammaConstraint, betaInitializer, betaRegularizer, betaConstraint } =
      this;
    const gamma = { initializer: gammaInitializer, regularizer: gammaRegularizer, constraint: gammaConstraint };
    const beta = { initializer: betaInitializer, regularizer: betaRegularizer, constraint: betaConstraint };
    if (this.scale) this.gamma = this.addWeight({ name: 'gamma', shape, autocast: false, ...gamma });
    if (this.center) this.beta = this.addWeight({ name: 'beta', shape, autocast: false, ...beta });
  }

  override getConfig(): Config {
    const { center, scale, betaInitializer, gammaInitializer } = this;
    const { betaRegularizer, gammaRegularizer, betaConstraint, gammaConstraint } = this;
    return {
      ...super.getConfig(),
      center,
      scale,
      betaInitializer,
      gammaInitializer,
      betaRegularizer,
      gammaRegularizer,
      betaConstraint,
      gammaConstraint,
    };
  }
}

/** The known size of an axis, or an error that names it. */
export function knownSize(where: string, shape: Shape, axis: number): number {
  const size = shape.at(axis);
  if (size === null || size === undefined) {
    throw new HornetError(
      where,
      `expected axis ${axis} to have a known size, received shape [${shape.map(String).join(', ')}]`,
    );
  }
  return size;
}

export interface BatchNormalizationArgs extends ScaleArgs {
  /** The axis whose features are normalized apart. Default −1. */
  readonly axis?: number;
  /** Share of the old moving statistics that each batch leaves. Default 0.99. */
  readonly momentum?: number;
  /** Added to the variance. Default 0.001. */
  readonly epsilon?: number;
  readonly movingMeanInitializer?: InitializerLike;
  readonly movingVarianceInitializer?: InitializerLike;
  /** Not used on one device. */
  readonly synchronized?: boolean;
}

/** In training, normalizes with the batch's mean and variance and remembers their moving averages; else uses those. */
export class BatchNormalization extends ScaledNormalization {
  static readonly className: string = 'BatchNormalization';
  readonly axis: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly movingMeanInitializer: ReturnType<typeof getInitializer>;
  readonly movingVarianceInitializer: ReturnType<typeof getInitializer>;
  readonly synchronized: boolean;
  movingMean!: Variable;
  movingVariance!: Variable;

  constructor(args: BatchNormalizationArgs = {}) {
    super(args);
    this.axis = args.axis ?? -1;
    this.momentum = args.momentum ?? 0.99;
    this.epsilon = args.epsilon ?? 0.001;
    this.movingMeanInitializer = getInitializer(args.movingMeanInitializer ?? 'zeros');
    this.movingVarianceInitializer = getInitializer(args.movingVarianceInitializer ?? 'ones');
    this.synchronized = args.synchronized ?? false;
  }

  override build(inputShape: Shape): void {
    const size = knownSize(this.name, inputShape, this.axis);
    this.addScale([size]);
    const statistic = { shape: [size], trainable: false, autocast: false };
    this.movingMean = this.addWeight({ name: 'moving_mean', initializer: this.movingMeanInitializer, ...statistic });
    this.movingVariance = this.addWeight({
      name: 'moving_variance',
      initializer: this.movingVarianceInitializer,
      ...statistic,
    });
    this.inputSpec = { rank: inputShape.length, axes: { [this.axis]: size } };
  }

  override call(inputs: Tensor, { training, mask }: CallArgs): Tensor {
    if (mask !== null && (mask as Tensor).rank !== inputs.rank - 1) {
      const shape = (mask as Tensor).shape;
      throw new HornetError(this.name, `expected a mask of shape [${inputs.shape.slice(0, -1)}], received [${shape}]`);
    }
    const { gamma: scale, beta: offset, epsilon, axis } = this;
    if (!training || !this.trainable) {
      const outputs = normalizeWith(inputs, this.movingMean, this.movingVariance, axis, { offset, scale, epsilon });
      return cast(outputs, this.computeDtype);
    }
    if (mask === null) {
      const [outputs, mean, variance] = batchNormalizationTrain(inputs, axis, { offset, scale, epsilon });
      this.remember(mean, variance);
      return cast(outputs, this.computeDtype);
    }
    const [mean, variance] = this.maskedMoments(inputs, mask as Tensor);
    this.remember(mean, variance);
    return cast(normalizeWith(inputs, mean, variance, axis, { offset, scale, epsilon }), this.computeDtype);
  }

  private remember(mean: Tensor, variance: Tensor): void {
    for (const [moving, latest] of [
      [this.movingMean, mean],
      [this.movingVariance, variance],
    ] as const) {
      const old = multiply(moving, this.momentum);
      moving.assign(add(old, multiply(cast(latest, moving.dtype), 1 - this.momentum)));
    }
  }

  /** Mean and variance over what the mask lets count. */
  private maskedMoments(inputs: Tensor, mask: Tensor): [Tensor, Tensor] {
    const axis = this.axis < 0 ? this.axis + inputs.rank : this.axis;
    const axes = inputs.shape.map((_, i) => i).filter((i) => i !== axis);
    const weights = broadcastTo(expandDims(cast(mask, inputs.dtype), -1), inputs.shape);
    const count = add(sum(weights, { axis: axes, keepdims: true }), 1e-7);
    const mean = divide(sum(multiply(inputs, weights), { axis: axes, keepdims: true }), count);
    const squares = multiply(weights, square(subtract(inputs, mean)));
    const variance = divide(sum(squares, { axis: axes }), sum(count, { axis: axes }));
    return [sum(mean, { axis: axes }), variance];
  }

  override getConfig(): Config {
    const { axis, momentum, epsilon, movingMeanInitializer, movingVarianceInitializer, synchronized } = this;
    return {
      ...super.getConfig(),
      axis,
      momentum,
      epsilon,
      movingMeanInitializer,
      movingVarianceInitializer,
      synchronized,
    };
  }
}
registerSerializable('keras.layers', BatchNormalization);

/** Makes a `BatchNormalization` layer. */
export const batchNormalization = (args?: BatchNormalizationArgs): BatchNormalization => new BatchNormalization(args);
