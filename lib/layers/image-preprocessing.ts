// The base of the layers that prepare or augment images: one transformation for an image and all that belongs to it.
import { checkDataFormat, floatx, type DataFormat } from '../config.js';
import type { DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { jit } from '../graph/transforms.js';
import { cast, expandDims, less, reshape, squeeze } from '../ops/index.js';
import { SeedGenerator, uniform } from '../random.js';
import { Tensor } from '../tensor.js';
import { mapTree, type Tree } from '../tree.js';
import {
  checkFormat,
  convertFormat,
  type BoundingBoxes,
  type BoundingBoxFormat,
} from '../utils/bounding-boxes/formats.js';
import { checkBoundingBoxes, clipToImageSize } from '../utils/bounding-boxes/geometry.js';
import type { Bounds } from './augmentation-args.js';
import { shapeText } from './input-spec.js';
import { Layer, type CallArgs, type Config, type LayerArgs } from './layer.js';

/** Images with what belongs to them. Parts of other names are passed on as they are. */
export type LabeledImages = {
  /** [height, width, channels] or [batch, height, width, channels], or with channels first. */
  readonly images: Tensor;
  readonly labels?: Tensor;
  readonly boundingBoxes?: BoundingBoxes;
  /** Keras's name of `boundingBoxes`. */
  readonly bounding_boxes?: BoundingBoxes;
  readonly segmentationMasks?: Tensor;
  /** Keras's name of `segmentationMasks`. */
  readonly segmentation_masks?: Tensor;
};

/** What the layers take and give: images, alone or with what belongs to them. */
export type ImageInputs = Tensor | LabeledImages;

/** The sizes of a batch of images; a single image is a batch of one. */
export interface ImageSizes {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export interface ImagePreprocessingArgs extends LayerArgs {
  /** Default: `imageDataFormat()`. */
  readonly dataFormat?: DataFormat | null;
  /** How bounding boxes are written. Needed where there are any. */
  readonly boundingBoxFormat?: BoundingBoxFormat | null;
}

/** Options of the methods that transform one part of the data. */
export interface TransformArgs {
  /** Default true; false leaves everything as it is. */
  readonly training?: boolean;
}

/** Options of `getRandomTransformation`. */
export interface RandomTransformationArgs extends TransformArgs {
  /** Default: the layer's own. */
  readonly seed?: SeedGenerator | null;
}

/**
 * Base class of layers that prepare or augment images. What a call does is decided once, by `getRandomTransformation`, and
 * then applied to images, labels, boxes and masks alike; `T` is what describes it.
 *
 * Layers of augmentation work when `training` is true, which they take for granted unless they are told, as in Keras.
 * Images come out in the type of computation.
 */
export abstract class BaseImagePreprocessingLayer<T = unknown> extends Layer {
  readonly dataFormat: DataFormat;
  readonly boundingBoxFormat: BoundingBoxFormat | null;
  override readonly defaultTraining: boolean = true;
  // Outside of a model every call is one program, too.
  private readonly compiled = jit((data: ImageInputs, training: boolean) => this.transform(data, training));

  constructor(args: ImagePreprocessingArgs = {}) {
    super(args);
    this.dataFormat = checkDataFormat(args.dataFormat, this.where);
    const { boundingBoxFormat = null } = args;
    this.boundingBoxFormat = boundingBoxFormat && checkFormat(this.where, 'boundingBoxFormat', boundingBoxFormat);
    this.built = true;
  }

  /** The layer in messages. */
  protected get where(): string {
    return this.className[0].toLowerCase() + this.className.slice(1);
  }

  /** The axis of the channels, counted from the end. */
  protected get channelAxis(): number {
    return this.dataFormat === 'channels_last' ? -1 : -3;
  }

  /** The axes of height and width, counted from the end. */
  protected get spatialAxes(): readonly [number, number] {
    return this.dataFormat === 'channels_last' ? [-3, -2] : [-2, -1];
  }

  /** What one call does: the numbers that all images, or each of them, are transformed by; null for nothing. */
  getRandomTransformation(_data: ImageInputs, _options: RandomTransformationArgs = {}): T | null {
    return null;
  }

  /** Transforms a batch of images. */
  abstract transformImages(images: Tensor, transformation: T | null, options?: TransformArgs): Tensor;

  /** Transforms the labels of a batch. */
  transformLabels(labels: Tensor, _transformation: T | null, _options?: TransformArgs): Tensor {
    return labels;
  }

  /** Transforms the boxes of a batch. */
  transformBoundingBoxes(boxes: BoundingBoxes, _transformation: T | null, _options?: TransformArgs): BoundingBoxes {
    return boxes;
  }

  /** Transforms masks [batch, height, width, classes] of a batch. */
  transformSegmentationMasks(masks: Tensor, _transformation: T | null, _options?: TransformArgs): Tensor {
    return masks;
  }

  /** Transforms one image without a batch. */
  transformSingleImage(image: Tensor, transformation: T | null, options?: TransformArgs): Tensor {
    return alone(image, (images) => this.transformImages(images, transformation, options));
  }

  /** Transforms the label of one image. */
  transformSingleLabel(label: Tensor, transformation: T | null, options?: TransformArgs): Tensor {
    return alone(label, (labels) => this.transformLabels(labels, transformation, options));
  }

  /** Transforms the boxes of one image. */
  transformSingleBoundingBox(boxes: BoundingBoxes, transformation: T | null, options?: TransformArgs): BoundingBoxes {
    return alone(boxes, (batch) => this.transformBoundingBoxes(batch, transformation, options));
  }

  /** Transforms the mask of one image. */
  transformSingleSegmentationMask(mask: Tensor, transformation: T | null, options?: TransformArgs): Tensor {
    return alone(mask, (masks) => this.transformSegmentationMasks(masks, transformation, options));
  }

  override call(data: Tree<Tensor>, { training }: CallArgs): Tree<Tensor> {
    return this.compiled(data as ImageInputs, training);
  }

  private transform(data: ImageInputs, training: boolean): ImageInputs {
    const { rank } = this.imagesOf(data);
    const transformation = this.getRandomTransformation(data, { training });
    const apply = (key: string, part: Tree<Tensor>): Tree<Tensor> => {
      const methods = parts[key];
      if (!methods) return part;
      const given = key.startsWith('bounding') ? this.readBoxes(part) : part;
      return (this[methods[rank - 3]] as PartMethod).call(this, given, transformation, { training });
    };
    if (data instanceof Tensor) return apply('images', data) as Tensor;
    return Object.fromEntries(Object.entries(data).map(([key, part]) => [key, apply(key, part)])) as LabeledImages;
  }

  private readBoxes(part: Tree<Tensor>): BoundingBoxes {
    const given = checkBoundingBoxes(this.where, part);
    if (this.boundingBoxFormat === null) {
      throw new HornetError(this.where, "expected boundingBoxFormat for inputs with bounding boxes, e.g. 'xyxy'");
    }
    return { ...given, boxes: cast(given.boxes, 'float32') };
  }

  /** The images of the data. Throws a `HornetError` for other ranks than 3 and 4. */
  protected imagesOf(data: ImageInputs): Tensor {
    const images = data instanceof Tensor ? data : data.images;
    if (!(images instanceof Tensor)) {
      throw new HornetError(this.where, `expected a record with images, received ${Object.keys(data).join(', ')}`);
    }
    if (images.rank !== 3 && images.rank !== 4) {
      const shape = shapeText(images.shape);
      throw new HornetError(this.where, `expected an image of rank 3 or a batch of rank 4, received shape ${shape}`);
    }
    return images;
  }

  /** The sizes of the images in the data. */
  protected sizesOf(data: ImageInputs): ImageSizes {
    const { shape } = this.imagesOf(data);
    const [height, width] = this.spatialAxes.map((axis) => shape.at(axis)!);
    return { batch: shape.length === 3 ? 1 : shape[0], height, width, channels: shape.at(this.channelAxis)! };
  }

  /**
   * Moves boxes: `move` gets their corners in pixels. What lies outside of the image is cut off.
   *
   * @param sizes - The image's before.
   * @param after - The image's afterwards. Default: as before.
   */
  protected moveBoxes(
    given: BoundingBoxes,
    sizes: Pick<ImageSizes, 'height' | 'width'>,
    move: (corners: Tensor) => Tensor,
    after = sizes,
  ): BoundingBoxes {
    const format = this.boundingBoxFormat ?? 'xyxy';
    const { boxes, labels } = convertFormat(given, format, 'xyxy', { height: sizes.height, width: sizes.width });
    const size = { height: after.height, width: after.width };
    return convertFormat(clipToImageSize({ boxes: move(boxes), labels }, size), 'xyxy', format, size);
  }

  override getConfig(): Config {
    const { dataFormat, boundingBoxFormat } = this;
    return { ...super.getConfig(), dataFormat, ...(boundingBoxFormat && { boundingBoxFormat }) };
  }
}

type PartMethod = (part: Tree<Tensor>, transformation: unknown, options: TransformArgs) => Tree<Tensor>;
type PartMethodName = Extract<keyof BaseImagePreprocessingLayer, `transform${string}`>;

/** By which methods the parts of the data are transformed. */
const parts: Readonly<Record<string, readonly [alone: PartMethodName, batch: PartMethodName] | undefined>> = {
  images: ['transformSingleImage', 'transformImages'],
  labels: ['transformSingleLabel', 'transformLabels'],
  boundingBoxes: ['transformSingleBoundingBox', 'transformBoundingBoxes'],
  bounding_boxes: ['transformSingleBoundingBox', 'transformBoundingBoxes'],
  segmentationMasks: ['transformSingleSegmentationMask', 'transformSegmentationMasks'],
  segmentation_masks: ['transformSingleSegmentationMask', 'transformSegmentationMasks'],
};

/** Applies to one element what is made for batches. */
function alone<P extends Tree<Tensor>>(part: P, fn: (batch: P) => P): P {
  const batch = mapTree<Tensor, Tensor>(part, (leaf) => expandDims(leaf, 0)) as P;
  return mapTree<Tensor, Tensor>(fn(batch), (leaf) => squeeze(leaf, { axis: 0 })) as P;
}

export interface RandomImageArgs extends ImagePreprocessingArgs {
  /** Default: from the global seed. */
  readonly seed?: number | null;
}

/** A layer of augmentation: draws a transformation in training, does nothing otherwise. */
export abstract class RandomImageLayer<T> extends BaseImagePreprocessingLayer<T> {
  readonly seed: number | null;
  protected readonly generator: SeedGenerator;

  constructor(args: RandomImageArgs = {}) {
    super(args);
    this.seed = args.seed ?? null;
    this.generator = new SeedGenerator(this.seed);
  }

  /** Draws what one call does, new numbers for each image of the batch. */
  protected abstract draw(sizes: ImageSizes, seed: SeedGenerator, data: ImageInputs): T;

  override getRandomTransformation(data: ImageInputs, options: RandomTransformationArgs = {}): T | null {
    const { training = true, seed } = options;
    return training ? this.draw(this.sizesOf(data), seed ?? this.generator, data) : null;
  }

  /** Transforms a batch of images in the type of computation. */
  protected abstract augment(images: Tensor, transformation: T): Tensor;

  override transformImages(images: Tensor, transformation: T | null, options: TransformArgs = {}): Tensor {
    const { training = true } = options;
    const given = cast(images, this.computeDtype);
    return training && transformation !== null ? cast(this.augment(given, transformation), this.computeDtype) : given;
  }

  override getConfig(): Config {
    return { ...super.getConfig(), seed: this.seed };
  }
}

/** A number for each image, uniform within the bounds, of shape [batch, 1, 1, 1]. */
export const drawPerImage = (batch: number, [minval, maxval]: Bounds, seed: SeedGenerator, dtype?: DType): Tensor =>
  reshape(cast(uniform([batch], { minval, maxval, seed }), dtype ?? floatx()), [batch, 1, 1, 1]);

/** Whether something happens to each image, [batch, 1, 1, 1], with a probability that is itself drawn within bounds. */
export const drawWhether = (batch: number, probability: Bounds, seed: SeedGenerator): Tensor =>
  less(drawPerImage(batch, [0, 1], seed), drawPerImage(batch, probability, seed));
