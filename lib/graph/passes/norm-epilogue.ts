// Batch normalization takes over what follows it: the sum with a skip connection and a ReLU. Both then cost no memory
// traffic of their own.
import { Node, type Graph, type Value } from '../ir.js';
import { countUses, rename } from '../rewrite.js';

/** Runs after the gradient is made: the fused op has none. */
export function fuseNormEpilogues(graph: Graph): Graph {
  const position = new Map(graph.nodes.map((node, i) => [node, i]));
  const uses = countUses(graph);
  const consumers = new Map<Value, Node>();
  for (const node of graph.nodes) for (const input of node.inputs) consumers.set(input, node);
  const removed = new Set<Node>();
  /** The only node that uses a value, if it does `op`. */
  const next = (value: Value, op: string): Node | null => {
    const node = uses.get(value) === 1 ? consumers.get(value) : undefined;
    return node?.op.name === op && !removed.has(node) ? node : null;
  };

  const fused = new Map<Node, Node>();
  const replaced = new Map<Value, Value>();
  for (const norm of graph.nodes) {
    if (norm.op.name !== 'batch_norm' || norm.inputs.length > 3) continue;
    const [x, gamma, beta] = norm.inputs;
    const sum = next(norm.outputs[0], 'add');
    const other = sum && sum.inputs[sum.inputs[0] === norm.outputs[0] ? 1 : 0];
    const addend = other && isAlike(other, x) && !reaches(other, norm, position) ? other : null;
    const before = addend ? sum! : norm;
    const relu = next(before.outputs[0], 'relu');
    const last = relu ?? before;
    if (last === norm) continue;
    const attrs = relu ? { ...norm.attrs, activation: 'relu' } : norm.attrs;
    const inputs = addend ? [x, addend, gamma, beta] : norm.inputs;
    const node = new Node(norm.op, inputs, attrs, norm.outputs);
    fused.set(last, node);
    for (const gone of [norm, before, last]) removed.add(gone);
    norm.outputs.forEach((output, i) => replaced.set(i === 0 ? last.outputs[0] : output, node.outputs[i]));
  }
  if (fused.size === 0) return graph;
  const lookup = (value: Value): Value => replaced.get(value) ?? value;
  const kept = graph.nodes.flatMap((node) => fused.get(node) ?? (removed.has(node) ? [] : [node]));
  const nodes = sorted(
    kept.map((node) => [node, node.inputs.map(lookup)] as const),
    replaced,
  );
  return nodes ? rename(graph, nodes, lookup) : graph;
}

const isAlike = (a: Value, b: Value): boolean =>
  a.dtype === b.dtype && a.shape.length === b.shape.length && a.shape.every((dim, i) => dim === b.shape[i]);

/** Whether a value depends on a node. */
function reaches(value: Value, node: Node, position: ReadonlyMap<Node, number>): boolean {
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

/** The nodes with their new inputs, as near to the old order as these allow; null if they wait for each other. */
function sorted(
  entries: readonly (readonly [Node, readonly Value[]])[],
  replaced: Map<Value, Value>,
): readonly Node[] | null {
  const ready = new Set<Value>();
  const nodes: Node[] = [];
  let waiting: (readonly [Node, readonly Value[]])[] = [];
  const lookup = (value: Value): Value => replaced.get(value) ?? value;
  const place = ([node, inputs]: readonly [Node, readonly Value[]]): boolean => {
    const current = inputs.map(lookup);
    if (!current.every((input) => ready.has(input))) return false;
    const changed = current.some((input, i) => input !== node.inputs[i]);
    const placed = changed ? new Node(node.op, current, node.attrs, node.outputs) : node;
    node.outputs.forEach((output, i) => {
      if (placed !== node) replaced.set(output, placed.outputs[i]);
      ready.add(placed.outputs[i]);
    });
    nodes.push(placed);
    return true;
  };
  for (const entry of entries) {
    waiting.push(entry);
    for (let before = -1; before !== waiting.length;) {
      before = waiting.length;
      waiting = waiting.filter((held) => !place(held));
    }
  }
  return waiting.length === 0 ? nodes : null;
}
