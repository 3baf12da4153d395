// RandomElasticTransform: images distorted by smooth random fields.
import { HornetError, oneOf } from '../errors.js';
import { elasticPlanes } from '../ops/image/elastic.js';
import { withPlanes } from '../ops/image/layout.js';
import type { FillMode, SampleInterpolation } from '../ops/image/sample.js';
import { cast, clip, multiply, where } from '../ops/index.js';
import { uniform, type SeedGenerator } from '../random.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { checkValueRange, factorBounds, type Bounds, type Factor, type ValueRange } from './augmentation-args.js';
import { fillModes, GeometricLayer, type GeometricArgs, type Move } from './image-geometry.js';
import {
  drawWhether,
  type ImageInputs,
  type ImageSizes,
  type RandomTransformationArgs,
} from './image-preprocessing.js';
import type { Config } from './layer.js';

export interface RandomElasticTransformArgs extends GeometricArgs {
  /** Bounds within 0 and 1 of the probability that an image is transformed. Default 1: between 0 and 1. */
  readonly factor?: Factor;
  /** Bounds within 0 and 1 of how strong and smooth the distortion is. Default 1: between 0 and 1. */
  readonly scale?: Factor;
  /** What lies outside of the image. Default `reflect`. */
  readonly fillMode?: FillMode;
  /** Smallest and largest value of a pixel. Default [0, 255]. */
  readonly valueRange?: ValueRange;
}

/** How images are distorted. */
export interface Distortion extends Move {
  /** Whether an image is transformed, [batch, 1, 1, 1]. */
  readonly applies: Tensor;
  /** How strong and smooth all distortions of the batch are, between the bounds of `scale`. */
  readonly strength: Tensor;
  /** The state from which the fields are drawn: the same for images and masks. */
  readonly state: Tensor;
}

/** Distorts images in training, each by a field of its own. */
export class RandomElasticTransform extends GeometricLayer<Distortion> {
  static readonly className: string = 'RandomElasticTransform';
  readonly factor: Bounds;
  readonly scale: Bounds;
  readonly fillMode: FillMode;
  readonly valueRange: ValueRange;

  constructor(args: RandomElasticTransformArgs = {}) {
    super(args);
    this.factor = factorBounds(this.where, 'factor', args.factor ?? 1, [0, 1]);
    this.scale = factorBounds(this.where, 'scale', args.scale ?? 1, [0, 1]);
    this.fillMode = oneOf(this.where, 'fillMode', args.fillMode ?? 'reflect', [...fillModes, 'mirror']);
    this.valueRange = checkValueRange(this.where, args.valueRange ?? [0, 255]);
  }

  override getRandomTransformation(data: ImageInputs, options?: RandomTransformationArgs): Distortion | null {
    return this.factor[1] === 0 || this.scale[1] === 0 ? null : super.getRandomTransformation(data, options);
  }

  protected override draw(sizes: ImageSizes, seed: SeedGenerator): Distortion {
    const applies = drawWhether(sizes.batch, this.factor, seed);
    const [minval, maxval] = this.scale;
    return { sizes, applies, strength: uniform([], { minval, maxval, seed, dtype: 'float32' }), state: seed.next() };
  }

  protected override warp(images: Tensor, drawn: Distortion, interpolation: SampleInterpolation): Tensor {
    const { fillMode, fillValue } = this;
    const { height, width } = drawn.sizes;
    const smoothness = 0.05 * Math.min(height, width);
    const field = {
      alpha: multiply(drawn.strength, 0.1 * Math.max(height, width)),
      sigma: multiply(drawn.strength, smoothness),
      widest: smoothness * this.scale[1],
    };
    const warped = withPlanes(this.where, images, this.dataFormat, (planes) =>
      elasticPlanes(planes, field, drawn.state, { interpolation, fillMode, fillValue }),
    );
    return cast(clip(where(drawn.applies, warped, images), ...this.valueRange), this.computeDtype);
  }

  protected override moveCorners(): never {
    throw new HornetError(this.where, 'expected no bounding boxes: what an elastic distortion does to them is unknown');
  }

  override getConfig(): Config {
    const { factor, scale, fillMode, valueRange } = this;
    return { ...super.getConfig(), factor, scale, fillMode, valueRange };
  }
}

registerSerializable('keras.layers', RandomElasticTransform);

/** Makes a `RandomElasticTransform` layer. */
export const randomElasticTransform = (args?: RandomElasticTransformArgs): RandomElasticTransform =>
  new RandomElasticTransform(args);
