// Adaptive pooling: as many windows as asked for, however large the input. Pools of a fixed window are in pooling.ts.
import { checkDataFormat, type DataFormat } from '../config.js';
import { adaptiveAveragePool, adaptiveMaxPool } from '../ops/index.js';
import { perAxis, type PerAxis } from '../ops/window.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { Layer, type Config, type LayerArgs } from './layer.js';

/** Options of the adaptive pooling layers. */
export interface AdaptivePoolingArgs extends LayerArgs {
  /** Default: `imageDataFormat()`. */
  readonly dataFormat?: DataFormat | null;
}

/** Pools each sample to a given number of places along each spatial axis. */
abstract class AdaptivePooling extends Layer {
  static override readonly requiredArgs: readonly string[] = ['outputSize'];
  readonly outputSize: number[];
  readonly dataFormat: DataFormat;

  constructor(
    rank: number,
    private readonly pool: typeof adaptiveMaxPool,
    outputSize: PerAxis,
    args: AdaptivePoolingArgs,
  ) {
    super(args);
    const where = this.className.toLowerCase();
    this.outputSize = perAxis(where, 'outputSize', outputSize, rank);
    this.dataFormat = checkDataFormat(args.dataFormat, where);
    this.inputSpec = { rank: rank + 2 };
  }

  override call(inputs: Tensor): Tensor {
    return this.pool(inputs, this.outputSize, { dataFormat: this.dataFormat });
  }

  override getConfig(): Config {
    return { ...super.getConfig(), outputSize: this.outputSize, dataFormat: this.dataFormat };
  }
}

/** The mean over as many windows as asked for: [batch, steps, channels] → [batch, outputSize, channels]. */
export class AdaptiveAveragePooling1D extends AdaptivePooling {
  static readonly className: string = 'AdaptiveAveragePooling1D';

  constructor(outputSize: PerAxis, args: AdaptivePoolingArgs = {}) {
    super(1, adaptiveAveragePool, outputSize, args);
  }
}

/** The mean over as many windows as asked for: [batch, height, width, channels] → [batch, outputSize..., channels]. */
export class AdaptiveAveragePooling2D extends AdaptivePooling {
  static readonly className: string = 'AdaptiveAveragePooling2D';

  constructor(outputSize: PerAxis, args: AdaptivePoolingArgs = {}) {
    super(2, adaptiveAveragePool, outputSize, args);
  }
}

/** The mean over as many windows as asked for: [batch, depth, height, width, channels] → [batch, outputSize..., channels]. */
export class AdaptiveAveragePooling3D extends AdaptivePooling {
  static readonly className: string = 'AdaptiveAveragePooling3D';

  constructor(outputSize: PerAxis, args: AdaptivePoolingArgs = {}) {
    super(3, adaptiveAveragePool, outputSize, args);
  }
}

/** The maximum over as many windows as asked for: [batch, steps, channels] → [batch, outputSize, channels]. */
export class AdaptiveMaxPooling1D extends AdaptivePooling {
  static readonly className: string = 'AdaptiveMaxPooling1D';

  constructor(outputSize: PerAxis, args: AdaptivePoolingArgs = {}) {
    super(1, adaptiveMaxPool, outputSize, args);
  }
}

/** The maximum over as many windows as asked for: [batch, height, width, channels] → [batch, outputSize..., channels]. */
export class AdaptiveMaxPooling2D extends AdaptivePooling {
  static readonly className: string = 'AdaptiveMaxPooling2D';

  constructor(outputSize: PerAxis, args: AdaptivePoolingArgs = {}) {
    super(2, adaptiveMaxPool, outputSize, args);
  }
}

/** The maximum over as many windows as asked for: [batch, depth, height, width, channels] → [batch, outputSize..., channels]. */
export class AdaptiveMaxPooling3D extends AdaptivePooling {
  static readonly className: string = 'AdaptiveMaxPooling3D';

  constructor(outputSize: PerAxis, args: AdaptivePoolingArgs = {}) {
    super(3, adaptiveMaxPool, outputSize, args);
  }
}

for (const layer of [
  AdaptiveAveragePooling1D,
  AdaptiveAveragePooling2D,
  AdaptiveAveragePooling3D,
  AdaptiveMaxPooling1D,
  AdaptiveMaxPooling2D,
  AdaptiveMaxPooling3D,
]) {
  registerSerializable('keras.layers', layer);
}

/** Makes an `AdaptiveAveragePooling1D` layer: the mean over `outputSize` windows along each spatial axis. */
export const adaptiveAveragePooling1d = (outputSize: PerAxis, args?: AdaptivePoolingArgs): AdaptiveAveragePooling1D =>
  new AdaptiveAveragePooling1D(outputSize, args);
/** Makes an `AdaptiveAveragePooling2D` layer: the mean over `outputSize` windows along each spatial axis. */
export const adaptiveAveragePooling2d = (outputSize: PerAxis, args?: AdaptivePoolingArgs): AdaptiveAveragePooling2D =>
  new AdaptiveAveragePooling2D(outputSize, args);
/** Makes an `AdaptiveAveragePooling3D` layer: the mean over `outputSize` windows along each spatial axis. */
export const adaptiveAveragePooling3d = (outputSize: PerAxis, args?: AdaptivePoolingArgs): AdaptiveAveragePooling3D =>
  new AdaptiveAveragePooling3D(outputSize, args);
/** Makes an `AdaptiveMaxPooling1D` layer: the maximum over `outputSize` windows along each spatial axis. */
export const adaptiveMaxPooling1d = (outputSize: PerAxis, args?: AdaptivePoolingArgs): AdaptiveMaxPooling1D =>
  new AdaptiveMaxPooling1D(outputSize, args);
/** Makes an `AdaptiveMaxPooling2D` layer: the maximum over `outputSize` windows along each spatial axis. */
export const adaptiveMaxPooling2d = (outputSize: PerAxis, args?: AdaptivePoolingArgs): AdaptiveMaxPooling2D =>
  new AdaptiveMaxPooling2D(outputSize, args);
/** Makes an `AdaptiveMaxPooling3D` layer: the maximum over `outputSize` windows along each spatial axis. */
export const adaptiveMaxPooling3d = (outputSize: PerAxis, args?: AdaptivePoolingArgs): AdaptiveMaxPooling3D =>
  new AdaptiveMaxPooling3D(outputSize, args);
