// Random numbers: seeds, generators whose counter is device state, and Keras's distributions.
import { isFloat, type DType } from './dtype.js';
import { HornetError } from './errors.js';
import { argmax } from './ops/reduce.js';
import { castTo, convertToTensor, type TensorLike } from './ops/convert.js';
import * as e from './ops/elementwise.js';
import { gatherAlong } from './ops/gather.js';
import { scalar } from './ops/fill.js';
import { reshapeTo } from './ops/reshape-core.js';
import { randomBits, randomNormal, randomUniform } from './ops/random-core.js';
import { sortWithIndices } from './ops/sort.js';
import { tensor, type Tensor } from './tensor.js';
import { Variable } from './variable.js';

let globalState: Uint32Array | null = null;

/** Makes everything random that follows reproducible: initializers, dropout, shuffling. */
export function setRandomSeed(seed: number): void {
  if (!Number.isInteger(seed) || seed < 0) {
    throw new HornetError('setRandomSeed', `expected a non-negative integer, received ${seed}`);
  }
  globalState = Uint32Array.of(seed, 0);
}

/** A fresh seed: the next of the global sequence, or by chance where none was set. */
export function makeSeed(): number {
  if (!globalState) return Math.floor(Math.random() * 2 ** 31);
  globalState[1]++;
  // splitmix32 of both words: consecutive seeds must not give related streams.
  let z = (Math.imul(globalState[0] ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(globalState[1], 0x9e3779b9)) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return ((z ^ (z >>> 15)) >>> 0) % 2 ** 31;
}

/** A stream of random numbers. Its state is on the device, so that programs draw new numbers at every run. */
export class SeedGenerator {
  /** (seed, counter). */
  readonly state: Variable;
  readonly seed: number;

  constructor(seed?: number | null, options: { readonly name?: string } = {}) {
    if (seed !== null && seed !== undefined && !(Number.isInteger(seed) && seed >= 0)) {
      throw new HornetError('seedGenerator', `expected seed to be a non-negative integer, received ${seed}`);
    }
    this.seed = seed ?? makeSeed();
    const name = options.name ?? 'seed_generator_state';
    this.state = new Variable(tensor(Uint32Array.of(this.seed, 0)), { name, trainable: false });
  }

  /** The state for one draw; the next call gives another. */
  next(): Tensor {
    const state = this.state.value;
    this.state.assign(e.add(state, tensorOf([0, 1])));
    return state;
  }

  getConfig(): Record<string, unknown> {
    return { seed: this.seed };
  }
}

const tensorOf = (values: readonly number[]): Tensor => convertToTensor(Uint32Array.from(values), 'uint32');

/** A seed: a number (the same numbers at every call), a generator, or none (the global generator). */
export type Seed = number | SeedGenerator | null | undefined;

let globalGenerator: { readonly from: Uint32Array | null; readonly generator: SeedGenerator } | null = null;

/** The state for one draw from what the user gave as seed. */
export function drawSeed(seed: Seed): Tensor {
  if (seed instanceof SeedGenerator) return seed.next();
  if (typeof seed === 'number') return tensorOf([seed, 0]);
  if (globalGenerator?.from !== globalState || !globalGenerator) {
    globalGenerator = { from: globalState, generator: new SeedGenerator() };
  }
  return globalGenerator.generator.next();
}

interface RandomArgs {
  readonly dtype?: DType | null;
  readonly seed?: Seed;
}

const floatDType = (where: string, dtype: DType | null | undefined): DType => {
  const type = dtype ?? 'float32';
  if (!isFloat(type)) throw new HornetError(where, `expected dtype to be a float type, received '${type}'`);
  return type;
};

const scaleBy = (x: Tensor, factor: number, offset: number): Tensor =>
  e.add(e.mul(x, scalar(factor, x.dtype)), scalar(offset, x.dtype));

/** Uniform in [minval, maxval). Defaults 0 and 1. */
export function uniform(
  shape: readonly number[],
  options: { minval?: number; maxval?: number } & RandomArgs = {},
): Tensor {
  const { minval = 0, maxval = 1, dtype, seed } = options;
  return scaleBy(randomUniform(drawSeed(seed), shape, floatDType('uniform', dtype)), maxval - minval, minval);
}

/** Normal. Defaults mean 0, stddev 1. */
export function normal(
  shape: readonly number[],
  options: { mean?: number; stddev?: number } & RandomArgs = {},
): Tensor {
  const { mean = 0, stddev = 1, dtype, seed } = options;
  return scaleBy(randomNormal(drawSeed(seed), shape, floatDType('normal', dtype)), stddev, mean);
}

/** Normal, limited to two standard deviations: the inverse distribution function of a uniform number. */
export function truncatedNormal(
  shape: readonly number[],
  options: { mean?: number; stddev?: number } & RandomArgs = {},
): Tensor {
  const { mean = 0, stddev = 1, dtype, seed } = options;
  const type = floatDType('truncatedNormal', dtype);
  const limit = 0.9544997361036416; // erf(2 / √2)
  const u = scaleBy(randomUniform(drawSeed(seed), shape, 'float32'), 2 * limit, -limit);
  const z = e.mul(e.erfinv(u), scalar(Math.SQRT2, 'float32'));
  return castTo(scaleBy(e.clamp(z, -2, 2), stddev, mean), type);
}

/** Integers, uniform in [minval, maxval). */
export function randint(shape: readonly number[], minval: number, maxval: number, options: RandomArgs = {}): Tensor {
  const { dtype, seed } = options;
  const bits = castTo(randomBits(drawSeed(seed), shape), 'int64');
  return castTo(e.add(e.mod(bits, scalar(maxval - minval, 'int64')), scalar(minval, 'int64')), dtype ?? 'int32');
}

/** True with the given probability, as 0 or 1 of a float dtype. */
export function bernoulli(shape: readonly number[], probability: number, options: RandomArgs = {}): Tensor {
  const u = randomUniform(drawSeed(options.seed), shape, 'float32');
  return castTo(e.less(u, scalar(probability, 'float32')), options.dtype ?? 'float32');
}

/** Class indices drawn by unnormalized log probabilities: `[batch, classes]` gives `[batch, numSamples]`. */
export function categorical(logits: TensorLike, numSamples: number, options: RandomArgs = {}): Tensor {
  const scores = convertToTensor(logits, 'float32');
  const [batch, classes] = scores.shape;
  const u = randomUniform(drawSeed(options.seed), [batch, numSamples, classes], 'float32');
  const tiny = scalar(2 ** -26, 'float32');
  const gumbel = e.neg(e.log(e.neg(e.log(e.add(u, tiny)))));
  const spread = e.add(gumbel, reshapeTo(scores, [batch, 1, classes]));
  return castTo(argmax(spread, { axis: -1 }), options.dtype ?? 'int32');
}

/** Rows (along `axis`) in random order. */
export function shuffle(x: TensorLike, options: { axis?: number; seed?: Seed } = {}): Tensor {
  const value = convertToTensor(x);
  const axis = options.axis ?? 0;
  const keys = randomBits(drawSeed(options.seed), [value.shape[axis]]);
  return gatherAlong(value, sortWithIndices(castTo(keys, 'int64'), 0)[1], axis);
}

/** The numbers 0 … n−1 in random order (int32). */
export function permutation(n: number, options: { seed?: Seed } = {}): Tensor {
  return sortWithIndices(castTo(randomBits(drawSeed(options.seed), [n]), 'int64'), 0)[1];
}

/** Elements set to 0 with probability `rate`, the others scaled up by 1 / (1 − rate). */
export function dropout(
  inputs: TensorLike,
  rate: number,
  options: { noiseShape?: readonly number[] | null; seed?: Seed } = {},
): Tensor {
  const x = convertToTensor(inputs);
  const u = randomUniform(drawSeed(options.seed), options.noiseShape ?? x.shape, 'float32');
  const keep = e.greaterEqual(u, scalar(rate, 'float32'));
  const scaled = e.mul(x, scalar(rate < 1 ? 1 / (1 - rate) : 0, x.dtype));
  return e.select(keep, scaled, scalar(0, x.dtype));
}
