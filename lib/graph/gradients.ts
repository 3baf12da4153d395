// Reverse-mode differentiation, graph to graph: gradients are recorded into the trace they are taken in.
import { isFloat } from '../dtype.js';
import { HornetError } from '../errors.js';
import { onesLike } from '../ops/creation.js';
import { add } from '../ops/arithmetic.js';
import type { Tensor } from '../tensor.js';
import type { Node, Value } from './ir.js';
import { TracedTensor, type Trace } from './trace.js';

/**
 * The gradients of `targets` (summed, each weighted with its upstream gradient, default 1) with respect to `wrt`.
 * Only nodes between the two cost anything. Null where no path leads from a value to a target. Paths through nodes before
 * the one at position `since` do not count: `wrt` are then independent of each other.
 */
export function gradients(
  trace: Trace,
  targets: readonly Tensor[],
  wrt: readonly Value[],
  upstream?: readonly (Tensor | null)[],
  since = 0,
): (Tensor | null)[] {
  const dependent = dependents(trace.nodes.slice(since), wrt);
  const grads = new Map<Value, Tensor>();
  const accumulate = (value: Value, grad: Tensor): void => {
    const sum = grads.get(value);
    grads.set(value, sum ? add(sum, grad) : grad);
  };
  targets.forEach((target, i) => {
    const value = trace.lift(target);
    const seed = upstream ? upstream[i] : onesLike(target);
    if (seed && dependent.has(value)) accumulate(value, seed);
  });
  // The nodes present now; the gradient's own are appended behind them.
  const forward = trace.nodes.slice(since);
  for (const node of forward.reverse()) {
    const outputGrads = node.outputs.map((output) => grads.get(output) ?? null);
    if (outputGrads.every((grad) => grad === null) || !node.inputs.some((input) => dependent.has(input))) continue;
    pullBack(trace, node, outputGrads, dependent).forEach((grad, i) => {
      if (grad && dependent.has(node.inputs[i])) accumulate(node.inputs[i], grad);
    });
  }
  return wrt.map((value) => grads.get(value) ?? null);
}

/** Applies a node's gradient rule. */
function pullBack(
  trace: Trace,
  node: Node,
  grads: readonly (Tensor | null)[],
  dependent: ReadonlySet<Value>,
): readonly (Tensor | null)[] {
  const { op, attrs } = node;
  if (op.grad === null) {
    throw new HornetError(
      op.name,
      'this op has no gradient; wrap its input in stopGradient() if it should not take part',
    );
  }
  const wrap = (value: Value): TracedTensor => new TracedTensor(trace, value);
  return op.grad({
    inputs: node.inputs.map(wrap),
    outputs: node.outputs.map(wrap),
    grads,
    attrs,
    needs: node.inputs.map((input) => dependent.has(input)),
  });
}

/** Every float value that depends on one of `sources`, the sources included. */
function dependents(nodes: readonly Node[], sources: readonly Value[]): Set<Value> {
  const dependent = new Set<Value>(sources);
  for (const node of nodes) {
    if (node.op.name === 'stop_gradient' || !node.inputs.some((input) => dependent.has(input))) continue;
    for (const output of node.outputs) if (isFloat(output.dtype)) dependent.add(output);
  }
  return dependent;
}
