// A layer that blurs images at random.
import { HornetError } from '../errors.js';
import { add, clip, image, where } from '../ops/index.js';
import { uniform, type SeedGenerator } from '../random.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { checkValueRange, factorBounds, type Bounds, type Factor, type ValueRange } from './augmentation-args.js';
import { drawWhether, RandomImageLayer, type ImageSizes } from './image-preprocessing.js';
import type { Config } from './layer.js';
import type { RandomColorArgs } from './random-color-layer.js';

export interface RandomGaussianBlurArgs extends RandomColorArgs {
  /** The probability that an image is blurred, within [0, 1]. Default 1: between 0 and 1. */
  readonly factor?: Factor;
  /** Size of the kernel, odd; one number or a pair. Default 3. */
  readonly kernelSize?: number | readonly [number, number];
  /** Standard deviation of the kernel, within [0, 1]; drawn once for each axis. Default 1: between 0 and 1. */
  readonly sigma?: Factor;
}

/** What is drawn. */
interface Blur {
  /** For each image, [batch, 1, 1, 1]. */
  readonly isBlurred: Tensor;
  /** For all images, one for each axis. */
  readonly sigma: Tensor;
}

/** Blurs images with a Gaussian kernel. */
export class RandomGaussianBlur extends RandomImageLayer<Blur> {
  static readonly className: string = 'RandomGaussianBlur';
  readonly factor: Bounds;
  readonly kernelSize: readonly [number, number];
  readonly sigma: Bounds;
  readonly valueRange: ValueRange;

  constructor(args: RandomGaussianBlurArgs = {}) {
    super(args);
    this.factor = factorBounds(this.where, 'factor', args.factor ?? 1, [0, 1]);
    this.sigma = factorBounds(this.where, 'sigma', args.sigma ?? 1, [0, 1]);
    const { kernelSize = 3 } = args;
    this.kernelSize = typeof kernelSize === 'number' ? [kernelSize, kernelSize] : kernelSize;
    const isOdd = (size: number): boolean => Number.isInteger(size) && size > 0 && size % 2 === 1;
    if (this.kernelSize.length !== 2 || !this.kernelSize.every(isOdd)) {
      const wanted = 'expected kernelSize to be an odd number or a pair of such';
      throw new HornetError(this.where, `${wanted}, received ${JSON.stringify(kernelSize)}`);
    }
    this.valueRange = checkValueRange(this.where, args.valueRange);
  }

  protected draw({ batch }: ImageSizes, seed: SeedGenerator): Blur {
    const [minval, maxval] = this.sigma;
    // A kernel of deviation 0 would not be numbers.
    return {
      isBlurred: drawWhether(batch, this.factor, seed),
      sigma: add(uniform([2], { minval, maxval, seed }), 1e-6),
    };
  }

  protected augment(images: Tensor, { isBlurred, sigma }: Blur): Tensor {
    const { kernelSize, dataFormat } = this;
    const blurred = image.gaussianBlur(images, { kernelSize, sigma, dataFormat });
    return clip(where(isBlurred, blurred, images), ...this.valueRange);
  }

  override getConfig(): Config {
    const { factor, kernelSize, sigma, valueRange } = this;
    return { ...super.getConfig(), factor, kernelSize, sigma, valueRange };
  }
}

registerSerializable('keras.layers', RandomGaussianBlur);

/** Makes a `RandomGaussianBlur` layer. */
export const randomGaussianBlur = (args?: RandomGaussianBlurArgs): RandomGaussianBlur => new RandomGaussianBlur(args);
