// A layer that changes brightness, contrast, saturation and hue at random.
import type { SeedGenerator } from '../random.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { checkValueRange, type Factor, type ValueRange } from './augmentation-args.js';
import { RandomImageLayer, type ImageInputs, type ImageSizes } from './image-preprocessing.js';
import type { Config } from './layer.js';
import { RandomBrightness, RandomContrast } from './random-color.js';
import type { RandomColorArgs } from './random-color-layer.js';
import { RandomHue, RandomSaturation } from './random-hue.js';

export interface RandomColorJitterArgs extends RandomColorArgs {
  /** As of `RandomBrightness`. Default: as it is. */
  readonly brightnessFactor?: Factor | null;
  /** As of `RandomContrast`. Default: as it is. */
  readonly contrastFactor?: Factor | null;
  /** As of `RandomSaturation`. Default: as it is. */
  readonly saturationFactor?: Factor | null;
  /** As of `RandomHue`. Default: as it is. */
  readonly hueFactor?: Factor | null;
}

const kinds = {
  brightnessFactor: RandomBrightness,
  contrastFactor: RandomContrast,
  saturationFactor: RandomSaturation,
  hueFactor: RandomHue,
} as const;
type FactorName = keyof typeof kinds;

/** Changes brightness, contrast, saturation and hue, in this order, each by its own factor. */
export class RandomColorJitter extends RandomImageLayer<readonly Tensor[]> {
  static readonly className: string = 'RandomColorJitter';
  readonly valueRange: ValueRange;
  readonly factors: Readonly<Record<FactorName, Factor | null>>;
  private readonly steps: readonly (RandomBrightness | RandomContrast | RandomSaturation | RandomHue)[];

  constructor(args: RandomColorJitterArgs = {}) {
    super(args);
    const { brightnessFactor = null, contrastFactor = null, saturationFactor = null, hueFactor = null } = args;
    this.valueRange = checkValueRange(this.where, args.valueRange);
    this.factors = { brightnessFactor, contrastFactor, saturationFactor, hueFactor };
    const { valueRange, seed, dataFormat, dtypePolicy: dtype } = this;
    this.steps = (Object.keys(kinds) as FactorName[]).flatMap((name) => {
      const factor = this.factors[name];
      return factor === null ? [] : [new kinds[name](factor, { valueRange, seed, dataFormat, dtype })];
    });
  }

  protected draw(_sizes: ImageSizes, seed: SeedGenerator, data: ImageInputs): readonly Tensor[] {
    return this.steps.map((step) => step.getRandomTransformation(data, { seed })!);
  }

  protected augment(images: Tensor, transformations: readonly Tensor[]): Tensor {
    return this.steps.reduce((x, step, i) => step.transformImages(x, transformations[i]), images);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), valueRange: this.valueRange, ...this.factors };
  }
}

registerSerializable('keras.layers', RandomColorJitter);

/** Makes a `RandomColorJitter` layer. */
export const randomColorJitter = (args?: RandomColorJitterArgs): RandomColorJitter => new RandomColorJitter(args);
