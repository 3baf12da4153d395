// Functions that say themselves how they are differentiated. The graph holds no functions: the rules stay beside it.
import { currentTrace, emit, type TracedTensor } from '../graph/trace.js';
import { gradients } from '../graph/gradients.js';
import type { Value } from '../graph/ir.js';
import { defineOp, type GradContext } from '../graph/op.js';
import type { Tensor } from '../tensor.js';
import { flatten, unflatten, type Tree } from '../tree.js';
import { convertToTensor, type TensorLike } from './convert.js';
import { zerosLike } from './creation.js';

/** The gradients of the inputs behind the results, from what a gradient rule sees. */
export type GradientRule = (context: GradContext) => readonly (Tensor | null)[];

const rules = new WeakMap<Value, GradientRule>();

/** The first `results` inputs, unchanged. Their gradient goes to the other inputs, by the rule of the first result. */
const customGradientOp = defineOp<{ results: number }>({
  name: 'custom_gradient',
  structural: true,
  infer: (inputs, { results }) => inputs.slice(0, results),
  grad: (context) => {
    const rule = rules.get((context.outputs[0] as TracedTensor).node)!;
    return [...context.outputs.map(() => null), ...rule(context)];
  },
});

/** Values with another gradient: that of `sources`, by a rule. Only inside a trace. */
export function withGradient(
  values: readonly Tensor[],
  sources: readonly Tensor[],
  rule: GradientRule,
): readonly Tensor[] {
  const results = emit(customGradientOp, [...values, ...sources], { results: values.length });
  rules.set((results[0] as TracedTensor).node, rule);
  return results;
}

/** Takes the rule of one recorded value over to another, its copy. */
export function copyRule(from: Value, to: Value): void {
  const rule = rules.get(from);
  if (rule) rules.set(to, rule);
}

/** A function with the gradient of another one, `smooth`, of the same argument; what else that reads gets none. */
export const differentiatedAs =
  (fn: (x: Tensor) => Tensor, smooth: (x: Tensor) => Tensor) =>
  (x: Tensor): Tensor => {
    const y = fn(x);
    if (!currentTrace()) return y;
    const rule: GradientRule = ({ inputs: [, source], grads }) => {
      const trace = currentTrace()!;
      const since = trace.nodes.length;
      return gradients(trace, [smooth(source)], [trace.lift(source)], grads, since);
    };
    return withGradient([y], [x], rule)[0];
  };

type Gradients = Tensor | null | readonly (Tensor | null)[];

/**
 * A function with a gradient of its own. `fn` gives its result and a function from the gradient of the result, in the
 * same structure, to the gradients of the arguments: one, or a list.
 *
 * @example The gradient of a rounding that pretends not to round.
 * const round = customGradient((x) => [ops.round(x), (upstream) => upstream]);
 */
export function customGradient<A extends readonly TensorLike[], R extends Tree<Tensor>>(
  fn: (...args: { [I in keyof A]: Tensor }) => readonly [result: R, gradient: (upstream: R) => Gradients],
): (...args: A) => R {
  return (...args) => {
    const tensors = args.map((arg) => convertToTensor(arg));
    const [result, gradient] = fn(...(tensors as { [I in keyof A]: Tensor }));
    if (!currentTrace()) return result;
    const rule: GradientRule = ({ grads, outputs }) => {
      const upstream = grads.map((grad, i) => grad ?? zerosLike(outputs[i]));
      const found = gradient(unflatten(result, upstream) as R);
      return Array.isArray(found) ? (found as readonly (Tensor | null)[]) : [found as Tensor | null];
    };
    return unflatten(result, withGradient(flatten<Tensor>(result), tensors, rule)) as R;
  };
}
