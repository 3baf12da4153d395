// The base of layers that change the colors of images by a factor.
import { add, clip, multiply, subtract } from '../ops/index.js';
import type { SeedGenerator } from '../random.js';
import type { Tensor } from '../tensor.js';
import { checkValueRange, factorBounds, type Bounds, type Factor, type ValueRange } from './augmentation-args.js';
import { drawPerImage, RandomImageLayer, type ImageSizes, type RandomImageArgs } from './image-preprocessing.js';
import type { Config } from './layer.js';

export interface RandomColorArgs extends RandomImageArgs {
  /** The values that pixels have. Default [0, 255]. */
  readonly valueRange?: ValueRange;
}

/** A layer whose factor says how much images are changed; what is drawn is a number for each, [batch, 1, 1, 1]. */
export abstract class RandomColorLayer extends RandomImageLayer<Tensor> {
  static override readonly requiredArgs: readonly string[] = ['factor'];
  /** Between which numbers a factor has to be. */
  static readonly factorLimits: Bounds = [0, 1];
  readonly factor: Bounds;
  readonly valueRange: ValueRange;

  constructor(factor: Factor, args: RandomColorArgs = {}) {
    super(args);
    const { factorLimits } = this.constructor as typeof RandomColorLayer;
    this.factor = factorBounds(this.where, 'factor', factor, factorLimits);
    this.valueRange = checkValueRange(this.where, args.valueRange);
  }

  protected draw({ batch }: ImageSizes, seed: SeedGenerator): Tensor {
    return drawPerImage(batch, this.factor, seed, this.computeDtype);
  }

  /** From `images` towards `others`: 0 is the first, 1 the other. */
  protected blend(images: Tensor, others: Tensor, share: Tensor): Tensor {
    return clip(add(images, multiply(share, subtract(others, images))), ...this.valueRange);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), factor: this.factor, valueRange: this.valueRange };
  }
}
