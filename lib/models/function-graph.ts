// The calls between symbolic inputs and outputs, in order: finding them, and running them on tensors.
import { HornetError } from '../errors.js';
import { InputLayer } from '../layers/input.js';
import { Layer, type CallOptions } from '../layers/layer.js';
import { Tensor } from '../tensor.js';
import { flatten, isBranch, mapTree, type Tree } from '../tree.js';
import { KerasTensor, Node, type Operation, OpCall } from './keras-tensor.js';

/** Calls a layer in place of the graph: with its arguments and options, for its outputs. */
export type LayerCall = (layer: Layer, args: readonly unknown[], options: object) => Tree<Tensor>;

/** The part of the recorded calls that leads from inputs to outputs. */
export class FunctionGraph {
  /** Symbolic tensors in the structure in which the model takes and gives them. */
  readonly inputs: Tree<KerasTensor>;
  readonly outputs: Tree<KerasTensor>;
  /** In the order in which configs and summaries list them. */
  readonly operations: readonly Operation[];
  /** In an order in which all arguments come first. Input layers are not among them. */
  readonly nodes: readonly Node[];
  /** The calls that belong to the graph, input layers' included. */
  readonly members: ReadonlySet<Node>;

  /** @throws HornetError when an output does not depend on the inputs alone, or two layers share a name. */
  constructor(inputs: Tree<Tensor>, outputs: Tree<Tensor>) {
    for (const [what, tree] of [
      ['inputs', inputs],
      ['outputs', outputs],
    ] as const)
      checkSymbolic(what, tree);
    const cut = cutAt(inputs as Tree<KerasTensor>, outputs as Tree<KerasTensor>);
    this.inputs = cut.inputs;
    this.outputs = cut.outputs;
    const order = sortNodes(flatten(this.inputs), flatten(this.outputs));
    this.operations = order.operations;
    this.members = new Set(order.nodes);
    this.nodes = order.nodes.filter((node) => !(node.operation instanceof InputLayer));
    checkNames(this.operations);
  }

  get inputLayers(): InputLayer[] {
    return flatten(this.inputs).map((tensor) => tensor.history!.node.operation as InputLayer);
  }

  get layers(): Layer[] {
    return this.operations.filter((operation): operation is Layer => operation instanceof Layer);
  }

  /** The calls of an operation that belong to this graph. */
  callsOf(operation: Operation): Node[] {
    return operation.inboundNodes.filter((node) => this.members.has(node));
  }

  /**
   * Runs all calls on values for the inputs (one per leaf). `training` takes the place of what calls were recorded with;
   * but what was recorded with `training: false` infers in any case, as Keras's guides say (its version 3.15 trains it).
   *
   * @param call - How layers are called.
   */
  run(values: readonly (Tensor | null)[], training: boolean | null, call: LayerCall = callLayer): Tree<Tensor> {
    const known = new Map<unknown, unknown>(flatten(this.inputs).map((leaf, i) => [leaf, values[i]]));
    const fill = (leaf: unknown): unknown => (leaf instanceof KerasTensor ? known.get(leaf) : leaf);
    for (const node of this.nodes) {
      const args = node.args.map((arg) => mapTree(arg, fill));
      const recorded = mapTree(node.options as Tree<unknown>, fill) as CallOptions;
      const options = training === null || recorded.training === false ? recorded : { ...recorded, training };
      const { operation } = node;
      const result =
        operation instanceof OpCall ? operation.op(...(args as never[])) : call(operation as Layer, args, options);
      const leaves = flatten(result).filter((leaf) => leaf instanceof Tensor);
      node.outputs.forEach((output, i) => known.set(output, leaves[i]));
    }
    const results = mapTree(this.outputs, (leaf) => known.get(leaf) as Tensor);
    // As in Keras, a list of one output is that output.
    return Array.isArray(results) && results.length === 1 ? (results[0] as Tree<Tensor>) : results;
  }
}

const callLayer: LayerCall = (layer, args, options) =>
  (layer as unknown as (...given: unknown[]) => Tree<Tensor>)(...args, options);

function checkSymbolic(what: string, tree: Tree<Tensor>): void {
  const leaves = flatten(tree as Tree<unknown>);
  const wrong = leaves.find((leaf) => !(leaf instanceof KerasTensor));
  if (leaves.length === 0 || wrong !== undefined) {
    const received = leaves.length === 0 ? 'none' : wrong instanceof Tensor ? 'a tensor with numbers' : String(wrong);
    throw new HornetError(
      'model',
      `expected ${what} to be symbolic tensors as input() and layers give them, received ${received}`,
    );
  }
  if (what === 'inputs' && new Set(leaves).size !== leaves.length) {
    throw new HornetError('model', 'the same tensor is given twice among the inputs');
  }
}

/** Where a model begins within another one, placeholders take the place of its inner tensors. */
function cutAt(
  inputs: Tree<KerasTensor>,
  outputs: Tree<KerasTensor>,
): { inputs: Tree<KerasTensor>; outputs: Tree<KerasTensor> } {
  if (flatten(inputs).every(isPlaceholder)) return { inputs, outputs };
  const replaced = new Map<KerasTensor, KerasTensor>();
  const begin = mapTree(inputs, (tensor) => {
    const { symbolicShape, dtype } = tensor;
    const placeholder = isPlaceholder(tensor)
      ? tensor
      : new InputLayer({ batchShape: symbolicShape, dtype, name: tensor.name }).output;
    replaced.set(tensor, placeholder);
    return placeholder;
  });
  const renew = (tensor: KerasTensor): KerasTensor => {
    const known = replaced.get(tensor);
    if (known) return known;
    const node = tensor.history?.node;
    if (!node || node.inputs.length === 0) return tensor;
    for (const input of node.inputs) renew(input);
    if (node.inputs.every((input) => replaced.get(input) === input)) {
      for (const output of node.outputs) replaced.set(output, output);
    } else {
      const swap = (leaf: unknown): unknown => replaced.get(leaf as KerasTensor) ?? leaf;
      const fresh = node.outputs.map(({ symbolicShape, dtype }) => new KerasTensor(symbolicShape, dtype));
      const copies = new Map<unknown, KerasTensor>(node.outputs.map((output, i) => [output, fresh[i]]));
      const args = node.args.map((arg) => mapTree(arg, swap));
      const options = mapTree(node.options as Tree<unknown>, swap) as Record<string, unknown>;
      new Node(
        node.operation,
        args,
        options,
        mapTree(node.result, (leaf) => copies.get(leaf) ?? leaf),
      );
      node.outputs.forEach((output, i) => replaced.set(output, fresh[i]));
    }
    return replaced.get(tensor)!;
  };
  return { inputs: begin, outputs: mapTree(outputs, renew) };
}

const isPlaceholder = (tensor: KerasTensor): boolean => tensor.history?.node.operation instanceof InputLayer;

/** Keras's order: by depth (distance from the outputs), among equals by the first visit on the way from the outputs. */
function sortNodes(
  inputs: readonly KerasTensor[],
  outputs: readonly KerasTensor[],
): { operations: Operation[]; nodes: Node[] } {
  const visits = new Map<Operation, number>();
  const order: Node[] = [];
  const seen = new Set<Node>();
  const allowed = new Set(inputs);
  const visit = (tensor: KerasTensor): void => {
    const node = tensor.history?.node;
    if (!node) throw new HornetError('model', 'an output is a symbolic tensor that no layer or op has made');
    if (seen.has(node)) return;
    seen.add(node);
    if (isPlaceholder(tensor) && !allowed.has(tensor)) {
      throw new HornetError('model', `the outputs depend on '${node.operation.name}', which is not among the inputs`);
    }
    if (!visits.has(node.operation)) visits.set(node.operation, visits.size);
    node.inputs.forEach(visit);
    order.push(node);
  };
  outputs.forEach(visit);
  const depths = new Map<Node, number>();
  const operationDepths = new Map<Operation, number>();
  for (const node of order.toReversed()) {
    const depth = Math.max(depths.get(node) ?? 0, operationDepths.get(node.operation) ?? 0);
    depths.set(node, depth);
    operationDepths.set(node.operation, depth);
    for (const { history } of node.inputs)
      depths.set(history!.node, Math.max(depth + 1, depths.get(history!.node) ?? 0));
  }
  for (const { history } of inputs) {
    const { node } = history!;
    if (depths.has(node)) continue;
    depths.set(node, 0);
    operationDepths.set(node.operation, 0);
    visits.set(node.operation, -1);
    order.unshift(node);
  }
  const rank = (operation: Operation): number => visits.get(operation)!;
  const operations = [...operationDepths.keys()].sort(
    (a, b) => operationDepths.get(b)! - operationDepths.get(a)! || rank(a) - rank(b),
  );
  return { operations, nodes: order };
}

function checkNames(operations: readonly Operation[]): void {
  const names = new Set<string>();
  for (const { name } of operations) {
    if (names.has(name))
      throw new HornetError('model', `two layers are called '${name}'; names within a model must differ`);
    names.add(name);
  }
}

/** Values for the inputs of a graph: the leaves of a structure like the model's, a flat list, or a record by input name. */
export function matchInputs(where: string, graph: FunctionGraph, given: Tree<Tensor>): (Tensor | null)[] {
  const wanted = flatten(graph.inputs);
  const names = graph.inputLayers.map(({ name }) => name);
  const isRecord = (tree: unknown): boolean => isBranch(tree) && !Array.isArray(tree);
  if (isRecord(given)) {
    const record = given as Readonly<Record<string, Tensor>>;
    const keys = isRecord(graph.inputs) ? Object.keys(graph.inputs) : names;
    const missing = keys.filter((key) => !(key in record));
    if (missing.length > 0) {
      throw new HornetError(where, `expected inputs ${keys.join(', ')}, received ${Object.keys(record).join(', ')}`);
    }
    if (!isRecord(graph.inputs)) return names.map((name) => record[name]);
    return flatten(unflattenLike(graph.inputs, record));
  }
  if (isRecord(graph.inputs) && Array.isArray(given)) {
    throw new HornetError(
      where,
      `expected a record of inputs (${Object.keys(graph.inputs).join(', ')}), received a list`,
    );
  }
  const leaves = flatten(given);
  if (leaves.length !== wanted.length) {
    throw new HornetError(where, `expected ${wanted.length} input(s) (${names.join(', ')}), received ${leaves.length}`);
  }
  return leaves;
}

/** The entries of a record that the model knows. */
const unflattenLike = (like: Tree<KerasTensor>, record: Readonly<Record<string, Tree<Tensor>>>): Tree<Tensor> =>
  Object.fromEntries(Object.keys(like).map((key) => [key, record[key]]));
