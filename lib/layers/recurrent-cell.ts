// Recurrent cells: one step of a recurrence as a layer. Here is what the cells of LSTM, GRU and SimpleRNN share: weights,
// options and dropout. What runs a cell over a sequence is in rnn.ts.
import { getActivation, type ActivationFunction, type ActivationLike } from '../activations/index.js';
import { getConstraint, type ConstraintLike } from '../constraints/index.js';
import { isOfPresent } from '../graph/trace.js';
import { getInitializer, type InitializerLike } from '../initializers/index.js';
import { add, matmul, multiply, ones, zeros } from '../ops/index.js';
import type { Recurrence } from '../ops/rnn-core.js';
import { dropout, SeedGenerator } from '../random.js';
import { getRegularizer, type RegularizerLike } from '../regularizers/index.js';
import type { Tensor } from '../tensor.js';
import type { Tree } from '../tree.js';
import type { Variable } from '../variable.js';
import { checkPositive } from './conv.js';
import type { Shape } from './input-spec.js';
import { kernelBiasOptions, type KernelBiasArgs } from './kernel-bias.js';
import { Layer, type CallArgs, type Config, type LayerArgs } from './layer.js';

/** Widths of a cell's states. */
export type StateSize = number | readonly StateSize[];

/** A state, or the list of all states of a cell. */
export type States = Tree<Tensor>;

/**
 * A layer that `rnn` can run: `call(inputs, states, { training })` takes one step, [batch, ...], and the list of states
 * before it; it returns `[output, states]`.
 */
export type RecurrentCell = Layer & {
  readonly stateSize: StateSize;
  /** Width of the output. Default: that of the first state. */
  readonly outputSize?: number;
  /** The states before the first step. Default: zeros. */
  getInitialState?(batchSize: number): States;
};

/** Options that all cells share. */
export interface CellArgs extends LayerArgs, KernelBiasArgs {
  /** Default `tanh`; null for none. */
  readonly activation?: ActivationLike | null;
  /** Default true. */
  readonly useBias?: boolean;
  /** Of the weights of the state. Default `orthogonal`. */
  readonly recurrentInitializer?: InitializerLike;
  readonly recurrentRegularizer?: RegularizerLike | null;
  readonly recurrentConstraint?: ConstraintLike | null;
  /** Share of the inputs that training drops, the same ones at every step. Default 0. */
  readonly dropout?: number;
  /** Share of the state that training drops, the same at every step. Default 0. */
  readonly recurrentDropout?: number;
  /** Default: from the global seed. */
  readonly seed?: number | null;
}

/** The states before the first step, as a list. */
export function initialStates(cell: RecurrentCell, batchSize: number): readonly States[] {
  const { stateSize } = cell;
  if (!cell.getInitialState) {
    const sizes = (typeof stateSize === 'number' ? [stateSize] : stateSize) as readonly number[];
    return sizes.map((size) => zeros([batchSize, size], { dtype: cell.computeDtype }));
  }
  const states = cell.getInitialState(batchSize);
  return Array.isArray(states) ? (states as readonly States[]) : [states];
}

/** Which elements training drops, drawn once per sequence. */
class DropPattern {
  #mask: Tensor | null = null;

  /** @param count - Patterns along a first axis of their own, where there are several. */
  constructor(
    readonly rate: number,
    readonly seed: SeedGenerator | null,
    readonly count: number,
  ) {}

  /** The factors for a tensor like this; null where nothing drops. */
  mask(like: Tensor): Tensor | null {
    if (!this.seed || this.rate === 0) return null;
    if (!this.#mask || !isOfPresent(this.#mask)) {
      const shape = this.count > 1 ? [this.count, ...like.shape] : like.shape;
      this.#mask = dropout(ones(shape, { dtype: like.dtype }), this.rate, { seed: this.seed });
    }
    return this.#mask;
  }

  reset(): void {
    this.#mask = null;
  }
}

const clampRate = (rate: number | undefined): number => Math.min(1, Math.max(0, rate ?? 0));

/** The cell of a layer with `units` outputs. */
export abstract class BaseCell extends Layer {
  static override readonly requiredArgs: readonly string[] = ['units'];
  static override readonly callArgs: readonly string[] = ['inputs', 'states'];
  readonly activation: ActivationFunction;
  readonly useBias: boolean;
  readonly dropout: number;
  readonly recurrentDropout: number;
  readonly seed: number | null;
  readonly outputSize: number;
  /** Width of each state. */
  abstract readonly stateSize: StateSize;
  /** [inputs, gates · units]. */
  kernel: Variable | null = null;
  /** [units, gates · units]. */
  recurrentKernel: Variable | null = null;
  bias: Variable | null = null;
  protected readonly seedGenerator: SeedGenerator | null;
  readonly #inputPattern: DropPattern;
  readonly #statePattern: DropPattern;
  readonly #args: CellArgs;

  /** @param units - Width of the output. */
  constructor(
    readonly units: number,
    args: CellArgs,
  ) {
    super(args);
    checkPositive(this.name, this.widthName, units);
    this.activation = getActivation(args.activation === undefined ? 'tanh' : args.activation);
    this.useBias = args.useBias ?? true;
    this.dropout = clampRate(args.dropout);
    this.recurrentDropout = clampRate(args.recurrentDropout);
    this.seed = args.seed ?? null;
    this.outputSize = units;
    this.seedGenerator = this.dropout > 0 || this.recurrentDropout > 0 ? new SeedGenerator(this.seed) : null;
    this.#inputPattern = new DropPattern(this.dropout, this.seedGenerator, this.patterns);
    this.#statePattern = new DropPattern(this.recurrentDropout, this.seedGenerator, this.patterns);
    this.#args = {
      ...kernelBiasOptions(args),
      recurrentInitializer: getInitializer(args.recurrentInitializer ?? 'orthogonal'),
      recurrentRegularizer: getRegularizer(args.recurrentRegularizer ?? null),
      recurrentConstraint: getConstraint(args.recurrentConstraint ?? null),
    };
  }

  /** What the option is called that says the width of the output. */
  private get widthName(): string {
    return (this.constructor as typeof BaseCell).requiredArgs[0];
  }

  /** How many patterns of dropout the cell draws for its inputs, and for its state. */
  protected get patterns(): number {
    return 1;
  }

  /** The output and the states after the step. */
  abstract override call(inputs: Tensor, states: readonly Tensor[], options: CallArgs): [Tensor, readonly Tensor[]];

  /** The cell as the kernel for whole sequences knows it; null where it has another activation. */
  protected abstract kernelOf(): Recurrence['cell'] | null;

  /** Number of gates, and the shape of the bias. */
  protected abstract shapes(): { readonly gates: number; readonly bias: readonly number[] };

  /** The initializer of the bias. */
  protected biasInitializer(): InitializerLike {
    return this.#args.biasInitializer!;
  }

  /** The shape of the weights of an input with so many features. */
  protected kernelShape(features: number | null, width: number): Shape {
    return [features, width];
  }

  /** The axis of the features in a step's inputs and outputs. */
  protected get featureAxis(): number {
    return -1;
  }

  override build(inputShape: Shape): void {
    const { gates, bias } = this.shapes();
    const args = this.#args;
    this.kernel = this.addWeight({
      name: 'kernel',
      shape: this.kernelShape(inputShape.at(this.featureAxis) ?? null, gates * this.units),
      initializer: args.kernelInitializer,
      regularizer: args.kernelRegularizer,
      constraint: args.kernelConstraint,
    });
    this.recurrentKernel = this.addWeight({
      name: 'recurrent_kernel',
      shape: this.kernelShape(this.units, gates * this.units),
      initializer: args.recurrentInitializer,
      regularizer: args.recurrentRegularizer,
      constraint: args.recurrentConstraint,
    });
    if (!this.useBias) return;
    this.bias = this.addWeight({
      name: 'bias',
      shape: bias,
      initializer: this.biasInitializer(),
      regularizer: args.biasRegularizer,
      constraint: args.biasConstraint,
    });
  }

  /** The states before the first step: zeros. */
  getInitialState(batchSize: number): readonly Tensor[] {
    const count = typeof this.stateSize === 'number' ? 1 : this.stateSize.length;
    return Array.from({ length: count }, () => zeros([batchSize, this.units], { dtype: this.computeDtype }));
  }

  /** What the kernel for whole sequences needs to run this cell; null where it cannot. */
  recurrence(training: boolean): Pick<Recurrence, 'cell' | 'kernel' | 'recurrentKernel' | 'bias'> | null {
    const cell = this.kernelOf();
    if (!cell || (training && this.recurrentDropout > 0)) return null;
    const { kernel, recurrentKernel, bias } = this;
    return { cell, kernel: kernel!.value, recurrentKernel: recurrentKernel!.value, bias: bias && bias.value };
  }

  /** `inputs · kernel + bias`. */
  protected project(inputs: Tensor, bias: Tensor | Variable | null = this.bias): Tensor {
    const product = matmul(inputs, this.kernel!);
    return bias ? add(product, bias) : product;
  }

  /** Inputs, or a state, without what training drops of them. */
  protected dropped(x: Tensor, pattern: 'inputs' | 'state', training: boolean): Tensor {
    const mask = training && (pattern === 'inputs' ? this.getDropoutMask(x) : this.getRecurrentDropoutMask(x));
    return mask ? multiply(x, mask) : x;
  }

  /** The factors, 0 where dropped, for the inputs of a step; null without dropout. The same until it is reset. */
  getDropoutMask(stepInput: Tensor): Tensor | null {
    return this.#inputPattern.mask(stepInput);
  }

  /** The factors for the state; null without dropout. The same until it is reset. */
  getRecurrentDropoutMask(stepInput: Tensor): Tensor | null {
    return this.#statePattern.mask(stepInput);
  }

  /** Makes the next step draw anew what is dropped of the inputs. */
  resetDropoutMask(): void {
    this.#inputPattern.reset();
  }

  /** Makes the next step draw anew what is dropped of the state. */
  resetRecurrentDropoutMask(): void {
    this.#statePattern.reset();
  }

  override getConfig(): Config {
    const { units, activation, useBias, dropout: rate, recurrentDropout, seed } = this;
    const config = {
      [this.widthName]: units,
      activation,
      useBias,
      ...this.#args,
      dropout: rate,
      recurrentDropout,
      seed,
    };
    return { ...super.getConfig(), ...config };
  }
}
