// Resampling by a scale and a shift per axis that are tensors; fixed sizes are the matter of resize.ts.
import { floatResultType } from '../../dtype-promotion.js';
import { isFloat } from '../../dtype.js';
import { HornetError } from '../../errors.js';
import type { Tensor } from '../../tensor.js';
import { normalizeAxis } from '../axes.js';
import { castTo, convertToTensor, promotableType, type TensorLike } from '../convert.js';
import * as e from '../elementwise.js';
import { scalar } from '../fill.js';
import { iota, partOf } from '../movement.js';
import { weighAxis } from '../pool.js';
import { publicOp } from '../public-op.js';
import { reduceMax, reduceMin, reduceSum } from '../reduce-core.js';
import { reshapeTo } from '../reshape-core.js';
import { kernels, type Kernel } from './kernels.js';

const methods = {
  linear: kernels.bilinear,
  bilinear: kernels.bilinear,
  trilinear: kernels.bilinear,
  cubic: kernels.bicubic,
  bicubic: kernels.bicubic,
  tricubic: kernels.bicubic,
  lanczos3: kernels.lanczos3,
  lanczos5: kernels.lanczos5,
};

/** How values between pixels are found. */
export type ScaleMethod = keyof typeof methods;

export interface ScaleAndTranslateArgs {
  /** Average over all pixels where the image becomes smaller. Default true. */
  readonly antialias?: boolean;
}

/**
 * Resamples the axes `spatialDims` of `images` so that place x goes to x · scale + translation: pixels lie at half places,
 * what comes from outside is 0. `scale` and `translation` have one number for each of these axes. Integers are rounded.
 *
 * @throws HornetError for an unknown method, or where ranks or numbers of axes differ.
 */
export const scaleAndTranslate = publicOp(
  'image.scaleAndTranslate',
  (
    images: TensorLike,
    outputShape: readonly number[],
    scale: TensorLike,
    translation: TensorLike,
    spatialDims: readonly number[],
    method: ScaleMethod,
    options: ScaleAndTranslateArgs = {},
  ): Tensor => {
    const op = 'image.scaleAndTranslate';
    const source = convertToTensor(images);
    if (!Object.hasOwn(methods, method)) {
      const known = Object.keys(methods).join(', ');
      throw new HornetError(op, `expected method to be one of ${known}, received '${String(method)}'`);
    }
    if (outputShape.length !== source.rank) {
      throw new HornetError(op, `expected outputShape of rank ${source.rank}, received [${outputShape.join(', ')}]`);
    }
    const wanted = floatResultType(promotableType(scale), promotableType(translation));
    const dtype = wanted === 'float64' ? wanted : 'float32';
    const [scales, shifts] = [scale, translation].map((x) => convertToTensor(x, dtype));
    if ([scales, shifts].some(({ shape }) => shape.length !== 1 || shape[0] !== spatialDims.length)) {
      const received = `[${scales.shape.join(', ')}] and [${shifts.shape.join(', ')}]`;
      const message = `expected a scale and a translation for each of ${spatialDims.length} axes, received shapes ${received}`;
      throw new HornetError(op, message);
    }
    let x = isFloat(source.dtype) ? source : castTo(source, 'float32');
    spatialDims.forEach((dim, i) => {
      const axis = normalizeAxis(op, dim, source.rank);
      const [by, shift] = [scales, shifts].map((each) => reshapeTo(partOf(each, 0, i, i + 1), []));
      const places = outputShape[axis];
      const weights = weightsOf(x.shape[axis], places, by, shift, methods[method], options.antialias ?? true);
      x = weighAxis(x, axis, castTo(weights, x.dtype));
    });
    return x === source || isFloat(source.dtype) ? x : rounded(x, source);
  },
);

/** Weights [places, size] by which pixels make new ones. */
function weightsOf(
  size: number,
  places: number,
  scale: Tensor,
  shift: Tensor,
  kernel: Kernel,
  antialias: boolean,
): Tensor {
  const constant = (value: number): Tensor => scalar(value, scale.dtype);
  const step = e.reciprocal(scale);
  const offset = e.sub(e.mul(e.sub(constant(0.5), shift), step), constant(0.5));
  const center = e.add(e.mul(iota([places, 1], 0, scale.dtype), step), offset);
  const distance = e.abs(e.sub(center, iota([1, size], 1, scale.dtype)));
  const weights = kernel.ofTensor(antialias ? e.div(distance, e.max(step, constant(1))) : distance);
  const total = reshapeTo(reduceSum(weights, [1]), [places, 1]);
  const isInside = e.logicalAnd(e.greaterEqual(center, constant(-0.5)), e.lessEqual(center, constant(size - 0.5)));
  const isUsed = e.logicalAnd(isInside, e.greater(e.abs(total), constant(1000 * 2 ** -23)));
  return e.select(isUsed, e.div(weights, e.select(isUsed, total, constant(1))), constant(0));
}

/** Integers again, within the range of those that came in. */
function rounded(x: Tensor, source: Tensor): Tensor {
  const axes = source.shape.map((_, axis) => axis);
  const [least, most] = [reduceMin, reduceMax].map((reduce) => castTo(reduce(source, axes), x.dtype));
  return castTo(e.min(e.max(e.round(x), least), most), source.dtype);
}
