// What layers that move the pixels of images have in common: masks and boxes go along, and places between pixels are found.
import { oneOf } from '../errors.js';
import type { FillMode, SampleInterpolation } from '../ops/image/sample.js';
import { add, multiply, type TensorLike } from '../ops/index.js';
import type { Tensor } from '../tensor.js';
import { columnsOf, joinColumns, type BoundingBoxes } from '../utils/bounding-boxes/formats.js';
import { RandomImageLayer, type ImageSizes, type RandomImageArgs, type TransformArgs } from './image-preprocessing.js';
import type { Config } from './layer.js';

export interface GeometricArgs extends RandomImageArgs {
  /** How values between pixels are found; masks are always read at the nearest. Default `bilinear`. */
  readonly interpolation?: SampleInterpolation;
  /** Value of what comes from outside, where nothing else fills it. Default 0. */
  readonly fillValue?: number;
}

/** What a call draws. */
export interface Move {
  /** Sizes of the images. */
  readonly sizes: ImageSizes;
}

/** A layer of augmentation that reads each pixel at another place. */
export abstract class GeometricLayer<T extends Move> extends RandomImageLayer<T> {
  readonly interpolation: SampleInterpolation;
  readonly fillValue: number;

  constructor(args: GeometricArgs = {}) {
    super(args);
    const { interpolation = 'bilinear', fillValue = 0 } = args;
    this.interpolation = oneOf(this.where, 'interpolation', interpolation, ['nearest', 'bilinear']);
    this.fillValue = fillValue;
  }

  /** Moves the pixels of a batch. */
  protected abstract warp(images: Tensor, transformation: T, interpolation: SampleInterpolation): Tensor;

  /** Moves boxes [batch, n, 4], corners in pixels. */
  protected abstract moveCorners(corners: Tensor, transformation: T): Tensor;

  protected override augment(images: Tensor, transformation: T): Tensor {
    return this.warp(images, transformation, this.interpolation);
  }

  override transformSegmentationMasks(masks: Tensor, transformation: T | null, options: TransformArgs = {}): Tensor {
    const { training = true } = options;
    return training && transformation ? this.warp(masks, transformation, 'nearest') : masks;
  }

  override transformBoundingBoxes(
    boxes: BoundingBoxes,
    transformation: T | null,
    options: TransformArgs = {},
  ): BoundingBoxes {
    const { training = true } = options;
    if (!training || !transformation) return boxes;
    return this.moveBoxes(boxes, transformation.sizes, (corners) => this.moveCorners(corners, transformation));
  }

  override getConfig(): Config {
    return { ...super.getConfig(), interpolation: this.interpolation, fillValue: this.fillValue };
  }
}

/** What may fill the outside, as most layers know it. */
export const fillModes: readonly FillMode[] = ['reflect', 'wrap', 'constant', 'nearest'];

/** A scale and a shift along each axis. */
export interface Placement {
  readonly scaleX?: TensorLike;
  readonly scaleY?: TensorLike;
  readonly shiftX: TensorLike;
  readonly shiftY: TensorLike;
}

/** Corners of boxes, scaled and then shifted. */
export function placeCorners(corners: Tensor, { scaleX = 1, scaleY = 1, shiftX, shiftY }: Placement): Tensor {
  const placed = columnsOf(corners).map((column, i) =>
    i % 2 ? add(multiply(column, scaleY), shiftY) : add(multiply(column, scaleX), shiftX),
  );
  return joinColumns(placed);
}
