// RandomFlip: images mirrored.
import { oneOf } from '../errors.js';
import { flip, lessEqual, reshape, subtract, where } from '../ops/index.js';
import type { SeedGenerator } from '../random.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { columnsOf, joinColumns, type BoundingBoxes } from '../utils/bounding-boxes/formats.js';
import type { Move } from './image-geometry.js';
import {
  drawPerImage,
  RandomImageLayer,
  type ImageSizes,
  type RandomImageArgs,
  type TransformArgs,
} from './image-preprocessing.js';
import type { Config } from './layer.js';

/** Which way images are mirrored. */
export type FlipMode = 'horizontal' | 'vertical' | 'horizontal_and_vertical';

export interface RandomFlipArgs extends RandomImageArgs {
  /** Default `horizontal_and_vertical`: both at once. */
  readonly mode?: FlipMode;
}

/** Which images are mirrored. */
export interface Flip extends Move {
  /** [batch, 1, 1, 1]. */
  readonly flips: Tensor;
}

/** Mirrors half of the images in training. */
export class RandomFlip extends RandomImageLayer<Flip> {
  static readonly className: string = 'RandomFlip';
  readonly mode: FlipMode;

  constructor(args: RandomFlipArgs = {}) {
    super(args);
    const known: readonly FlipMode[] = ['horizontal', 'vertical', 'horizontal_and_vertical'];
    this.mode = oneOf(this.where, 'mode', args.mode ?? 'horizontal_and_vertical', known);
  }

  protected override draw(sizes: ImageSizes, seed: SeedGenerator): Flip {
    return { sizes, flips: lessEqual(drawPerImage(sizes.batch, [0, 1], seed), 0.5) };
  }

  private get isVertical(): boolean {
    return this.mode !== 'horizontal';
  }

  private get isHorizontal(): boolean {
    return this.mode !== 'vertical';
  }

  protected override augment(images: Tensor, { flips }: Flip): Tensor {
    const [height, width] = this.spatialAxes;
    const axis = [...(this.isVertical ? [height] : []), ...(this.isHorizontal ? [width] : [])];
    return where(flips, flip(images, { axis }), images);
  }

  override transformSegmentationMasks(masks: Tensor, flip: Flip | null, options?: TransformArgs): Tensor {
    return this.transformImages(masks, flip, options);
  }

  override transformBoundingBoxes(boxes: BoundingBoxes, flip: Flip | null, options: TransformArgs = {}): BoundingBoxes {
    const { training = true } = options;
    if (!training || !flip) return boxes;
    const { flips, sizes } = flip;
    return this.moveBoxes(boxes, sizes, (corners) => {
      const [left, top, right, bottom] = columnsOf(corners);
      const [x1, x2] = this.isHorizontal ? [right, left].map((x) => subtract(sizes.width, x)) : [left, right];
      const [y1, y2] = this.isVertical ? [bottom, top].map((y) => subtract(sizes.height, y)) : [top, bottom];
      return where(reshape(flips, [sizes.batch, 1, 1]), joinColumns([x1, y1, x2, y2]), corners);
    });
  }

  override getConfig(): Config {
    return { ...super.getConfig(), mode: this.mode };
  }
}

registerSerializable('keras.layers', RandomFlip);

/** Makes a `RandomFlip` layer. */
export const randomFlip = (args?: RandomFlipArgs): RandomFlip => new RandomFlip(args);
