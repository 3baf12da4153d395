// SimpleRNN and its cell: the output is fed back.
import { tanh, relu } from '../activations/index.js';
import { add, matmul } from '../ops/index.js';
import type { Recurrence } from '../ops/rnn-core.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { CallArgs } from './layer.js';
import { BaseCell, type CellArgs } from './recurrent-cell.js';
import { cellArgs, CellLayer, type RNNArgs } from './rnn.js';

/** A step of a simple RNN: `h = activation(x · kernel + h · recurrentKernel + bias)`. */
export class SimpleRNNCell extends BaseCell {
  static readonly className: string = 'SimpleRNNCell';
  static override readonly callArgs: readonly string[] = ['sequence', 'states'];
  readonly stateSize: number;

  /** @param units - Width of the output, which is the state. */
  constructor(units: number, args: CellArgs = {}) {
    super(units, args);
    this.stateSize = units;
  }

  protected shapes(): { gates: number; bias: number[] } {
    return { gates: 1, bias: [this.units] };
  }

  protected kernelOf(): Recurrence['cell'] | null {
    return this.activation === tanh ? 'tanh' : this.activation === relu ? 'relu' : null;
  }

  override call(inputs: Tensor, [before]: readonly Tensor[], { training }: CallArgs): [Tensor, readonly Tensor[]] {
    const projected = this.project(this.dropped(inputs, 'inputs', training));
    const h = this.activation(add(projected, matmul(this.dropped(before, 'state', training), this.recurrentKernel!)));
    return [h, [h]];
  }
}

/** Options of `simpleRnn`. */
export interface SimpleRNNArgs extends RNNArgs, CellArgs {}

/** A fully connected RNN whose output is fed back: [batch, steps, features] → [batch, units]. */
export class SimpleRNN extends CellLayer {
  static override readonly className: string = 'SimpleRNN';
  declare readonly cell: SimpleRNNCell;

  /** @param units - Width of the output. */
  constructor(units: number, args: SimpleRNNArgs = {}) {
    super(new SimpleRNNCell(units, cellArgs(args, 'simple_rnn_cell')), args);
  }
}

registerSerializable('keras.layers', SimpleRNNCell);
registerSerializable('keras.layers', SimpleRNN);

/** A fully connected RNN whose output is fed back: [batch, steps, features] → [batch, units]. */
export const simpleRnn = (units: number, args?: SimpleRNNArgs): SimpleRNN => new SimpleRNN(units, args);
/** The cell of a `SimpleRNN`. */
export const simpleRnnCell = (units: number, args?: CellArgs): SimpleRNNCell => new SimpleRNNCell(units, args);
