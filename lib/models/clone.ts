// Copies of models with new weights.
import { HornetError } from '../errors.js';
import { InputLayer } from '../layers/input.js';
import type { Layer } from '../layers/layer.js';
import { deserialize, serialize } from '../saving/serialize.js';
import type { SerializableClass } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { flatten, mapTree, type Tree } from '../tree.js';
import type { LayerCall } from './function-graph.js';
import type { KerasTensor } from './keras-tensor.js';
import { Model } from './model.js';
import { Sequential } from './sequential.js';

export interface CloneModelArgs {
  /** Symbolic tensors to build the copy on, in the structure of the model's inputs. Default: new ones. */
  readonly inputTensors?: Tree<Tensor> | null;
  /** Makes the copy of a layer (but not of inputs). Default: from its config. Not for models with a `call` of their own. */
  readonly cloneFunction?: ((layer: Layer) => Layer) | null;
  /** Calls the copy of a layer: `(layer, args, options) => outputs`. Functional models only. */
  readonly callFunction?: LayerCall | null;
  /** Whether `cloneFunction` is asked for the layers within models that are layers, too. Default false. */
  readonly recursive?: boolean;
}

/**
 * A model of the same architecture with weights of its own, initialized anew.
 *
 * @example A copy that applies dropout everywhere.
 * cloneModel(model, { cloneFunction: (layer) => (layer instanceof Dropout ? dropout(0.5) : layer) });
 */
export function cloneModel(model: Model, args: CloneModelArgs = {}): Model {
  const copy = copyModel(model, args);
  copy.markTrainable(model.trainable);
  return copy;
}

function copyModel(model: Model, args: CloneModelArgs): Model {
  const { inputTensors = null, cloneFunction = null, callFunction = null, recursive = false } = args;
  if (!(model instanceof Model)) throw new HornetError('cloneModel', `expected a model, received ${typeof model}`);
  if (!(model instanceof Sequential) && !model.graph) {
    if (cloneFunction || callFunction || inputTensors) {
      throw new HornetError('cloneModel', `'${model.name}' has a call() of its own: its layers cannot be replaced`);
    }
    return copyOf(model) as Model;
  }
  if (callFunction && model instanceof Sequential) {
    throw new HornetError('cloneModel', 'callFunction is for functional models, received a Sequential');
  }
  const copies = new Map<Layer, Layer>();
  const clone = (layer: Layer): Layer => {
    let copy = copies.get(layer);
    if (!copy) {
      const isInner = recursive && layer instanceof Model && (layer instanceof Sequential || layer.graph !== null);
      const make = cloneFunction ?? copyOf;
      copy = isInner ? cloneModel(layer, { cloneFunction, recursive }) : make(layer);
      copies.set(layer, copy);
    }
    return copy;
  };
  if (model instanceof Sequential) {
    const begin = inputTensors ?? (model.graph ? freshInput(model.graph.inputLayers[0]) : null);
    const entries = [...(begin ? [begin as KerasTensor] : []), ...model.layers.map(clone)];
    return new Sequential(entries, { name: model.name });
  }
  const graph = model.graph!;
  const fresh = graph.inputLayers.map(freshInput);
  let next = 0;
  const inputs = inputTensors ?? mapTree(graph.inputs, (): Tensor => fresh[next++]);
  const call: LayerCall = (layer, given, options) => {
    const copy = clone(layer);
    if (callFunction) return callFunction(copy, given, options);
    return (copy as unknown as (...all: unknown[]) => Tree<Tensor>)(...given, options);
  };
  const outputs = graph.run(flatten(inputs), null, call);
  return new Model({ inputs, outputs, name: model.name });
}

/** A layer made from the config of another; classes that nobody registered are known here. */
function copyOf(layer: Layer): Layer {
  const cls = layer.constructor as unknown as SerializableClass;
  return deserialize(serialize(layer), { customObjects: { [layer.className]: cls } }) as Layer;
}

const freshInput = ({ batchShape, inputDtype, name, optional }: InputLayer): KerasTensor =>
  new InputLayer({ batchShape, dtype: inputDtype, name, optional }).output;
