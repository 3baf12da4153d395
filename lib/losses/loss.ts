// The base of all losses: casting, masks, weights, reduction. The functions are in the files beside.
import { floatx } from '../config.js';
import { onDeviceOf } from '../device.js';
import { toDtypePolicy, type DTypePolicy, type DTypePolicyName } from '../layers/dtype-policy.js';
import { Callable } from '../layers/callable.js';
import { getMask } from '../layers/mask.js';
import { convertToTensor } from '../ops/convert.js';
import { logicalAnd, type TensorLike } from '../ops/index.js';
import { registerFunction } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { checkReduction, reduceWeighted, sameRank, type Reduction } from './reduce.js';

/** Options of all losses. */
export interface LossArgs {
  readonly name?: string;
  /** Default `sum_over_batch_size`: the mean over all values. Null for none. */
  readonly reduction?: Reduction | null;
  /** Type of the computation. Default `floatx()`. */
  readonly dtype?: DTypePolicyName | DTypePolicy | null;
}

/** What a loss takes besides targets and predictions. */
export interface LossCallArgs {
  /** A weight per sample (or per value), or one for all. */
  readonly sampleWeight?: TensorLike | null;
}

/** A function from targets and predictions to a value per sample. */
export type LossFunction = (yTrue: Tensor, yPred: Tensor) => Tensor;

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- instances are functions, see callable.ts
export interface Loss {
  /** The weighted, reduced loss. A mask that the predictions carry leaves out what it masks. */
  (yTrue: TensorLike, yPred: TensorLike, options?: LossCallArgs): Tensor;
}

/** Base class of losses. One of your own has `call(yTrue, yPred)` that gives a value per sample. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- instances are functions, see callable.ts
export abstract class Loss extends Callable {
  readonly name: string;
  readonly reduction: Reduction;
  readonly dtypePolicy: DTypePolicy;

  constructor(args: LossArgs = {}) {
    super();
    const { name: className } = new.target;
    this.name = args.name ?? className.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
    this.reduction = checkReduction(this.name, args.reduction);
    this.dtypePolicy = toDtypePolicy(args.dtype ?? floatx());
  }

  /** A value per sample; both arguments are in the type of the computation. */
  abstract call(yTrue: Tensor, yPred: Tensor): Tensor;

  protected override invoke(args: readonly unknown[]): Tensor {
    return onDeviceOf(args, () => this.reduced(args));
  }

  private reduced([yTrue, yPred, options]: readonly unknown[]): Tensor {
    const dtype = this.dtypePolicy.computeDtype;
    const predictions = convertToTensor(yPred as TensorLike);
    const values = this.call(convertToTensor(yTrue as TensorLike, dtype), convertToTensor(predictions, dtype));
    const masks = [getMask(predictions), getMask(values)].filter((mask) => mask !== null);
    const mask = masks.length === 2 ? logicalAnd(masks[0], masks[1]) : (masks[0] ?? null);
    const { sampleWeight = null } = (options ?? {}) as LossCallArgs;
    return reduceWeighted(values, sampleWeight, mask, this.reduction, dtype);
  }

  /** The constructor's options. */
  getConfig(): Record<string, unknown> {
    return { name: this.name, reduction: this.reduction };
  }
}

/** Targets in the type of the predictions, each of its own rank: functions that take them so broadcast what differs. */
export function alike(yTrue: TensorLike, yPred: TensorLike): [Tensor, Tensor] {
  const predictions = convertToTensor(yPred);
  return [convertToTensor(yTrue, predictions.dtype), predictions];
}

/** Targets in the type of the predictions, both of one rank. */
export const align = (yTrue: TensorLike, yPred: TensorLike): [Tensor, Tensor] => sameRank(...alike(yTrue, yPred));

/** A loss made of a function. */
export class LossFunctionWrapper extends Loss {
  constructor(
    private readonly fn: LossFunction,
    args: LossArgs = {},
  ) {
    super({ ...args, name: args.name ?? (fn.name || 'loss') });
  }

  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return this.fn(...sameRank(yTrue, yPred));
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), fn: this.fn };
  }
}

/** Enters a function under Keras's name, so that configs and logs can name it. */
export function named<F extends (...args: never[]) => Tensor>(name: string, fn: F): F {
  Object.defineProperty(fn, 'name', { value: name });
  registerFunction(name, fn);
  return fn;
}

/** Keras's short names. */
export const lossAliases: Readonly<Record<string, string>> = {
  mse: 'MeanSquaredError',
  mae: 'MeanAbsoluteError',
  mape: 'MeanAbsolutePercentageError',
  msle: 'MeanSquaredLogarithmicError',
  bce: 'BinaryCrossentropy',
  kld: 'KLDivergence',
};
