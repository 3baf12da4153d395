// Batch normalization takes over what follows it: the sum with a skip connection and a ReLU. Both then cost no memory
// traffic of their own.
import { Node, type Graph, type Value } from '../ir.js';
import { countUses, reaches, reordered } from '../rewrite.js';

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
  const kept = graph.nodes.flatMap((node) => fused.get(node) ?? (removed.has(node) ? [] : [node]));
  return reordered(graph, kept, replaced);
}

const isAlike = (a: Value, b: Value): boolean =>
  a.dtype === b.dtype && a.shape.length === b.shape.length && a.shape.every((dim, i) => dim === b.shape[i]);
