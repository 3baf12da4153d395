// Bidirectional: two copies of a recurrent layer, one from each end of the sequence.
import { HornetError } from '../errors.js';
import { add, concatenate, flip, multiply } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import { describe, type Tensor } from '../tensor.js';
import { flatten, mapTree, type Tree } from '../tree.js';
import type { Variable } from '../variable.js';
import type { Shape } from './input-spec.js';
import { Layer, type CallArgs, type Config, type LayerArgs, type Mask } from './layer.js';
import { RNN, type RNNCallOptions } from './rnn.js';
import type { States } from './recurrent-cell.js';

/** How the outputs of both directions become one; null: they stay two. */
export type MergeMode = 'concat' | 'sum' | 'mul' | 'ave' | null;

const modes: readonly unknown[] = ['concat', 'sum', 'mul', 'ave', null];

/** Options of `bidirectional`. */
export interface BidirectionalArgs extends LayerArgs {
  /** Default `concat`, along the last axis. */
  readonly mergeMode?: MergeMode;
  /** The layer that goes backwards. Default: a copy of the other one. */
  readonly backwardLayer?: RNN | null;
}

/** A layer of the same options, with some of them changed; layers inside are copied, too. */
function copyOf<T extends Layer>(layer: T, changes: Config = {}): T {
  const config = mapTree(layer.getConfig() as Tree<unknown>, (item) => (item instanceof Layer ? copyOf(item) : item));
  const cls = layer.constructor as unknown as { fromConfig(config: Config): T };
  return cls.fromConfig({ ...(config as Config), ...changes });
}

const prefixed = (prefix: string, name: string): string => (name.startsWith(prefix) ? name : prefix + name);

/** Runs a recurrent layer from both ends. States are those of the forward layer, then those of the backward layer. */
export class Bidirectional extends Layer {
  static readonly className: string = 'Bidirectional';
  static override readonly requiredArgs: readonly string[] = ['layer'];
  static override readonly callArgs: readonly string[] = ['sequences'];
  readonly mergeMode: MergeMode;
  readonly forwardLayer: RNN;
  readonly backwardLayer: RNN;

  /** @param layer - An `RNN`, `LSTM`, `GRU` … It is copied. */
  constructor(layer: RNN, args: BidirectionalArgs = {}) {
    super(args);
    this.mergeMode = args.mergeMode === undefined ? 'concat' : args.mergeMode;
    if (!modes.includes(this.mergeMode)) {
      const received = String(this.mergeMode);
      throw new HornetError(this.name, `expected mergeMode to be concat, sum, mul, ave or null, received ${received}`);
    }
    for (const each of [layer, args.backwardLayer]) {
      if (each === null || (each === undefined && each !== layer)) continue;
      if (!(each instanceof RNN)) {
        throw new HornetError(this.name, `expected a recurrent layer, received ${describe(each)}`);
      }
    }
    this.forwardLayer = copyOf(layer, { name: prefixed('forward_', layer.name) });
    const mirrored = { name: prefixed('backward_', layer.name), goBackwards: !layer.goBackwards };
    this.backwardLayer = args.backwardLayer ?? copyOf(layer, mirrored);
    this.checkPair();
    // A repeated output would stand at another step once the directions meet.
    for (const each of [this.forwardLayer, this.backwardLayer]) each.zeroOutputForMask = each.returnSequences;
    this.supportsMasking = true;
    this.inputSpec = this.forwardLayer.inputSpec;
  }

  private checkPair(): void {
    const [forward, backward] = [this.forwardLayer, this.backwardLayer];
    if (forward.goBackwards === backward.goBackwards) {
      throw new HornetError(this.name, 'expected goBackwards of the two layers to differ');
    }
    for (const option of ['stateful', 'returnSequences', 'returnState'] as const) {
      if (forward[option] === backward[option]) continue;
      throw new HornetError(
        this.name,
        `expected ${option} of the two layers to be the same, received ${forward[option]} and ${backward[option]}`,
      );
    }
  }

  override build(sequencesShape: Shape): void {
    for (const layer of [this.forwardLayer, this.backwardLayer]) if (!layer.built) layer.build(sequencesShape);
  }

  /** Whether the layers keep their states. */
  get stateful(): boolean {
    return this.forwardLayer.stateful;
  }

  /** The kept states of both layers; null where none are kept. */
  get states(): Tree<Variable> | null {
    const [forward, backward] = [this.forwardLayer.states, this.backwardLayer.states];
    return forward && backward ? [forward, backward].flat() : null;
  }

  /** Sets the kept states back to zero. Throws a `HornetError` where none are kept. */
  resetState(): void {
    this.forwardLayer.resetState();
    this.backwardLayer.resetState();
  }

  override call(
    sequences: Tensor,
    { training, mask, initialState }: CallArgs & Pick<RNNCallOptions, 'initialState'>,
  ): Tree<Tensor> {
    const given = (initialState ?? null) as readonly States[] | null;
    const half = given && given.length / 2;
    const run = (layer: RNN, first: States | null): readonly Tree<Tensor>[] => {
      const result = layer<Tree<Tensor>>(sequences, { training, mask, initialState: first });
      return layer.returnState ? (result as readonly Tree<Tensor>[]) : [result];
    };
    const [forward, ...forwardStates] = run(this.forwardLayer, given && given.slice(0, half!));
    const [backward, ...backwardStates] = run(this.backwardLayer, given && given.slice(half!));
    const aligned = this.forwardLayer.returnSequences ? flip(backward as Tensor, { axis: 1 }) : (backward as Tensor);
    const outputs = this.merge(forward as Tensor, aligned);
    const states = [...forwardStates, ...backwardStates];
    return states.length === 0 ? (outputs.length === 1 ? outputs[0] : outputs) : [...outputs, ...states];
  }

  private merge(forward: Tensor, backward: Tensor): Tensor[] {
    switch (this.mergeMode) {
      case 'concat':
        return [concatenate([forward, backward], { axis: -1 })];
      case 'sum':
        return [add(forward, backward)];
      case 'mul':
        return [multiply(forward, backward)];
      case 'ave':
        return [multiply(add(forward, backward), 0.5)];
      default:
        return [forward, backward];
    }
  }

  override computeMask(inputs: Tree<Tensor>, previousMask: Mask): Mask {
    const ofLayer = this.forwardLayer.computeMask(inputs, previousMask);
    const [mask, ...states] = flatten(ofLayer);
    return [...(this.mergeMode === null ? [mask, mask] : [mask]), ...states, ...states];
  }

  override getConfig(): Config {
    const { mergeMode, forwardLayer, backwardLayer } = this;
    return { ...super.getConfig(), mergeMode, layer: forwardLayer, backwardLayer };
  }
}

registerSerializable('keras.layers', Bidirectional);

/** Runs a recurrent layer from both ends of the sequence and merges the outputs. */
export const bidirectional = (layer: RNN, args?: BidirectionalArgs): Bidirectional => new Bidirectional(layer, args);
