// StackedRNNCells: several recurrent cells as one, each on the outputs of the one before.
import { HornetError } from '../errors.js';
import { registerSerializable } from '../saving/registry.js';
import { describe, type Tensor } from '../tensor.js';
import type { Tree } from '../tree.js';
import type { Shape } from './input-spec.js';
import { Layer, type CallArgs, type Config, type LayerArgs } from './layer.js';
import { initialStates, type RecurrentCell, type States, type StateSize } from './recurrent-cell.js';

const widthOf = ({ outputSize, stateSize }: RecurrentCell): number => {
  let width: StateSize = outputSize ?? stateSize;
  while (typeof width !== 'number') [width] = width;
  return width;
};

/** Runs several cells in a step. Its states are the list of the cells' lists of states. */
export class StackedRNNCells extends Layer {
  static readonly className: string = 'StackedRNNCells';
  static override readonly requiredArgs: readonly string[] = ['cells'];
  static override readonly callArgs: readonly string[] = ['inputs', 'states'];
  readonly stateSize: readonly StateSize[];
  readonly outputSize: number;

  /** @param cells - From the one that sees the inputs to the one that gives the output. */
  constructor(
    readonly cells: readonly RecurrentCell[],
    args: LayerArgs = {},
  ) {
    super(args);
    const wrong: unknown = cells.find((cell) => !(cell instanceof Layer) || cell.stateSize === undefined);
    if (wrong !== undefined || cells.length === 0) {
      const received = wrong === undefined ? 'none' : describe(wrong);
      throw new HornetError(this.name, `expected cells to be layers with a stateSize, received ${received}`);
    }
    this.stateSize = cells.map((cell) => cell.stateSize);
    this.outputSize = widthOf(cells.at(-1)!);
  }

  override build(inputShape: Shape): void {
    let shape = inputShape;
    for (const cell of this.cells) {
      if (!cell.built) cell.build(shape);
      shape = [shape[0], widthOf(cell)];
    }
  }

  /** The states of all cells before the first step. */
  getInitialState(batchSize: number): readonly States[] {
    return this.cells.map((cell) => initialStates(cell, batchSize));
  }

  override call(inputs: Tensor, states: readonly States[], { training }: CallArgs): [Tensor, readonly States[]] {
    let output = inputs;
    const next = this.cells.map((cell, i) => {
      const given = (Array.isArray(states[i]) ? states[i] : [states[i]]) as Tree<Tensor>;
      const [result, after] = cell<[Tensor, Tree<Tensor>]>(output, given, { training });
      output = result;
      return after;
    });
    return [output, next];
  }

  override getConfig(): Config {
    return { ...super.getConfig(), cells: this.cells };
  }
}

registerSerializable('keras.layers', StackedRNNCells);

/** Several cells as one, each on the outputs of the one before. */
export const stackedRnnCells = (cells: readonly RecurrentCell[], args?: LayerArgs): StackedRNNCells =>
  new StackedRNNCells(cells, args);
