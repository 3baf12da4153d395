// Layers that move, turn, zoom or shear each image by an affine map of its own.
import { oneOf } from '../errors.js';
import { affinePlanes } from '../ops/image/affine.js';
import { withPlanes } from '../ops/image/layout.js';
import type { FillMode, SampleInterpolation } from '../ops/image/sample.js';
import {
  cast,
  concatenate,
  cos,
  divide,
  full,
  greater,
  less,
  multiply,
  negative,
  reshape,
  sin,
  subtract,
  where,
} from '../ops/index.js';
import type { SeedGenerator } from '../random.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { columnsOf, joinColumns } from '../utils/bounding-boxes/formats.js';
import { affineTransform } from '../utils/bounding-boxes/geometry.js';
import { factorBounds, symmetricBounds, type Bounds, type Factor } from './augmentation-args.js';
import { fillModes, GeometricLayer, placeCorners, type GeometricArgs, type Move } from './image-geometry.js';
import { drawPerImage, type ImageSizes } from './image-preprocessing.js';
import type { Config } from './layer.js';

export interface RandomAffineArgs extends GeometricArgs {
  /** What lies outside of the image. Default `reflect`. */
  readonly fillMode?: Exclude<FillMode, 'mirror'>;
}

/** The numbers of a map, one for each image or one for all: (x, y) is read at (a0 x + a1 y + a2, b0 x + b1 y + b2). */
type AffineMap = readonly [a0: Entry, a1: Entry, a2: Entry, b0: Entry, b1: Entry, b2: Entry];
type Entry = Tensor | number;

/** A layer that reads the pixels of each image through an affine map. */
export abstract class RandomAffineLayer<T extends Move> extends GeometricLayer<T> {
  readonly fillMode: FillMode;

  constructor(args: RandomAffineArgs = {}) {
    super(args);
    this.fillMode = oneOf(this.where, 'fillMode', args.fillMode ?? 'reflect', fillModes);
  }

  /** Where each pixel is read. */
  protected abstract mapOf(transformation: T): AffineMap;

  /** The numbers of the map of each image, [batch, 6]. */
  matricesOf(transformation: T): Tensor {
    const { batch } = transformation.sizes;
    const columns = this.mapOf(transformation).map((entry) =>
      typeof entry === 'number' ? full([batch, 1], entry, { dtype: 'float32' }) : reshape(entry, [batch, 1]),
    );
    return concatenate(columns, { axis: 1 });
  }

  /** Reads each pixel where the matrices [batch, 6] say. */
  warpBy(images: Tensor, matrices: Tensor, interpolation: SampleInterpolation): Tensor {
    const { fillMode, fillValue } = this;
    return withPlanes(this.where, images, this.dataFormat, (planes) =>
      affinePlanes(planes, matrices, { interpolation, fillMode, fillValue }),
    );
  }

  protected override warp(images: Tensor, transformation: T, interpolation: SampleInterpolation): Tensor {
    return this.warpBy(images, this.matricesOf(transformation), interpolation);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), fillMode: this.fillMode };
  }
}

/** A number for each image, [batch, 1, 1]: as columns of boxes are. */
const draw = (batch: number, bounds: Bounds, seed: SeedGenerator): Tensor =>
  reshape(drawPerImage(batch, bounds, seed, 'float32'), [batch, 1, 1]);

/** How far each image moves. */
export interface Translation extends Move {
  /** Pixels to the right, [batch, 1, 1]. */
  readonly x: Tensor;
  /** Pixels downwards, [batch, 1, 1]. */
  readonly y: Tensor;
}

/** Moves images in training, each by other fractions of its height and width (−1 to 1, positive: down and right). */
export class RandomTranslation extends RandomAffineLayer<Translation> {
  static readonly className: string = 'RandomTranslation';
  static override readonly requiredArgs: readonly string[] = ['heightFactor', 'widthFactor'];
  private readonly bounds: { readonly x: Bounds; readonly y: Bounds };

  constructor(
    readonly heightFactor: Factor,
    readonly widthFactor: Factor,
    args: RandomAffineArgs = {},
  ) {
    super(args);
    this.bounds = {
      x: symmetricBounds(this.where, 'widthFactor', widthFactor, [-1, 1]),
      y: symmetricBounds(this.where, 'heightFactor', heightFactor, [-1, 1]),
    };
  }

  protected override draw(sizes: ImageSizes, seed: SeedGenerator): Translation {
    const { batch, height, width } = sizes;
    const y = multiply(draw(batch, this.bounds.y, seed), height);
    return { sizes, y, x: multiply(draw(batch, this.bounds.x, seed), width) };
  }

  protected override mapOf({ x, y }: Translation): AffineMap {
    return [1, 0, negative(x), 0, 1, negative(y)];
  }

  protected override moveCorners(corners: Tensor, { x, y }: Translation): Tensor {
    return placeCorners(corners, { shiftX: x, shiftY: y });
  }

  override getConfig(): Config {
    return { ...super.getConfig(), heightFactor: this.heightFactor, widthFactor: this.widthFactor };
  }
}

/** How far each image turns. */
export interface Rotation extends Move {
  /** Degrees counterclockwise, [batch, 1, 1]. */
  readonly angle: Tensor;
}

/** Turns images around their center in training, each by another fraction of a full turn (−1 to 1, positive: counterclockwise). */
export class RandomRotation extends RandomAffineLayer<Rotation> {
  static readonly className: string = 'RandomRotation';
  static override readonly requiredArgs: readonly string[] = ['factor'];
  readonly factor: Bounds;

  constructor(factor: Factor, args: RandomAffineArgs = {}) {
    super(args);
    this.factor = factorBounds(this.where, 'factor', factor, [-1, 1]);
  }

  protected override draw(sizes: ImageSizes, seed: SeedGenerator): Rotation {
    const [lower, upper] = this.factor;
    return { sizes, angle: draw(sizes.batch, [lower * 360, upper * 360], seed) };
  }

  protected override mapOf({ angle, sizes }: Rotation): AffineMap {
    const radians = multiply(angle, Math.PI / 180);
    const [a, b] = [cos(radians), sin(radians)];
    const [x, y] = [(sizes.width - 1) / 2, (sizes.height - 1) / 2];
    const shiftX = subtract(x, subtract(multiply(a, x), multiply(b, y)));
    const shiftY = subtract(subtract(y, multiply(b, x)), multiply(a, y));
    return [a, negative(b), shiftX, b, a, shiftY];
  }

  protected override moveCorners(corners: Tensor, { angle, sizes }: Rotation): Tensor {
    const degrees = reshape(angle, [sizes.batch]);
    return affineTransform(corners, degrees, 0, 0, 1, 0, 0, sizes.height, sizes.width);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), factor: this.factor };
  }
}

export interface RandomZoomArgs extends RandomAffineArgs {
  /** Bounds for the width (positive: zoom out). Default: as much as the height, so that the aspect ratio stays. */
  readonly widthFactor?: Factor | null;
}

/** How much of each image is seen. */
export interface Zoom extends Move {
  /** Width of what is seen, as a fraction of the image, [batch, 1, 1]. */
  readonly x: Tensor;
  /** Height of what is seen, as a fraction of the image, [batch, 1, 1]. */
  readonly y: Tensor;
}

/** Zooms into or out of images in training, each by other factors (above −1 to 1, positive: out). */
export class RandomZoom extends RandomAffineLayer<Zoom> {
  static readonly className: string = 'RandomZoom';
  static override readonly requiredArgs: readonly string[] = ['heightFactor'];
  readonly widthFactor: Factor | null;
  private readonly bounds: { readonly x: Bounds | null; readonly y: Bounds };

  constructor(
    readonly heightFactor: Factor,
    args: RandomZoomArgs = {},
  ) {
    super(args);
    this.widthFactor = args.widthFactor ?? null;
    const boundsOf = (name: string, factor: Factor): Bounds => {
      const [lower, upper] = symmetricBounds(this.where, name, factor, [-1, 1], true);
      return [1 + lower, 1 + upper];
    };
    this.bounds = {
      x: this.widthFactor === null ? null : boundsOf('widthFactor', this.widthFactor),
      y: boundsOf('heightFactor', heightFactor),
    };
  }

  protected override draw(sizes: ImageSizes, seed: SeedGenerator): Zoom {
    const y = draw(sizes.batch, this.bounds.y, seed);
    return { sizes, y, x: this.bounds.x === null ? y : draw(sizes.batch, this.bounds.x, seed) };
  }

  /** Where the part that is seen begins. */
  private startOf({ x, y, sizes }: Zoom): readonly [x: Tensor, y: Tensor] {
    const start = (zoom: Tensor, size: number): Tensor => multiply(subtract(1, zoom), (size - 1) / 2);
    return [start(x, sizes.width), start(y, sizes.height)];
  }

  protected override mapOf(zoom: Zoom): AffineMap {
    const [startX, startY] = this.startOf(zoom);
    return [zoom.x, 0, startX, 0, zoom.y, startY];
  }

  protected override moveCorners(corners: Tensor, zoom: Zoom): Tensor {
    const [startX, startY] = this.startOf(zoom);
    return placeCorners(corners, {
      scaleX: divide(1, zoom.x),
      scaleY: divide(1, zoom.y),
      shiftX: negative(divide(startX, zoom.x)),
      shiftY: negative(divide(startY, zoom.y)),
    });
  }

  override getConfig(): Config {
    return { ...super.getConfig(), heightFactor: this.heightFactor, widthFactor: this.widthFactor };
  }
}

export interface RandomShearArgs extends RandomAffineArgs {
  /** Bounds within 0 and 1 of how far a row moves to the side for each row above it, to either side. Default 0. */
  readonly xFactor?: Factor;
  /** Bounds within 0 and 1 of how far a column moves up or down for each column before it. Default 0. */
  readonly yFactor?: Factor;
}

/** How each image is sheared. */
export interface Shear extends Move {
  /** Of the rows, [batch, 1, 1]. */
  readonly x: Tensor;
  /** Of the columns, [batch, 1, 1]. */
  readonly y: Tensor;
}

/** Shears images in training, each by other factors. */
export class RandomShear extends RandomAffineLayer<Shear> {
  static readonly className: string = 'RandomShear';
  readonly xFactor: Factor;
  readonly yFactor: Factor;
  private readonly bounds: { readonly x: Bounds; readonly y: Bounds };

  constructor(args: RandomShearArgs = {}) {
    super(args);
    this.xFactor = args.xFactor ?? 0;
    this.yFactor = args.yFactor ?? 0;
    this.bounds = {
      x: symmetricBounds(this.where, 'xFactor', this.xFactor, [0, 1]),
      y: symmetricBounds(this.where, 'yFactor', this.yFactor, [0, 1]),
    };
  }

  protected override draw(sizes: ImageSizes, seed: SeedGenerator): Shear {
    const { batch } = sizes;
    const sign = where(greater(draw(batch, [0, 1], seed), 0.5), -1, 1);
    const signed = (bounds: Bounds): Tensor => cast(multiply(draw(batch, bounds, seed), sign), 'float32');
    return { sizes, y: signed(this.bounds.y), x: signed(this.bounds.x) };
  }

  protected override mapOf({ x, y }: Shear): AffineMap {
    return [1, x, 0, y, 1, 0];
  }

  // As in Keras, boxes are sheared in fractions of the image: those of images that are not square keep off their objects.
  protected override moveCorners(corners: Tensor, { x, y, sizes }: Shear): Tensor {
    const size = [sizes.width, sizes.height];
    const [left, top, right, bottom] = columnsOf(corners).map((column, i) => divide(column, size[i % 2]));
    const along = (at: Tensor, factor: Tensor, other: Tensor): Tensor => subtract(at, multiply(factor, other));
    const x1 = along(left, x, where(less(x, 0), top, bottom));
    const x2 = along(right, x, where(less(x, 0), bottom, top));
    const y1 = along(top, y, where(greater(y, 0), x2, x1));
    const y2 = along(bottom, y, where(greater(y, 0), x1, x2));
    return joinColumns([x1, y1, x2, y2].map((column, i) => multiply(column, size[i % 2])));
  }

  override getConfig(): Config {
    return { ...super.getConfig(), xFactor: this.xFactor, yFactor: this.yFactor };
  }
}

for (const layer of [RandomTranslation, RandomRotation, RandomZoom, RandomShear]) {
  registerSerializable('keras.layers', layer);
}

/** Makes a `RandomTranslation` layer. */
export const randomTranslation = (
  heightFactor: Factor,
  widthFactor: Factor,
  args?: RandomAffineArgs,
): RandomTranslation => new RandomTranslation(heightFactor, widthFactor, args);
/** Makes a `RandomRotation` layer. */
export const randomRotation = (factor: Factor, args?: RandomAffineArgs): RandomRotation =>
  new RandomRotation(factor, args);
/** Makes a `RandomZoom` layer. */
export const randomZoom = (heightFactor: Factor, args?: RandomZoomArgs): RandomZoom =>
  new RandomZoom(heightFactor, args);
/** Makes a `RandomShear` layer. */
export const randomShear = (args?: RandomShearArgs): RandomShear => new RandomShear(args);
