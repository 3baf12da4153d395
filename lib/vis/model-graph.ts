// What there is to draw of a model: its layers with what is said of each, and what flows where. How it is drawn is in
// model-plot.ts.
import { HornetError } from '../errors.js';
import { shapeText } from '../layers/input-spec.js';
import type { Layer } from '../layers/layer.js';
import { OpCall, type KerasTensor, type Node, type Operation } from '../models/keras-tensor.js';
import { Model } from '../models/model.js';
import { functionName } from '../saving/registry.js';

/** What is said of each layer. */
export interface ModelGraphArgs {
  /** Shapes of inputs and outputs. Default false. */
  readonly showShapes?: boolean;
  /** The type of the outputs. Default false. */
  readonly showDtype?: boolean;
  /** Names beside the classes. */
  readonly showLayerNames?: boolean;
  /** The activation of layers that have one. Default false. */
  readonly showLayerActivations?: boolean;
  /** Whether the layer is trained. Default false. */
  readonly showTrainable?: boolean;
  /** Draw the layers of models that are layers, in a frame. Default false. */
  readonly expandNested?: boolean;
}

/** A box of the drawing. */
export interface Box {
  readonly id: string;
  readonly title: string;
  /** Further lines. */
  readonly lines: readonly string[];
  /** The frame around it; null for none. */
  readonly frame: string | null;
}

/** A frame around the layers of a model in the model. */
export interface Frame {
  readonly id: string;
  readonly title: string;
  readonly frame: string | null;
}

export interface ModelGraph {
  readonly boxes: readonly Box[];
  readonly frames: readonly Frame[];
  /** From box to box, by their ids. */
  readonly edges: readonly (readonly [string, string])[];
}

/**
 * The boxes and edges of a model.
 *
 * @throws HornetError for a `Sequential` that is not built.
 */
export function modelGraph(model: Model, args: ModelGraphArgs): ModelGraph {
  if (!(model instanceof Model)) throw new HornetError('plotModel', `expected a model, received ${typeof model}`);
  const boxes: Box[] = [];
  const frames: Frame[] = [];
  const edges: [string, string][] = [];

  /** Draws a model's calls; gives the boxes of its inputs and outputs. */
  const visit = (inner: Model, prefix: string, frame: string | null): { entries: string[]; exits: string[] } => {
    const { graph } = inner;
    if (!graph) {
      if ('add' in inner) throw new HornetError('plotModel', `'${inner.name}' is not built yet; call build() first`);
      // Nothing is known of what a call() does inside.
      boxes.push(boxOf(inner, [], `${prefix}${inner.name}`, frame, args));
      return { entries: [], exits: [] };
    }
    /** The box that gives a tensor. */
    const makers = new Map<KerasTensor, string>();
    const drawn = new Map<Operation, { entries: string[]; exits: string[] } | null>();
    const calls = [...graph.inputLayers.flatMap((layer) => graph.callsOf(layer)), ...graph.nodes];
    for (const call of calls) {
      const { operation } = call;
      const id = `${prefix}${operation.name}`;
      const expanded = args.expandNested && operation instanceof Model && operation.graph !== null;
      if (!drawn.has(operation)) {
        if (expanded) {
          frames.push({ id, title: operation.name, frame });
          drawn.set(operation, visit(operation, `${id}/`, id));
        } else {
          boxes.push(boxOf(operation, graph.callsOf(operation), id, frame, args));
          drawn.set(operation, null);
        }
      }
      const inside = drawn.get(operation) ?? null;
      call.inputs.forEach((input, i) => edges.push([makers.get(input)!, inside?.entries[i] ?? id]));
      call.outputs.forEach((output, i) => makers.set(output, inside?.exits[i] ?? id));
    }
    const idsOf = (tensors: readonly KerasTensor[]): string[] => tensors.map((tensor) => makers.get(tensor)!);
    return { entries: idsOf(inner.inputs), exits: idsOf(inner.outputs) };
  };
  visit(model, '', null);
  return { boxes, frames, edges };
}

function boxOf(
  operation: Operation,
  calls: readonly Node[],
  id: string,
  frame: string | null,
  { showShapes, showDtype, showLayerNames, showLayerActivations, showTrainable }: ModelGraphArgs,
): Box {
  const layer = operation instanceof OpCall ? null : (operation as Layer);
  const { name, className } = operation;
  const lines: string[] = [];
  const activation = layer?.getConfig().activation;
  if (showLayerActivations && activation) {
    lines.push(`Activation: ${typeof activation === 'string' ? activation : nameOf(activation)}`);
  }
  const [call] = calls;
  if (showShapes && call) {
    const text = (tensors: readonly KerasTensor[]): string =>
      tensors.map(({ symbolicShape }) => shapeText(symbolicShape)).join(', ') || '-';
    lines.push(`Input shape: ${text(call.inputs)}`, `Output shape: ${text(call.outputs)}`);
  }
  if (showDtype && call) lines.push(`Output dtype: ${[...new Set(call.outputs.map(({ dtype }) => dtype))].join(', ')}`);
  if (showTrainable && layer) lines.push(`Trainable: ${layer.trainable && layer.trainableWeights.length > 0}`);
  return { id, title: showLayerNames ? `${name} (${className})` : className, lines, frame };
}

/** The name of a function, or of an object's class. */
const nameOf = (value: object): string =>
  functionName(value) ?? (typeof value === 'function' ? value.name : value.constructor.name);
