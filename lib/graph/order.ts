// The order of instructions: as traced, but everything that only feeds state updates comes last, so that a run that
// fails has changed nothing, and results that are parameters or repeat each other get a copy of their own.
import { Node, type Graph, type Value } from './ir.js';
import { defineOp } from './op.js';

/** A copy in memory of its own. */
export const copyOp = defineOp({
  name: 'copy',
  infer: ([x]) => [x],
  grad: ({ grads }) => grads,
});

const isLeaf = (node: Node): boolean => node.op.name === 'parameter' || node.op.name === 'constant';

/** The value whose memory `value` shares: aliases make no memory. */
export function memoryOf(value: Value): Value {
  return value.node.op.alias ? memoryOf(value.node.inputs[0]) : value;
}

/** Gives every result and update memory that nobody else claims, by copies where necessary. */
export function separateRoots(graph: Graph): Graph {
  const claimed = new Set<Value>();
  const copies: Node[] = [];
  const own = (value: Value): Value => {
    const memory = memoryOf(value);
    if (!isLeaf(memory.node) && !claimed.has(memory)) {
      claimed.add(memory);
      return value;
    }
    const copy = new Node(copyOp, [value], {}, [value]);
    copies.push(copy);
    return copy.outputs[0];
  };
  const updates = graph.updates.map(({ parameter, value }) => ({ parameter, value: own(value) }));
  const results = graph.results.map(own);
  return { ...graph, nodes: [...graph.nodes, ...copies], results, updates };
}

/** Moves the nodes that make updates to the end, unless something else than further updates needs them. */
export function scheduleUpdatesLast(graph: Graph): Graph {
  const updated = new Set(graph.updates.map(({ value }) => memoryOf(value)));
  const needed = new Set<Value>(graph.results.map(memoryOf));
  const last: Node[] = [];
  const first: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    const movable = !isLeaf(node) && node.outputs.every((output) => !needed.has(memoryOf(output)));
    const final = movable && node.outputs.some((output) => updated.has(memoryOf(output)));
    if (!final) node.inputs.forEach((input) => needed.add(memoryOf(input)));
    (final ? last : first).push(node);
  }
  return { ...graph, nodes: [...first.reverse(), ...last.reverse()] };
}
