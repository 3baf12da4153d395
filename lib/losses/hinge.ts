// Maximum-margin losses. Targets are −1 and 1; targets of 0 and 1 are converted.
import * as ops from '../ops/index.js';
import type { TensorLike } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { alike, Loss, named, type LossArgs } from './loss.js';
import { sameRank } from './reduce.js';

const { add, equal, logicalOr, max, maximum, mean, multiply, square, subtract, sum, where } = ops;

/** Targets of 0 and 1 as −1 and 1; others as they are. */
function toSigns(t: Tensor): Tensor {
  const isBinary = ops.all(logicalOr(equal(t, 0), equal(t, 1)));
  return where(isBinary, subtract(multiply(2, t), 1), t);
}

/** Mean of max(1 − t · p, 0) over the last axis. */
export const hinge = named('hinge', (yTrue: TensorLike, yPred: TensorLike): Tensor => {
  const [t, p] = alike(yTrue, yPred);
  return mean(maximum(subtract(1, multiply(toSigns(t), p)), 0), { axis: -1 });
});

/** Mean of max(1 − t · p, 0)² over the last axis. */
export const squaredHinge = named('squared_hinge', (yTrue: TensorLike, yPred: TensorLike): Tensor => {
  const [t, p] = alike(yTrue, yPred);
  return mean(square(maximum(subtract(1, multiply(toSigns(t), p)), 0)), { axis: -1 });
});

/** max(largest score of a wrong class − score of the right class + 1, 0); targets are one-hot. */
export const categoricalHinge = named('categorical_hinge', (yTrue: TensorLike, yPred: TensorLike): Tensor => {
  const [t, p] = alike(yTrue, yPred);
  const right = sum(multiply(t, p), { axis: -1 });
  const wrong = max(multiply(subtract(1, t), p), { axis: -1 });
  return maximum(add(subtract(wrong, right), 1), 0);
});

/** Mean of max(1 − t · p, 0). */
export class Hinge extends Loss {
  constructor(args: LossArgs = {}) {
    super({ name: 'hinge', ...args });
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return hinge(...sameRank(yTrue, yPred));
  }
}
registerSerializable('keras.losses', Hinge);

/** Mean of max(1 − t · p, 0)². */
export class SquaredHinge extends Loss {
  constructor(args: LossArgs = {}) {
    super({ name: 'squared_hinge', ...args });
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return squaredHinge(...sameRank(yTrue, yPred));
  }
}
registerSerializable('keras.losses', SquaredHinge);

/** Margin between the right class and the best wrong one. */
export class CategoricalHinge extends Loss {
  constructor(args: LossArgs = {}) {
    super({ name: 'categorical_hinge', ...args });
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return categoricalHinge(...sameRank(yTrue, yPred));
  }
}
registerSerializable('keras.losses', CategoricalHinge);
