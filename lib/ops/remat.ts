// Rematerialization: what a function computes on the way to its results is computed again for the gradient, not kept.
import type { Node, Value } from '../graph/ir.js';
import { gradients } from '../graph/gradients.js';
import { defineOp } from '../graph/op.js';
import { currentTrace, emit, emit1, type Trace, type TracedTensor } from '../graph/trace.js';
import { Tensor } from '../tensor.js';
import { flatten, mapTree, type Tree } from '../tree.js';
import { copyRule, withGradient, type GradientRule } from './custom-gradient.js';

/**
 * The first input, once the others are there. What is computed from it is another computation than the same from the
 * input itself: no pass joins the two.
 */
const barrierOp = defineOp({
  name: 'barrier',
  structural: true,
  alias: true,
  infer: ([x]) => [x],
  grad: ({ inputs, grads }) => [grads[0], ...inputs.slice(1).map(() => null)],
});

/**
 * A function that computes the same as `fn` and keeps nothing but its arguments for the gradient: what else the gradient
 * needs is computed again. Less memory for more time. Random numbers drawn inside are the same in both computations.
 *
 * @example
 * const block = remat((x: Tensor) => ops.gelu(second(ops.gelu(first(x)))));
 */
export const remat = <A extends readonly unknown[], R>(fn: (...args: A) => R): ((...args: A) => R) =>
  rematWhen(fn, () => true);

/** `remat` where the results are such that `wanted` says so. */
export function rematWhen<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  wanted: (results: readonly Tensor[]) => boolean,
): (...args: A) => R {
  return (...args) => {
    const trace = currentTrace();
    if (!trace) return fn(...args);
    const since = trace.nodes.length;
    const result = fn(...args) as Tree<unknown>;
    const tensors = flatten(result).filter((leaf): leaf is TracedTensor => leaf instanceof Tensor);
    if (tensors.length === 0 || !wanted(tensors)) return result as R;
    const region = new Region(trace, since, tensors);
    const renewed = withGradient(
      tensors,
      region.sources.map((value) => trace.wrap(value)),
      region.rule,
    );
    let next = 0;
    return mapTree(result, (leaf) => (leaf instanceof Tensor ? renewed[next++] : leaf)) as R;
  };
}

const isLeaf = ({ op }: Node): boolean => op.name === 'parameter' || op.name === 'constant';

/** The nodes that a function recorded, and the values that they take from outside. */
class Region {
  readonly sources: readonly Value[];
  private readonly nodes: readonly Node[];
  private readonly results: readonly Value[];

  constructor(trace: Trace<Tensor>, since: number, results: readonly TracedTensor[]) {
    this.nodes = trace.nodes.slice(since).filter((node) => !isLeaf(node));
    this.results = results.map((result) => trace.lift(result));
    const own = new Set<Value>(this.nodes.flatMap((node) => node.outputs));
    const used = [...this.nodes.flatMap((node) => node.inputs), ...this.results];
    this.sources = [...new Set(used)].filter((value) => !own.has(value) && value.node.op.name !== 'constant');
  }

  /** Repeats the nodes on the same sources, behind a barrier, and differentiates them there. */
  readonly rule: GradientRule = ({ inputs, grads, needs }) => {
    const trace = currentTrace()!;
    const count = this.results.length;
    const upstream = grads.filter((grad) => grad !== null);
    const fresh = inputs.slice(count).map((source) => emit1(barrierOp, [source, ...upstream], {}) as TracedTensor);
    const since = trace.nodes.length;
    const copies = new Map<Value, Tensor>(this.sources.map((value, i) => [value, fresh[i]]));
    const copyOf = (value: Value): Tensor => copies.get(value) ?? trace.wrap(value);
    for (const node of this.nodes) {
      const outputs = emit(node.op, node.inputs.map(copyOf), node.attrs) as TracedTensor[];
      node.outputs.forEach((output, i) => copies.set(output, outputs[i]));
      copyRule(node.outputs[0], outputs[0].node);
    }
    const wanted = fresh.filter((_, i) => needs[count + i]);
    const found = gradients(
      trace,
      this.results.map(copyOf),
      wanted.map((x) => x.node),
      grads,
      since,
    );
    let next = 0;
    return fresh.map((_, i) => (needs[count + i] ? found[next++] : null));
  };
}
