// Regularizers: penalties on weights or outputs that are added to the loss. Each object is itself a function.
import { HornetError } from '../errors.js';
import { Callable } from '../layers/callable.js';
import { convertToTensor } from '../ops/convert.js';
import {
  abs,
  divide,
  matmul,
  multiply,
  square,
  subtract,
  sum,
  transpose,
  add,
  eye,
  maximum,
  sqrt,
} from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import { resolve } from '../saving/resolve.js';
import type { TensorLike } from '../ops/index.js';
import type { Tensor } from '../tensor.js';

/** A function from a weight to its penalty. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- instances are functions, see callable.ts
export interface Regularizer {
  (x: TensorLike): Tensor;
}

/** Base class of regularizers. One of your own has `call(x)` and, if it is to be saved, `getConfig()`. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- instances are functions, see callable.ts
export abstract class Regularizer extends Callable {
  /** The penalty: a scalar. */
  abstract call(x: Tensor): Tensor;

  protected override invoke(args: readonly unknown[]): Tensor {
    return this.call(convertToTensor(args[0] as TensorLike));
  }

  /** The constructor's options. */
  getConfig(): Record<string, unknown> {
    return {};
  }
}

/** A regularizer, its name, or any function from a weight to a scalar. */
export type RegularizerLike = ((x: Tensor) => Tensor) | 'l1' | 'l2' | 'l1L2' | (string & {});

/** The regularizer that `identifier` stands for; null for null. */
export function getRegularizer(identifier: RegularizerLike | null): ((x: Tensor) => Tensor) | null {
  return identifier === null ? null : resolve<(x: Tensor) => Tensor>('keras.regularizers', 'regularizer', identifier);
}

/** A penalty's factor. Throws unless it is a finite, non-negative number. */
function checkFactor(where: string, name: string, value: number): number {
  if (!(Number.isFinite(value) && value >= 0)) {
    throw new HornetError(where, `expected ${name} to be a non-negative number, received ${value}`);
  }
  return value;
}

/** Penalty `l1 · Σ|x| + l2 · Σx²`. Both default to 0. */
export class L1L2 extends Regularizer {
  static readonly className = 'L1L2';
  readonly l1: number;
  readonly l2: number;

  constructor(args: { readonly l1?: number; readonly l2?: number } = {}) {
    super();
    this.l1 = checkFactor('L1L2', 'l1', args.l1 ?? 0);
    this.l2 = checkFactor('L1L2', 'l2', args.l2 ?? 0);
  }

  call(x: Tensor): Tensor {
    const parts: Tensor[] = [];
    if (this.l1) parts.push(multiply(this.l1, sum(abs(x))));
    if (this.l2) parts.push(multiply(this.l2, sum(square(x))));
    return parts.length === 0 ? convertToTensor(0, x.dtype) : parts.reduce((a, b) => add(a, b));
  }

  override getConfig(): Record<string, unknown> {
    return { l1: this.l1, l2: this.l2 };
  }
}
registerSerializable('keras.regularizers', L1L2);

/** Penalty `l1 · Σ|x|`. Default factor 0.01. */
export class L1 extends Regularizer {
  static readonly className = 'L1';
  readonly l1: number;

  constructor(args: number | { readonly l1?: number } = {}) {
    super();
    this.l1 = checkFactor('L1', 'l1', (typeof args === 'number' ? args : args.l1) ?? 0.01);
  }

  call(x: Tensor): Tensor {
    return multiply(this.l1, sum(abs(x)));
  }

  override getConfig(): Record<string, unknown> {
    return { l1: this.l1 };
  }
}
registerSerializable('keras.regularizers', L1);

/** Penalty `l2 · Σx²`. Default factor 0.01. */
export class L2 extends Regularizer {
  static readonly className = 'L2';
  readonly l2: number;

  constructor(args: number | { readonly l2?: number } = {}) {
    super();
    this.l2 = checkFactor('L2', 'l2', (typeof args === 'number' ? args : args.l2) ?? 0.01);
  }

  call(x: Tensor): Tensor {
    return multiply(this.l2, sum(square(x)));
  }

  override getConfig(): Record<string, unknown> {
    return { l2: this.l2 };
  }
}
registerSerializable('keras.regularizers', L2);

export interface OrthogonalRegularizerArgs {
  /** Default 0.01. */
  readonly factor?: number;
  /** Which vectors of the matrix should be orthogonal to each other. Default `rows`. */
  readonly mode?: 'rows' | 'columns';
}

/** Penalty on the cosines between the rows (or columns) of a matrix: it makes them orthogonal. */
export class OrthogonalRegularizer extends Regularizer {
  static readonly className = 'OrthogonalRegularizer';
  readonly factor: number;
  readonly mode: 'rows' | 'columns';

  constructor(args: OrthogonalRegularizerArgs = {}) {
    super();
    this.factor = checkFactor('OrthogonalRegularizer', 'factor', args.factor ?? 0.01);
    this.mode = args.mode ?? 'rows';
    if (this.mode !== 'rows' && this.mode !== 'columns') {
      throw new HornetError(
        'OrthogonalRegularizer',
        `expected mode to be 'rows' or 'columns', received '${String(this.mode)}'`,
      );
    }
  }

  call(x: Tensor): Tensor {
    if (x.rank !== 2) {
      throw new HornetError('OrthogonalRegularizer', `expected a matrix, received shape [${x.shape.join(', ')}]`);
    }
    const vectors = this.mode === 'rows' ? x : transpose(x);
    const length = sqrt(maximum(sum(square(vectors), { axis: 1, keepdims: true }), 1e-12));
    const unit = divide(vectors, length);
    const count = unit.shape[0];
    const cosines = multiply(matmul(unit, transpose(unit)), subtract(1, eye(count, { dtype: x.dtype })));
    // Every pair stands twice in the matrix.
    return multiply(this.factor * 0.5, divide(sum(abs(cosines)), (count * (count - 1)) / 2));
  }

  override getConfig(): Record<string, unknown> {
    return { factor: this.factor, mode: this.mode };
  }
}
registerSerializable('keras.regularizers', OrthogonalRegularizer);

/** Makes an `L1` regularizer. */
export const l1 = (args?: number | { readonly l1?: number }): L1 => new L1(args);
/** Makes an `L2` regularizer. */
export const l2 = (args?: number | { readonly l2?: number }): L2 => new L2(args);
/** Makes an `L1L2` regularizer. */
export const l1L2 = (args: { readonly l1?: number; readonly l2?: number } = {}): L1L2 => new L1L2(args);
/** Makes an `OrthogonalRegularizer`. */
export const orthogonalRegularizer = (args?: OrthogonalRegularizerArgs): OrthogonalRegularizer =>
  new OrthogonalRegularizer(args);
