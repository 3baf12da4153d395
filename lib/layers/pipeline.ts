// A layer that applies others one after the other: no model, just a chain, for the preparation of data.
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Tree } from '../tree.js';
import { Layer, type CallArgs, type Config } from './layer.js';

export interface PipelineArgs {
  /** Default: `pipeline`, numbered. */
  readonly name?: string;
}

/** Applies layers one after the other, as training unless it is told otherwise. */
export class Pipeline extends Layer {
  static readonly className: string = 'Pipeline';
  static override readonly requiredArgs: readonly string[] = ['layers'];
  override readonly defaultTraining: boolean = true;

  constructor(
    readonly layers: readonly Layer[],
    args: PipelineArgs = {},
  ) {
    super({ name: args.name });
    this.built = true;
  }

  override call(inputs: Tree<Tensor>, { training, mask }: CallArgs): Tree<Tensor> {
    // Later layers find the masks beside their inputs.
    return this.layers.reduce<Tree<Tensor>>(
      (data, layer, i) => layer<Tree<Tensor>>(data, i === 0 ? { training, mask } : { training }),
      inputs,
    );
  }

  override getConfig(): Config {
    return { name: this.name, layers: this.layers };
  }
}

registerSerializable('keras.layers', Pipeline);

/** Makes a `Pipeline` of layers. */
export const pipeline = (layers: readonly Layer[], args?: PipelineArgs): Pipeline => new Pipeline(layers, args);
