// Resizing: images of one size.
import { resize, type Interpolation } from '../ops/image/index.js';
import { all, cast, equal, logicalOr, where } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { BoundingBoxes } from '../utils/bounding-boxes/formats.js';
import { placeCorners, type Placement } from './image-geometry.js';
import {
  BaseImagePreprocessingLayer,
  type ImageInputs,
  type ImagePreprocessingArgs,
  type ImageSizes,
} from './image-preprocessing.js';
import type { Config } from './layer.js';

export interface ResizingArgs extends ImagePreprocessingArgs {
  /** How values between pixels are found; masks are always read at the nearest. Default `bilinear`. */
  readonly interpolation?: Interpolation;
  /** Cut off what does not fit the new aspect ratio, instead of distorting. Default false. */
  readonly cropToAspectRatio?: boolean;
  /** Fill up what the new aspect ratio needs, instead of distorting. Default false. */
  readonly padToAspectRatio?: boolean;
  /** Only `constant`. */
  readonly fillMode?: 'constant';
  /** Value of what is filled up. Default 0. */
  readonly fillValue?: number;
  /** Average over all pixels when the image becomes smaller. Default false. */
  readonly antialias?: boolean;
}

/** Resizes images. Keeps integers, rounded. */
export class Resizing extends BaseImagePreprocessingLayer<ImageSizes> {
  static readonly className: string = 'Resizing';
  static override readonly requiredArgs: readonly string[] = ['height', 'width'];
  readonly interpolation: Interpolation;
  readonly cropToAspectRatio: boolean;
  readonly padToAspectRatio: boolean;
  readonly fillMode: 'constant';
  readonly fillValue: number;
  readonly antialias: boolean;

  constructor(
    readonly height: number,
    readonly width: number,
    args: ResizingArgs = {},
  ) {
    super(args);
    this.interpolation = args.interpolation ?? 'bilinear';
    this.cropToAspectRatio = args.cropToAspectRatio ?? false;
    this.padToAspectRatio = args.padToAspectRatio ?? false;
    this.fillMode = args.fillMode ?? 'constant';
    this.fillValue = args.fillValue ?? 0;
    this.antialias = args.antialias ?? false;
  }

  override getRandomTransformation(data: ImageInputs): ImageSizes {
    return this.sizesOf(data);
  }

  override transformImages(images: Tensor): Tensor {
    return this.resize(images, this.interpolation);
  }

  override transformSegmentationMasks(masks: Tensor): Tensor {
    return this.resize(masks, 'nearest');
  }

  private resize(images: Tensor, interpolation: Interpolation): Tensor {
    const { height, width, antialias, cropToAspectRatio, padToAspectRatio, fillMode, fillValue, dataFormat } = this;
    const shape = { cropToAspectRatio, padToAspectRatio, fillMode, fillValue };
    return resize(images, [height, width], { interpolation, antialias, dataFormat, ...shape });
  }

  override transformBoundingBoxes(given: BoundingBoxes, sizes: ImageSizes): BoundingBoxes {
    const isAbsent = (value: number): Tensor => all(equal(given.boxes, value), { axis: -1, keepdims: true });
    const absent = logicalOr(isAbsent(-1), isAbsent(0));
    const place = (corners: Tensor): Tensor => {
      const placed = placeCorners(corners, this.placementFrom(sizes));
      return where(absent, cast(0, placed.dtype), placed);
    };
    return this.moveBoxes(given, sizes, place, this);
  }

  /** What becomes of places in images of the given size. */
  private placementFrom(from: ImageSizes): Placement {
    const [scaleX, scaleY] = [this.width / from.width, this.height / from.height];
    const fit = (scale: number): Placement => ({
      scaleX: scale,
      scaleY: scale,
      shiftX: Math.floor((this.width - from.width * scale) / 2),
      shiftY: Math.floor((this.height - from.height * scale) / 2),
    });
    if (this.padToAspectRatio) return fit(Math.min(scaleX, scaleY));
    if (!this.cropToAspectRatio) return { scaleX, scaleY, shiftX: 0, shiftY: 0 };
    const scale = Math.max(scaleX, scaleY);
    const cut = (size: number, wanted: number): number => -Math.floor((size * scale - wanted) / 2);
    return { scaleX: scale, scaleY: scale, shiftX: cut(from.width, this.width), shiftY: cut(from.height, this.height) };
  }

  override getConfig(): Config {
    const { height, width, interpolation, cropToAspectRatio, padToAspectRatio, fillMode, fillValue, antialias } = this;
    const own = { height, width, interpolation, cropToAspectRatio, padToAspectRatio, fillMode, fillValue, antialias };
    return { ...super.getConfig(), ...own };
  }
}

registerSerializable('keras.layers', Resizing);

/** Makes a `Resizing` layer. */
export const resizing = (height: number, width: number, args?: ResizingArgs): Resizing =>
  new Resizing(height, width, args);
