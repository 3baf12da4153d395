// The plainest layers: activation, identity, lambda. Dense and embedding have files of their own.
import { getActivation, type ActivationFunction, type ActivationLike } from '../activations/index.js';
import { HornetError } from '../errors.js';
import { registerSerializable } from '../saving/registry.js';
import { namedFunction, replacedLambda } from '../saving/serialize.js';
import { describe, type Tensor } from '../tensor.js';
import type { Tree } from '../tree.js';
import { Layer, type CallArgs, type Config, type LayerArgs, type Mask } from './layer.js';

/** Applies an activation function. */
export class Activation extends Layer {
  static readonly className: string = 'Activation';
  static override readonly requiredArgs: readonly string[] = ['activation'];
  readonly activation: ActivationFunction;

  /** @param activation - A function, or its name: `'relu'`, `'softmax'` … */
  constructor(activation: ActivationLike, args: LayerArgs = {}) {
    super(args);
    this.activation = getActivation(activation);
    this.supportsMasking = true;
    this.built = true;
  }

  override call(inputs: Tensor): Tensor {
    return this.activation(inputs);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), activation: this.activation };
  }
}

registerSerializable('keras.layers', Activation);

/** Applies an activation function, given as a function or by name. */
export const activation = (fn: ActivationLike, args?: LayerArgs): Activation => new Activation(fn, args);

/** Gives its inputs as they are. */
export class Identity extends Layer {
  static readonly className: string = 'Identity';

  constructor(args: LayerArgs = {}) {
    super(args);
    this.supportsMasking = true;
    this.built = true;
  }

  override call(inputs: Tree<Tensor>): Tree<Tensor> {
    return inputs;
  }
}

registerSerializable('keras.layers', Identity);

/** Gives its inputs as they are. */
export const identity = (args?: LayerArgs): Identity => new Identity(args);

/** A function on tensors that a `Lambda` wraps. */
export type LambdaFunction = (inputs: never, options: CallArgs) => Tree<Tensor>;

/** Options of `lambda`. */
export interface LambdaArgs extends LayerArgs {
  /** The mask of the outputs, or a function that gives it. Default: none. */
  readonly mask?: Mask | ((inputs: Tree<Tensor>, mask: Mask) => Mask);
}

/**
 * Applies a function written with `ops`. Variables that it uses are not tracked: write a layer for these.
 * A config can hold it only if the function is registered with `registerFunction`.
 */
export class Lambda extends Layer {
  static readonly className: string = 'Lambda';
  static override readonly requiredArgs: readonly string[] = ['function'];
  static readonly rawKeys: readonly string[] = ['function'];
  readonly function: LambdaFunction;
  readonly #mask: LambdaArgs['mask'];

  constructor(fn: LambdaFunction, args: LambdaArgs = {}) {
    super(args);
    if (typeof fn !== 'function') throw new HornetError(this.name, `expected a function, received ${describe(fn)}`);
    this.function = fn;
    this.#mask = args.mask ?? null;
    this.supportsMasking = this.#mask !== null;
    this.built = true;
  }

  override call(inputs: Tree<Tensor>, options: CallArgs): Tree<Tensor> {
    return this.function(inputs as never, options);
  }

  override computeMask(inputs: Tree<Tensor>, previousMask: Mask): Mask {
    const mask = this.#mask ?? null;
    return typeof mask === 'function' ? mask(inputs, previousMask) : mask;
  }

  override getConfig(): Config {
    return { ...super.getConfig(), function: this.function };
  }

  /** In configs the function is a name. Python code is not run. */
  static override fromConfig<T extends Layer>(this: new (...args: never[]) => T, config: Config): T {
    const { function: given, ...args } = config as { function: unknown; name: string };
    const { class_name: kind, config: known } = (given ?? {}) as { class_name?: string; config?: unknown };
    const fn = kind === '__lambda__' ? replacedLambda(args.name) : namedFunction(kind === 'function' ? known : given);
    return new (this as unknown as new (fn: unknown, args: LambdaArgs) => T)(fn, args);
  }
}

registerSerializable('keras.layers', Lambda);

/** Applies a function written with `ops`. */
export const lambda = (fn: LambdaFunction, args?: LambdaArgs): Lambda => new Lambda(fn, args);
