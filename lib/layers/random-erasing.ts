// A layer that erases random rectangles.
import { HornetError } from '../errors.js';
import { cast, clip, logicalAnd, multiply, reshape, sqrt, where } from '../ops/index.js';
import { normal, type SeedGenerator } from '../random.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { checkValueRange, factorBounds, type Bounds, type Factor, type ValueRange } from './augmentation-args.js';
import { drawPatches } from './image-patches.js';
import {
  drawPerImage,
  drawWhether,
  RandomImageLayer,
  type ImageInputs,
  type ImageSizes,
} from './image-preprocessing.js';
import type { Config } from './layer.js';
import type { RandomColorArgs } from './random-color-layer.js';

/** One number, or one for each of three channels. */
export type FillValue = number | readonly [number, number, number];

export interface RandomErasingArgs extends RandomColorArgs {
  /** The probability that something is erased, within [0, 1]. Default 1: between 0 and 1. */
  readonly factor?: Factor;
  /** The share of the image that is erased, within [0, 1]. Default [0.02, 0.33]. */
  readonly scale?: Factor;
  /** What is put there, within the value range. Default: normal noise. */
  readonly fillValue?: FillValue | null;
}

/** What is drawn for each image. */
interface Erasure {
  /** The pixels to erase. */
  readonly mask: Tensor;
  readonly fill: Tensor;
}

/** Erases a rectangle of each image. Source: Zhong et al. 2020. */
export class RandomErasing extends RandomImageLayer<Erasure> {
  static readonly className: string = 'RandomErasing';
  readonly factor: Bounds;
  readonly scale: Bounds;
  readonly fillValue: FillValue | null;
  readonly valueRange: ValueRange;

  constructor(args: RandomErasingArgs = {}) {
    super(args);
    this.factor = factorBounds(this.where, 'factor', args.factor ?? 1, [0, 1]);
    this.scale = factorBounds(this.where, 'scale', args.scale ?? [0.02, 0.33], [0, 1]);
    this.valueRange = checkValueRange(this.where, args.valueRange);
    this.fillValue = args.fillValue ?? null;
    if (Array.isArray(this.fillValue) ? this.fillValue.length !== 3 : typeof (this.fillValue ?? 0) !== 'number') {
      const received = JSON.stringify(this.fillValue);
      throw new HornetError(this.where, `expected fillValue to be a number or three of them, received ${received}`);
    }
  }

  protected draw(sizes: ImageSizes, seed: SeedGenerator, data: ImageInputs): Erasure {
    const { batch } = sizes;
    const dtype = this.computeDtype;
    const drawSide = (): Tensor => sqrt(drawPerImage(batch, this.scale, seed, dtype));
    const { mask } = drawPatches(sizes, [drawSide(), drawSide()], this.spatialAxes, seed, dtype);
    const { shape } = this.imagesOf(data);
    const fill = this.drawFill(shape.length === 3 ? [1, ...shape] : shape, seed);
    return { mask: logicalAnd(mask, drawWhether(batch, this.factor, seed)), fill: clip(fill, ...this.valueRange) };
  }

  private drawFill(shape: readonly number[], seed: SeedGenerator): Tensor {
    const dtype = this.computeDtype;
    const { fillValue } = this;
    if (fillValue === null) return multiply(normal(shape, { dtype, seed }), this.valueRange[1]);
    const channels = typeof fillValue === 'number' ? 1 : fillValue.length;
    return reshape(cast(fillValue, dtype), [1, 1, 1, 1].with(this.channelAxis, channels));
  }

  protected augment(images: Tensor, { mask, fill }: Erasure): Tensor {
    return where(mask, fill, images);
  }

  override getConfig(): Config {
    const { factor, scale, fillValue, valueRange } = this;
    return { ...super.getConfig(), factor, scale, fillValue, valueRange };
  }
}

registerSerializable('keras.layers', RandomErasing);

/** Makes a `RandomErasing` layer. */
export const randomErasing = (args?: RandomErasingArgs): RandomErasing => new RandomErasing(args);
