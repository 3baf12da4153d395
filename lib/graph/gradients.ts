// Reverse-mode differentiation, graph to graph: gradients are recorded into the trace they are taken in.
import { isFloat } from '../dtype.js';
import { HornetError } from '../errors.js';
import { onesLike } from '../ops/creation.js';
import { add } from '../ops/arithmetic.js';
import type { Tensor } from '../tensor.js';
import type { Node, Value } from './ir.js';
import type { Trace } from './trace.js';

/**
 * The gradients of `targets` (summed, each weighted with its upstream gradient, default 1) with respect to `wrt`.
 * Only nodes between the two cost anything. Null where no path leads from a value to a target. Paths through nodes before
 * the one at position `since` do not count: `wrt` are then independent of each other.
 */
export function gradients(
  trace: Trace<Tensor>,
  targets: readonly Tensor[],
  wrt: readonly Value[],
  upstream?: readonly (Tensor | null)[],
  since = 0,
): (Tensor | null)[] {
  const seeds = targets.flatMap((target, i): Seed[] => {
    const seed = upstream ? upstream[i] : onesLike(target);
    return seed ? [[trace.lift(target), seed]] : [];
  });
  return pullBack(trace.nodes.slice(since), seeds, wrt, (value) => trace.wrap(value));
}

/** A value and its upstream gradient. */
export type Seed = readonly [Value, Tensor];

/**
 * The gradients with respect to `wrt` of what `nodes` make of them, where `seeds` are the gradients that come from
 * beyond. `wrap` gives a value of the nodes as a tensor of the trace that is being recorded.
 */
export function pullBack(
  nodes: readonly Node[],
  seeds: readonly Seed[],
  wrt: readonly Value[],
  wrap: (value: Value) => Tensor,
): (Tensor | null)[] {
  const dependent = dependents(nodes, wrt);
  const grads = new Map<Value, Tensor>();
  const accumulate = (value: Value, grad: Tensor): void => {
    const sum = grads.get(value);
    grads.set(value, sum ? add(sum, grad) : grad);
  };
  for (const [value, seed] of seeds) if (dependent.has(value)) accumulate(value, seed);
  for (const node of [...nodes].reverse()) {
    const outputGrads = node.outputs.map((output) => grads.get(output) ?? null);
    if (outputGrads.every((grad) => grad === null) || !node.inputs.some((input) => dependent.has(input))) continue;
    gradientOf(node, outputGrads, dependent, wrap).forEach((grad, i) => {
      if (grad && dependent.has(node.inputs[i])) accumulate(node.inputs[i], grad);
    });
  }
  return wrt.map((value) => grads.get(value) ?? null);
}

/** Applies a node's gradient rule. */
function gradientOf(
  node: Node,
  grads: readonly (Tensor | null)[],
  dependent: ReadonlySet<Value>,
  wrap: (value: Value) => Tensor,
): readonly (Tensor | null)[] {
  const { op, attrs } = node;
  if (op.grad === null) {
    throw new HornetError(
      op.name,
      'this op has no gradient; wrap its input in stopGradient() if it should not take part',
    );
  }
  return op.grad({
    inputs: node.inputs.map(wrap),
    outputs: node.outputs.map(wrap),
    grads,
    attrs,
    needs: node.inputs.map((input) => dependent.has(input)),
  });
}

/** Every float value that depends on one of `sources`, the sources included. */
export function dependents(nodes: readonly Node[], sources: readonly Value[]): Set<Value> {
  const dependent = new Set<Value>(sources);
  for (const node of nodes) {
    if (node.op.name === 'stop_gradient' || !node.inputs.some((input) => dependent.has(input))) continue;
    for (const output of node.outputs) if (isFloat(output.dtype)) dependent.add(output);
  }
  return dependent;
}
