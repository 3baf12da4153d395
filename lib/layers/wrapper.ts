// The base of layers that wrap another one.
import { HornetError } from '../errors.js';
import { registerSerializable } from '../saving/registry.js';
import { describe, type Tensor } from '../tensor.js';
import type { Tree } from '../tree.js';
import { Layer, type CallOptions, type Config, type LayerArgs, type Shapes } from './layer.js';

/** A layer around another one, which it builds, calls and saves. Subclasses say what they do around the call. */
export class Wrapper extends Layer {
  static readonly className: string = 'Wrapper';
  static override readonly requiredArgs: readonly string[] = ['layer'];

  constructor(
    /** The layer inside. */
    readonly layer: Layer,
    args: LayerArgs = {},
  ) {
    super(args);
    if (!(layer instanceof Layer)) throw new HornetError(this.name, `expected a layer, received ${describe(layer)}`);
  }

  override build(inputShape: Shapes): void {
    if (!this.layer.built) this.layer.build(inputShape);
  }

  override call(inputs: Tree<Tensor>, ...rest: unknown[]): Tree<Tensor> {
    return this.layer(inputs, ...(rest as [CallOptions]));
  }

  override getConfig(): Config {
    return { ...super.getConfig(), layer: this.layer };
  }
}

registerSerializable('keras.layers', Wrapper);
