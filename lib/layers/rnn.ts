// RNN: runs a cell over a sequence, all steps in one kernel where it knows the cell, else step by step. The cells are in
// files of their own.
import { HornetError } from '../errors.js';
import {
  cast,
  concatenate,
  expandDims,
  flip,
  multiply,
  reshape,
  scan,
  swapaxes,
  where,
  zerosLike,
} from '../ops/index.js';
import { sliceAt } from '../ops/movement.js';
import { recurrent } from '../ops/rnn-core.js';
import { registerSerializable } from '../saving/registry.js';
import { describe, type Tensor } from '../tensor.js';
import { flatten, mapTree, unflatten, type Tree } from '../tree.js';
import { Variable } from '../variable.js';
import { shapeText, type Shape } from './input-spec.js';
import { Layer, type CallArgs, type CallOptions, type Config, type LayerArgs, type Mask } from './layer.js';
import { BaseCell, initialStates, type CellArgs, type RecurrentCell, type States } from './recurrent-cell.js';
import { StackedRNNCells } from './stacked-cells.js';

/** Options that all recurrent layers share. */
export interface RNNArgs extends LayerArgs {
  /** Gives the outputs of all steps, [batch, steps, ...], instead of the last one's. Default false. */
  readonly returnSequences?: boolean;
  /** Gives `[output, ...states]`, the last states behind the output. Default false. */
  readonly returnState?: boolean;
  /** Goes through the sequence from its end; outputs come in that order. Default false. */
  readonly goBackwards?: boolean;
  /** Keeps the last states as the first ones of the next call, until `resetState()`. Needs a fixed batch size. Default false. */
  readonly stateful?: boolean;
  /** Makes straight code of all steps instead of a loop, where no kernel takes the whole sequence. Default false. */
  readonly unroll?: boolean;
  /** Whether steps that the mask hides give zeros instead of the output before them. Default false. */
  readonly zeroOutputForMask?: boolean;
}

/** What may be said in a call of a recurrent layer. */
export interface RNNCallOptions extends CallOptions {
  /** The states before the first step, in the order in which `returnState` gives them. Default: zeros. */
  readonly initialState?: States | null;
}

type Named = CallArgs & Pick<RNNCallOptions, 'initialState'>;

/** What is known after a step. */
type Moment = { readonly output: Tensor | null; readonly states: Tree<Tensor> };

interface Run {
  readonly output: Tensor;
  readonly states: readonly States[];
}

/**
 * Runs a cell over the steps of [batch, steps, ...]. A mask [batch, steps] says which steps count: states pass by the
 * others unchanged.
 */
export class RNN extends Layer {
  static readonly className: string = 'RNN';
  static override readonly requiredArgs: readonly string[] = ['cell'];
  static override readonly callArgs: readonly string[] = ['sequences'];
  readonly cell: RecurrentCell;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly goBackwards: boolean;
  readonly stateful: boolean;
  readonly unroll: boolean;
  zeroOutputForMask: boolean;
  /** Not a weight, and therefore where nobody looks for weights. */
  #states: Tree<Variable> | null = null;

  /** @param cell - What takes one step; several: each on the outputs of the one before. */
  constructor(cell: RecurrentCell | readonly RecurrentCell[], args: RNNArgs = {}) {
    super(args);
    const one = Array.isArray(cell) ? new StackedRNNCells(cell as readonly RecurrentCell[]) : (cell as RecurrentCell);
    if (!(one instanceof Layer) || one.stateSize === undefined) {
      throw new HornetError(this.name, `expected cell to be a layer with a stateSize, received ${describe(cell)}`);
    }
    this.cell = one;
    this.returnSequences = args.returnSequences ?? false;
    this.returnState = args.returnState ?? false;
    this.goBackwards = args.goBackwards ?? false;
    this.stateful = args.stateful ?? false;
    this.unroll = args.unroll ?? false;
    this.zeroOutputForMask = args.zeroOutputForMask ?? false;
    this.supportsMasking = true;
    this.inputSpec = { minRank: 3 };
  }

  override build(sequencesShape: Shape): void {
    const [batch] = sequencesShape;
    if (!this.cell.built) this.cell.build([batch, ...sequencesShape.slice(2)]);
    if (!this.stateful) return;
    if (batch === null) {
      const message = `a stateful layer needs a known batch size, received shape ${shapeText(sequencesShape)}`;
      throw new HornetError(this.name, message);
    }
    const make = (state: Tensor): Variable => {
      return new Variable(state, { name: 'rnn_state', trainable: false, dtype: this.variableDtype });
    };
    this.#states = mapTree(this.getInitialState(batch) as Tree<Tensor>, make);
  }

  /** The kept states of a stateful layer, once it is built; else null. */
  get states(): Tree<Variable> | null {
    return this.#states;
  }

  /** Sets the kept states back to zero. Throws a `HornetError` where none are kept. */
  resetState(): void {
    if (!this.#states) throw new HornetError(this.name, 'resetState() needs a stateful layer that is built');
    for (const state of flatten(this.#states)) state.assign(zerosLike(state));
  }

  /** The states before the first step. */
  getInitialState(batchSize: number): readonly States[] {
    return initialStates(this.cell, batchSize);
  }

  override call(sequences: Tensor, options: Named): Tree<Tensor> {
    const [batch, steps] = sequences.shape;
    const mask = this.stepMask(options.mask, batch, steps);
    const first = this.firstStates(options.initialState ?? null, batch);
    for (const layer of this.cell.flattenLayers()) {
      if (!(layer instanceof BaseCell)) continue;
      layer.resetDropoutMask();
      layer.resetRecurrentDropoutMask();
    }
    const run = this.atOnce(sequences, first, mask, options.training) ?? this.stepwise(sequences, first, mask, options);
    if (this.#states) {
      const last = flatten(run.states as Tree<Tensor>);
      flatten(this.#states).forEach((state, i) => state.assign(last[i]));
    }
    return this.returnState ? [run.output, ...run.states] : run.output;
  }

  private stepMask(mask: Mask, batch: number, steps: number): Tensor | null {
    const [given] = flatten(mask);
    if (!given) return null;
    if (given.shape[0] !== batch || given.shape[1] !== steps || given.size !== batch * steps) {
      const message = `expected a mask of shape [${batch}, ${steps}], received [${given.shape.join(', ')}]`;
      throw new HornetError(this.name, message);
    }
    return cast(reshape(given, [batch, steps]), 'bool');
  }

  /** The states that were given or kept; null for zeros. */
  private firstStates(given: States | null, batch: number): readonly States[] | null {
    const states = given ?? (this.#states && mapTree(this.#states, (state) => state.value));
    if (!states) return null;
    const list = (Array.isArray(states) ? states : [states]) as readonly States[];
    const wanted = this.getInitialState(batch) as Tree<Tensor>;
    const leaves = flatten(list as Tree<Tensor>);
    const shapes = flatten(wanted).map(({ shape }) => shape);
    const fits = leaves.length === shapes.length && shapes.every((shape, i) => shape.join() === leaves[i].shape.join());
    if (!fits) {
      const text = (all: readonly (readonly number[])[]): string =>
        all.map((shape) => `[${shape.join(', ')}]`).join(', ');
      const received = text(leaves.map(({ shape }) => shape));
      throw new HornetError(this.name, `expected states of shapes ${text(shapes)}, received ${received}`);
    }
    return unflatten(wanted, leaves) as readonly States[];
  }

  /** All steps in one kernel; null where none has this cell. */
  private atOnce(
    sequences: Tensor,
    first: readonly States[] | null,
    mask: Tensor | null,
    training: boolean,
  ): Run | null {
    const { cell, goBackwards, zeroOutputForMask, computeDtype } = this;
    const known = cell instanceof BaseCell && cell.computeDtype === computeDtype ? cell.recurrence(training) : null;
    if (!known || sequences.rank !== 3) return null;
    const x = cast(sequences, computeDtype);
    const pattern = training ? (cell as BaseCell).getDropoutMask(stepOf(x, 0)) : null;
    const { outputs, states } = recurrent({
      ...known,
      x: pattern ? multiply(x, expandDims(pattern, 1)) : x,
      states: first && (first as readonly Tensor[]).map((state) => cast(state, computeDtype)),
      mask,
      reverse: goBackwards,
      zeroOutput: zeroOutputForMask,
    });
    if (this.returnSequences) return { output: goBackwards ? flip(outputs, { axis: 1 }) : outputs, states };
    // The last state is the last output, unless a mask hides all steps from a state that is not zero.
    const isState = !mask || (!first && !zeroOutputForMask);
    const output = isState ? states[0] : stepOf(outputs, goBackwards ? 0 : outputs.shape[1] - 1);
    return { output, states };
  }

  /** One step after the other. */
  private stepwise(
    sequences: Tensor,
    first: readonly States[] | null,
    mask: Tensor | null,
    { training }: CallArgs,
  ): Run {
    const count = sequences.shape[1];
    const inOrder = (x: Tensor): Tensor => {
      const steps = swapaxes(x, 0, 1);
      return this.goBackwards ? flip(steps, { axis: 0 }) : steps;
    };
    const [xs, masks] = [inOrder(sequences), mask && inOrder(mask)];
    const next = (x: Tensor, counts: Tensor | null, { output: before, states: old }: Moment): Moment => {
      const [output, states] = this.cell<[Tensor, Tree<Tensor>]>(x, old, { training });
      if (!counts) return { output, states };
      const hidden = this.zeroOutputForMask || !before ? zerosLike(output) : before;
      const kept = flatten(old);
      const leaves = flatten(states).map((leaf, i) => choose(counts, leaf, kept[i]));
      return { output: choose(counts, output, hidden), states: unflatten(states, leaves) };
    };
    // The first step is outside of the loop: what dropout drops in all steps is drawn there.
    const states = (first ?? this.getInitialState(sequences.shape[0])) as Tree<Tensor>;
    let last = next(elementOf(xs, 0), masks && elementOf(masks, 0), { output: null, states });
    const outputs: Tensor[] = [expandDims(last.output!, 0)];
    if (this.unroll) {
      for (let i = 1; i < count; i++) {
        last = next(elementOf(xs, i), masks && elementOf(masks, i), last);
        outputs.push(expandDims(last.output!, 0));
      }
    } else if (count > 1) {
      const form = last as Tree<Tensor>;
      const [end, rest] = scan(
        (moment: readonly Tensor[], { x, counts }): [Tensor[], Tensor | null] => {
          const now = next(x, counts, unflatten(form, moment) as Moment);
          return [flatten(now as Tree<Tensor>), this.returnSequences ? now.output : null];
        },
        flatten(form),
        { x: elementsFrom(xs, 1), counts: masks && elementsFrom(masks, 1) },
      );
      last = unflatten(form, end) as Moment;
      if (rest) outputs.push(rest);
    }
    const output = this.returnSequences ? swapaxes(concatenate(outputs, { axis: 0 }), 0, 1) : last.output!;
    return { output, states: last.states as readonly States[] };
  }

  override computeMask(_inputs: Tree<Tensor>, previousMask: Mask): Mask {
    const mask = this.returnSequences ? (flatten(previousMask)[0] ?? null) : null;
    return this.returnState ? [mask, ...flatten(this.getInitialState(1) as Tree<Tensor>).map(() => null)] : mask;
  }

  override getConfig(): Config {
    const { cell, returnSequences, returnState, goBackwards, stateful, unroll, zeroOutputForMask } = this;
    const options = { returnSequences, returnState, goBackwards, stateful, unroll, zeroOutputForMask };
    return { ...super.getConfig(), ...options, cell };
  }
}

/** One step of [batch, steps, features]. */
function stepOf(x: Tensor, step: number): Tensor {
  const [batch, , features] = x.shape;
  return reshape(sliceAt(x, [0, step, 0], [batch, 1, features]), [batch, features]);
}

/** Elements along the first axis. */
const elementsFrom = (x: Tensor, from: number): Tensor => {
  const starts = x.shape.map((_, axis) => (axis === 0 ? from : 0));
  return sliceAt(x, starts, [x.shape[0] - from, ...x.shape.slice(1)]);
};

const elementOf = (x: Tensor, i: number): Tensor => {
  const rest = x.shape.slice(1);
  const starts = x.shape.map((_, axis) => (axis === 0 ? i : 0));
  return reshape(sliceAt(x, starts, [1, ...rest]), rest);
};

/** `yes` for the samples that count, `no` for the others. */
const choose = (counts: Tensor, yes: Tensor, no: Tensor): Tensor =>
  where(reshape(counts, [counts.size, ...Array.from({ length: yes.rank - 1 }, () => 1)]), yes, no);

registerSerializable('keras.layers', RNN);

/** Runs a cell, or several on top of each other, over the steps of [batch, steps, ...]. */
export const rnn = (cell: RecurrentCell | readonly RecurrentCell[], args?: RNNArgs): RNN => new RNN(cell, args);

/** A recurrent layer whose options are those of its cell. */
export abstract class CellLayer extends RNN {
  static override readonly requiredArgs: readonly string[] = ['units'];

  constructor(cell: RecurrentCell, args: RNNArgs) {
    super(cell, args);
    this.inputSpec = { rank: 3 };
  }

  override getConfig(): Config {
    const { cell, ...own } = super.getConfig();
    const { name: _name, trainable: _trainable, dtype: _dtype, ...options } = (cell as RecurrentCell).getConfig();
    return { ...own, ...options };
  }
}

/** The options of a layer that its cell takes. */
export const cellArgs = <A extends CellArgs & RNNArgs>(args: A, name: string): A => {
  return { ...args, name, activityRegularizer: null, inputShape: undefined };
};
