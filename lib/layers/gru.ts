// GRU and its cell. Source: Cho et al. 2014.
import { getActivation, sigmoid, tanh, type ActivationFunction, type ActivationLike } from '../activations/index.js';
import { add, getItem, matmul, multiply, split, subtract } from '../ops/index.js';
import type { Recurrence } from '../ops/rnn-core.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { CallArgs, Config } from './layer.js';
import { BaseCell, type CellArgs } from './recurrent-cell.js';
import { cellArgs, CellLayer, type RNNArgs } from './rnn.js';

/** Options of `gruCell`. */
export interface GRUCellArgs extends CellArgs {
  /** Of the gates. Default `sigmoid`; null for none. */
  readonly recurrentActivation?: ActivationLike | null;
  /** Whether the reset gate acts behind the product with the recurrent kernel, which then has a bias. Default true. */
  readonly resetAfter?: boolean;
}

/** A step of a GRU. Its weights hold update gate, reset gate and candidate, in that order. */
export class GRUCell extends BaseCell {
  static readonly className: string = 'GRUCell';
  readonly stateSize: number;
  readonly recurrentActivation: ActivationFunction;
  readonly resetAfter: boolean;

  /** @param units - Width of the output, which is the state. */
  constructor(units: number, args: GRUCellArgs = {}) {
    super(units, args);
    this.stateSize = units;
    this.recurrentActivation = getActivation(
      args.recurrentActivation === undefined ? 'sigmoid' : args.recurrentActivation,
    );
    this.resetAfter = args.resetAfter ?? true;
  }

  protected shapes(): { gates: number; bias: number[] } {
    return { gates: 3, bias: this.resetAfter ? [2, 3 * this.units] : [3 * this.units] };
  }

  protected kernelOf(): Recurrence['cell'] | null {
    const isKnown = this.activation === tanh && this.recurrentActivation === sigmoid;
    return isKnown && this.resetAfter ? 'gru' : null;
  }

  override call(inputs: Tensor, [before]: readonly Tensor[], { training }: CallArgs): [Tensor, readonly Tensor[]] {
    const { activation, recurrentActivation, units, resetAfter, bias } = this;
    const h = this.dropped(before, 'state', training);
    const kernel = this.recurrentKernel!.value;
    const biases = bias && resetAfter ? [0, 1].map((row) => getItem(bias, [row])) : [bias, null];
    const x = split(this.project(this.dropped(inputs, 'inputs', training), biases[0]), 3, { axis: 1 });
    // All three gates' products at once, or the candidate's apart, of the state that is reset before it.
    const product = matmul(h, resetAfter ? kernel : getItem(kernel, [':', [null, 2 * units]]));
    const inner = split(biases[1] ? add(product, biases[1]) : product, resetAfter ? 3 : 2, { axis: 1 });
    const z = recurrentActivation(add(x[0], inner[0]));
    const r = recurrentActivation(add(x[1], inner[1]));
    const reset = resetAfter
      ? multiply(r, inner[2])
      : matmul(multiply(r, h), getItem(kernel, [':', [2 * units, null]]));
    const candidate = activation(add(x[2], reset));
    const next = add(multiply(z, h), multiply(subtract(1, z), candidate));
    return [next, [next]];
  }

  override getConfig(): Config {
    const { recurrentActivation, resetAfter } = this;
    return { ...super.getConfig(), recurrentActivation, resetAfter };
  }
}

/** Options of `gru`. */
export interface GRUArgs extends RNNArgs, GRUCellArgs {}

/**
 * A gated recurrent unit: [batch, steps, features] → [batch, units]. With `tanh`, `sigmoid`, `resetAfter` and no
 * `recurrentDropout` one kernel runs all steps.
 */
export class GRU extends CellLayer {
  static override readonly className: string = 'GRU';
  declare readonly cell: GRUCell;

  /** @param units - Width of the output. */
  constructor(units: number, args: GRUArgs = {}) {
    super(new GRUCell(units, cellArgs(args, 'gru_cell')), args);
  }
}

registerSerializable('keras.layers', GRUCell);
registerSerializable('keras.layers', GRU);

/** A gated recurrent unit: [batch, steps, features] → [batch, units]. */
export const gru = (units: number, args?: GRUArgs): GRU => new GRU(units, args);
/** The cell of a `GRU`. */
export const gruCell = (units: number, args?: GRUCellArgs): GRUCell => new GRUCell(units, args);
