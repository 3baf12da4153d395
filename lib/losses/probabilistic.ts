// Losses between distributions: Kullback–Leibler divergence and Poisson.
import { epsilon } from '../config.js';
import * as ops from '../ops/index.js';
import type { TensorLike } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { alike, Loss, named, type LossArgs } from './loss.js';
import { sameRank } from './reduce.js';

const { add, clip, divide, log, mean, multiply, subtract, sum } = ops;

/** Σ t log(t / p) over the last axis. */
export const klDivergence = named('kl_divergence', (yTrue: TensorLike, yPred: TensorLike): Tensor => {
  const [t, p] = alike(yTrue, yPred).map((x) => clip(x, epsilon(), 1));
  return sum(multiply(t, log(divide(t, p))), { axis: -1 });
});

/** Mean of p − t log p over the last axis. */
export const poisson = named('poisson', (yTrue: TensorLike, yPred: TensorLike): Tensor => {
  const [t, p] = alike(yTrue, yPred);
  return mean(subtract(p, multiply(t, log(add(p, epsilon())))), { axis: -1 });
});

/** Kullback–Leibler divergence of the predictions from the targets. */
export class KLDivergence extends Loss {
  constructor(args: LossArgs = {}) {
    super({ name: 'kl_divergence', ...args });
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return klDivergence(...sameRank(yTrue, yPred));
  }
}
registerSerializable('keras.losses', KLDivergence);

/** Likelihood of counts under predicted rates. */
export class Poisson extends Loss {
  constructor(args: LossArgs = {}) {
    super({ name: 'poisson', ...args });
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return poisson(...sameRank(yTrue, yPred));
  }
}
registerSerializable('keras.losses', Poisson);
