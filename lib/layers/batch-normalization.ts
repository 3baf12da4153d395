// Batch normalization. Source: Ioffe & Szegedy 2015; with `renorm`, Ioffe 2017.
import { HornetError } from '../errors.js';
import { getInitializer, type InitializerLike } from '../initializers/index.js';
import {
  add,
  batchNormalization as normalizeWith,
  batchNormalizationTrain,
  broadcastTo,
  cast,
  divide,
  expandDims,
  moments,
  multiply,
  sqrt,
  square,
  subtract,
  sum,
} from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { checkClipping, rememberRenorm, renormScale, type RenormClipping, type RenormState } from './batch-renorm.js';
import type { Shape } from './input-spec.js';
import type { CallArgs, Config } from './layer.js';
import { knownSize, ScaledNormalization, type ScaleArgs } from './scaled-normalization.js';

export interface BatchNormalizationArgs extends ScaleArgs {
  /** The axis whose features are normalized apart. Default −1. */
  readonly axis?: number;
  /** Share of the old moving statistics that each batch leaves. Default 0.99. */
  readonly momentum?: number;
  /** Added to the variance. Default 0.001. */
  readonly epsilon?: number;
  readonly movingMeanInitializer?: InitializerLike;
  readonly movingVarianceInitializer?: InitializerLike;
  /** Batch renormalization: correct the batch's statistics towards moving ones. Default false. */
  readonly renorm?: boolean;
  /** Limits of the correction. */
  readonly renormClipping?: RenormClipping | null;
  /** Share of the old renormalization statistics that each batch leaves. Default 0.99. */
  readonly renormMomentum?: number;
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
  readonly renorm: boolean;
  readonly renormClipping: RenormClipping;
  readonly renormMomentum: number;
  movingMean!: Variable;
  movingVariance!: Variable;
  private renormState: RenormState | null = null;

  constructor(args: BatchNormalizationArgs = {}) {
    super(args);
    this.axis = args.axis ?? -1;
    if (!Number.isInteger(this.axis)) {
      throw new HornetError(this.name, `expected axis to be an integer, received ${JSON.stringify(this.axis)}`);
    }
    this.momentum = args.momentum ?? 0.99;
    this.epsilon = args.epsilon ?? 0.001;
    this.movingMeanInitializer = getInitializer(args.movingMeanInitializer ?? 'zeros');
    this.movingVarianceInitializer = getInitializer(args.movingVarianceInitializer ?? 'ones');
    this.synchronized = args.synchronized ?? false;
    this.renorm = args.renorm ?? false;
    this.renormClipping = checkClipping(args.renormClipping ?? {});
    this.renormMomentum = args.renormMomentum ?? 0.99;
    if (this.renorm && this.synchronized) {
      throw new HornetError('batchNormalization', 'expected at most one of renorm and synchronized');
    }
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
    if (this.renorm) {
      const deviation: InitializerLike = (shape, dtype) => sqrt(this.movingVarianceInitializer(shape, dtype));
      this.renormState = {
        movingDeviation: this.addWeight({ name: 'moving_stddev', initializer: deviation, ...statistic }),
        mean: this.addWeight({ name: 'renorm_mean', initializer: this.movingMeanInitializer, ...statistic }),
        deviation: this.addWeight({ name: 'renorm_stddev', initializer: deviation, ...statistic }),
      };
    }
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
    // Statistics of half precision need the range of float32.
    const wide = inputs.dtype === 'float64' ? inputs : cast(inputs, 'float32');
    if (this.renormState) return cast(this.renormalized(wide, mask as Tensor | null), this.computeDtype);
    if (mask === null) {
      const [outputs, mean, variance] = batchNormalizationTrain(inputs, axis, { offset, scale, epsilon });
      this.remember(mean, variance);
      return cast(outputs, this.computeDtype);
    }
    const [mean, variance] = this.maskedMoments(wide, mask as Tensor);
    this.remember(mean, variance);
    return cast(normalizeWith(wide, mean, variance, axis, { offset, scale, epsilon }), this.computeDtype);
  }

  private renormalized(inputs: Tensor, mask: Tensor | null): Tensor {
    const { gamma, beta, epsilon, axis, renormClipping: clipping, renormMomentum, momentum } = this;
    const axes = inputs.shape.map((_, i) => i).filter((i) => i !== (axis < 0 ? axis + inputs.rank : axis));
    const [mean, variance] = mask === null ? moments(inputs, axes) : this.maskedMoments(inputs, mask);
    const state = this.renormState!;
    const { scale, offset } = renormScale(mean, variance, state, { gamma, beta, epsilon, clipping });
    rememberRenorm(mean, variance, state, {
      epsilon,
      momentum,
      renormMomentum,
      movingMean: this.movingMean,
      movingVariance: this.movingVariance,
    });
    return normalizeWith(inputs, mean, variance, axis, { offset, scale, epsilon });
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
    const { renorm, renormMomentum } = this;
    const renormClipping = renorm ? this.renormClipping : null;
    return {
      ...super.getConfig(),
      axis,
      momentum,
      epsilon,
      movingMeanInitializer,
      movingVarianceInitializer,
      synchronized,
      renorm,
      renormClipping,
      renormMomentum,
    };
  }
}
registerSerializable('keras.layers', BatchNormalization);

/** Makes a `BatchNormalization` layer. */
export const batchNormalization = (args?: BatchNormalizationArgs): BatchNormalization => new BatchNormalization(args);
