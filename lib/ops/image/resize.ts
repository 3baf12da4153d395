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
import { kernels } from './kernels.js';
import { imageAxes, type ImageArgs } from './layout.js';

/** How values between pixels are found; `area` averages over all that a new pixel covers. */
export type Interpolation = 'nearest' | 'area' | keyof typeof kernels;

const weightsBy = (places: number, size: number, weight: (place: number, i: number) => number): number[][] =>
  Array.from({ length: places }, (_, place) => {
    const weights = Array.from({ length: size }, (_, i) => weight(place, i));
    const total = weights.reduce((sum, w) => sum + w, 0);
    return weights.map((w) => w / total);
  });

/** Weights [places, size] with which pixels of `size` make `places` new ones. */
function interpolationWeights(
  size: number,
  places: number,
  method: Exclude<Interpolation, 'nearest'>,
  antialias: boolean,
): number[][] {
  const scale = size / places;
  if (method === 'area') {
    const overlap = (place: number, i: number): number =>
      Math.min((place + 1) * scale, i + 1) - Math.max(place * scale, i);
    return weightsBy(places, size, (place, i) => Math.max(overlap(place, i), 0));
  }
  const width = antialias ? Math.max(scale, 1) : 1;
  const center = (place: number): number => (place + 0.5) * scale - 0.5;
  return weightsBy(places, size, (place, i) => kernels[method].ofNumber(Math.abs(center(place) - i) / width));
}

/** Resizes one axis. Integers must have been made floats unless the method is `nearest`. */
export function resizeAxis(x: Tensor, axis: number, places: number, method: Interpolation, antialias = false): Tensor {
  const size = x.shape[axis];
  if (size === places) return x;
  if (method === 'nearest') {
    const picks = Array.from({ length: places }, (_, i) => Math.min(Math.floor(((i + 0.5) * size) / places), size - 1));
    return gatherAlong(x, convertToTensor(picks, 'int32'), axis);
  }
  const weights = interpolationWeights(size, places, method, antialias);
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
    if (size.length !== 2 || size.some((n) => !Number.isInteger(n) || n < 1)) {
      throw new HornetError(op, `expected size to be two positive integers, received [${size.join(', ')}]`);
    }
    if (method !== 'nearest' && method !== 'area' && !Object.hasOwn(kernels, method)) {
      const known = Object.keys(kernels).join(', ');
      throw new HornetError(
        op,
        `expected interpolation to be one of nearest, area, ${known}, received '${interpolation}'`,
      );
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

/** The size along one axis that, with the whole other axis, has the wanted aspect ratio. */
const matching = (x: Tensor, axes: readonly number[], size: readonly number[]): number[] => [
  Math.floor((x.shape[axes[1]] * size[0]) / size[1]),
  Math.floor((x.shape[axes[0]] * size[1]) / size[0]),
];

function cropTo(x: Tensor, axes: readonly number[], size: readonly number[]): Tensor {
  const ideal = matching(x, axes, size);
  const starts = x.shape.map(() => 0);
  const sizes = [...x.shape];
  axes.forEach((axis, i) => {
    sizes[axis] = Math.max(Math.min(x.shape[axis], ideal[i]), 1);
    starts[axis] = Math.floor((x.shape[axis] - sizes[axis]) / 2);
  });
  return sliceAt(x, starts, sizes);
}

/** As much on one side as on the other: an odd pixel is not added. */
function padTo(x: Tensor, axes: readonly number[], size: readonly number[], value: number): Tensor {
  const ideal = matching(x, axes, size);
  const edge = x.shape.map((dim, i) =>
    axes.includes(i) ? Math.max(Math.floor((ideal[axes.indexOf(i)] - dim) / 2), 0) : 0,
  );
  return padWith(x, edge, edge, value);
}
