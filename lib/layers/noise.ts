// Layers that add noise or drop, in training only.
import { checkDataFormat } from '../config.js';
import { HornetError } from '../errors.js';
import { add, cast, lessEqual, multiply, where } from '../ops/index.js';
import { dropout as dropoutOp, normal, SeedGenerator, uniform } from '../random.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { Layer, type CallArgs, type Config, type LayerArgs } from './layer.js';

export interface NoiseArgs extends LayerArgs {
  /** Default: from the global seed. */
  readonly seed?: number | null;
}

/** Throws unless a rate is within [0, 1]. */
export function checkRate(where: string, rate: number, name = 'rate'): void {
  if (!(rate >= 0 && rate <= 1))
    throw new HornetError(where, `expected ${name} to be between 0 and 1, received ${String(rate)}`);
}

/** A layer with random numbers of its own that does nothing outside of training. */
abstract class NoiseLayer extends Layer {
  readonly seed: number | null;
  protected readonly seedGenerator: SeedGenerator;

  constructor(args: NoiseArgs) {
    super(args);
    this.seed = args.seed ?? null;
    this.seedGenerator = new SeedGenerator(this.seed);
    this.supportsMasking = true;
    this.built = true;
  }

  protected abstract disturb(inputs: Tensor): Tensor;

  override call(inputs: Tensor, { training }: CallArgs): Tensor {
    return training ? this.disturb(inputs) : inputs;
  }

  override getConfig(): Config {
    return { ...super.getConfig(), seed: this.seed };
  }
}

abstract class RateLayer extends NoiseLayer {
  static override readonly requiredArgs: readonly string[] = ['rate'];

  constructor(
    /** Share of elements that are dropped. */
    readonly rate: number,
    args: NoiseArgs,
  ) {
    super(args);
    checkRate(this.className.toLowerCase(), rate);
  }

  override call(inputs: Tensor, options: CallArgs): Tensor {
    return this.rate > 0 ? super.call(inputs, options) : inputs;
  }

  override getConfig(): Config {
    return { ...super.getConfig(), rate: this.rate };
  }
}

function checkNoiseShape(where: string, shape: readonly (number | null)[] | null): readonly (number | null)[] | null {
  const valid = (dim: unknown): boolean => dim === null || (Number.isInteger(dim) && (dim as number) > 0);
  if (shape !== null && !(Array.isArray(shape) && shape.every(valid))) {
    const wanted = 'expected noiseShape to hold positive integers or null';
    throw new HornetError(where, `${wanted}, received ${JSON.stringify(shape)}`);
  }
  return shape;
}

export interface DropoutArgs extends NoiseArgs {
  /** Shape of the drop pattern, sizes 1 (or null for the input's own) repeat it. Default: the input's. */
  readonly noiseShape?: readonly (number | null)[] | null;
}

/** Drops elements at random and scales the others up, so that the expected sum stays. */
export class Dropout extends RateLayer {
  static readonly className: string = 'Dropout';
  readonly noiseShape: readonly (number | null)[] | null;

  constructor(rate: number, args: DropoutArgs = {}) {
    super(rate, args);
    this.noiseShape = checkNoiseShape('dropout', args.noiseShape ?? null);
  }

  protected disturb(inputs: Tensor): Tensor {
    const noiseShape = this.noiseShape?.map((dim, i) => dim ?? inputs.shape[i]) ?? null;
    return dropoutOp(inputs, this.rate, { noiseShape, seed: this.seedGenerator });
  }

  override getConfig(): Config {
    return { ...super.getConfig(), noiseShape: this.noiseShape };
  }
}

export interface SpatialDropoutArgs extends NoiseArgs {
  /** Default `channels_last`. */
  readonly dataFormat?: 'channels_last' | 'channels_first' | null;
}

/** Drops whole feature maps. */
abstract class SpatialDropout extends RateLayer {
  readonly dataFormat: 'channels_last' | 'channels_first';

  constructor(rank: number, rate: number, args: SpatialDropoutArgs) {
    super(rate, args);
    this.dataFormat = checkDataFormat(args.dataFormat, this.name);
    this.inputSpec = { rank: rank + 2 };
  }

  protected disturb(inputs: Tensor): Tensor {
    const channels = this.dataFormat === 'channels_last' ? inputs.rank - 1 : 1;
    const noiseShape = inputs.shape.map((dim, axis) => (axis === 0 || axis === channels ? dim : 1));
    return dropoutOp(inputs, this.rate, { noiseShape, seed: this.seedGenerator });
  }

  override getConfig(): Config {
    // The constructors of Keras's take no `trainable`.
    const { trainable: _, ...config } = super.getConfig();
    return config;
  }
}

/** Drops whole channels of sequences. */
export class SpatialDropout1D extends SpatialDropout {
  static readonly className: string = 'SpatialDropout1D';
  constructor(rate: number, args: NoiseArgs = {}) {
    super(1, rate, args);
  }
}
/** Drops whole channels of images. */
export class SpatialDropout2D extends SpatialDropout {
  static readonly className: string = 'SpatialDropout2D';
  constructor(rate: number, args: SpatialDropoutArgs = {}) {
    super(2, rate, args);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), dataFormat: this.dataFormat };
  }
}
/** Drops whole channels of volumes. */
export class SpatialDropout3D extends SpatialDropout {
  static readonly className: string = 'SpatialDropout3D';
  constructor(rate: number, args: SpatialDropoutArgs = {}) {
    super(3, rate, args);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), dataFormat: this.dataFormat };
  }
}

/** Multiplies by normal noise of mean 1 and variance rate / (1 − rate). Source: Srivastava et al. 2014. */
export class GaussianDropout extends RateLayer {
  static readonly className: string = 'GaussianDropout';
  constructor(rate: number, args: NoiseArgs = {}) {
    super(rate, args);
  }

  protected disturb(inputs: Tensor): Tensor {
    const stddev = Math.sqrt(this.rate / (1 - this.rate));
    return multiply(inputs, normal(inputs.shape, { mean: 1, stddev, dtype: inputs.dtype, seed: this.seedGenerator }));
  }
}

/** Adds normal noise. */
export class GaussianNoise extends NoiseLayer {
  static readonly className: string = 'GaussianNoise';
  static override readonly requiredArgs: readonly string[] = ['stddev'];

  constructor(
    readonly stddev: number,
    args: NoiseArgs = {},
  ) {
    super(args);
    if (!(stddev >= 0 && stddev <= 1)) {
      throw new HornetError('gaussianNoise', `expected stddev to be between 0 and 1, received ${String(stddev)}`);
    }
  }

  protected disturb(inputs: Tensor): Tensor {
    if (this.stddev === 0) return inputs;
    return add(inputs, normal(inputs.shape, { stddev: this.stddev, dtype: inputs.dtype, seed: this.seedGenerator }));
  }

  override getConfig(): Config {
    return { ...super.getConfig(), stddev: this.stddev };
  }
}

/** Dropout for SELU networks: mean and variance stay as they were. Source: Klambauer et al. 2017. */
export class AlphaDropout extends RateLayer {
  static readonly className: string = 'AlphaDropout';
  readonly noiseShape: readonly (number | null)[] | null;

  constructor(rate: number, args: DropoutArgs = {}) {
    super(rate, args);
    this.noiseShape = args.noiseShape ?? null;
  }

  protected disturb(inputs: Tensor): Tensor {
    const saturation = -1.6732632423543772 * 1.0507009873554805;
    const scale = ((1 - this.rate) * (1 + this.rate * saturation ** 2)) ** -0.5;
    const shift = -scale * saturation * this.rate;
    const shape = this.noiseShape?.map((dim, i) => dim ?? inputs.shape[i]) ?? inputs.shape;
    const dropped = lessEqual(uniform(shape, { seed: this.seedGenerator }), this.rate);
    return add(multiply(where(dropped, cast(saturation, inputs.dtype), inputs), scale), shift);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), noiseShape: this.noiseShape };
  }
}

const layers = [
  Dropout,
  SpatialDropout1D,
  SpatialDropout2D,
  SpatialDropout3D,
  GaussianDropout,
  GaussianNoise,
  AlphaDropout,
];
for (const layer of layers) registerSerializable('keras.layers', layer);

/** Makes a `Dropout` layer. */
export const dropout = (rate: number, args?: DropoutArgs): Dropout => new Dropout(rate, args);
/** Makes a `SpatialDropout1D` layer. */
export const spatialDropout1d = (rate: number, args?: NoiseArgs): SpatialDropout1D => new SpatialDropout1D(rate, args);
/** Makes a `SpatialDropout2D` layer. */
export const spatialDropout2d = (rate: number, args?: SpatialDropoutArgs): SpatialDropout2D =>
  new SpatialDropout2D(rate, args);
/** Makes a `SpatialDropout3D` layer. */
export const spatialDropout3d = (rate: number, args?: SpatialDropoutArgs): SpatialDropout3D =>
  new SpatialDropout3D(rate, args);
/** Makes a `GaussianDropout` layer. */
export const gaussianDropout = (rate: number, args?: NoiseArgs): GaussianDropout => new GaussianDropout(rate, args);
/** Makes a `GaussianNoise` layer. */
export const gaussianNoise = (stddev: number, args?: NoiseArgs): GaussianNoise => new GaussianNoise(stddev, args);
/** Makes an `AlphaDropout` layer. */
export const alphaDropout = (rate: number, args?: DropoutArgs): AlphaDropout => new AlphaDropout(rate, args);
