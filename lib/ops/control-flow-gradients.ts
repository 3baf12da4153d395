// Gradients of the control flow primitives. That of a scan is a scan in the other direction over what its steps computed;
// that of a branch runs the gradient of the branch that was taken.
import { isFloat } from '../dtype.js';
import { Body, type Primal } from '../graph/body.js';
import { dependents, pullBack, type Seed } from '../graph/gradients.js';
import type { Graph, Node, Value } from '../graph/ir.js';
import type { GradContext } from '../graph/op.js';
import { currentTrace } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import { add } from './elementwise.js';
import { filled } from './fill.js';
import { runBranch, runScan, type BodiesAttrs, type ScanAttrs } from './control-flow-core.js';

const zeros = ({ shape, dtype }: Value): Tensor => filled(shape, 0, dtype);

/** A body that differentiates `forward`. `given` has the tensors of values; what is missing is computed again. */
function bodyOver(forward: Graph, given: (value: Value, body: Body) => Tensor | null): Body {
  const replayed = new Map<Node, readonly Tensor[]>();
  const fetch = (value: Value): Tensor => {
    const known = given(value, body);
    if (known) return known;
    const { node, index } = value;
    if (!replayed.has(node)) replayed.set(node, body.repeat(node));
    return replayed.get(node)![index];
  };
  const values = new Set(forward.nodes.flatMap(({ outputs }) => outputs));
  const primal: Primal = { values, fetch };
  const body = new Body(currentTrace(), primal);
  return body;
}

/** The parameters that gradients reach, and through what is carried the parameters of earlier steps. */
function flowing({ nodes, parameters, updates }: Graph, needs: readonly boolean[]): Value[] {
  const reached = new Set(parameters.filter(({ dtype }, i) => needs[i] && isFloat(dtype)));
  for (let size = -1; size !== reached.size;) {
    size = reached.size;
    const dependent = dependents(nodes, [...reached]);
    for (const { parameter, value } of updates) if (dependent.has(value)) reached.add(parameter);
  }
  return [...reached];
}

export function scanGradient({ inputs, outputs, grads, attrs, needs }: GradContext<ScanAttrs>): (Tensor | null)[] {
  const { length, reverse, sliced, bodies } = attrs;
  const [forward] = bodies;
  const { parameters, updates, results } = forward;
  const isSliced = (value: Value): boolean => sliced.includes(value.node.attrs.index as number);
  const carried = new Map(updates.map(({ parameter }, i) => [parameter, i]));
  const stacked = outputs.slice(updates.length);

  const reached = flowing(forward, needs);
  const states = reached.filter((parameter) => carried.has(parameter));
  const slices = reached.filter((parameter) => !carried.has(parameter) && isSliced(parameter));
  const constants = reached.filter((parameter) => !carried.has(parameter) && !isSliced(parameter));
  const upstream = grads.slice(updates.length).flatMap((grad, i) => (grad ? [{ value: results[i], grad }] : []));

  const body = bodyOver(forward, (value, self) => {
    const at = parameters.indexOf(value);
    if (at >= 0 && !carried.has(value)) return isSliced(value) ? self.slice(inputs[at]) : inputs[at];
    const saved = results.indexOf(value);
    return saved >= 0 ? self.slice(stacked[saved]) : null;
  });
  const gradient = runScan({
    length,
    reverse: !reverse,
    // Gradients of what the steps hand on, and sums of the gradients of what is the same in all steps.
    carries: [...states.map((state) => grads[carried.get(state)!] ?? zeros(state)), ...constants.map(zeros)],
    sequences: upstream.map(({ grad }) => grad),
    body,
    step: (given, gradsOfResults) => {
      const seeds: Seed[] = [
        ...states.map((state, i): Seed => [updates[carried.get(state)!].value, given[i]]),
        ...upstream.map(({ value }, i): Seed => [value, gradsOfResults[i]]),
      ];
      const wrt = [...states, ...constants, ...slices];
      const found = pullBack(forward.nodes, seeds, wrt, (value) => body.wrap(value));
      const sums = given.slice(states.length);
      return {
        carries: [
          ...states.map((state, i) => found[i] ?? zeros(state)),
          ...constants.map((_, i) => {
            const own = found[states.length + i];
            return own ? add(sums[i], own) : sums[i];
          }),
        ],
        outputs: slices.map((slice, i) => found[states.length + constants.length + i] ?? zeros(slice)),
      };
    },
  });
  const all = new Map<Value, Tensor>();
  [...states, ...constants].forEach((parameter, i) => all.set(parameter, gradient.carries[i]));
  slices.forEach((parameter, i) => all.set(parameter, gradient.outputs[i]));
  return parameters.map((parameter) => all.get(parameter) ?? null);
}

export function branchGradient({ inputs, grads, attrs, needs }: GradContext<BodiesAttrs>): (Tensor | null)[] {
  const [index, ...operands] = inputs;
  const wanted = operands.flatMap(({ dtype }, i) => (needs[i + 1] && isFloat(dtype) ? [i] : []));
  const bodies = attrs.bodies.map((forward) =>
    bodyOver(forward, (value) => operands[forward.parameters.indexOf(value)] ?? null),
  );
  const found = runBranch(
    'branch',
    index,
    attrs.bodies.map((forward, b) => () => {
      const seeds = grads.flatMap((grad, i): Seed[] => (grad ? [[forward.results[i], grad]] : []));
      const wrt = wanted.map((i) => forward.parameters[i]);
      return pullBack(forward.nodes, seeds, wrt, (value) => bodies[b].wrap(value)).map(
        (grad, i) => grad ?? zeros(wrt[i]),
      );
    }),
    bodies,
  );
  return [null, ...operands.map((_, i) => (wanted.includes(i) ? found[wanted.indexOf(i)] : null))];
}
