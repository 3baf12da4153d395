// Pooling layers: the largest or the mean of windows, or of whole feature maps.
import { checkDataFormat, type DataFormat } from '../config.js';
import { HornetError } from '../errors.js';
import { averagePool, cast, divide, expandDims, max, maxPool, mean, multiply, sum } from '../ops/index.js';
import { perAxis, type PerAxis } from '../ops/window.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { Layer, type CallArgs, type Config, type LayerArgs, type Mask } from './layer.js';

export interface PoolingArgs extends LayerArgs {
  /** Steps between windows. Default: the pool size. */
  readonly strides?: PerAxis | null;
  /** Default `valid`. */
  readonly padding?: 'valid' | 'same';
  /** Default: `imageDataFormat()`. */
  readonly dataFormat?: DataFormat | null;
}

export interface SizedPoolingArgs extends PoolingArgs {
  /** Size of the windows. Default 2. */
  readonly poolSize?: PerAxis;
}

type PoolFunction = typeof maxPool;

abstract class Pooling extends Layer {
  readonly poolSize: number[];
  readonly strides: number[];
  readonly padding: 'valid' | 'same';
  readonly dataFormat: DataFormat;

  constructor(
    rank: number,
    private readonly pool: PoolFunction,
    args: SizedPoolingArgs,
  ) {
    super(args);
    const where = this.className.toLowerCase();
    this.poolSize = perAxis(where, 'poolSize', args.poolSize ?? 2, rank);
    this.strides = perAxis(where, 'strides', args.strides ?? this.poolSize, rank);
    this.padding = args.padding ?? 'valid';
    this.dataFormat = checkDataFormat(args.dataFormat, where);
    if (!['valid', 'same'].includes(this.padding)) {
      throw new HornetError(where, `expected padding to be 'valid' or 'same', received '${this.padding}'`);
    }
    this.inputSpec = { rank: rank + 2 };
  }

  override call(inputs: Tensor): Tensor {
    const { poolSize, strides, padding, dataFormat } = this;
    return this.pool(inputs, poolSize, { strides, padding, dataFormat });
  }

  override getConfig(): Config {
    const { poolSize, strides, padding, dataFormat } = this;
    return { ...super.getConfig(), poolSize, strides, padding, dataFormat };
  }
}

/** Pools feature maps to one number each. */
abstract class GlobalPooling extends Layer {
  readonly dataFormat: DataFormat;
  readonly keepdims: boolean;

  constructor(
    private readonly spatialRank: number,
    private readonly reduce: typeof max | typeof mean,
    args: GlobalPoolingArgs,
  ) {
    super(args);
    this.dataFormat = checkDataFormat(args.dataFormat, this.className.toLowerCase());
    this.keepdims = args.keepdims ?? false;
    this.inputSpec = { rank: spatialRank + 2 };
  }

  override call(inputs: Tensor, _options?: CallArgs): Tensor {
    return this.reduce(inputs, { axis: this.spatialAxes, keepdims: this.keepdims });
  }

  protected get spatialAxes(): number[] {
    const first = this.dataFormat === 'channels_last' ? 1 : 2;
    return Array.from({ length: this.spatialRank }, (_, i) => first + i);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), dataFormat: this.dataFormat, keepdims: this.keepdims };
  }
}

export interface GlobalPoolingArgs extends LayerArgs {
  readonly dataFormat?: DataFormat | null;
  /** Keep the pooled axes with size one. Default false. */
  readonly keepdims?: boolean;
}

/** The largest element of windows over one axis. */
export class MaxPooling1D extends Pooling {
  static readonly className: string = 'MaxPooling1D';
  constructor(args: SizedPoolingArgs = {}) {
    super(1, maxPool, args);
  }
}
/** The largest element of windows over images. */
export class MaxPooling2D extends Pooling {
  static readonly className: string = 'MaxPooling2D';
  constructor(args: SizedPoolingArgs = {}) {
    super(2, maxPool, args);
  }
}
/** The largest element of windows over volumes. */
export class MaxPooling3D extends Pooling {
  static readonly className: string = 'MaxPooling3D';
  constructor(args: SizedPoolingArgs = {}) {
    super(3, maxPool, args);
  }
}
/** The mean of windows over one axis. */
export class AveragePooling1D extends Pooling {
  static readonly className: string = 'AveragePooling1D';
  constructor(args: SizedPoolingArgs = {}) {
    super(1, averagePool, args);
  }
}
/** The mean of windows over images. */
export class AveragePooling2D extends Pooling {
  static readonly className: string = 'AveragePooling2D';
  constructor(args: SizedPoolingArgs = {}) {
    super(2, averagePool, args);
  }
}
/** The mean of windows over volumes. */
export class AveragePooling3D extends Pooling {
  static readonly className: string = 'AveragePooling3D';
  constructor(args: SizedPoolingArgs = {}) {
    super(3, averagePool, args);
  }
}

/** The largest element over time. */
export class GlobalMaxPooling1D extends GlobalPooling {
  static readonly className: string = 'GlobalMaxPooling1D';
  constructor(args: GlobalPoolingArgs = {}) {
    super(1, max, args);
  }
}
/** The largest element of each feature map. */
export class GlobalMaxPooling2D extends GlobalPooling {
  static readonly className: string = 'GlobalMaxPooling2D';
  constructor(args: GlobalPoolingArgs = {}) {
    super(2, max, args);
  }
}
/** The largest element of each volume. */
export class GlobalMaxPooling3D extends GlobalPooling {
  static readonly className: string = 'GlobalMaxPooling3D';
  constructor(args: GlobalPoolingArgs = {}) {
    super(3, max, args);
  }
}
/** The mean over time; steps that a mask leaves out do not count. */
export class GlobalAveragePooling1D extends GlobalPooling {
  static readonly className: string = 'GlobalAveragePooling1D';
  constructor(args: GlobalPoolingArgs = {}) {
    super(1, mean, args);
    this.supportsMasking = true;
  }

  override call(inputs: Tensor, options: CallArgs): Tensor {
    const mask = options.mask as Tensor | null;
    if (mask === null) return super.call(inputs);
    const [axis] = this.spatialAxes;
    const weights = expandDims(cast(mask, inputs.dtype), this.dataFormat === 'channels_last' ? 2 : 1);
    const { keepdims } = this;
    return divide(sum(multiply(inputs, weights), { axis, keepdims }), sum(weights, { axis, keepdims }));
  }

  override computeMask(): Mask {
    return null;
  }
}
/** The mean of each feature map. */
export class GlobalAveragePooling2D extends GlobalPooling {
  static readonly className: string = 'GlobalAveragePooling2D';
  constructor(args: GlobalPoolingArgs = {}) {
    super(2, mean, args);
  }
}
/** The mean of each volume. */
export class GlobalAveragePooling3D extends GlobalPooling {
  static readonly className: string = 'GlobalAveragePooling3D';
  constructor(args: GlobalPoolingArgs = {}) {
    super(3, mean, args);
  }
}

const windowed = [MaxPooling1D, MaxPooling2D, MaxPooling3D, AveragePooling1D, AveragePooling2D, AveragePooling3D];
const global = [
  GlobalMaxPooling1D,
  GlobalMaxPooling2D,
  GlobalMaxPooling3D,
  GlobalAveragePooling1D,
  GlobalAveragePooling2D,
  GlobalAveragePooling3D,
];
for (const layer of [...windowed, ...global]) registerSerializable('keras.layers', layer);

/** Makes a `MaxPooling1D` layer. */
export const maxPooling1d = (args?: SizedPoolingArgs): MaxPooling1D => new MaxPooling1D(args);
/** Makes a `MaxPooling2D` layer. */
export const maxPooling2d = (args?: SizedPoolingArgs): MaxPooling2D => new MaxPooling2D(args);
/** Makes a `MaxPooling3D` layer. */
export const maxPooling3d = (args?: SizedPoolingArgs): MaxPooling3D => new MaxPooling3D(args);
/** Makes an `AveragePooling1D` layer. */
export const averagePooling1d = (args?: SizedPoolingArgs): AveragePooling1D => new AveragePooling1D(args);
/** Makes an `AveragePooling2D` layer. */
export const averagePooling2d = (args?: SizedPoolingArgs): AveragePooling2D => new AveragePooling2D(args);
/** Makes an `AveragePooling3D` layer. */
export const averagePooling3d = (args?: SizedPoolingArgs): AveragePooling3D => new AveragePooling3D(args);
/** Makes a `GlobalMaxPooling1D` layer. */
export const globalMaxPooling1d = (args?: GlobalPoolingArgs): GlobalMaxPooling1D => new GlobalMaxPooling1D(args);
/** Makes a `GlobalMaxPooling2D` layer. */
export const globalMaxPooling2d = (args?: GlobalPoolingArgs): GlobalMaxPooling2D => new GlobalMaxPooling2D(args);
/** Makes a `GlobalMaxPooling3D` layer. */
export const globalMaxPooling3d = (args?: GlobalPoolingArgs): GlobalMaxPooling3D => new GlobalMaxPooling3D(args);
/** Makes a `GlobalAveragePooling1D` layer. */
export const globalAveragePooling1d = (args?: GlobalPoolingArgs): GlobalAveragePooling1D =>
  new GlobalAveragePooling1D(args);
/** Makes a `GlobalAveragePooling2D` layer. */
export const globalAveragePooling2d = (args?: GlobalPoolingArgs): GlobalAveragePooling2D =>
  new GlobalAveragePooling2D(args);
/** Makes a `GlobalAveragePooling3D` layer. */
export const globalAveragePooling3d = (args?: GlobalPoolingArgs): GlobalAveragePooling3D =>
  new GlobalAveragePooling3D(args);
