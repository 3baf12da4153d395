// The cross entropies of keras.ops: one number per sample, not reduced. Losses with options are in lib/losses.
import { epsilon } from '../config.js';
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { toFloat } from './promote.js';
import { normalizeAxis } from './axes.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { scalar } from './fill.js';
import { takeAlongAxis } from './gather.js';
import { publicOp } from './public-op.js';
import { reduceSum } from './reduce-core.js';
import { reshapeTo } from './reshape-core.js';
import { logSoftmaxOver } from './softmax.js';

const k = (x: Tensor, value: number): Tensor => scalar(value, x.dtype);

/** Probabilities away from 0 and 1. */
const inside = (p: Tensor): Tensor => e.clamp(p, epsilon(), 1 - epsilon());

const text = (x: Tensor): string => `[${x.shape.join(', ')}]`;

export interface CrossentropyArgs {
  /** Whether `output` holds scores before sigmoid or softmax. Default false: probabilities. */
  readonly fromLogits?: boolean;
}

/** −t log p − (1 − t) log(1 − p), for each element. */
export const binaryCrossentropy = publicOp(
  'binaryCrossentropy',
  (target: TensorLike, output: TensorLike, options: CrossentropyArgs = {}): Tensor => {
    const p = toFloat(output);
    const t = convertToTensor(target, p.dtype);
    if (t.rank !== p.rank || t.shape.some((dim, i) => dim !== p.shape[i])) {
      throw new HornetError(
        'binaryCrossentropy',
        `expected target and output of one shape, received ${text(t)} and ${text(p)}`,
      );
    }
    if (options.fromLogits) {
      const soft = e.log1p(e.exp(e.neg(e.abs(p))));
      return e.add(e.sub(e.max(p, k(p, 0)), e.mul(p, t)), soft);
    }
    const safe = inside(p);
    const one = k(p, 1);
    return e.neg(e.add(e.mul(t, e.log(safe)), e.mul(e.sub(one, t), e.log(e.sub(one, safe)))));
  },
);

/** Log probabilities along an axis, from scores or from probabilities that are scaled to the sum one. */
function logProbabilities(output: Tensor, axis: number, fromLogits: boolean): Tensor {
  if (fromLogits) return logSoftmaxOver(output, axis);
  const kept = output.shape.map((dim, i) => (i === axis ? 1 : dim));
  return e.log(inside(e.div(output, reshapeTo(reduceSum(output, [axis]), kept))));
}

export interface CategoricalCrossentropyArgs extends CrossentropyArgs {
  /** The axis of the classes. Default -1. */
  readonly axis?: number;
}

/** −Σ t log p over the classes; targets are distributions. */
export const categoricalCrossentropy = publicOp(
  'categoricalCrossentropy',
  (target: TensorLike, output: TensorLike, options: CategoricalCrossentropyArgs = {}): Tensor => {
    const p = toFloat(output);
    const t = convertToTensor(target, p.dtype);
    if (t.rank !== p.rank || t.rank === 0 || t.shape.some((dim, i) => dim !== p.shape[i])) {
      throw new HornetError(
        'categoricalCrossentropy',
        `expected target and output of one shape, received ${text(t)} and ${text(p)}`,
      );
    }
    const axis = normalizeAxis('categoricalCrossentropy', options.axis ?? -1, p.rank);
    return e.neg(reduceSum(e.mul(t, logProbabilities(p, axis, options.fromLogits ?? false)), [axis]));
  },
);

/** −log p of the target class; targets are integers. A target outside of the classes costs nothing. */
export const sparseCategoricalCrossentropy = publicOp(
  'sparseCategoricalCrossentropy',
  (target: TensorLike, output: TensorLike, options: CategoricalCrossentropyArgs = {}): Tensor => {
    const op = 'sparseCategoricalCrossentropy';
    const p = toFloat(output);
    let t = castTo(convertToTensor(target), 'int32');
    if (p.rank === 0) throw new HornetError(op, 'expected an output of rank 1 or more, received a scalar');
    if (t.rank === p.rank && t.shape[t.rank - 1] === 1) t = reshapeTo(t, t.shape.slice(0, -1));
    const axis = normalizeAxis(op, options.axis ?? -1, p.rank);
    const kept = p.shape.map((dim, i) => (i === axis ? 1 : dim));
    if (t.rank !== p.rank - 1 || t.shape.some((dim, i) => dim !== p.shape[i < axis ? i : i + 1])) {
      throw new HornetError(
        op,
        `expected a target of the output's shape without axis ${axis}, received ${text(t)} and ${text(p)}`,
      );
    }
    const logs = logProbabilities(p, axis, options.fromLogits ?? false);
    const classes = scalar(p.shape[axis], 'int32');
    const zero = scalar(0, 'int32');
    const valid = e.logicalAnd(e.greaterEqual(t, zero), e.less(t, classes));
    const own = takeAlongAxis(logs, reshapeTo(e.select(valid, t, zero), kept), { axis });
    return e.select(valid, e.neg(reshapeTo(own, t.shape)), k(p, 0));
  },
);

/** Peak signal-to-noise ratio in decibels of two images whose largest value is `maxVal`. */
export const psnr = publicOp('psnr', (x1: TensorLike, x2: TensorLike, maxVal: number): Tensor => {
  const a = toFloat(x1);
  const b = convertToTensor(x2, a.dtype);
  if (text(a) !== text(b))
    throw new HornetError('psnr', `expected images of one shape, received ${text(a)} and ${text(b)}`);
  const all = a.shape.map((_, i) => i);
  const error = e.div(reduceSum(e.square(e.sub(a, b)), all), k(a, a.size));
  return e.sub(k(a, 20 * Math.log10(maxVal)), e.mul(k(a, 10), e.log10(error)));
});
