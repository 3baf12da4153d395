// Random distributions that are drawn by rejection: gamma, beta, binomial. A program cannot repeat until all elements
// are accepted, so each draws a fixed number of candidates at once, too many for all of them to be rejected.
import { isFloat, type DType } from './dtype.js';
import { HornetError } from './errors.js';
import { broadcastTensor } from './ops/broadcast.js';
import { castTo, convertToTensor, type TensorLike } from './ops/convert.js';
import * as e from './ops/elementwise.js';
import { scalar } from './ops/fill.js';
import { iota } from './ops/movement.js';
import { randomNormal, randomUniform } from './ops/random-core.js';
import { reduceMax, reduceSum } from './ops/reduce-core.js';
import { argmax } from './ops/reduce.js';
import { drawSeed, forkSeed, type Seed } from './seed.js';
import { floatx } from './config.js';
import type { Tensor } from './tensor.js';

interface RejectionArgs {
  /** Default `floatx()`. */
  readonly dtype?: DType | null;
  /** A number gives the same draw every time, a `SeedGenerator` a new one. Default: the global seed. */
  readonly seed?: Seed;
}

type Shape = readonly number[];

function floatType(op: string, { dtype }: RejectionArgs): DType {
  const type = dtype ?? floatx();
  if (!isFloat(type)) throw new HornetError(op, `expected dtype to be a float type, received '${type}'`);
  return type;
}

/** Along the first axis, the first candidate that is accepted; `otherwise` where none is. */
function firstAccepted(candidates: Tensor, accepted: Tensor, otherwise: Tensor): Tensor {
  const first = argmax(castTo(accepted, 'uint8'), { axis: 0 });
  const chosen = e.equal(iota(candidates.shape, 0, 'int32'), first);
  const value = reduceSum(e.select(chosen, candidates, scalar(0, candidates.dtype)), [0]);
  return e.select(reduceMax(accepted, [0]), value, otherwise);
}

/** Each candidate of a gamma variable is rejected with less than 5 percent. */
const GAMMA_CANDIDATES = 8;

/** Gamma variables of scale 1 in float32 (Marsaglia and Tsang). */
function drawGamma(state: Tensor, shape: Shape, alpha: Tensor): Tensor {
  const number = (value: number): Tensor => scalar(value, 'float32');
  const isSmall = e.less(alpha, number(1));
  const a = e.add(alpha, castTo(isSmall, 'float32'));
  const d = e.sub(a, number(1 / 3));
  const c = e.rsqrt(e.mul(number(9), d));
  const x = randomNormal(state, [GAMMA_CANDIDATES, ...shape], 'float32');
  const u = randomUniform(forkSeed(state, 1), [GAMMA_CANDIDATES, ...shape], 'float32');
  const root = e.add(number(1), e.mul(c, x));
  const v = e.mul(e.mul(root, root), root);
  const isPositive = e.greater(v, number(0));
  const logV = e.log(e.select(isPositive, v, number(1)));
  const limit = e.add(e.mul(number(0.5), e.square(x)), e.mul(d, e.add(e.sub(number(1), v), logV)));
  const accepted = e.logicalAnd(isPositive, e.less(e.log(u), limit));
  const value = firstAccepted(e.mul(d, v), accepted, broadcastTensor(d, shape));
  // A shape below 1 is reached from the one above it.
  const boost = e.sub(number(1), randomUniform(forkSeed(state, 2), shape, 'float32'));
  return e.select(isSmall, e.mul(value, e.pow(boost, e.reciprocal(alpha))), value);
}

/** Gamma variables of shape parameter `alpha` (broadcast to `shape`) and scale 1. */
export function gamma(shape: Shape, alpha: TensorLike, options: RejectionArgs = {}): Tensor {
  const dtype = floatType('gamma', options);
  return castTo(drawGamma(drawSeed(options.seed), shape, convertToTensor(alpha, 'float32')), dtype);
}

/** Beta variables of parameters `alpha` and `beta` (broadcast to `shape`). */
export function beta(shape: Shape, alpha: TensorLike, beta: TensorLike, options: RejectionArgs = {}): Tensor {
  const dtype = floatType('beta', options);
  const state = drawSeed(options.seed);
  const a = drawGamma(state, shape, convertToTensor(alpha, 'float32'));
  const b = drawGamma(forkSeed(state, 3), shape, convertToTensor(beta, 'float32'));
  return castTo(e.div(a, e.add(a, b)), dtype);
}

/** Each candidate of a binomial variable is rejected with less than 30 percent. */
const BINOMIAL_CANDIDATES = 20;
/** Below this mean the distribution function is inverted; no count above `INVERTED_COUNTS` occurs. */
const INVERTED_MEAN = 10;
const INVERTED_COUNTS = 60;

const real = (value: number): Tensor => scalar(value, 'float64');

/** Counts from the inverted distribution function, for small means. */
function drawByInversion(state: Tensor, shape: Shape, n: Tensor, p: Tensor): Tensor {
  const u = randomUniform(state, shape, 'float64');
  const odds = e.div(p, e.sub(real(1), p));
  let term: Tensor = e.exp(e.mul(n, e.log1p(e.neg(p))));
  let below = term;
  let count: Tensor = castTo(e.greaterEqual(u, below), 'float64');
  for (let k = 1; k < INVERTED_COUNTS; k++) {
    term = e.mul(term, e.mul(e.div(e.sub(n, real(k - 1)), real(k)), odds));
    below = e.add(below, term);
    count = e.add(count, castTo(e.greaterEqual(u, below), 'float64'));
  }
  return e.min(count, n);
}

/** Counts by transformed rejection (Hörmann's BTRS), for means of 10 and more and p of at most one half. */
function drawByRejection(state: Tensor, shape: Shape, n: Tensor, p: Tensor): Tensor {
  const candidates = [BINOMIAL_CANDIDATES, ...shape];
  const q = e.sub(real(1), p);
  const deviation = e.sqrt(e.mul(e.mul(n, p), q));
  const b = e.add(real(1.15), e.mul(real(2.53), deviation));
  const a = e.add(e.add(real(-0.0873), e.mul(real(0.0248), b)), e.mul(real(0.01), p));
  const center = e.add(e.mul(n, p), real(0.5));
  const alpha = e.mul(e.add(real(2.83), e.div(real(5.1), b)), deviation);
  const mode = e.floor(e.mul(e.add(n, real(1)), p));
  const u = e.sub(randomUniform(state, candidates, 'float64'), real(0.5));
  const v = e.sub(real(1), randomUniform(forkSeed(state, 1), candidates, 'float64'));
  const distance = e.sub(real(0.5), e.abs(u));
  const slope = e.add(e.div(e.mul(real(2), a), distance), b);
  const k = e.floor(e.add(e.mul(slope, u), center));
  const isCount = e.logicalAnd(e.greaterEqual(k, real(0)), e.lessEqual(k, n));
  const inBox = e.lessEqual(v, e.sub(real(0.92), e.div(real(4.2), b)));
  const isSurely = e.logicalAnd(e.greaterEqual(distance, real(0.07)), inBox);
  const safe = e.min(e.max(k, real(0)), n);
  const logFactorials = (count: Tensor): Tensor =>
    e.add(e.lgamma(e.add(count, real(1))), e.lgamma(e.add(e.sub(n, count), real(1))));
  const ratio = e.mul(e.sub(safe, mode), e.log(e.div(p, q)));
  const bound = e.add(e.sub(logFactorials(mode), logFactorials(safe)), ratio);
  const height = e.log(e.div(e.mul(v, alpha), e.add(e.div(a, e.square(distance)), b)));
  const accepted = e.logicalAnd(isCount, e.logicalOr(isSurely, e.lessEqual(height, bound)));
  return firstAccepted(safe, accepted, broadcastTensor(mode, shape));
}

/** Successes in `counts` trials of probability `probabilities` (both broadcast to `shape`). */
export function binomial(
  shape: Shape,
  counts: TensorLike,
  probabilities: TensorLike,
  options: RejectionArgs = {},
): Tensor {
  const dtype = floatType('binomial', options);
  const state = drawSeed(options.seed);
  const n = e.floor(convertToTensor(counts, 'float64'));
  const given = convertToTensor(probabilities, 'float64');
  const isLikely = e.greater(given, real(0.5));
  const p = e.select(isLikely, e.sub(real(1), given), given);
  const isSmall = e.less(e.mul(n, p), real(INVERTED_MEAN));
  // Each way sees parameters for which it is made.
  const inverted = drawByInversion(forkSeed(state, 2), shape, n, e.select(isSmall, p, real(0)));
  const rejected = drawByRejection(state, shape, e.select(isSmall, real(100), n), e.select(isSmall, real(0.5), p));
  const successes = e.select(isSmall, inverted, rejected);
  return castTo(e.select(isLikely, e.sub(n, successes), successes), dtype);
}
