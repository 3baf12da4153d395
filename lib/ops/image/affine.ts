// affineTransform: images turned, moved, scaled and sheared by matrices that may be tensors.
import { isFloat } from '../../dtype.js';
import { HornetError } from '../../errors.js';
import type { Tensor } from '../../tensor.js';
import { castTo, convertToTensor, type TensorLike } from '../convert.js';
import { add, mul } from '../elementwise.js';
import { iota, partOf } from '../movement.js';
import { publicOp } from '../public-op.js';
import { reshapeTo } from '../reshape-core.js';
import { withPlanes, type ImageArgs } from './layout.js';
import {
  checkSampling,
  placeType,
  sampleGrid,
  type FillMode,
  type SampleInterpolation,
  type Sampling,
} from './sample.js';

export interface AffineTransformArgs extends ImageArgs {
  /** Default `bilinear`. */
  readonly interpolation?: SampleInterpolation;
  /** Default `constant`. */
  readonly fillMode?: FillMode;
  /** The value outside, for `constant`. Default 0. */
  readonly fillValue?: number;
}

/**
 * Images whose pixel (x, y) is the pixel (a0·x + a1·y + a2, b0·x + b1·y + b2) of those given. `transform` holds
 * [a0, a1, a2, b0, b1, b2, c0, c1], once or for every image. As in Keras, c0 and c1 move channel number c by c·c0 down
 * and c·c1 to the right, and are usually 0.
 *
 * @throws HornetError for other shapes and unknown modes.
 */
export const affineTransform = publicOp(
  'image.affineTransform',
  (images: TensorLike, transform: TensorLike, options: AffineTransformArgs = {}): Tensor => {
    const op = 'image.affineTransform';
    const { interpolation = 'bilinear', fillMode = 'constant', fillValue = 0 } = options;
    const sampling: Sampling = { interpolation, fillMode, fillValue };
    checkSampling(op, sampling);
    const matrix = convertToTensor(transform);
    if ((matrix.rank !== 1 && matrix.rank !== 2) || matrix.shape.at(-1) !== 8) {
      throw new HornetError(op, `expected transform of shape [8] or [N, 8], received [${matrix.shape.join(', ')}]`);
    }
    return withPlanes(op, convertToTensor(images), options.dataFormat, (planes) => {
      const rows = reshapeTo(matrix, [matrix.size / 8, 8]);
      if (rows.shape[0] !== 1 && rows.shape[0] !== planes.shape[0]) {
        throw new HornetError(
          op,
          `expected a transform for each of ${planes.shape[0]} images, received ${rows.shape[0]}`,
        );
      }
      return affinePlanes(planes, rows, sampling);
    });
  },
);

/** Planes [N, H, W, C] through transforms [N or 1, 8], or [N or 1, 6] where no channel moves on its own. */
export function affinePlanes(planes: Tensor, transforms: Tensor, sampling: Sampling): Tensor {
  const [, height, width, channels] = planes.shape;
  const dtype = placeType(planes.dtype, isFloat(transforms.dtype) ? transforms.dtype : 'float32');
  const matrix = castTo(transforms, dtype);
  const [count, parameters] = matrix.shape;
  const number = (i: number): Tensor => reshapeTo(partOf(matrix, 1, i, i + 1), [count, 1, 1, 1]);
  const [row, column, channel] = [
    iota([1, height, 1, 1], 1, dtype),
    iota([1, 1, width, 1], 2, dtype),
    iota([1, 1, 1, channels], 3, dtype),
  ];
  const placeOf = (x: number, y: number, shift: number, perChannel: number): Tensor => {
    const place = add(add(mul(number(y), row), mul(number(x), column)), number(shift));
    return parameters === 8 ? add(place, mul(number(perChannel), channel)) : place;
  };
  return sampleGrid(planes, [placeOf(3, 4, 5, 6), placeOf(0, 1, 2, 7)], sampling);
}
