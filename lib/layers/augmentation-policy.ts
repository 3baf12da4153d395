// What RandAugment and AugMix have in common: a set of augmentations, of which a program picks one by a drawn number.
import type { SampleInterpolation } from '../ops/image/sample.js';
import { convertToTensor, equal, tile, where } from '../ops/index.js';
import { randint, type SeedGenerator } from '../random.js';
import type { Tensor } from '../tensor.js';
import type { BoundingBoxes } from '../utils/bounding-boxes/formats.js';
import { checkValueRange, factorBounds, type Bounds, type Factor, type ValueRange } from './augmentation-args.js';
import { AutoContrast, Equalization } from './equalization.js';
import type { Move } from './image-geometry.js';
import { RandomImageLayer, type BaseImagePreprocessingLayer, type ImageInputs } from './image-preprocessing.js';
import type { Config } from './layer.js';
import { RandomRotation, RandomShear, RandomTranslation, type RandomAffineLayer } from './random-affine.js';
import { RandomBrightness, RandomColorDegeneration, RandomContrast, RandomSharpness } from './random-color.js';
import type { RandomColorArgs } from './random-color-layer.js';
import { RandomPosterization, Solarization } from './random-tones.js';

export interface AugmentationPolicyArgs extends RandomColorArgs {
  /** Strength of all augmentations, within [0, 1]: the largest of each, or the bounds. */
  readonly factor?: Factor;
  /** How values between pixels are found. Default `bilinear`. */
  readonly interpolation?: SampleInterpolation;
}

/** One augmentation of the set, and what was drawn for it. */
export interface Augmentation {
  /** Its number: first the moves, then the changes of colors. One beyond the set stands for none. */
  readonly chosen: Tensor;
  /** For each image the map of each move, [batch, 6]. */
  readonly maps: readonly Tensor[];
  /** What was drawn for each of the moves and of the changes of colors. */
  readonly drawn: { readonly moves: readonly Move[]; readonly colors: readonly unknown[] };
}

/**
 * A layer that applies augmentations from a set. Which one is picked is known on the device only: all are computed, but
 * for the moves, of which one map is picked before any pixel is read.
 */
export abstract class AugmentationPolicy<T> extends RandomImageLayer<T> {
  readonly valueRange: ValueRange;
  readonly factor: Bounds;
  readonly interpolation: SampleInterpolation;
  private readonly moves: readonly RandomAffineLayer<Move>[];
  private readonly colors: readonly BaseImagePreprocessingLayer[];

  /** @param allOps - Whether brightness, contrast, colors and sharpness are changed, too. */
  constructor(args: AugmentationPolicyArgs & { readonly factor: Factor }, allOps: boolean) {
    super(args);
    this.valueRange = checkValueRange(this.where, args.valueRange);
    this.factor = factorBounds(this.where, 'factor', args.factor, [0, 1]);
    this.interpolation = args.interpolation ?? 'bilinear';
    const { factor, valueRange, interpolation, seed, dataFormat, boundingBoxFormat, dtypePolicy: dtype } = this;
    const plain = { dataFormat, boundingBoxFormat, dtype };
    const moved = { ...plain, seed, interpolation };
    const ranged = { ...plain, valueRange };
    const colored = { ...ranged, seed };
    const bits = Math.max(1, Math.trunc(8 * factor[1]));
    this.moves = [
      new RandomShear({ ...moved, xFactor: factor, yFactor: factor }),
      new RandomTranslation(factor, factor, moved),
      new RandomRotation(factor, moved),
    ];
    const tones = [
      new RandomPosterization(bits, colored),
      new Solarization({ ...colored, additionFactor: factor, thresholdFactor: factor }),
      new AutoContrast(ranged),
      new Equalization(ranged),
    ];
    const kinds = allOps ? [RandomBrightness, RandomColorDegeneration, RandomContrast, RandomSharpness] : [];
    this.colors = [...tones, ...kinds.map((kind) => new kind(factor, colored))];
  }

  /** Draws which augmentation is applied, each as likely, and how. */
  protected drawOne(data: ImageInputs, seed: SeedGenerator, orNone: boolean): Augmentation {
    const { moves, colors } = this;
    const chosen = randint([], 0, moves.length + colors.length + Number(orNone), { seed });
    const drawn = {
      moves: moves.map((move) => move.getRandomTransformation(data, { seed })!),
      colors: colors.map((color) => color.getRandomTransformation(data, { seed })),
    };
    return { chosen, maps: drawn.moves.map((each, i) => moves[i].matricesOf(each)), drawn };
  }

  protected applyToImages(images: Tensor, { chosen, maps, drawn }: Augmentation): Tensor {
    const moved = this.move(images, { chosen, maps }, this.interpolation);
    return this.colors.reduce<Tensor>((result, color, i) => {
      const isChosen = equal(chosen, this.moves.length + i);
      return where(isChosen, color.transformImages(images, drawn.colors[i]), result);
    }, moved);
  }

  protected applyToMasks(masks: Tensor, augmentation: Augmentation): Tensor {
    return this.move(masks, augmentation, 'nearest');
  }

  protected applyToBoxes(given: BoundingBoxes, { chosen, drawn }: Augmentation): BoundingBoxes {
    return this.moves.reduce((result, move, i) => {
      const isChosen = equal(chosen, i);
      const { boxes, labels } = move.transformBoundingBoxes(given, drawn.moves[i]);
      return { boxes: where(isChosen, boxes, result.boxes), labels: where(isChosen, labels, result.labels) };
    }, given);
  }

  private move(
    images: Tensor,
    { chosen, maps }: Pick<Augmentation, 'chosen' | 'maps'>,
    interpolation: SampleInterpolation,
  ): Tensor {
    const unmoved = tile(convertToTensor([[1, 0, 0, 0, 1, 0]], { dtype: 'float32' }), [maps[0].shape[0], 1]);
    const map = maps.reduce<Tensor>((result, each, i) => where(equal(chosen, i), each, result), unmoved);
    return this.moves[0].warpBy(images, map, interpolation);
  }

  override getConfig(): Config {
    const { valueRange, factor, interpolation } = this;
    return { ...super.getConfig(), valueRange, factor, interpolation };
  }
}
