// Layers that change the colors of images at random, by a factor that is drawn for each image.
import { add, cast, clip, depthwiseConv, image, mean, multiply, reshape, where } from '../ops/index.js';
import type { SeedGenerator } from '../random.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Bounds, Factor } from './augmentation-args.js';
import {
  drawPerImage,
  drawWhether,
  RandomImageLayer,
  type ImageSizes,
  type RandomImageArgs,
} from './image-preprocessing.js';
import type { Config } from './layer.js';
import { checkRate } from './noise.js';
import { RandomColorLayer, type RandomColorArgs } from './random-color-layer.js';

/** Makes images brighter or darker: adds a share of the value range, drawn from `factor` within [−1, 1]. */
export class RandomBrightness extends RandomColorLayer {
  static readonly className: string = 'RandomBrightness';
  static override readonly factorLimits: Bounds = [-1, 1];

  protected augment(images: Tensor, share: Tensor): Tensor {
    const [low, high] = this.valueRange;
    return clip(add(images, multiply(share, high - low)), low, high);
  }
}

/**
 * Scales the distance of pixels to the mean of their channel by a number between 1 − the lower and 1 + the upper bound of
 * `factor`, within [0, 1].
 */
export class RandomContrast extends RandomColorLayer {
  static readonly className: string = 'RandomContrast';

  protected override draw({ batch }: ImageSizes, seed: SeedGenerator): Tensor {
    const [less, more] = this.factor;
    return drawPerImage(batch, [1 - less, 1 + more], seed, this.computeDtype);
  }

  protected augment(images: Tensor, contrast: Tensor): Tensor {
    return this.blend(mean(images, { axis: this.spatialAxes, keepdims: true }), images, contrast);
  }
}

/** Takes colors away: 0 leaves images, 1 makes them gray; `factor` within [−1, 1]. */
export class RandomColorDegeneration extends RandomColorLayer {
  static readonly className: string = 'RandomColorDegeneration';
  static override readonly factorLimits: Bounds = [-1, 1];

  protected augment(images: Tensor, share: Tensor): Tensor {
    return this.blend(images, image.rgbToGrayscale(images, { dataFormat: this.dataFormat }), share);
  }
}

/** Blurs or sharpens: 0 is smooth, 0.5 the image itself, 1 sharper than it; `factor` within [0, 1]. */
export class RandomSharpness extends RandomColorLayer {
  static readonly className: string = 'RandomSharpness';

  protected augment(images: Tensor, factor: Tensor): Tensor {
    const channels = images.shape.at(this.channelAxis)!;
    const weights = Array.from({ length: 9 }, (_, place) =>
      new Array<number>(channels).fill((place === 4 ? 5 : 1) / 13),
    );
    const kernel = reshape(cast(weights, images.dtype), [3, 3, channels, 1]);
    const smooth = depthwiseConv(images, kernel, { padding: 'same', dataFormat: this.dataFormat });
    return this.blend(smooth, images, multiply(factor, 2));
  }
}

export interface RandomGrayscaleArgs extends RandomImageArgs {
  /** The probability that an image becomes gray. Default 0.5. */
  readonly factor?: number;
}

/** Makes images gray. */
export class RandomGrayscale extends RandomImageLayer<Tensor> {
  static readonly className: string = 'RandomGrayscale';
  readonly factor: number;

  constructor(args: RandomGrayscaleArgs = {}) {
    super(args);
    this.factor = args.factor ?? 0.5;
    checkRate(this.where, this.factor, 'factor');
  }

  protected draw({ batch }: ImageSizes, seed: SeedGenerator): Tensor {
    return drawWhether(batch, [this.factor, this.factor], seed);
  }

  protected augment(images: Tensor, isGray: Tensor): Tensor {
    return where(isGray, image.rgbToGrayscale(images, { dataFormat: this.dataFormat }), images);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), factor: this.factor };
  }
}

const layers = [RandomBrightness, RandomContrast, RandomColorDegeneration, RandomSharpness, RandomGrayscale];
for (const layer of layers) registerSerializable('keras.layers', layer);

/** Makes a `RandomBrightness` layer. */
export const randomBrightness = (factor: Factor, args?: RandomColorArgs): RandomBrightness =>
  new RandomBrightness(factor, args);
/** Makes a `RandomContrast` layer. */
export const randomContrast = (factor: Factor, args?: RandomColorArgs): RandomContrast =>
  new RandomContrast(factor, args);
/** Makes a `RandomColorDegeneration` layer. */
export const randomColorDegeneration = (factor: Factor, args?: RandomColorArgs): RandomColorDegeneration =>
  new RandomColorDegeneration(factor, args);
/** Makes a `RandomSharpness` layer. */
export const randomSharpness = (factor: Factor, args?: RandomColorArgs): RandomSharpness =>
  new RandomSharpness(factor, args);
/** Makes a `RandomGrayscale` layer. */
export const randomGrayscale = (args?: RandomGrayscaleArgs): RandomGrayscale => new RandomGrayscale(args);
