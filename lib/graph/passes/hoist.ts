// What is the same in every step of a loop is computed once, in front of it: weights cast to another type, above all.
import { bodiesOf, Node, type Graph, type Value } from '../ir.js';
import { rewrite, withOperands } from '../rewrite.js';

/** Cheaper, or smaller, within the loop: nothing to compute, or fused into what uses it. */
const isTrivial = ({ op, inputs }: Node): boolean =>
  inputs.length === 0 || op.name === 'broadcast' || op.structural === true;

export function hoistInvariants(graph: Graph): Graph {
  return rewrite(graph, (node, inputs, add) => {
    if (node.op.name !== 'scan') return null;
    const sliced = node.attrs.sliced as readonly number[];
    // Of inner loops first: it may go further.
    const body = hoistInvariants(bodiesOf(node)[0]);
    const invariant = invariantsOf(body, sliced);
    const hoisted = (node.attrs.length as number) > 0 ? frontier(body, invariant) : [];
    if (hoisted.length === 0 && body.nodes.length === bodiesOf(node)[0].nodes.length) return null;

    const outside = new Map<Value, Value>(body.parameters.map((parameter, i) => [parameter, inputs[i]]));
    const place = (value: Value): Value => {
      if (!outside.has(value)) {
        const { op, attrs, outputs } = value.node;
        const copies = add(new Node(op, value.node.inputs.map(place), attrs, outputs));
        outputs.forEach((output, i) => outside.set(output, copies[i]));
      }
      return outside.get(value)!;
    };
    const operands = hoisted.map(place);
    const bodies = [withOperands(body, hoisted)];
    return add(new Node(node.op, [...inputs, ...operands], { ...node.attrs, bodies }, node.outputs));
  });
}

/** Values that neither what is carried nor slices have a part in. */
function invariantsOf({ nodes, parameters, updates }: Graph, sliced: readonly number[]): Set<Value> {
  const varying = new Set([...updates.map(({ parameter }) => parameter), ...sliced.map((i) => parameters[i])]);
  const invariant = new Set(parameters.filter((parameter) => !varying.has(parameter)));
  for (const { op, inputs, outputs } of nodes) {
    if (op.name !== 'parameter' && inputs.every((input) => invariant.has(input))) {
      outputs.forEach((output) => invariant.add(output));
    }
  }
  return invariant;
}

/** The invariants worth moving that something else in the body needs. */
function frontier(body: Graph, invariant: ReadonlySet<Value>): Value[] {
  const found = new Set<Value>();
  const demand = (value: Value): void => {
    if (!invariant.has(value) || value.node.op.name === 'parameter') return;
    if (isTrivial(value.node)) value.node.inputs.forEach(demand);
    else found.add(value);
  };
  for (const node of body.nodes)
    if (!node.outputs.every((output) => invariant.has(output))) node.inputs.forEach(demand);
  body.results.forEach(demand);
  body.updates.forEach(({ value }) => demand(value));
  return [...found];
}
