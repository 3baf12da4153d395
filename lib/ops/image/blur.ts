// Convolutions of every channel with one small kernel: gaussianBlur and sobelEdges.
import { checkDataFormat } from '../../config.js';
import { isFloat } from '../../dtype.js';
import { HornetError } from '../../errors.js';
import type { Tensor } from '../../tensor.js';
import { broadcastTensor } from '../broadcast.js';
import { conv } from '../conv-core.js';
import { castTo, convertToTensor, type TensorLike } from '../convert.js';
import * as e from '../elementwise.js';
import { scalar } from '../fill.js';
import { iota, partOf, transposeTo } from '../movement.js';
import { publicOp } from '../public-op.js';
import { reduceSum } from '../reduce-core.js';
import { reshapeTo } from '../reshape-core.js';
import { channelsToBack, perAxis, windowPadding, type PerAxis } from '../window.js';
import { withPlanes, type ImageArgs } from './layout.js';
import { placeType } from './sample.js';

export interface GaussianBlurArgs extends ImageArgs {
  /** Size of the kernel along width and height, in this order. Default 3. */
  readonly kernelSize?: PerAxis;
  /** Standard deviations along width and height, in this order. Default 1. */
  readonly sigma?: TensorLike;
}

/**
 * Blurs images [H, W, C] or [N, H, W, C] (or channels first) with a Gaussian; outside is 0. Size and dtype stay.
 *
 * @throws HornetError for integers, other ranks and sizes that are not positive integers.
 */
export const gaussianBlur = publicOp(
  'image.gaussianBlur',
  (images: TensorLike, options: GaussianBlurArgs = {}): Tensor => {
    const op = 'image.gaussianBlur';
    const x = convertToTensor(images);
    if (!isFloat(x.dtype)) throw new HornetError(op, `expected images of a float dtype, received ${x.dtype}`);
    const size = perAxis(op, 'kernelSize', options.kernelSize ?? 3, 2);
    const given = convertToTensor(options.sigma ?? 1, placeType(x.dtype));
    if (given.size !== 1 && given.size !== 2) {
      throw new HornetError(op, `expected sigma to be one number or two, received shape [${given.shape.join(', ')}]`);
    }
    const sigma = broadcastTensor(reshapeTo(given, [given.size]), [2]);
    const [across, down] = size.map((n, i) => gaussian(n, reshapeTo(partOf(sigma, 0, i, i + 1), [])));
    return withPlanes(op, x, options.dataFormat, (planes) => blurPlanes(planes, down, across, 'same'));
  },
);

/** `size` weights of a Gaussian with the deviation `sigma`, their sum 1. */
export function gaussian(size: number, sigma: Tensor): Tensor {
  const offset = e.sub(iota([size], 0, sigma.dtype), scalar((size - 1) / 2, sigma.dtype));
  const weights = e.exp(e.mul(scalar(-0.5, sigma.dtype), e.square(e.div(offset, sigma))));
  return e.div(weights, reduceSum(weights, [0]));
}

/** Planes [N, H, W, C] convolved with the outer product of two kernels [size], one after the other. */
export function blurPlanes(planes: Tensor, down: Tensor, across: Tensor, padding: 'same' | 'valid'): Tensor {
  const vertical = reshapeTo(castTo(down, planes.dtype), [down.size, 1, 1]);
  const horizontal = reshapeTo(castTo(across, planes.dtype), [1, across.size, 1]);
  return convolveEach(convolveEach(planes, vertical, padding), horizontal, padding);
}

/** Every channel of planes [N, H, W, C] with the same kernels [h, w, M]: [N, H', W', C · M], of each channel M in a row. */
function convolveEach(planes: Tensor, kernels: Tensor, padding: 'same' | 'valid'): Tensor {
  const channels = planes.shape[3];
  const [height, width, count] = kernels.shape;
  const spread = broadcastTensor(reshapeTo(kernels, [height, width, 1, 1, count]), [height, width, 1, channels, count]);
  const [strides, window] = [
    [1, 1],
    [height, width],
  ];
  const around = windowPadding('image', padding, planes.shape.slice(1, 3), window, strides, strides);
  const geometry = { strides, ...around, dilation: strides, groups: channels };
  return conv(planes, reshapeTo(spread, [height, width, 1, channels * count]), geometry);
}

/**
 * The slopes of images [N, H, W, C] (or channels first) by Sobel's kernels: a last axis is added with the slope downwards and
 * the one to the right. Outside of the image is 0.
 *
 * @throws HornetError unless the images have rank 4.
 */
export const sobelEdges = publicOp('image.sobelEdges', (images: TensorLike, options: ImageArgs = {}): Tensor => {
  const op = 'image.sobelEdges';
  const x = convertToTensor(images);
  if (x.rank !== 4) throw new HornetError(op, `expected images of rank 4, received shape [${x.shape.join(', ')}]`);
  // Of each place, first the slope downwards, then the one to the right.
  const kernels = [-1, -1, -2, 0, -1, 1, 0, -2, 0, 0, 0, 2, 1, -1, 2, 0, 1, 1];
  const weights = reshapeTo(convertToTensor(kernels, x.dtype), [3, 3, 2]);
  const isLast = checkDataFormat(options.dataFormat, op) === 'channels_last';
  const planes = isLast ? x : channelsToBack(x);
  const slopes = reshapeTo(convolveEach(planes, weights, 'same'), [...planes.shape, 2]);
  return isLast ? slopes : transposeTo(slopes, [0, 3, 1, 2, 4]);
});
