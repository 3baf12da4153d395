// Dead code: nodes, and parts of loops and branches, whose values nobody needs. Parameters stay, they are the program's
// interface.
import { bodiesOf, Node, roots, type Attrs, type Graph, type Value } from '../ir.js';
import { keepParameters, rewrite } from '../rewrite.js';

export function eliminateDeadCode(graph: Graph): Graph {
  const live = new Set<Value>([...roots(graph), ...graph.parameters]);
  const narrowed = new Map<Node, Narrowed>();
  const kept: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => live.has(output))) continue;
    kept.push(node);
    const narrow = narrowedTo(node, live);
    if (narrow) narrowed.set(node, narrow);
    node.inputs.forEach((input, i) => (!narrow || narrow.inputs.includes(i)) && live.add(input));
  }
  const nodes = kept.reverse();
  if (narrowed.size === 0) return { ...graph, nodes };
  return rewrite({ ...graph, nodes }, (node, inputs, add) => {
    const narrow = narrowed.get(node);
    if (!narrow) return null;
    const avals = narrow.outputs.map((i) => node.outputs[i]);
    const operands = narrow.inputs.map((i) => inputs[i]);
    const made = add(new Node(node.op, operands, narrow.attrs, avals));
    return node.outputs.map((output, i) => made[narrow.outputs.indexOf(i)] ?? output);
  });
}

/** What is left of a loop or branch: indices of its inputs and outputs, and its attributes. */
interface Narrowed {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly attrs: Attrs;
}

/** Keeps what the live outputs need; null where that is everything. */
function narrowedTo(node: Node, live: ReadonlySet<Value>): Narrowed | null {
  const bodies = bodiesOf(node);
  if (bodies.length === 0) return null;
  const [{ updates, parameters }] = bodies;
  const needed = node.outputs.map((output) => live.has(output));
  const isNeeded = (output: number): boolean => needed[output] ?? true;
  const shrink = (): Graph[] =>
    bodies.map((body) =>
      eliminateDeadCode({
        ...body,
        updates: body.updates.filter((_, i) => isNeeded(i)),
        results: body.results.filter((_, i) => isNeeded(updates.length + i)),
      }),
    );
  let shrunk = shrink();
  let used = usedParameters(shrunk);
  // What a step finds in a parameter, the step before it has put there.
  const isMissing = (i: number): boolean => !needed[i] && used.has(parameters.indexOf(updates[i].parameter));
  while (updates.some((_, i) => isMissing(i))) {
    updates.forEach((_, i) => (needed[i] ||= isMissing(i)));
    shrunk = shrink();
    used = usedParameters(shrunk);
  }
  for (const { parameter } of shrunk[0].updates) used.add(parameter.node.attrs.index as number);
  const indices = parameters.flatMap((_, i) => (used.has(i) ? [i] : []));
  const outputs = node.outputs.flatMap((_, i) => (needed[i] ? [i] : []));
  if (indices.length === parameters.length && outputs.length === needed.length) return null;

  const leading = node.inputs.length - parameters.length;
  const attrs: Record<string, Attrs[string]> = { ...node.attrs };
  attrs.bodies = shrunk.map((body) => keepParameters(body, indices));
  if (attrs.sliced) {
    const sliced = attrs.sliced as readonly number[];
    attrs.sliced = indices.flatMap((old, i) => (sliced.includes(old) ? [i] : []));
  }
  return { inputs: [...node.inputs.slice(0, leading).keys(), ...indices.map((i) => leading + i)], outputs, attrs };
}

/** Indices of the parameters that the bodies read or give. */
function usedParameters(bodies: readonly Graph[]): Set<number> {
  const values = bodies.flatMap((body) => [...roots(body), ...body.nodes.flatMap(({ inputs }) => inputs)]);
  return new Set(values.flatMap(({ node }) => (node.op.name === 'parameter' ? [node.attrs.index as number] : [])));
}
