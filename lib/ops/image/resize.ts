// Resizing of images and other grids: every axis is multiplied with a matrix of interpolation weights.
import { isFloat } from '../../dtype.js';
import { HornetError } from '../../errors.js';
import type { Tensor } from '../../tensor.js';
import { castTo, convertToTensor, type TensorLike } from '../convert.js';
import { clamp, round } from '../elementwise.js';
import { gatherAlong } from '../gather.js';
import { padWith, sliceAt } from '../movement.js';
import { weighAxis } from '../pool.js';
import { publicOp } from '../public-op.js';
import { checkSizes, imageAxes, type ImageArgs } from './layout.js';
import { croppedTo, paddedTo } from './aspect.js';
import { interpolations, interpolationTaps, type Interpolation } from './taps.js';

export type { Interpolation };

/** Resizes one axis. Integers must have been made floats unless the method is `nearest`. */
export function resizeAxis(x: Tensor, axis: number, places: number, method: Interpolation, antialias = false): Tensor {
  const size = x.shape[axis];
  if (size === places) return x;
  const taps = interpolationTaps(size, places, method, antialias);
  if (method === 'nearest') {
    const picks = taps.map(({ first }) => first);
    return gatherAlong(x, convertToTensor(picks, 'int32'), axis);
  }
  const weights = taps.map(({ first, weights }) => Array.from({ length: size }, (_, i) => weights[i - first] ?? 0));
  return weighAxis(x, axis, convertToTensor(weights, x.dtype));
}

export interface ResizeArgs extends ImageArgs {
  /** Default `bilinear`. */
  readonly interpolation?: Interpolation;
  /** Average over all pixels when the image becomes smaller. Default false. */
  readonly antialias?: boolean;
  /** Cut off what does not fit the new aspect ratio, instead of distorting. Default false. */
  readonly cropToAspectRatio?: boolean;
  /** Fill up what the new aspect ratio needs, instead of distorting. Default false. */
  readonly padToAspectRatio?: boolean;
  /** Only `constant`. */
  readonly fillMode?: 'constant';
  /** Value of what is filled up. Default 0. */
  readonly fillValue?: number;
}

/**
 * Resizes images [H, W, C] or [N, H, W, C] (or channels first) to `size` = [height, width]. Keeps the dtype: integers are
 * rounded.
 *
 * @throws HornetError for other ranks, sizes that are not positive integers and unknown methods.
 */
export const resize = publicOp(
  'image.resize',
  (images: TensorLike, size: readonly number[], options: ResizeArgs = {}): Tensor => {
    const {
      interpolation = 'bilinear',
      antialias = false,
      cropToAspectRatio = false,
      padToAspectRatio = false,
    } = options;
    const op = 'image.resize';
    const source = convertToTensor(images);
    const method = interpolation.toLowerCase() as Interpolation;
    const { fillMode = 'constant' } = options;
    checkSizes(op, 'size', size);
    if (!interpolations.includes(method)) {
      const known = interpolations.join(', ');
      throw new HornetError(op, `expected interpolation to be one of ${known}, received '${interpolation}'`);
    }
    if (fillMode !== 'constant') {
      throw new HornetError(op, `expected fillMode to be 'constant', received '${String(fillMode)}'`);
    }
    if (cropToAspectRatio && padToAspectRatio) {
      throw new HornetError(op, 'expected at most one of cropToAspectRatio and padToAspectRatio');
    }
    const { height, width } = imageAxes(op, source, options.dataFormat);
    const axes = [height, width];
    let x = method === 'nearest' || isFloat(source.dtype) ? source : castTo(source, 'float32');
    if (cropToAspectRatio) x = cropTo(x, axes, size);
    if (padToAspectRatio) x = padTo(x, axes, size, options.fillValue ?? 0);
    axes.forEach((axis, i) => (x = resizeAxis(x, axis, size[i], method, antialias)));
    return x.dtype === source.dtype ? x : toInteger(x, source);
  },
);

function toInteger(x: Tensor, { dtype }: Tensor): Tensor {
  const bits = Number(/\d+$/.exec(dtype)?.[0] ?? 1);
  const unsigned = dtype.startsWith('uint') || dtype === 'bool';
  const limits = unsigned ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  return castTo(clamp(round(x), limits[0], limits[1]), dtype);
}

function cropTo(x: Tensor, axes: readonly number[], size: readonly number[]): Tensor {
  const { starts, sizes } = croppedTo([x.shape[axes[0]], x.shape[axes[1]]], size);
  const at = (values: readonly number[], others: readonly number[]): number[] =>
    others.map((other, i) => (axes.includes(i) ? values[axes.indexOf(i)] : other));
  const zeros = x.shape.map(() => 0);
  return sliceAt(x, at(starts, zeros), at(sizes, x.shape));
}

function padTo(x: Tensor, axes: readonly number[], size: readonly number[], value: number): Tensor {
  const borders = paddedTo([x.shape[axes[0]], x.shape[axes[1]]], size);
  const edge = x.shape.map((_, i) => (axes.includes(i) ? borders[axes.indexOf(i)] : 0));
  return padWith(x, edge, edge, value);
}
