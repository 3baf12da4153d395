// Gradients of fused primitives that are themselves gradients: differentiates their meaning in simpler ops.
import { gradients } from '../graph/gradients.js';
import { currentTrace } from '../graph/trace.js';
import type { GradContext, OpDefinition } from '../graph/op.js';
import type { Attrs } from '../graph/ir.js';
import type { Tensor } from '../tensor.js';

/** The gradient rule of an op with the meaning `decompose`. Recomputes that meaning; for second derivatives, not for speed. */
export const gradByDecomposition =
  <A extends Attrs>(decompose: NonNullable<OpDefinition<A>['decompose']>) =>
  ({ inputs, grads, attrs }: GradContext<A>): (Tensor | null)[] => {
    const trace = currentTrace()!;
    const since = trace.nodes.length;
    const outputs = decompose(inputs, attrs);
    // An input may itself be computed from another: only the decomposition is differentiated here.
    const wrt = inputs.map((input) => trace.lift(input));
    const found = gradients(trace, outputs, wrt, grads, since);
    // What stands in several places has one gradient, that of all of them.
    return found.map((grad, i) => (wrt.indexOf(wrt[i]) === i ? grad : null));
  };
