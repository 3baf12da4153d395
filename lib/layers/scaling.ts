// Layers that scale: UpSampling in space, Rescaling of values.
import { checkDataFormat, type DataFormat } from '../config.js';
import { HornetError } from '../errors.js';
import { add, cast, multiply, repeat } from '../ops/index.js';
import { resizeAxis, type Interpolation } from '../ops/image/resize.js';
import { perAxis, type PerAxis } from '../ops/window.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { checkPositive } from './conv.js';
import { Layer, type Config, type LayerArgs } from './layer.js';

export interface UpSampling1DArgs extends LayerArgs {
  /** How often each step is repeated. Default 2. */
  readonly size?: number;
}

/** Repeats every time step. */
export class UpSampling1D extends Layer {
  static readonly className: string = 'UpSampling1D';
  readonly size: number;

  constructor(args: UpSampling1DArgs = {}) {
    super(args);
    this.size = args.size ?? 2;
    checkPositive('upSampling1D', 'size', this.size);
    this.inputSpec = { rank: 3 };
  }

  override call(inputs: Tensor): Tensor {
    return repeat(inputs, this.size, { axis: 1 });
  }

  override getConfig(): Config {
    return { ...super.getConfig(), size: this.size };
  }
}

export interface UpSamplingArgs extends LayerArgs {
  /** Factor along each axis. Default 2. */
  readonly size?: PerAxis;
  /** Default: `imageDataFormat()`. */
  readonly dataFormat?: DataFormat | null;
}

export interface UpSampling2DArgs extends UpSamplingArgs {
  /** Default `nearest`. */
  readonly interpolation?: Exclude<Interpolation, 'area'>;
}

abstract class UpSampling extends Layer {
  readonly size: number[];
  readonly dataFormat: DataFormat;

  constructor(rank: number, args: UpSamplingArgs) {
    super(args);
    this.size = perAxis(this.className.toLowerCase(), 'size', args.size ?? 2, rank);
    this.dataFormat = checkDataFormat(args.dataFormat, this.className.toLowerCase());
    this.inputSpec = { rank: rank + 2 };
  }

  /** Enlarges one axis after the other. */
  protected enlarge(inputs: Tensor, along: (x: Tensor, axis: number, factor: number) => Tensor): Tensor {
    const first = this.dataFormat === 'channels_last' ? 1 : 2;
    return this.size.reduce((x, factor, i) => along(x, first + i, factor), inputs);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), size: this.size, dataFormat: this.dataFormat };
  }
}

/** Enlarges images, by repetition or by interpolation. */
export class UpSampling2D extends UpSampling {
  static readonly className: string = 'UpSampling2D';
  readonly interpolation: Exclude<Interpolation, 'area'>;

  constructor(args: UpSampling2DArgs = {}) {
    super(2, args);
    this.interpolation = args.interpolation ?? 'nearest';
    const known = ['nearest', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5'];
    if (!known.includes(this.interpolation)) {
      throw new HornetError(
        'upSampling2D',
        `expected interpolation to be one of ${known.join(', ')}, received '${this.interpolation}'`,
      );
    }
  }

  override call(inputs: Tensor): Tensor {
    return this.enlarge(inputs, (x, axis, factor) =>
      this.interpolation === 'nearest'
        ? repeat(x, factor, { axis })
        : resizeAxis(x, axis, x.shape[axis] * factor, this.interpolation),
    );
  }

  override getConfig(): Config {
    return { ...super.getConfig(), interpolation: this.interpolation };
  }
}

/** Enlarges volumes by repetition. */
export class UpSampling3D extends UpSampling {
  static readonly className: string = 'UpSampling3D';
  constructor(args: UpSamplingArgs = {}) {
    super(3, args);
  }

  override call(inputs: Tensor): Tensor {
    return this.enlarge(inputs, (x, axis, factor) => repeat(x, factor, { axis }));
  }
}

export interface RescalingArgs extends LayerArgs {
  /** Summand, one for all or one per channel. Default 0. */
  readonly offset?: number | readonly number[];
}

/** `inputs · scale + offset`, e.g. `rescaling(1 / 255)`. */
export class Rescaling extends Layer {
  static readonly className: string = 'Rescaling';
  static override readonly requiredArgs: readonly string[] = ['scale'];
  readonly offset: number | readonly number[];

  constructor(
    readonly scale: number | readonly number[],
    args: RescalingArgs = {},
  ) {
    super(args);
    this.offset = args.offset ?? 0;
    this.supportsMasking = true;
    this.built = true;
  }

  override call(inputs: Tensor): Tensor {
    const dtype = this.computeDtype;
    return add(multiply(cast(inputs, dtype), cast(this.scale, dtype)), cast(this.offset, dtype));
  }

  override getConfig(): Config {
    return { ...super.getConfig(), scale: this.scale, offset: this.offset };
  }
}

for (const layer of [UpSampling1D, UpSampling2D, UpSampling3D, Rescaling]) registerSerializable('keras.layers', layer);

/** Makes an `UpSampling1D` layer. */
export const upSampling1d = (args?: UpSampling1DArgs): UpSampling1D => new UpSampling1D(args);
/** Makes an `UpSampling2D` layer. */
export const upSampling2d = (args?: UpSampling2DArgs): UpSampling2D => new UpSampling2D(args);
/** Makes an `UpSampling3D` layer. */
export const upSampling3d = (args?: UpSamplingArgs): UpSampling3D => new UpSampling3D(args);
/** Makes a `Rescaling` layer. */
export const rescaling = (scale: number | readonly number[], args?: RescalingArgs): Rescaling =>
  new Rescaling(scale, args);
