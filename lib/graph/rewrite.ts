// Rebuilding a graph node by node: the tool that passes are written with.
import { Node, roots, type Graph, type Value } from './ir.js';
import { opTable } from './op.js';

/** Maps a value of the old graph to its replacement. */
export type Lookup = (value: Value) => Value;

/**
 * What becomes of a node: the values that replace its outputs, or null to keep the node (with replaced inputs).
 * `add` appends further nodes before it.
 */
export type Rule = (
  node: Node,
  inputs: readonly Value[],
  add: (node: Node) => readonly Value[],
) => readonly Value[] | null;

/** Builds a new graph by asking `rule` about every node in order. */
export function rewrite(graph: Graph, rule: Rule): Graph {
  const nodes: Node[] = [];
  const replaced = new Map<Value, Value>();
  const lookup: Lookup = (value) => replaced.get(value) ?? value;
  const add = (node: Node): readonly Value[] => {
    nodes.push(node);
    return node.outputs;
  };
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(lookup);
    const outputs = rule(node, inputs, add) ?? add(withInputs(node, inputs));
    node.outputs.forEach((output, i) => {
      if (outputs[i] !== output) replaced.set(output, outputs[i]);
    });
  }
  return rename(graph, nodes, lookup);
}

const withInputs = (node: Node, inputs: readonly Value[]): Node =>
  inputs.every((input, i) => input === node.inputs[i]) ? node : new Node(node.op, inputs, node.attrs, node.outputs);

/** The graph with other nodes, its parameters, results and updates looked up. */
export function rename(graph: Graph, nodes: readonly Node[], lookup: Lookup): Graph {
  return {
    nodes,
    parameters: graph.parameters.map(lookup),
    results: graph.results.map(lookup),
    updates: graph.updates.map(({ parameter, value }) => ({ parameter: lookup(parameter), value: lookup(value) })),
  };
}

/** How many places use each value; results and updates count. */
export function countUses(graph: Graph): Map<Value, number> {
  const uses = new Map<Value, number>();
  const count = (value: Value): void => void uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(count);
  roots(graph).forEach(count);
  return uses;
}

/** Whether a value depends on a node. */
export function reaches(value: Value, node: Node, position: ReadonlyMap<Node, number>): boolean {
  const seen = new Set<Node>();
  const stack = [value.node];
  for (let at = stack.pop(); at; at = stack.pop()) {
    if (at === node) return true;
    if (seen.has(at) || position.get(at)! < position.get(node)!) continue;
    seen.add(at);
    stack.push(...at.inputs.map((input) => input.node));
  }
  return false;
}

/**
 * The graph with `kept` for its nodes and values replaced, the nodes as near to the given order as their inputs allow;
 * the graph as it was if they wait for each other.
 */
export function reordered(graph: Graph, kept: readonly Node[], replacements: ReadonlyMap<Value, Value>): Graph {
  const replaced = new Map(replacements);
  const lookup: Lookup = (value) => {
    let last = value;
    for (let next = replaced.get(last); next; next = replaced.get(last)) last = next;
    return last;
  };
  const ready = new Set<Value>();
  const nodes: Node[] = [];
  let waiting: Node[] = [];
  const place = (node: Node): boolean => {
    const inputs = node.inputs.map(lookup);
    if (!inputs.every((input) => ready.has(input))) return false;
    const placed = withInputs(node, inputs);
    node.outputs.forEach((output, i) => {
      if (placed !== node) replaced.set(output, placed.outputs[i]);
      ready.add(placed.outputs[i]);
    });
    nodes.push(placed);
    return true;
  };
  for (const node of kept) {
    waiting.push(node);
    for (let before = -1; before !== waiting.length;) {
      before = waiting.length;
      waiting = waiting.filter((held) => !place(held));
    }
  }
  return waiting.length === 0 ? rename(graph, nodes, lookup) : graph;
}

/** A body with some of its parameters only, in the given order; nothing may need the others. */
export function keepParameters(body: Graph, indices: readonly number[]): Graph {
  const parameters = indices.map((index) => body.parameters[index]);
  return rewrite({ ...body, parameters }, (node, _inputs, add) => {
    if (node.op.name !== 'parameter') return null;
    const index = parameters.indexOf(node.outputs[0]);
    return index < 0 ? node.outputs : add(new Node(node.op, [], { index }, node.outputs));
  });
}

/** A body that finds some of its values in new parameters, behind the others. */
export function withOperands(body: Graph, values: readonly Value[]): Graph {
  const fresh = new Map(
    values.map((value, i) => {
      const index = body.parameters.length + i;
      return [value, new Node(opTable.get('parameter')!, [], { index }, [value]).outputs[0]] as const;
    }),
  );
  const parameters = [...body.parameters, ...fresh.values()];
  const nodes = [...[...fresh.values()].map(({ node }) => node), ...body.nodes];
  return rewrite({ ...body, parameters, nodes }, (node, inputs, add) => {
    if (!node.outputs.some((output) => fresh.has(output))) return null;
    const isGone = node.outputs.every((output) => fresh.has(output));
    const outputs = isGone ? node.outputs : add(withInputs(node, inputs));
    return outputs.map((output, i) => fresh.get(node.outputs[i]) ?? output);
  });
}

/** Adds the nodes of a body elsewhere, with its parameters replaced by `operands`. Gives what became of its values. */
export function inline(body: Graph, operands: readonly Value[], add: (node: Node) => readonly Value[]): Lookup {
  const replaced = new Map<Value, Value>(body.parameters.map((parameter, i) => [parameter, operands[i]]));
  const lookup: Lookup = (value) => replaced.get(value) ?? value;
  for (const node of body.nodes) {
    if (node.op.name === 'parameter') continue;
    const outputs = add(new Node(node.op, node.inputs.map(lookup), node.attrs, node.outputs));
    node.outputs.forEach((output, i) => replaced.set(output, outputs[i]));
  }
  return lookup;
}
