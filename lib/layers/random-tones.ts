// Layers that map the values of pixels one by one: inverted, posterized, solarized.
import { HornetError } from '../errors.js';
import { bitwiseLeftShift, bitwiseRightShift, add, cast, clip, full, less, subtract, where } from '../ops/index.js';
import { randint, type SeedGenerator } from '../random.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import {
  bytes,
  changeRange,
  checkValueRange,
  factorBounds,
  type Bounds,
  type Factor,
  type ValueRange,
} from './augmentation-args.js';
import { drawPerImage, drawWhether, RandomImageLayer, type ImageSizes } from './image-preprocessing.js';
import type { Config } from './layer.js';
import { RandomColorLayer, type RandomColorArgs } from './random-color-layer.js';

export interface RandomInvertArgs extends RandomColorArgs {
  /** The probability that an image is inverted, within [0, 1]. Default 1: between 0 and 1. */
  readonly factor?: Factor;
}

/** Turns images into their negatives. */
export class RandomInvert extends RandomColorLayer {
  static readonly className: string = 'RandomInvert';
  static override readonly requiredArgs: readonly string[] = [];

  constructor(args: RandomInvertArgs = {}) {
    super(args.factor ?? 1, args);
  }

  protected override draw({ batch }: ImageSizes, seed: SeedGenerator): Tensor {
    return drawWhether(batch, this.factor, seed);
  }

  protected augment(images: Tensor, isInverted: Tensor): Tensor {
    return where(isInverted, subtract(this.valueRange[1], images), images);
  }
}

/** Keeps the upper bits of every byte: `factor` of them, a number within [1, 8] or drawn between two, the upper excluded. */
export class RandomPosterization extends RandomColorLayer {
  static readonly className: string = 'RandomPosterization';
  static override readonly factorLimits: Bounds = [1, 8];

  protected override draw({ batch }: ImageSizes, seed: SeedGenerator): Tensor {
    const [fewest, most] = this.factor.map(Math.trunc);
    const shape = [batch, 1, 1, 1];
    if (fewest === most) return full(shape, 8 - fewest, { dtype: 'uint8' });
    return cast(subtract(8, randint(shape, fewest, most, { seed })), 'uint8');
  }

  protected augment(images: Tensor, lost: Tensor): Tensor {
    const values = cast(changeRange(images, this.valueRange, bytes), 'uint8');
    const kept = bitwiseLeftShift(bitwiseRightShift(values, lost), lost);
    return changeRange(cast(kept, images.dtype), bytes, this.valueRange);
  }
}

export interface SolarizationArgs extends RandomColorArgs {
  /** What is added to all pixels before, as a share of the value range, within [0, 1]. Default 0. */
  readonly additionFactor?: Factor;
  /** From which value on pixels are inverted, as a share of the value range, within [0, 1]. Default 0. */
  readonly thresholdFactor?: Factor;
}

/** What is drawn for each image, in bytes. */
interface Solarity {
  readonly addition: Tensor;
  readonly threshold: Tensor;
}

/** Inverts the pixels from a threshold on. */
export class Solarization extends RandomImageLayer<Solarity> {
  static readonly className: string = 'Solarization';
  readonly additionFactor: Bounds;
  readonly thresholdFactor: Bounds;
  readonly valueRange: ValueRange;

  constructor(args: SolarizationArgs = {}) {
    super(args);
    this.additionFactor = this.checkFactor('additionFactor', args.additionFactor);
    this.thresholdFactor = this.checkFactor('thresholdFactor', args.thresholdFactor);
    this.valueRange = checkValueRange(this.where, args.valueRange);
  }

  private checkFactor(name: string, factor: Factor = 0): Bounds {
    const bounds = factorBounds(this.where, name, factor, [0, 1]);
    if (bounds[0] >= 0 && bounds[1] <= 1) return bounds;
    throw new HornetError(this.where, `expected ${name} to be within [0, 1], received [${bounds.join(', ')}]`);
  }

  protected draw({ batch }: ImageSizes, seed: SeedGenerator): Solarity {
    // As in Keras, only the upper bound is a share of the values.
    const draw = ([low, high]: Bounds): Tensor => drawPerImage(batch, [low, high * 255], seed, this.computeDtype);
    return { addition: draw(this.additionFactor), threshold: draw(this.thresholdFactor) };
  }

  protected augment(images: Tensor, { addition, threshold }: Solarity): Tensor {
    const values = clip(add(changeRange(images, this.valueRange, bytes), addition), ...bytes);
    return changeRange(where(less(values, threshold), values, subtract(255, values)), bytes, this.valueRange);
  }

  override getConfig(): Config {
    const { additionFactor, thresholdFactor, valueRange } = this;
    return { ...super.getConfig(), additionFactor, thresholdFactor, valueRange };
  }
}

for (const layer of [RandomInvert, RandomPosterization, Solarization]) registerSerializable('keras.layers', layer);

/** Makes a `RandomInvert` layer. */
export const randomInvert = (args?: RandomInvertArgs): RandomInvert => new RandomInvert(args);
/** Makes a `RandomPosterization` layer. */
export const randomPosterization = (factor: Factor, args?: RandomColorArgs): RandomPosterization =>
  new RandomPosterization(factor, args);
/** Makes a `Solarization` layer. */
export const solarization = (args?: SolarizationArgs): Solarization => new Solarization(args);
