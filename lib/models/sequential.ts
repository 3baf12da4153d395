// Sequential: a stack of layers, built when its input shape is known.
import { HornetError } from '../errors.js';
import { InputLayer } from '../layers/input.js';
import type { Shape } from '../layers/input-spec.js';
import { Layer, type CallArgs, type Config, type LayerArgs, type Mask, type Shapes } from '../layers/layer.js';
import { StringLayer } from '../layers/string-layer.js';
import { registerSerializable } from '../saving/registry.js';
import { deserialize, serialize, type SerializedObject } from '../saving/serialize.js';
import { isStrings, StringArray } from '../strings.js';
import { describe, type Tensor } from '../tensor.js';
import { mapTree, type Tree } from '../tree.js';
import type { Steps } from '../turns.js';
import type { DataTree } from './data.js';
import { FunctionGraph } from './function-graph.js';
import { KerasTensor } from './keras-tensor.js';
import { Model } from './model.js';

/** What stands in a `Sequential`: layers, and as the first entry also `input()`. */
export type SequentialEntry = Layer | KerasTensor;

/**
 * A stack of layers, each with one input and one output.
 *
 * @example
 * const model = new Sequential([dense(64, { activation: 'relu', inputShape: [100] }), dense(10, { activation: 'softmax' })]);
 */
export class Sequential extends Model {
  static override readonly className: string = 'Sequential';
  static override readonly requiredArgs: readonly string[] = [];
  static override readonly rawKeys: readonly string[] = ['layers'];
  readonly #stack: Layer[] = [];
  #input: InputLayer | null = null;

  constructor(layers: readonly SequentialEntry[] = [], args: LayerArgs = {}) {
    super(args);
    this.supportsMasking = true;
    for (const layer of layers) this.push(layer);
    this.rebuild();
    if (args.trainable === false) this.trainable = false;
  }

  /** Appends a layer. Throws a `HornetError` for anything else, and for a second input. */
  add(layer: SequentialEntry): void {
    this.push(layer);
    this.rebuild();
  }

  /** Takes the last layer off and gives it. */
  pop(): Layer | undefined {
    const layer = this.#stack.pop();
    this.graph = null;
    this.built = false;
    if (this.#stack.length === 0) this.#input = null;
    this.rebuild();
    return layer;
  }

  override get layers(): readonly Layer[] {
    return this.#stack;
  }

  override get subLayers(): readonly Layer[] {
    return this.#stack;
  }

  /** What is added to a frozen stack may be trained. */
  override freezeInside(): void {}

  override build(inputShape?: Shapes): void {
    if (this.#stack.length === 0) throw new HornetError(this.name, 'this model has no layers; add() some first');
    const shape = inputShape as Shape | undefined;
    if (!this.#input && !shape) throw new HornetError(this.name, 'expected an input shape, batch included');
    const first = this.#input ?? new InputLayer({ batchShape: shape!, dtype: this.#stack[0].inputDtype });
    let x = first.output;
    for (const layer of this.#stack) x = this.applyTo(layer, x);
    this.#input = first;
    this.graph = new FunctionGraph(first.output, x);
  }

  override call(inputs: Tree<Tensor>, { mask }: CallArgs): Tree<Tensor> {
    if (!this.graph) throw new HornetError(this.name, 'this model has no layers; add() some first');
    return this.runGraph(inputs, mask, false);
  }

  override get takesStrings(): boolean {
    return super.takesStrings || (!this.graph && this.#stack[0] instanceof StringLayer);
  }

  override *encodeInputs(where: string, x: DataTree): Steps<DataTree> {
    if (!this.graph && isStrings(x)) {
      this.#input = new InputLayer({ batchShape: [null, ...StringArray.from(x).shape.slice(1)], dtype: 'string' });
      this.build();
    }
    return yield* super.encodeInputs(where, x);
  }

  override computeMask(_inputs: Tree<Tensor>, previousMask: Mask): Mask {
    return this.#stack.length === 0 ? previousMask : null;
  }

  override getConfig(): Config {
    const { name, trainable, dtypePolicy } = this;
    const layers = [...(this.#input ? [this.#input] : []), ...this.#stack].map((layer) => serialize(layer));
    const shape = this.#input && this.graph ? { buildInputShape: this.#input.batchShape } : {};
    return { name, trainable, dtype: dtypePolicy, layers, ...shape };
  }

  override getBuildConfig(): Config | null {
    return this.#input && this.graph ? { inputShape: this.#input.batchShape } : null;
  }

  static override fromConfig<T extends Layer>(this: new (...args: never[]) => T, config: Config): T {
    const { name, trainable = true, dtype, layers, buildInputShape } = config;
    const stack = (layers as readonly SerializedObject[]).map((json) => deserialize(json) as Layer);
    const make = this as unknown as new (layers: readonly Layer[], args: object) => T;
    const model = new make(stack, { name, dtype });
    if (buildInputShape && !model.built) model.build(buildInputShape as Shape);
    model.markTrainable(trainable as boolean);
    return model;
  }

  private push(entry: SequentialEntry): void {
    const layer = entry instanceof KerasTensor ? entry.history?.node.operation : entry;
    if (!(layer instanceof Layer)) {
      throw new HornetError(this.name, `expected a layer, received ${describe(entry)}`);
    }
    const { name } = layer;
    if (this.#stack.some((other) => other.name === name)) {
      throw new HornetError(this.name, `two layers are called '${name}'; names within a model must differ`);
    }
    if (layer instanceof InputLayer) {
      if (this.#input || this.#stack.length > 0)
        throw new HornetError(this.name, `input '${name}' must be the first entry`);
      this.#input = layer;
      return;
    }
    if (this.#stack.length === 0 && !this.#input) this.#input = inputOf(layer);
    this.#stack.push(layer);
    this.graph = null;
    this.built = false;
  }

  private rebuild(): void {
    if (this.#input && this.#stack.length > 0) this.build();
  }

  private applyTo(layer: Layer, x: KerasTensor): KerasTensor {
    const outputs = layer<Tree<Tensor>>(x) as Tree<KerasTensor>;
    if (outputs instanceof KerasTensor) return outputs;
    const shapes = JSON.stringify(mapTree(outputs, ({ symbolicShape }) => symbolicShape));
    throw new HornetError(this.name, `layer '${layer.name}' gives several tensors (${shapes}); use a functional model`);
  }
}

registerSerializable('keras', Sequential);

/** The input that the first layer asks for by `inputShape`, or already has as a functional model. */
function inputOf(layer: Layer): InputLayer | null {
  if (layer.batchInputShape) return new InputLayer({ batchShape: layer.batchInputShape, dtype: layer.inputDtype });
  const placeholder = layer instanceof Model ? layer.graph?.inputLayers : undefined;
  return placeholder?.length === 1 ? placeholder[0] : null;
}
