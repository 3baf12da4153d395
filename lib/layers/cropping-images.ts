// Layers that take a part of images: CenterCrop, RandomCrop.
import { croppedTo } from '../ops/image/aspect.js';
import { cropImages, resize } from '../ops/image/index.js';
import { cast, multiply, negative, slice, stack, type TensorLike } from '../ops/index.js';
import { randint, type SeedGenerator } from '../random.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { BoundingBoxes } from '../utils/bounding-boxes/formats.js';
import { placeCorners, type Move } from './image-geometry.js';
import {
  BaseImagePreprocessingLayer,
  RandomImageLayer,
  type ImageInputs,
  type ImagePreprocessingArgs,
  type ImageSizes,
  type RandomImageArgs,
  type TransformArgs,
} from './image-preprocessing.js';
import type { Config } from './layer.js';

interface Size {
  readonly height: number;
  readonly width: number;
}

/** A part of images. */
export interface Part extends Size {
  readonly top: TensorLike;
  readonly left: TensorLike;
}

/** The largest part in the middle that has the aspect ratio of `target`. */
function middleOf(sizes: Size, target: Size) {
  const { starts, sizes: part } = croppedTo([sizes.height, sizes.width], [target.height, target.width]);
  return { top: starts[0], left: starts[1], height: part[0], width: part[1] };
}

/** Corners in the whole image as corners in a part of it that was brought to the size of `target`. */
function cornersInPart(corners: Tensor, { top, left, height, width }: Part, target: Size): Tensor {
  const [scaleX, scaleY] = [target.width / width, target.height / height];
  const shift = (by: TensorLike, scale: number): Tensor => negative(multiply(cast(by, corners.dtype), scale));
  return placeCorners(corners, { scaleX, scaleY, shiftX: shift(left, scaleX), shiftY: shift(top, scaleY) });
}

/** Takes the middle of images; those that are too small are resized, without distortion, and lose what does not fit. */
export class CenterCrop extends BaseImagePreprocessingLayer<ImageSizes> {
  static readonly className: string = 'CenterCrop';
  static override readonly requiredArgs: readonly string[] = ['height', 'width'];

  constructor(
    readonly height: number,
    readonly width: number,
    args: ImagePreprocessingArgs = {},
  ) {
    super(args);
  }

  override getRandomTransformation(data: ImageInputs): ImageSizes {
    return this.sizesOf(data);
  }

  private partOf(sizes: Size): ReturnType<typeof middleOf> {
    const { height, width } = this;
    const [rows, columns] = [sizes.height - height, sizes.width - width];
    if (rows < 0 || columns < 0) return middleOf(sizes, this);
    return { top: Math.floor(rows / 2), left: Math.floor(columns / 2), height, width };
  }

  override transformImages(images: Tensor): Tensor {
    const { height, width, dataFormat } = this;
    const { top, left, ...part } = this.partOf(this.sizesOf(images));
    const edges = { topCropping: top, leftCropping: left, targetHeight: part.height, targetWidth: part.width };
    const cut = cropImages(cast(images, this.computeDtype), { ...edges, dataFormat });
    return part.height === height && part.width === width ? cut : resize(cut, [height, width], { dataFormat });
  }

  override transformSegmentationMasks(masks: Tensor): Tensor {
    return this.transformImages(masks);
  }

  override transformBoundingBoxes(boxes: BoundingBoxes, sizes: ImageSizes): BoundingBoxes {
    return this.moveBoxes(boxes, sizes, (corners) => cornersInPart(corners, this.partOf(sizes), this), this);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), height: this.height, width: this.width };
  }
}

/** Which part of the images of a batch is taken. */
export interface Crop extends Move {
  readonly part: Part;
}

/**
 * Takes a part of images in training, at a random place, the same for all images of a batch. Images that are not larger in
 * both directions give their middle, resized where that is too small. Otherwise, images are left alone.
 */
export class RandomCrop extends RandomImageLayer<Crop> {
  static readonly className: string = 'RandomCrop';
  static override readonly requiredArgs: readonly string[] = ['height', 'width'];

  constructor(
    readonly height: number,
    readonly width: number,
    args: RandomImageArgs = {},
  ) {
    super(args);
    this.autocast = false;
  }

  protected override draw(sizes: ImageSizes, seed: SeedGenerator): Crop {
    const { height, width } = this;
    if (sizes.height > height && sizes.width > width) {
      const within = (gap: number): Tensor => randint([], 0, gap + 1, { seed });
      return { sizes, part: { top: within(sizes.height - height), left: within(sizes.width - width), height, width } };
    }
    const { top, left } = middleOf(sizes, this);
    const fits = { height: Math.min(height, sizes.height - top), width: Math.min(width, sizes.width - left) };
    return { sizes, part: { top, left, ...fits } };
  }

  override transformImages(images: Tensor, crop: Crop | null, options: TransformArgs = {}): Tensor {
    // Also in the dtype they came in.
    return crop && (options.training ?? true) ? this.augment(cast(images, this.computeDtype), crop) : images;
  }

  protected override augment(images: Tensor, { part }: Crop): Tensor {
    const axes = this.spatialAxes.map((axis) => axis + images.rank);
    const along = <V, W>(others: readonly W[], values: readonly V[]): (V | W)[] =>
      others.map((other, axis) => (axes.includes(axis) ? values[axes.indexOf(axis)] : other));
    const zeros = images.shape.map(() => 0);
    const { top, left, ...size } = part;
    const start = along(zeros, [top, left]);
    const isFixed = typeof top === 'number' && typeof left === 'number';
    const shape = along(images.shape, [size.height, size.width]);
    const cut = slice(images, isFixed ? (start as number[]) : stack(start), shape);
    const { height, width, dataFormat } = this;
    return size.height === height && size.width === width ? cut : resize(cut, [height, width], { dataFormat });
  }

  override transformSegmentationMasks(masks: Tensor, crop: Crop | null, options?: TransformArgs): Tensor {
    return this.transformImages(masks, crop, options);
  }

  override transformBoundingBoxes(boxes: BoundingBoxes, crop: Crop | null, options: TransformArgs = {}): BoundingBoxes {
    if (!crop || !(options.training ?? true)) return boxes;
    return this.moveBoxes(boxes, crop.sizes, (corners) => cornersInPart(corners, crop.part, this), this);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), height: this.height, width: this.width };
  }
}

for (const layer of [CenterCrop, RandomCrop]) registerSerializable('keras.layers', layer);

/** Makes a `CenterCrop` layer. */
export const centerCrop = (height: number, width: number, args?: ImagePreprocessingArgs): CenterCrop =>
  new CenterCrop(height, width, args);
/** Makes a `RandomCrop` layer. */
export const randomCrop = (height: number, width: number, args?: RandomImageArgs): RandomCrop =>
  new RandomCrop(height, width, args);
