// RandAugment: a few augmentations of one strength, picked at random.
import type { SeedGenerator } from '../random.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { BoundingBoxes } from '../utils/bounding-boxes/formats.js';
import { AugmentationPolicy, type Augmentation, type AugmentationPolicyArgs } from './augmentation-policy.js';
import type { ImageInputs, ImageSizes, TransformArgs } from './image-preprocessing.js';
import type { Config } from './layer.js';

export interface RandAugmentArgs extends AugmentationPolicyArgs {
  /** How many augmentations are applied, one after the other. Default 2. */
  readonly numOps?: number;
}

type Steps = readonly Augmentation[];

/**
 * Applies `numOps` augmentations, the same to all images of a batch: moves, turns, shears and changes of colors. The
 * default strength is 0.5. Source: Cubuk et al. 2019.
 */
export class RandAugment extends AugmentationPolicy<Steps> {
  static readonly className: string = 'RandAugment';
  readonly numOps: number;

  constructor(args: RandAugmentArgs = {}) {
    super({ ...args, factor: args.factor ?? 0.5 }, true);
    this.numOps = args.numOps ?? 2;
  }

  protected draw(_sizes: ImageSizes, seed: SeedGenerator, data: ImageInputs): Steps {
    return Array.from({ length: this.numOps }, () => this.drawOne(data, seed, false));
  }

  protected augment(images: Tensor, steps: Steps): Tensor {
    return steps.reduce<Tensor>((x, step) => this.applyToImages(x, step), images);
  }

  override transformSegmentationMasks(masks: Tensor, steps: Steps | null, options: TransformArgs = {}): Tensor {
    return this.active(steps, options).reduce<Tensor>((x, step) => this.applyToMasks(x, step), masks);
  }

  override transformBoundingBoxes(
    given: BoundingBoxes,
    steps: Steps | null,
    options: TransformArgs = {},
  ): BoundingBoxes {
    return this.active(steps, options).reduce((x, step) => this.applyToBoxes(x, step), given);
  }

  private active(steps: Steps | null, { training = true }: TransformArgs): Steps {
    return training && steps ? steps : [];
  }

  override getConfig(): Config {
    return { ...super.getConfig(), numOps: this.numOps };
  }
}

registerSerializable('keras.layers', RandAugment);

/** Makes a `RandAugment` layer. */
export const randAugment = (args?: RandAugmentArgs): RandAugment => new RandAugment(args);
