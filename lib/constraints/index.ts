// Constraints: projections applied to weights after each optimizer step. Each object is itself a function.
import { epsilon } from '../config.js';
import { Callable } from '../layers/callable.js';
import { convertToTensor } from '../ops/convert.js';
import { add, clip, divide, maximum, multiply, sqrt, square, sum } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import { resolve } from '../saving/resolve.js';
import type { TensorLike } from '../ops/index.js';
import type { Tensor } from '../tensor.js';

/** A function from a weight to the nearest allowed one. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- instances are functions, see callable.ts
export interface Constraint {
  (w: TensorLike): Tensor;
}

/** Base class of constraints. One of your own has `call(w)` and, if it is to be saved, `getConfig()`. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- instances are functions, see callable.ts
export abstract class Constraint extends Callable {
  /** The projected weight, of the same shape. */
  abstract call(w: Tensor): Tensor;

  protected override invoke(args: readonly unknown[]): Tensor {
    return this.call(convertToTensor(args[0] as TensorLike));
  }

  /** The constructor's options. */
  getConfig(): Record<string, unknown> {
    return {};
  }
}

/** A constraint, its name, or any function from a weight to a weight. */
export type ConstraintLike = ((w: Tensor) => Tensor) | 'maxNorm' | 'minMaxNorm' | 'nonNeg' | 'unitNorm' | (string & {});

/** The constraint that `identifier` stands for; null for null. */
export function getConstraint(identifier: ConstraintLike | null): ((w: Tensor) => Tensor) | null {
  return identifier === null ? null : resolve<(w: Tensor) => Tensor>('keras.constraints', 'constraint', identifier);
}

/** Length of the vectors along an axis, which stays with size one. */
const norm = (w: Tensor, axis: number | readonly number[]): Tensor => sqrt(sum(square(w), { axis, keepdims: true }));

export interface MaxNormArgs {
  /** The largest length. Default 2. */
  readonly maxValue?: number;
  /** Along which axes the length is taken: 0 (default) for dense kernels, [0, 1, 2] for 2-D convolutions. */
  readonly axis?: number | readonly number[];
}

/** Limits the length of every vector along an axis. */
export class MaxNorm extends Constraint {
  static readonly className = 'MaxNorm';
  readonly maxValue: number;
  readonly axis: number | readonly number[];

  constructor(args: MaxNormArgs = {}) {
    super();
    this.maxValue = args.maxValue ?? 2;
    this.axis = args.axis ?? 0;
  }

  call(w: Tensor): Tensor {
    const length = norm(w, this.axis);
    return multiply(w, divide(clip(length, 0, this.maxValue), add(length, epsilon())));
  }

  override getConfig(): Record<string, unknown> {
    return { maxValue: this.maxValue, axis: this.axis };
  }
}
registerSerializable('keras.constraints', MaxNorm);

export interface MinMaxNormArgs extends MaxNormArgs {
  /** The smallest length. Default 0. */
  readonly minValue?: number;
  /** The largest length. Default 1. */
  readonly maxValue?: number;
  /** How far towards the allowed length one step goes, up to 1 (default). */
  readonly rate?: number;
}

/** Keeps the length of every vector along an axis between two bounds. */
export class MinMaxNorm extends Constraint {
  static readonly className = 'MinMaxNorm';
  readonly minValue: number;
  readonly maxValue: number;
  readonly rate: number;
  readonly axis: number | readonly number[];

  constructor(args: MinMaxNormArgs = {}) {
    super();
    this.minValue = args.minValue ?? 0;
    this.maxValue = args.maxValue ?? 1;
    this.rate = args.rate ?? 1;
    this.axis = args.axis ?? 0;
  }

  call(w: Tensor): Tensor {
    const length = norm(w, this.axis);
    const allowed = multiply(this.rate, clip(length, this.minValue, this.maxValue));
    const wanted = add(allowed, multiply(1 - this.rate, length));
    return multiply(w, divide(wanted, add(length, epsilon())));
  }

  override getConfig(): Record<string, unknown> {
    return { minValue: this.minValue, maxValue: this.maxValue, rate: this.rate, axis: this.axis };
  }
}
registerSerializable('keras.constraints', MinMaxNorm);

/** Makes negative weights zero. */
export class NonNeg extends Constraint {
  static readonly className = 'NonNeg';

  call(w: Tensor): Tensor {
    return maximum(w, 0);
  }
}
registerSerializable('keras.constraints', NonNeg);

/** Gives every vector along an axis the length one. */
export class UnitNorm extends Constraint {
  static readonly className = 'UnitNorm';
  readonly axis: number | readonly number[];

  constructor(args: Pick<MaxNormArgs, 'axis'> = {}) {
    super();
    this.axis = args.axis ?? 0;
  }

  call(w: Tensor): Tensor {
    return divide(w, add(norm(w, this.axis), epsilon()));
  }

  override getConfig(): Record<string, unknown> {
    return { axis: this.axis };
  }
}
registerSerializable('keras.constraints', UnitNorm);

/** Makes a `MaxNorm` constraint. */
export const maxNorm = (args?: MaxNormArgs): MaxNorm => new MaxNorm(args);
/** Makes a `MinMaxNorm` constraint. */
export const minMaxNorm = (args?: MinMaxNormArgs): MinMaxNorm => new MinMaxNorm(args);
/** Makes a `NonNeg` constraint. */
export const nonNeg = (): NonNeg => new NonNeg();
/** Makes a `UnitNorm` constraint. */
export const unitNorm = (args?: Pick<MaxNormArgs, 'axis'>): UnitNorm => new UnitNorm(args);
