// Layers that mix every image, its label and its masks with those of another image of the batch.
import { HornetError } from '../errors.js';
import { add, concatenate, multiply, reshape, sqrt, subtract, take, where } from '../ops/index.js';
import { beta, permutation, uniform, type SeedGenerator } from '../random.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { BoundingBoxes } from '../utils/bounding-boxes/formats.js';
import { factorBounds, type Bounds, type Factor } from './augmentation-args.js';
import { drawPatches } from './image-patches.js';
import { RandomImageLayer, type ImageSizes, type RandomImageArgs, type TransformArgs } from './image-preprocessing.js';
import type { Config } from './layer.js';

/** Which images are mixed, and how much. */
interface Mixture {
  /** For each image the other one. */
  readonly partners: Tensor;
  /** The weight of the image itself, [batch, 1, 1, 1]. */
  readonly weight: Tensor;
}

const partnersOf = (x: Tensor, { partners }: Mixture): Tensor => take(x, partners, { axis: 0 });

/** A weighted sum of what belongs to the images and to their partners. */
function blend(x: Tensor, mixture: Mixture): Tensor {
  const weight = reshape(mixture.weight, [-1, ...x.shape.slice(1).fill(1)]);
  return add(multiply(weight, x), multiply(subtract(1, weight), partnersOf(x, mixture)));
}

abstract class MixingLayer<M extends Mixture> extends RandomImageLayer<M> {
  override transformLabels(labels: Tensor, mixture: M | null, { training = true }: TransformArgs = {}): Tensor {
    return training && mixture ? blend(labels, mixture) : labels;
  }

  override transformSegmentationMasks(masks: Tensor, mixture: M | null, options: TransformArgs = {}): Tensor {
    return this.transformImages(masks, mixture, options);
  }
}

export interface MixUpArgs extends RandomImageArgs {
  /** Parameter of the beta distribution of the weights, above 0: small ones mix less. Default 0.2. */
  readonly alpha?: number;
}

/** Averages images in pairs, with random weights. Labels have to be one-hot or probabilities. Source: Zhang et al. 2018. */
export class MixUp extends MixingLayer<Mixture> {
  static readonly className: string = 'MixUp';
  readonly alpha: number;

  constructor(args: MixUpArgs = {}) {
    super(args);
    this.alpha = args.alpha ?? 0.2;
  }

  protected draw({ batch }: ImageSizes, seed: SeedGenerator): Mixture {
    const partners = permutation(batch, { seed });
    return { partners, weight: reshape(beta([batch], this.alpha, this.alpha, { seed }), [batch, 1, 1, 1]) };
  }

  protected augment(images: Tensor, mixture: Mixture): Tensor {
    return blend(images, mixture);
  }

  override transformBoundingBoxes(
    given: BoundingBoxes,
    mixture: Mixture | null,
    { training = true }: TransformArgs = {},
  ): BoundingBoxes {
    if (!training || !mixture) return given;
    const join = (x: Tensor): Tensor => concatenate([x, partnersOf(x, mixture)], { axis: 1 });
    return { ...given, boxes: join(given.boxes), labels: join(given.labels) };
  }

  override getConfig(): Config {
    return { ...super.getConfig(), alpha: this.alpha };
  }
}

export interface CutMixArgs extends RandomImageArgs {
  /** Parameter of the beta distribution of the areas, drawn within [0, 1]. Default 1. */
  readonly factor?: Factor;
}

interface Cut extends Mixture {
  /** The pixels that come from the other image. */
  readonly mask: Tensor;
}

/**
 * Puts a rectangle of another image into each. Labels, which have to be one-hot or probabilities, are mixed by the area.
 * Source: Yun et al. 2019.
 */
export class CutMix extends MixingLayer<Cut> {
  static readonly className: string = 'CutMix';
  readonly factor: Bounds;

  constructor(args: CutMixArgs = {}) {
    super(args);
    this.factor = factorBounds(this.where, 'factor', args.factor ?? 1, [0, 1]);
  }

  protected draw(sizes: ImageSizes, seed: SeedGenerator): Cut {
    const { batch } = sizes;
    const [minval, maxval] = this.factor;
    const alpha = add(uniform([], { minval, maxval, seed }), 1e-6);
    const kept = reshape(beta([batch], alpha, alpha, { seed }), [batch, 1, 1, 1]);
    const side = sqrt(subtract(1, kept));
    const { mask, share } = drawPatches(sizes, [side, side], this.spatialAxes, seed, side.dtype);
    return { partners: permutation(batch, { seed }), weight: subtract(1, share), mask };
  }

  protected augment(images: Tensor, cut: Cut): Tensor {
    return where(cut.mask, partnersOf(images, cut), images);
  }

  override transformBoundingBoxes(): never {
    throw new HornetError(this.where, 'this layer cannot transform bounding boxes');
  }

  override getConfig(): Config {
    return { ...super.getConfig(), factor: this.factor };
  }
}

for (const layer of [MixUp, CutMix]) registerSerializable('keras.layers', layer);

/** Makes a `MixUp` layer. */
export const mixUp = (args?: MixUpArgs): MixUp => new MixUp(args);
/** Makes a `CutMix` layer. */
export const cutMix = (args?: CutMixArgs): CutMix => new CutMix(args);
