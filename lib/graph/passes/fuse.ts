// Element-wise fusion: neighbouring element-wise ops of one shape become one `elementwise` instruction.
import { dtypeCode } from '../../dtype.js';
import { Node, roots, sameShape, type Graph, type Value } from '../ir.js';
import { defineOp, type Primitive } from '../op.js';
import { rename } from '../rewrite.js';
import { scalarOf } from './constants.js';
import { Grouping } from './grouping.js';

/** A chain's registers are tiles in cache; more of them than this no longer fit. */
const MAX_OPS = 48;

/** A fused chain; docs/architecture.md describes its attributes. Made here only, with the outputs its members inferred. */
export const elementwiseOp = defineOp({
  name: 'elementwise',
  infer: () => [],
  grad: null,
});

/** Fuses as much as possible without making a cycle, and orders the result. */
export function fuseElementwise(graph: Graph): Graph {
  const grouping = new Grouping(graph.nodes);
  for (const node of graph.nodes) {
    if (!node.op.elementwise) continue;
    for (const input of node.inputs) {
      const producer = input.node;
      if (!producer.op.elementwise || !sameShape(producer.outputs[0].shape, node.outputs[0].shape)) continue;
      grouping.tryMerge(producer, node, MAX_OPS);
    }
  }
  const outside = usedOutside(graph, grouping);
  const replaced = new Map<Value, Value>();
  const lookup = (value: Value): Value => replaced.get(value) ?? value;
  const nodes = grouping.ordered().map((members) => {
    const node = members[0].op.elementwise ? chain(members, outside, lookup) : relinked(members[0], lookup);
    const kept = members[0].op.elementwise
      ? members.flatMap((m) => m.outputs).filter((v) => outside.has(v))
      : members[0].outputs;
    kept.forEach((value, i) => replaced.set(value, node.outputs[i]));
    return node;
  });
  return rename(graph, nodes, lookup);
}

const relinked = (node: Node, lookup: (value: Value) => Value): Node =>
  node.inputs.length === 0 ? node : new Node(node.op, node.inputs.map(lookup), node.attrs, node.outputs);

/** Values that somebody beyond their own group needs. */
function usedOutside(graph: Graph, grouping: Grouping): Set<Value> {
  const outside = new Set<Value>(roots(graph));
  for (const node of graph.nodes) {
    for (const input of node.inputs) if (!grouping.together(input.node, node)) outside.add(input);
  }
  return outside;
}

/** One instruction for the members of a group: inputs, then scalars, then one register per op. */
function chain(members: readonly Node[], outside: ReadonlySet<Value>, lookup: (value: Value) => Value): Node {
  const own = new Set<Value>(members.flatMap((member) => member.outputs));
  const external = [...new Set(members.flatMap((member) => member.inputs).filter((value) => !own.has(value)))];
  const scalars = external.filter((value) => scalarOf(value) !== undefined && value.shape.length === 0);
  const inputs = external.filter((value) => !scalars.includes(value));
  const computed = members.flatMap((member) => member.outputs);
  const register = new Map<Value, number>();
  [...inputs, ...scalars, ...computed].forEach((value, i) => register.set(value, i));
  const outputs = computed.filter((value) => outside.has(value));
  const attrs = {
    ops: members.map((member) => member.op.name).join(';'),
    args: members.flatMap((member) => member.inputs.map((input) => register.get(input)!)),
    dtypes: computed.map((value) => dtypeCode(value.dtype)),
    consts: scalars.map((value) => scalarOf(value)!),
    constDtypes: scalars.map((value) => dtypeCode(value.dtype)),
    outs: outputs.map((value) => register.get(value)!),
  };
  return new Node(chainOp(outputs), inputs.map(lookup), attrs, outputs);
}

/** The chain's own shape rule is what its members already inferred. */
const chainOp = (outputs: readonly Value[]): Primitive => ({
  ...elementwiseOp,
  infer: () => outputs.map(({ shape, dtype }) => ({ shape, dtype })),
});
