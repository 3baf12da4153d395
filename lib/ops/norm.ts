// Normalization and moments.
import { epsilon as defaultEpsilon } from '../config.js';
import type { DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import type { Tensor } from '../tensor.js';
import { toFloat } from './promote.js';
import { normalizeAxes, normalizeAxis, type AxisArg } from './axes.js';
import { broadcastTensor } from './broadcast.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import { abs, add, clamp, div, max, min, mul, pow, rsqrt, square, sub } from './elementwise.js';
import { filled, scalar } from './fill.js';
import { transposeTo } from './movement.js';
import { batchNormOver, layerNormOver } from './norm-core.js';
import { publicOp } from './public-op.js';
import { reduceSum } from './reduce-core.js';
import { reshapeTo } from './reshape-core.js';

/** The type that sums are taken in: half precision in float32. */
const wideType = (dtype: DType): DType => (dtype === 'float16' || dtype === 'bfloat16' ? 'float32' : dtype);

const keptShape = (x: Tensor, axes: readonly number[]): number[] =>
  x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim));
const meanOver = (x: Tensor, axes: readonly number[]): Tensor => {
  const count = scalar(sizeOf(axes.map((axis) => x.shape[axis])), x.dtype);
  return reshapeTo(div(reduceSum(x, axes), count), keptShape(x, axes));
};

/**
 * Mean and (biased) variance over axes.
 *
 * @param axes - The axes to reduce; null for all.
 */
export const moments = publicOp(
  'moments',
  (x: TensorLike, axes: AxisArg, options: { keepdims?: boolean; synchronized?: boolean } = {}): [Tensor, Tensor] => {
    const value = toFloat(x);
    const over = normalizeAxes('moments', axes, value.rank);
    const wide = castTo(value, wideType(value.dtype));
    const mean = meanOver(wide, over);
    const variance = meanOver(square(sub(wide, mean)), over);
    const finish = (statistic: Tensor): Tensor => {
      const limited = value.dtype === 'float16' ? clamp(statistic, -65504, 65504) : statistic;
      const shape = options.keepdims ? limited.shape : value.shape.filter((_, i) => !over.includes(i));
      return castTo(reshapeTo(limited, shape), value.dtype);
    };
    return [finish(mean), finish(variance)];
  },
);

export interface BatchNormalizationArgs {
  /** Added to the result, one number per channel. */
  readonly offset?: TensorLike | null;
  /** Multiplied to the normalized values, one number per channel. */
  readonly scale?: TensorLike | null;
  /** Added to the variance. Default 1e-3. */
  readonly epsilon?: number;
}

/** Normalizes with given statistics, one per index of `axis`. */
export const batchNormalization = publicOp(
  'batchNormalization',
  (
    x: TensorLike,
    mean: TensorLike,
    variance: TensorLike,
    axis: number,
    options: BatchNormalizationArgs = {},
  ): Tensor => {
    const value = toFloat(x);
    const along = normalizeAxis('batchNormalization', axis, value.rank);
    const shape = value.shape.map((dim, i) => (i === along ? dim : 1));
    const perChannel = (t: TensorLike): Tensor => {
      const given = convertToTensor(t, value.dtype);
      if (given.size !== shape[along]) {
        const received = `[${given.shape.join(', ')}]`;
        throw new HornetError(
          'batchNormalization',
          `expected ${shape[along]} values per channel, received shape ${received}`,
        );
      }
      return reshapeTo(given, shape);
    };
    const { offset = null, scale = null, epsilon = 1e-3 } = options;
    let factor = rsqrt(add(perChannel(variance), scalar(epsilon, value.dtype)));
    if (scale !== null) factor = mul(factor, perChannel(scale));
    const shift = mul(perChannel(mean), factor);
    return offset === null ? sub(mul(value, factor), shift) : add(mul(value, factor), sub(perChannel(offset), shift));
  },
);

/**
 * Batch normalization as in training: with the batch's own statistics over all axes but `axis`, in one fused step.
 *
 * @returns The result, the batch's mean and its biased variance, both in float32 for half precision.
 */
export const batchNormalizationTrain = publicOp(
  'batchNormalizationTrain',
  (x: TensorLike, axis: number, options: BatchNormalizationArgs = {}): [Tensor, Tensor, Tensor] => {
    const value = toFloat(x);
    const along = normalizeAxis('batchNormalizationTrain', axis, value.rank);
    const { offset = null, scale = null, epsilon = 1e-3 } = options;
    const statistics = wideType(value.dtype);
    const perChannel = (given: TensorLike | null, otherwise: number): Tensor =>
      given === null ? filled([value.shape[along]], otherwise, statistics) : convertToTensor(given, statistics);
    const last = value.rank - 1;
    const perm = value.shape.map((_, i) => i).filter((i) => i !== along);
    const moved = along === last ? value : transposeTo(value, [...perm, along]);
    const [y, mean, variance] = batchNormOver(moved, perChannel(scale, 1), perChannel(offset, 0), epsilon);
    if (along === last) return [y, mean, variance];
    const back = value.shape.map((_, i) => (i === along ? last : perm.indexOf(i)));
    return [transposeTo(y, back), mean, variance];
  },
);

export interface LayerNormalizationArgs {
  /** Factor, of the shape of the normalized axes. Default 1. */
  readonly gamma?: TensorLike | null;
  /** Summand, of the shape of the normalized axes. Default 0. */
  readonly beta?: TensorLike | null;
  /** Axes to normalize over. Default -1. */
  readonly axis?: number | readonly number[];
  /** Added to the variance. Default: `epsilon()`. */
  readonly epsilon?: number | null;
  /** Divide by the standard deviation without subtracting the mean or adding beta. Default false. */
  readonly rmsScaling?: boolean;
}

/** Subtracts the mean and divides by the standard deviation over some axes. */
export const layerNormalization = publicOp(
  'layerNormalization',
  (x: TensorLike, options: LayerNormalizationArgs = {}): Tensor => {
    const value = toFloat(x);
    const axes = normalizeAxes('layerNormalization', options.axis ?? -1, value.rank);
    const dims = axes.map((axis) => value.shape[axis]);
    const size = sizeOf(dims);
    const statistics = wideType(value.dtype);
    const perElement = (given: TensorLike | null | undefined, otherwise: number): Tensor => {
      if (given === null || given === undefined) return filled([size], otherwise, statistics);
      const converted = convertToTensor(given, statistics);
      return reshapeTo(converted.size === size ? converted : broadcastTensor(converted, dims), [size]);
    };
    const rest = value.shape.map((_, i) => i).filter((i) => !axes.includes(i));
    const perm = [...rest, ...axes];
    const moved = transposeTo(value, perm);
    const rows = reshapeTo(moved, [...rest.map((i) => value.shape[i]), size]);
    const epsilon = options.epsilon ?? defaultEpsilon();
    const gamma = perElement(options.gamma, 1);
    const y = options.rmsScaling
      ? castTo(scaleByDeviation(castTo(rows, statistics), gamma, epsilon), value.dtype)
      : layerNormOver(rows, gamma, perElement(options.beta, 0), epsilon);
    return transposeTo(
      reshapeTo(y, moved.shape),
      value.shape.map((_, i) => perm.indexOf(i)),
    );
  },
);

function scaleByDeviation(x: Tensor, gamma: Tensor, epsilon: number): Tensor {
  const last = [x.rank - 1];
  const variance = meanOver(square(sub(x, meanOver(x, last))), last);
  return mul(x, mul(rsqrt(add(variance, scalar(epsilon, x.dtype))), gamma));
}

export interface RmsNormalizationArgs {
  /** Factor that broadcasts to the normalized axes. Default 1. */
  readonly scale?: TensorLike | null;
  /** Axes to normalize over. Default -1. */
  readonly axis?: number | readonly number[];
  /** Added to the mean square. Default: `epsilon()`. */
  readonly epsilon?: number | null;
}

/** Divides by the root of the mean square over some axes. */
export const rmsNormalization = publicOp(
  'rmsNormalization',
  (x: TensorLike, options: RmsNormalizationArgs = {}): Tensor => {
    const value = toFloat(x);
    const axes = normalizeAxes('rmsNormalization', options.axis ?? -1, value.rank);
    const wide = castTo(value, wideType(value.dtype));
    const epsilon = scalar(options.epsilon ?? defaultEpsilon(), wide.dtype);
    const normal = mul(wide, rsqrt(add(meanOver(square(wide), axes), epsilon)));
    const { scale = null } = options;
    if (scale === null) return castTo(normal, value.dtype);
    const factor = convertToTensor(scale, wide.dtype);
    const dims = value.shape.map((dim, i) => (axes.includes(i) ? dim : 1));
    const spread = factor.size === sizeOf(dims) ? reshapeTo(factor, dims) : factor;
    return castTo(mul(normal, spread), value.dtype);
  },
);

export interface NormalizeArgs {
  /** Default -1. */
  readonly axis?: AxisArg;
  /** Which norm, an integer of at least 1. Default 2. */
  readonly order?: number;
  /** The smallest norm that is divided by. Default: `epsilon()`. */
  readonly epsilon?: number | null;
}

/** Divides by the norm along an axis. */
export const normalize = publicOp('normalize', (x: TensorLike, options: NormalizeArgs = {}): Tensor => {
  const value = toFloat(x);
  const { order = 2 } = options;
  if (!(Number.isInteger(order) && order >= 1)) {
    throw new HornetError('normalize', `expected order to be an integer of at least 1, received ${order}`);
  }
  const axes = normalizeAxes('normalize', options.axis === undefined ? -1 : options.axis, value.rank);
  const least = options.epsilon ?? defaultEpsilon();
  const keep = (reduced: Tensor): Tensor => reshapeTo(reduced, keptShape(value, axes));
  if (order === 2) {
    const inverse = rsqrt(keep(reduceSum(square(value), axes)));
    return mul(value, min(inverse, scalar(1 / least, value.dtype)));
  }
  const size = abs(value);
  const power = order === 1 ? size : pow(size, scalar(order, value.dtype));
  const norm = keep(reduceSum(power, axes));
  const root = order === 1 ? norm : pow(norm, scalar(1 / order, value.dtype));
  return div(value, max(root, scalar(least, value.dtype)));
});
