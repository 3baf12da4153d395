// The last steps before the memory plan: instructions in their order, bodies without constants of their own.
import { bodiesOf, Node, type Graph } from './ir.js';
import { scheduleUpdatesLast, separateRoots } from './order.js';
import { rewrite, withOperands } from './rewrite.js';

/** Brings an optimized graph, and what its loops and branches run, into the form that `planMemory` takes. */
export function lower(graph: Graph): Graph {
  const lowered = rewrite(graph, (node, inputs, add) => {
    if (bodiesOf(node).length === 0) return null;
    const bodies = bodiesOf(node).map(lower);
    const constants = bodies.map(({ nodes }) => nodes.filter(({ op }) => op.name === 'constant'));
    // A program has one store of constants: bodies get theirs as operands.
    const all = constants.flat();
    const operands = all.map(({ op, attrs, outputs }) => add(new Node(op, [], attrs, outputs))[0]);
    const own = all.map(({ outputs }) => outputs[0]);
    const attrs = {
      ...node.attrs,
      bodies: bodies.map((body) => withOperands(body, own)),
      carried: bodies[0].updates.map(({ parameter }) => parameter.node.attrs.index as number),
    };
    return add(new Node(node.op, [...inputs, ...operands], attrs, node.outputs));
  });
  return scheduleUpdatesLast(separateRoots(lowered));
}
