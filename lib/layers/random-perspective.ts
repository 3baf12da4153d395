// RandomPerspective: images seen from elsewhere.
import { HornetError } from '../errors.js';
import { withPlanes } from '../ops/image/layout.js';
import { homography, mapPoints, perspectivePlanes } from '../ops/image/perspective.js';
import type { SampleInterpolation } from '../ops/image/sample.js';
import { add, amax, amin, array, multiply, reshape, stack, where } from '../ops/index.js';
import { uniform, type SeedGenerator } from '../random.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { columnsOf, joinColumns } from '../utils/bounding-boxes/formats.js';
import { factorBounds, type Bounds, type Factor } from './augmentation-args.js';
import { GeometricLayer, type GeometricArgs, type Move } from './image-geometry.js';
import { drawWhether, type ImageSizes } from './image-preprocessing.js';
import type { Config } from './layer.js';

export interface RandomPerspectiveArgs extends GeometricArgs {
  /** Bounds within 0 and 1 of the probability that an image is transformed. Default 1: between 0 and 1. */
  readonly factor?: Factor;
  /** How far corners move at most, from 0 to 1: half of their distance from the first corner. Default 1. */
  readonly scale?: number;
}

/** How each image is seen. */
export interface Perspective extends Move {
  /** Whether it is transformed, [batch, 1, 1, 1]. */
  readonly applies: Tensor;
  /** Corners of the image, [1, 4, 2]. */
  readonly startPoints: Tensor;
  /** Where they go, [batch, 4, 2]. */
  readonly endPoints: Tensor;
}

/** Moves the corners of images in training and the images along with them. */
export class RandomPerspective extends GeometricLayer<Perspective> {
  static readonly className: string = 'RandomPerspective';
  readonly factor: Bounds;
  readonly scale: number;

  constructor(args: RandomPerspectiveArgs = {}) {
    super(args);
    this.factor = factorBounds(this.where, 'factor', args.factor ?? 1, [0, 1]);
    this.scale = args.scale ?? 1;
    if (!(this.scale >= 0 && this.scale <= 1)) {
      throw new HornetError(this.where, `expected scale to be a number in [0, 1], received ${this.scale}`);
    }
  }

  protected override draw(sizes: ImageSizes, seed: SeedGenerator): Perspective {
    const { batch, height, width } = sizes;
    const [right, bottom] = [width - 1, height - 1];
    const startPoints = array([[[0, 0], [right, 0], [0, bottom], [right, bottom]]], { dtype: 'float32' }); // prettier-ignore
    const applies = drawWhether(batch, this.factor, seed);
    const reach = this.scale / 2;
    const moves = uniform([batch, 4, 2], { minval: -reach, maxval: reach, seed, dtype: 'float32' });
    return { sizes, applies, startPoints, endPoints: add(startPoints, multiply(startPoints, moves)) };
  }

  protected override warp(images: Tensor, seen: Perspective, interpolation: SampleInterpolation): Tensor {
    const { fillValue } = this;
    const map = homography(seen.endPoints, seen.startPoints);
    const warped = withPlanes(this.where, images, this.dataFormat, (planes) =>
      perspectivePlanes(planes, map, { interpolation, fillMode: 'constant', fillValue }),
    );
    return where(seen.applies, warped, images);
  }

  protected override moveCorners(corners: Tensor, { applies, startPoints, endPoints, sizes }: Perspective): Tensor {
    const map = homography(startPoints, endPoints);
    const [left, top, right, bottom] = columnsOf(corners);
    const points = [left, right].flatMap((x) => [top, bottom].map((y) => mapPoints(map, x, y)));
    const [xs, ys] = [0, 1].map((axis) => stack(points.map((point) => point[axis])));
    const around = [amin(xs, { axis: 0 }), amin(ys, { axis: 0 }), amax(xs, { axis: 0 }), amax(ys, { axis: 0 })];
    return where(reshape(applies, [sizes.batch, 1, 1]), joinColumns(around), corners);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), factor: this.factor, scale: this.scale };
  }
}

registerSerializable('keras.layers', RandomPerspective);

/** Makes a `RandomPerspective` layer. */
export const randomPerspective = (args?: RandomPerspectiveArgs): RandomPerspective => new RandomPerspective(args);
