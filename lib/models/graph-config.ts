// The calls of a functional model in Keras's JSON: layers with their inbound nodes, and back.
import { HornetError } from '../errors.js';
import { type Layer } from '../layers/layer.js';
import { deserialize, serialize, serializeValue, type Json } from '../saving/serialize.js';
import { mapKeys, toCamel, toSnake } from '../saving/config-case.js';
import { isBranch, mapTree, type Tree } from '../tree.js';
import type { FunctionGraph } from './function-graph.js';
import { KerasTensor, type Node, OpCall } from './keras-tensor.js';
import { callOp, serializeOp, type NodeConfig, type OperationConfig } from './op-config.js';

/** A functional model's part of its configuration. Nested values are Keras's JSON. */
export interface GraphConfig {
  readonly layers: readonly OperationConfig[];
  readonly inputLayers: Json;
  readonly outputLayers: Json;
}

type History = readonly [layer: string, node: number, tensor: number];

/** Writes the calls of a graph. */
export function graphConfig(graph: FunctionGraph): GraphConfig {
  const position = (node: Node): number => graph.callsOf(node.operation).indexOf(node);
  const historyOf = (tensor: KerasTensor): History => {
    const { node, index } = tensor.history!;
    return [node.operation.name, position(node), index];
  };
  const write = (leaf: unknown): Json =>
    leaf instanceof KerasTensor ? tensorJson(leaf, historyOf(leaf)) : serializeValue(leaf);
  const layers = graph.operations.map((operation) => {
    const calls = graph.callsOf(operation).filter((node) => node.args.length > 0);
    if (operation instanceof OpCall) return serializeOp(operation, calls[0], write);
    const nodes = calls.map(({ args, options }) => ({
      args: args.map((arg) => mapTree(arg, write) as Json),
      kwargs: mapKeys(options, toSnake, (option) => mapTree(option, write)) as {
        readonly [name: string]: Json;
      },
    }));
    return { ...serialize(operation as Layer), name: operation.name, inbound_nodes: nodes };
  });
  const ends = (tree: Tree<KerasTensor>): Json => mapTree(tree, historyOf);
  return { layers, inputLayers: ends(graph.inputs), outputLayers: ends(graph.outputs) };
}

const tensorJson = ({ symbolicShape, dtype }: KerasTensor, history: History): Json => ({
  class_name: '__keras_tensor__',
  config: { shape: symbolicShape, dtype, keras_history: history },
});

/** Makes the layers and repeats their calls. */
export function graphFromConfig(config: GraphConfig): { inputs: Tree<KerasTensor>; outputs: Tree<KerasTensor> } {
  const results = new Map<string, (readonly KerasTensor[])[]>();
  let waiting = config.layers.flatMap((each) => {
    const layer = isOp(each) ? null : (deserialize(each) as Layer);
    results.set(each.name, layer && each.inbound_nodes.length === 0 ? [layer.inboundNodes[0].outputs] : []);
    return each.inbound_nodes.map((node) => ({ each, layer, node }));
  });
  const find = ([layer, node, tensor]: History): KerasTensor | undefined => results.get(layer)?.[node]?.[tensor];
  // A call is repeated when all its arguments are there; the order within a layer is kept.
  while (waiting.length > 0) {
    const blocked = new Set<string>();
    const rest = waiting.filter(({ each, layer, node }) => {
      if (blocked.has(each.name) || !historiesIn(node as unknown as Json).every(find)) {
        blocked.add(each.name);
        return true;
      }
      results.get(each.name)!.push(layer ? repeatCall(layer, node, find) : callOp(each, (json) => read(json, find)));
      return false;
    });
    if (rest.length === waiting.length) {
      throw new HornetError(
        'model',
        `the config's calls of ${[...blocked].join(', ')} have arguments that no other call gives`,
      );
    }
    waiting = rest;
  }
  const ends = (json: Json): Tree<KerasTensor> => {
    if (isHistory(json)) return find(json) ?? missing(json);
    if (Array.isArray(json)) return json.map(ends);
    return mapKeys(json as object, (key) => key, ends as (value: unknown) => unknown) as Tree<KerasTensor>;
  };
  return { inputs: ends(config.inputLayers), outputs: ends(config.outputLayers) };
}

/** Whether an entry is the use of an op: Keras keeps these in its ops modules. */
const isOp = ({ module }: OperationConfig): boolean => module?.startsWith('keras.src.ops.') ?? false;

function repeatCall(
  layer: Layer,
  { args, kwargs }: NodeConfig,
  find: (history: History) => KerasTensor | undefined,
): readonly KerasTensor[] {
  const options = mapKeys(kwargs, toCamel, (value) => read(value as Json, find));
  const call = layer as unknown as (...given: unknown[]) => unknown;
  call(...args.map((arg) => read(arg, find)), options);
  return layer.inboundNodes.at(-1)!.outputs;
}

/** JSON arguments with symbolic tensors in their places. */
function read(json: Json, find: (history: History) => KerasTensor | undefined): unknown {
  const history = historyIn(json);
  if (history) return find(history);
  if (Array.isArray(json)) return json.map((item: Json) => read(item, find));
  if (!isBranch(json)) return json;
  return mapKeys(
    json,
    (key) => key,
    (item) => read(item as Json, find),
  );
}

function historyIn(json: Json): History | null {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return null;
  const { class_name: name, config } = json as { class_name?: Json; config?: { keras_history?: History } };
  return name === '__keras_tensor__' ? (config?.keras_history ?? null) : null;
}

function historiesIn(json: Json): History[] {
  const history = historyIn(json);
  if (history) return [history];
  return isBranch(json) ? Object.values(json as Record<string, Json>).flatMap(historiesIn) : [];
}

const isHistory = (json: Json): json is [string, number, number] =>
  Array.isArray(json) && json.length === 3 && typeof json[0] === 'string' && typeof json[1] === 'number';

function missing([layer, node, tensor]: History): never {
  throw new HornetError('model', `the config names output ${tensor} of call ${node} of '${layer}', which is not there`);
}
