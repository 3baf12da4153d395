// Random numbers: Keras's distributions. Those that need rejection are in random-rejection.ts.
import { floatx } from './config.js';
import { isFloat, type DType } from './dtype.js';
import { HornetError } from './errors.js';
import { whenNeeded } from './graph/pending.js';
import { jit } from './graph/transforms.js';
import { normalizeAxis } from './ops/axes.js';
import { checkShape } from './ops/creation.js';
import { publicOp } from './ops/public-op.js';
import { argmax } from './ops/reduce.js';
import { castTo, convertToTensor, type TensorLike } from './ops/convert.js';
import * as e from './ops/elementwise.js';
import { gatherAlong } from './ops/gather.js';
import { scalar } from './ops/fill.js';
import { reshapeTo } from './ops/reshape-core.js';
import { randomBits, randomNormal, randomUniform } from './ops/random-core.js';
import { sortWithIndices } from './ops/sort.js';
import { drawSeed, SeedGenerator, setRandomSeed, type Seed } from './seed.js';
import type { Tensor } from './tensor.js';

export { beta, binomial, gamma } from './random-rejection.js';
export { SeedGenerator, setRandomSeed, type Seed };

/** Options that all distributions take. */
export interface RandomArgs {
  /** Default `floatx()`, or int32 for integers. */
  readonly dtype?: DType | null;
  /** A number gives the same draw every time, a `SeedGenerator` a new one. Default: the global seed. */
  readonly seed?: Seed;
}

const floatDType = (where: string, dtype: DType | null | undefined): DType => {
  const type = dtype ?? floatx();
  if (!isFloat(type)) throw new HornetError(where, `expected dtype to be a float type, received '${type}'`);
  return type;
};

const scaleBy = (x: Tensor, factor: number, offset: number): Tensor =>
  e.add(e.mul(x, scalar(factor, x.dtype)), scalar(offset, x.dtype));

// Outside a trace a whole draw is one program per shape: weights are made of these.
const drawUniform = jit((state: Tensor, shape: readonly number[], minval: number, maxval: number, dtype: DType) =>
  scaleBy(randomUniform(state, shape, dtype), maxval - minval, minval),
);
const drawNormal = jit((state: Tensor, shape: readonly number[], mean: number, stddev: number, dtype: DType) =>
  scaleBy(randomNormal(state, shape, dtype), stddev, mean),
);
const drawTruncated = jit((state: Tensor, shape: readonly number[], mean: number, stddev: number, dtype: DType) => {
  const limit = 0.9544997361036416; // erf(2 / √2)
  const u = scaleBy(randomUniform(state, shape, 'float32'), 2 * limit, -limit);
  const z = e.mul(e.erfinv(u), scalar(Math.SQRT2, 'float32'));
  return castTo(scaleBy(e.clamp(z, -2, 2), stddev, mean), dtype);
});

/** A draw, made when its numbers are needed; its place in the sequence of a generator is that of this call. */
function draw(
  where: string,
  make: typeof drawUniform,
  shape: readonly number[],
  first: number,
  second: number,
  { dtype, seed }: RandomArgs,
): Tensor {
  const type = floatDType(where, dtype);
  const sizes = checkShape(where, shape);
  const state = drawSeed(seed);
  return whenNeeded(sizes, type, () => make(state, sizes, first, second, type));
}

/** Uniform in [minval, maxval). Defaults 0 and 1. */
export function uniform(
  shape: readonly number[],
  options: { minval?: number; maxval?: number } & RandomArgs = {},
): Tensor {
  const { minval = 0, maxval = 1 } = options;
  return draw('uniform', drawUniform, shape, minval, maxval, options);
}

/** Normal. Defaults mean 0, stddev 1. */
export function normal(
  shape: readonly number[],
  options: { mean?: number; stddev?: number } & RandomArgs = {},
): Tensor {
  const { mean = 0, stddev = 1 } = options;
  return draw('normal', drawNormal, shape, mean, stddev, options);
}

/** Normal, limited to two standard deviations: the inverse distribution function of a uniform number. */
export function truncatedNormal(
  shape: readonly number[],
  options: { mean?: number; stddev?: number } & RandomArgs = {},
): Tensor {
  const { mean = 0, stddev = 1 } = options;
  return draw('truncatedNormal', drawTruncated, shape, mean, stddev, options);
}

/** Integers, uniform in [minval, maxval). */
export function randint(shape: readonly number[], minval: number, maxval: number, options: RandomArgs = {}): Tensor {
  const { dtype, seed } = options;
  if (!(Number.isInteger(minval) && Number.isInteger(maxval) && minval < maxval)) {
    throw new HornetError('randint', `expected integers minval < maxval, received ${minval} and ${maxval}`);
  }
  const bits = castTo(randomBits(drawSeed(seed), shape), 'int64');
  return castTo(e.add(e.mod(bits, scalar(maxval - minval, 'int64')), scalar(minval, 'int64')), dtype ?? 'int32');
}

/** True with the given probability, as 0 or 1 of a float dtype. */
export function bernoulli(shape: readonly number[], probability: number, options: RandomArgs = {}): Tensor {
  const u = randomUniform(drawSeed(options.seed), shape, 'float32');
  return castTo(e.less(u, scalar(probability, 'float32')), options.dtype ?? floatx());
}

/** Class indices drawn by unnormalized log probabilities: `[batch, classes]` gives `[batch, numSamples]`. */
export const categorical = publicOp(
  'random.categorical',
  (logits: TensorLike, numSamples: number, options: RandomArgs = {}): Tensor => {
    const scores = convertToTensor(logits, 'float32');
    if (scores.rank !== 2) {
      throw new HornetError('categorical', `expected logits of shape [batch, classes], received rank ${scores.rank}`);
    }
    const [batch, classes] = scores.shape;
    const u = randomUniform(drawSeed(options.seed), [batch, numSamples, classes], 'float32');
    // Gumbel noise on the scores: the largest is the draw. Uniform numbers may be 0.
    const noise = e.neg(e.log(e.neg(e.log(e.add(u, scalar(2 ** -26, 'float32'))))));
    const noisy = e.add(noise, reshapeTo(scores, [batch, 1, classes]));
    return castTo(argmax(noisy, { axis: -1 }), options.dtype ?? 'int32');
  },
);

/** The numbers 0 … n−1 in random order (int32). */
export function permutation(n: number, options: { seed?: Seed } = {}): Tensor {
  return sortWithIndices(castTo(randomBits(drawSeed(options.seed), [n]), 'int64'), 0)[1];
}

/** Rows (along `axis`, default 0) in random order. */
export const shuffle = publicOp(
  'random.shuffle',
  (x: TensorLike, options: { axis?: number; seed?: Seed } = {}): Tensor => {
    const value = convertToTensor(x);
    const axis = normalizeAxis('shuffle', options.axis ?? 0, value.rank);
    return gatherAlong(value, permutation(value.shape[axis], options), axis);
  },
);

/** Elements set to 0 with probability `rate`, the others scaled up by 1 / (1 − rate). */
export const dropout = publicOp(
  'random.dropout',
  (inputs: TensorLike, rate: number, options: { noiseShape?: readonly number[] | null; seed?: Seed } = {}): Tensor => {
    const x = convertToTensor(inputs);
    if (!(rate >= 0 && rate <= 1)) {
      throw new HornetError('dropout', `expected rate to be between 0 and 1, received ${rate}`);
    }
    const u = randomUniform(drawSeed(options.seed), options.noiseShape ?? x.shape, 'float32');
    const keep = e.greaterEqual(u, scalar(rate, 'float32'));
    const scaled = e.mul(x, scalar(rate < 1 ? 1 / (1 - rate) : 0, x.dtype));
    return e.select(keep, scaled, scalar(0, x.dtype));
  },
);
