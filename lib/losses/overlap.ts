// Losses of segmentation: how much predicted and true areas overlap.
import { epsilon } from '../config.js';
import * as ops from '../ops/index.js';
import type { TensorLike } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { align, Loss, named, type LossArgs } from './loss.js';

const { add, divide, multiply, subtract, sum } = ops;

export interface OverlapOptions {
  /** Axes that belong to one area; null (default) for all. */
  readonly axis?: number | readonly number[] | null;
}

/** 1 − 2 |t ∩ p| / (|t| + |p|). */
export const dice = named('dice', (yTrue: TensorLike, yPred: TensorLike, options: OverlapOptions = {}): Tensor => {
  const [t, p] = align(yTrue, yPred);
  const { axis = null } = options;
  const common = sum(multiply(t, p), { axis });
  const total = add(add(sum(t, { axis }), sum(p, { axis })), epsilon());
  return subtract(1, divide(multiply(2, common), total));
});

export interface TverskyOptions extends OverlapOptions {
  /** Weight of what is there but not predicted. Default 0.5. */
  readonly alpha?: number;
  /** Weight of what is predicted but not there. Default 0.5. */
  readonly beta?: number;
}

/** 1 − |t ∩ p| / (|t ∩ p| + α |t \ p| + β |p \ t|). */
export const tversky = named(
  'tversky',
  (yTrue: TensorLike, yPred: TensorLike, options: TverskyOptions = {}): Tensor => {
    const [t, p] = align(yTrue, yPred);
    const { axis = null, alpha = 0.5, beta = 0.5 } = options;
    const common = sum(multiply(t, p), { axis });
    const extra = sum(multiply(subtract(1, t), p), { axis });
    const missing = sum(multiply(t, subtract(1, p)), { axis });
    const total = add(add(common, add(multiply(alpha, missing), multiply(beta, extra))), epsilon());
    return subtract(1, divide(common, total));
  },
);

/** Overlap of two areas (F1 score of their elements). */
export class Dice extends Loss {
  readonly axis: number | readonly number[] | null;
  constructor(args: LossArgs & OverlapOptions = {}) {
    super({ name: 'dice', ...args });
    this.axis = args.axis ?? null;
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return dice(yTrue, yPred, { axis: this.axis });
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), axis: this.axis };
  }
}
registerSerializable('keras.losses', Dice);

/** Overlap of two areas with weights for false positives and false negatives. */
export class Tversky extends Loss {
  readonly alpha: number;
  readonly beta: number;
  readonly axis: number | readonly number[] | null;
  constructor(args: LossArgs & TverskyOptions = {}) {
    super({ name: 'tversky', ...args });
    this.alpha = args.alpha ?? 0.5;
    this.beta = args.beta ?? 0.5;
    this.axis = args.axis ?? null;
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return tversky(yTrue, yPred, { axis: this.axis, alpha: this.alpha, beta: this.beta });
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), alpha: this.alpha, beta: this.beta, axis: this.axis };
  }
}
registerSerializable('keras.losses', Tversky);
