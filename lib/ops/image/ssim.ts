// ssim: how alike two images are in brightness, contrast and structure.
import { floatResultType } from '../../dtype-promotion.js';
import { HornetError } from '../../errors.js';
import type { Tensor } from '../../tensor.js';
import { castTo, convertToTensor, promotableType, type TensorLike } from '../convert.js';
import * as e from '../elementwise.js';
import { scalar } from '../fill.js';
import { concatTensors, partOf } from '../movement.js';
import { publicOp } from '../public-op.js';
import { mean } from '../reduce.js';
import { reshapeTo } from '../reshape-core.js';
import { channelsToBack, perAxis } from '../window.js';
import { blurPlanes, gaussian } from './blur.js';
import { imageAxes, type ImageArgs } from './layout.js';

export interface SsimArgs extends ImageArgs {
  /** The largest value that pixels may have. Default 1. */
  readonly maxVal?: TensorLike;
  /** Size of the Gaussian window in which images are compared. Default 11. */
  readonly filterSize?: number;
  /** Its standard deviation. Default 1.5. */
  readonly filterSigma?: number;
  /** Keeps the comparison of brightness stable. Default 0.01. */
  readonly k1?: number;
  /** Keeps the comparison of contrast stable. Default 0.03. */
  readonly k2?: number;
}

/**
 * The structural similarity of images [H, W, C] (a scalar) or [N, H, W, C] (one number each): 1 for equal ones.
 *
 * @throws HornetError unless both have the same shape of rank 3 or 4, larger than the window.
 */
export const ssim = publicOp('image.ssim', (image1: TensorLike, image2: TensorLike, options: SsimArgs = {}): Tensor => {
  const op = 'image.ssim';
  const { maxVal = 1, filterSize = 11, filterSigma = 1.5, k1 = 0.01, k2 = 0.03 } = options;
  const dtype = floatResultType(promotableType(image1));
  const [first, second] = [image1, image2].map((image) => convertToTensor(image));
  const { channels } = imageAxes(op, first, options.dataFormat);
  if (first.shape.join() !== second.shape.join()) {
    const received = `[${first.shape.join(', ')}] and [${second.shape.join(', ')}]`;
    throw new HornetError(op, `expected images of one shape, received ${received}`);
  }
  const planesOf = (image: Tensor): Tensor => {
    const batch = reshapeTo(castTo(image, dtype), image.rank === 4 ? image.shape : [1, ...image.shape]);
    return channels === image.rank - 1 ? batch : channelsToBack(batch);
  };
  const [a, b] = [planesOf(first), planesOf(second)];
  const [size] = perAxis(op, 'filterSize', filterSize, 1);
  const window = gaussian(size, scalar(filterSigma, dtype === 'float64' ? dtype : 'float32'));
  const moments = blurPlanes(concatTensors([a, b, e.square(a), e.square(b), e.mul(a, b)], 3), window, window, 'valid');
  const depth = a.shape[3];
  const [meanA, meanB, squareA, squareB, product] = [0, 1, 2, 3, 4].map((i) =>
    partOf(moments, 3, i * depth, (i + 1) * depth),
  );
  const most = convertToTensor(maxVal, dtype);
  const [c1, c2] = [k1, k2].map((k) => e.square(e.mul(most, scalar(k, dtype))));
  const twice = (x: Tensor): Tensor => e.mul(x, scalar(2, dtype));
  const means = e.mul(meanA, meanB);
  const squares = e.add(e.square(meanA), e.square(meanB));
  const brightness = e.div(e.add(twice(means), c1), e.add(squares, c1));
  const structure = e.div(e.add(twice(e.sub(product, means)), c2), e.add(e.sub(e.add(squareA, squareB), squares), c2));
  const similarity = castTo(mean(e.mul(brightness, structure), { axis: [1, 2, 3] }), first.dtype);
  return first.rank === 4 ? similarity : reshapeTo(similarity, []);
});
