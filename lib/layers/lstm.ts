// LSTM and its cell. Source: Hochreiter & Schmidhuber 1997.
import { getActivation, sigmoid, tanh, type ActivationFunction, type ActivationLike } from '../activations/index.js';
import type { DType } from '../dtype.js';
import { getInitializer, type InitializerLike } from '../initializers/index.js';
import { add, concatenate, matmul, multiply, ones, split } from '../ops/index.js';
import type { Recurrence } from '../ops/rnn-core.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { CallArgs, Config } from './layer.js';
import { BaseCell, type CellArgs } from './recurrent-cell.js';
import { cellArgs, CellLayer, type RNNArgs } from './rnn.js';

/** Options of `lstmCell`. */
export interface LSTMCellArgs extends CellArgs {
  /** Of the gates. Default `sigmoid`; null for none. */
  readonly recurrentActivation?: ActivationLike | null;
  /** Whether the bias of the forget gate begins with ones. Default true. */
  readonly unitForgetBias?: boolean;
}

/** A step of an LSTM. Its weights hold input gate, forget gate, candidate and output gate, in that order. */
export class LSTMCell extends BaseCell {
  static readonly className: string = 'LSTMCell';
  readonly stateSize: readonly number[];
  readonly recurrentActivation: ActivationFunction;
  readonly unitForgetBias: boolean;

  /** @param units - Width of the output and of both states. */
  constructor(units: number, args: LSTMCellArgs = {}) {
    super(units, args);
    this.stateSize = [units, units];
    this.recurrentActivation = getActivation(
      args.recurrentActivation === undefined ? 'sigmoid' : args.recurrentActivation,
    );
    this.unitForgetBias = args.unitForgetBias ?? true;
  }

  protected shapes(): { gates: number; bias: number[] } {
    return { gates: 4, bias: [4 * this.units] };
  }

  protected override biasInitializer(): InitializerLike {
    const given = super.biasInitializer();
    if (!this.unitForgetBias) return given;
    const initializer = getInitializer(given);
    return (_shape: readonly number[], dtype?: DType) => {
      const { units } = this;
      return concatenate([initializer([units], dtype), ones([units], { dtype }), initializer([2 * units], dtype)]);
    };
  }

  protected kernelOf(): Recurrence['cell'] | null {
    return this.activation === tanh && this.recurrentActivation === sigmoid ? 'lstm' : null;
  }

  /** All gates along the axis of the features, before their activations. */
  protected gates(inputs: Tensor, h: Tensor, training: boolean): Tensor {
    const projected = this.project(this.dropped(inputs, 'inputs', training));
    return add(projected, matmul(this.dropped(h, 'state', training), this.recurrentKernel!));
  }

  override call(inputs: Tensor, [h, c]: readonly Tensor[], { training }: CallArgs): [Tensor, readonly Tensor[]] {
    const { activation, recurrentActivation } = this;
    const gates = this.gates(inputs, h, training);
    const [input, forget, candidate, output] = split(gates, 4, { axis: this.featureAxis });
    const kept = multiply(recurrentActivation(forget), c);
    const cell = add(kept, multiply(recurrentActivation(input), activation(candidate)));
    const next = multiply(recurrentActivation(output), activation(cell));
    return [next, [next, cell]];
  }

  override getConfig(): Config {
    const { recurrentActivation, unitForgetBias } = this;
    return { ...super.getConfig(), recurrentActivation, unitForgetBias };
  }
}

/** Options of `lstm`. */
export interface LSTMArgs extends RNNArgs, LSTMCellArgs {}

/**
 * A long short-term memory: [batch, steps, features] → [batch, units]. With `tanh`, `sigmoid` and no `recurrentDropout`
 * one kernel runs all steps.
 */
export class LSTM extends CellLayer {
  static override readonly className: string = 'LSTM';
  declare readonly cell: LSTMCell;

  /** @param units - Width of the output. */
  constructor(units: number, args: LSTMArgs = {}) {
    super(new LSTMCell(units, cellArgs(args, 'lstm_cell')), args);
  }
}

registerSerializable('keras.layers', LSTMCell);
registerSerializable('keras.layers', LSTM);

/** A long short-term memory: [batch, steps, features] → [batch, units]. */
export const lstm = (units: number, args?: LSTMArgs): LSTM => new LSTM(units, args);
/** The cell of an `LSTM`. */
export const lstmCell = (units: number, args?: LSTMCellArgs): LSTMCell => new LSTMCell(units, args);
