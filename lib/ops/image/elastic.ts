// elasticTransform: images distorted by a smooth random field.
import { drawSeed, forkSeed, type Seed } from '../../seed.js';
import type { Tensor } from '../../tensor.js';
import { convertToTensor, type TensorLike } from '../convert.js';
import * as e from '../elementwise.js';
import { scalar } from '../fill.js';
import { iota } from '../movement.js';
import { publicOp } from '../public-op.js';
import { randomNormal } from '../random-core.js';
import { reduceSum } from '../reduce-core.js';
import { blurPlanes } from './blur.js';
import { withPlanes, type ImageArgs } from './layout.js';
import {
  checkSampling,
  placeType,
  sampleGrid,
  type FillMode,
  type SampleInterpolation,
  type Sampling,
} from './sample.js';

export interface ElasticTransformArgs extends ImageArgs {
  /** How strong the distortion is. Default 20. */
  readonly alpha?: number;
  /** How smooth it is: the standard deviation of the blur over the field, in pixels. Default 5. */
  readonly sigma?: number;
  /** Default `bilinear`. */
  readonly interpolation?: SampleInterpolation;
  /** Default `reflect`. */
  readonly fillMode?: FillMode;
  /** The value outside, for `constant`. Default 0. */
  readonly fillValue?: number;
  /** A number gives the same field every time, a `SeedGenerator` a new one. Default: the global seed. */
  readonly seed?: Seed;
}

/**
 * Moves the pixels of images by a random field that differs from image to image. Keeps shape and dtype.
 *
 * @throws HornetError for other ranks and unknown modes.
 */
export const elasticTransform = publicOp(
  'image.elasticTransform',
  (images: TensorLike, options: ElasticTransformArgs = {}): Tensor => {
    const op = 'image.elasticTransform';
    const { alpha = 20, sigma = 5, interpolation = 'bilinear', fillMode = 'reflect', fillValue = 0 } = options;
    const sampling: Sampling = { interpolation, fillMode, fillValue };
    checkSampling(op, sampling);
    const x = convertToTensor(images);
    return withPlanes(op, x, options.dataFormat, (planes) => {
      const dtype = placeType(planes.dtype);
      const field = { alpha: scalar(alpha, dtype), sigma: scalar(sigma, dtype), widest: sigma };
      return elasticPlanes(planes, field, drawSeed(options.seed), sampling);
    });
  },
);

/** A random field: strength and smoothness as scalars, and the largest smoothness that there may be. */
export interface ElasticField {
  readonly alpha: Tensor;
  readonly sigma: Tensor;
  readonly widest: number;
}

/** Planes [N, H, W, C] distorted by the field that `state` draws. */
export function elasticPlanes(
  planes: Tensor,
  { alpha, sigma, widest }: ElasticField,
  state: Tensor,
  sampling: Sampling,
): Tensor {
  const [batch, height, width] = planes.shape;
  const { dtype } = sigma;
  const window = windowOf(sigma, widest);
  const place = (axis: number, stream: number): Tensor => {
    const noise = e.mul(randomNormal(forkSeed(state, stream), [batch, height, width, 1], dtype), sigma);
    const offset = e.mul(blurPlanes(noise, window, window, 'same'), alpha);
    return e.add(iota([1, height, width, 1], axis, dtype), offset);
  };
  return sampleGrid(planes, [place(1, 1), place(2, 2)], sampling);
}

/** A Gaussian over three deviations to either side, in as many places as the widest needs. */
function windowOf(sigma: Tensor, widest: number): Tensor {
  const constant = (value: number): Tensor => scalar(value, sigma.dtype);
  const reach = Math.floor(3 * Math.abs(widest));
  const width = e.abs(sigma);
  const distance = e.abs(e.sub(iota([2 * reach + 1], 0, sigma.dtype), constant(reach)));
  const slope = e.div(distance, e.max(width, constant(1e-6)));
  const isNear = e.lessEqual(distance, e.floor(e.mul(width, constant(3))));
  const weights = e.select(isNear, e.exp(e.mul(constant(-0.5), e.square(slope))), constant(0));
  return e.div(weights, reduceSum(weights, [0]));
}
