// Pooling in 1 to 3 dimensions, with fixed windows and to fixed output sizes.
import { isFloat } from '../dtype.js';
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { convertToTensor, type TensorLike } from './convert.js';
import { gatherAlong } from './gather.js';
import { multiply } from './matmul-core.js';
import { avgPoolOver, maxPoolOver, type PoolGeometry } from './pool-core.js';
import { publicOp } from './public-op.js';
import { reduceMax } from './reduce-core.js';
import { reshapeTo } from './reshape-core.js';
import { perAxis, windowPadding, withChannelsLast, type PerAxis } from './window.js';

/** How the window moves. */
export interface PoolOptions {
  /** Default: the pool size, so that windows do not overlap. */
  readonly strides?: PerAxis | null;
  /** Default `valid`. */
  readonly padding?: 'valid' | 'same';
  /** Default: `imageDataFormat()`. */
  readonly dataFormat?: 'channels_last' | 'channels_first' | null;
}

function pool(
  op: string,
  inputs: TensorLike,
  poolSize: PerAxis,
  options: PoolOptions,
  over: (x: Tensor, geometry: PoolGeometry) => Tensor,
): Tensor {
  const x = pooledInput(op, inputs);
  return withChannelsLast(op, options.dataFormat, x, (last) => {
    const dims = last.rank - 2;
    const window = perAxis(op, 'poolSize', poolSize, dims);
    const strides = perAxis(op, 'strides', options.strides ?? poolSize, dims);
    const ones = window.map(() => 1);
    const padding = windowPadding(op, options.padding ?? 'valid', last.shape.slice(1, -1), window, strides, ones);
    return over(last, { window, strides, ...padding });
  });
}

function pooledInput(op: string, inputs: TensorLike): Tensor {
  const x = convertToTensor(inputs);
  if (x.rank < 3 || x.rank > 5) {
    throw new HornetError(op, `expected inputs of rank 3 to 5, received shape [${x.shape.join(', ')}]`);
  }
  return x;
}

/** The largest element of every window. */
export const maxPool = publicOp('maxPool', (inputs: TensorLike, poolSize: PerAxis, options: PoolOptions = {}): Tensor =>
  pool('maxPool', inputs, poolSize, options, maxPoolOver),
);

/** The mean of every window; with `same` padding only of the elements that are there. */
export const averagePool = publicOp(
  'averagePool',
  (inputs: TensorLike, poolSize: PerAxis, options: PoolOptions = {}): Tensor =>
    pool('averagePool', inputs, poolSize, options, (x, geometry) => avgPoolOver(x, geometry)),
);

/** Options of the pools with a fixed output size. */
export interface AdaptivePoolOptions {
  readonly dataFormat?: 'channels_last' | 'channels_first' | null;
}

/** Output i of `places` sees the inputs from floor(i·n/places) to ceil((i+1)·n/places). */
const adaptiveBounds = (size: number, places: number): [number, number][] =>
  Array.from({ length: places }, (_, i) => [Math.floor((i * size) / places), Math.ceil(((i + 1) * size) / places)]);

function adaptivePool(
  op: string,
  inputs: TensorLike,
  outputSize: PerAxis,
  options: AdaptivePoolOptions,
  over: (x: Tensor, geometry: PoolGeometry) => Tensor,
  along: (x: Tensor, axis: number, bounds: readonly [number, number][]) => Tensor,
): Tensor {
  const x = pooledInput(op, inputs);
  return withChannelsLast(op, options.dataFormat, x, (last) => {
    const sizes = last.shape.slice(1, -1);
    const places = perAxis(op, 'outputSize', outputSize, sizes.length);
    if (sizes.every((size, i) => size % places[i] === 0)) {
      const window = sizes.map((size, i) => size / places[i]);
      const none = sizes.map(() => 0);
      return over(last, { window, strides: window, lo: none, hi: none });
    }
    return sizes.reduce((y, size, i) => along(y, i + 1, adaptiveBounds(size, places[i])), last);
  });
}

/** The mean over windows that divide the input as evenly as they can into `outputSize` parts per axis. */
export const adaptiveAveragePool = publicOp(
  'adaptiveAveragePool',
  (inputs: TensorLike, outputSize: PerAxis, options: AdaptivePoolOptions = {}): Tensor =>
    adaptivePool('adaptiveAveragePool', inputs, outputSize, options, avgPoolOver, (x, axis, bounds) => {
      const weight = bounds.map(([from, to]) =>
        Array.from({ length: x.shape[axis] }, (_, i) => (i >= from && i < to ? 1 / (to - from) : 0)),
      );
      return weighAxis(x, axis, convertToTensor(weight, isFloat(x.dtype) ? x.dtype : 'float32'));
    }),
);

/** Multiplies a matrix [places, size] into one axis of `x`. */
export function weighAxis(x: Tensor, axis: number, weights: Tensor): Tensor {
  const outer = x.shape.slice(0, axis);
  const inner = x.shape.slice(axis + 1);
  const size = (dims: readonly number[]): number => dims.reduce((n, dim) => n * dim, 1);
  const places = weights.shape[0];
  if (inner.length === 0)
    return reshapeTo(multiply(reshapeTo(x, [size(outer), x.shape[axis]]), weights, false, true), [...outer, places]);
  const columns = reshapeTo(x, [size(outer), x.shape[axis], size(inner)]);
  return reshapeTo(multiply(reshapeTo(weights, [1, ...weights.shape]), columns), [...outer, places, ...inner]);
}

/** The maximum over windows that divide the input as evenly as they can into `outputSize` parts per axis. */
export const adaptiveMaxPool = publicOp(
  'adaptiveMaxPool',
  (inputs: TensorLike, outputSize: PerAxis, options: AdaptivePoolOptions = {}): Tensor =>
    adaptivePool('adaptiveMaxPool', inputs, outputSize, options, maxPoolOver, (x, axis, bounds) => {
      const longest = Math.max(...bounds.map(([from, to]) => to - from));
      // Shorter windows repeat their last element, which changes no maximum.
      const picks = bounds.map(([from, to]) => Array.from({ length: longest }, (_, i) => Math.min(from + i, to - 1)));
      return reduceMax(gatherAlong(x, convertToTensor(picks, 'int32'), axis), [axis + 1]);
    }),
);
