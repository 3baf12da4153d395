// The base of all metrics: named state on the device that a step's program updates in place.
import { floatx } from '../config.js';
import type { DType } from '../dtype.js';
import { toDtypePolicy, type DTypePolicy, type DTypePolicyName } from '../layers/dtype-policy.js';
import { snakeCase, uniqueName } from '../layers/naming.js';
import { zerosLike } from '../ops/index.js';
import type { TensorLike } from '../ops/index.js';
import { classNameOf, type SerializableClass } from '../saving/registry.js';
import { allocate, type Tensor } from '../tensor.js';
import { Variable } from '../variable.js';

/** How a quantity changes as a model gets better. */
export type Direction = 'up' | 'down';

/** Options of all metrics. */
export interface MetricArgs {
  /** Name in logs. Default: the class name in snake case. */
  readonly name?: string | null;
  /** Type of the computation and of the state. Default `floatx()`. */
  readonly dtype?: DTypePolicyName | DTypePolicy | null;
}

/** What a metric takes besides targets and predictions. */
export interface UpdateArgs {
  /** A weight per sample, or one for all. */
  readonly sampleWeight?: TensorLike | null;
}

/**
 * Base class of metrics. One of your own makes its state with `addVariable` in the constructor, changes it in
 * `updateState(yTrue, yPred, { sampleWeight })` and computes a tensor from it in `result()`, both with `ops` only: they
 * run inside the program of a step as well as on their own.
 */
export abstract class Metric {
  /** Whether training should make it rise or fall; null where nobody can tell. Callbacks look at it. */
  static readonly direction: Direction | null = null;
  readonly name: string;
  readonly dtypePolicy: DTypePolicy;
  /** The state, in the order in which it was made. */
  readonly variables: Variable[] = [];

  /** @param defaultName - Name where none is given; default: a unique one. */
  constructor(args: MetricArgs = {}, defaultName?: string) {
    const own = (): string => uniqueName(snakeCase(classNameOf(new.target as unknown as SerializableClass)));
    this.name = args.name ?? defaultName ?? own();
    this.dtypePolicy = toDtypePolicy(args.dtype ?? floatx());
  }

  /** Whether it should rise or fall: what the class says. */
  get direction(): Direction | null {
    return (this.constructor as typeof Metric).direction;
  }

  /** The type of the computation. */
  get dtype(): DType {
    return this.dtypePolicy.computeDtype;
  }

  /** Adds one batch to the state. */
  abstract updateState(first: TensorLike, second?: TensorLike | UpdateArgs | null, options?: UpdateArgs): void;

  /** The value for everything since the last `resetState`. */
  abstract result(): Tensor | Record<string, Tensor>;

  /** Makes a part of the state; zero at first and after each reset. Its type is `floatx()` unless another is given. */
  protected addVariable(name: string, shape: readonly number[] = [], dtype: DType = floatx()): Variable {
    const variable = new Variable(allocate(shape, dtype), { name, trainable: false });
    variable.path = `${this.name}/${name}`;
    this.variables.push(variable);
    return variable;
  }

  /** Starts over. */
  resetState(): void {
    for (const variable of this.variables) variable.assign(zerosLike(variable));
  }

  /** The constructor's options. */
  getConfig(): Record<string, unknown> {
    return { name: this.name, dtype: this.dtypePolicy.name };
  }
}
