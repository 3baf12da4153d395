// Whether many tensors hold finite numbers only, as one instruction: what scaling of losses asks of all gradients.
import { isFloat } from '../dtype.js';
import { HornetError } from '../errors.js';
import { defineOp } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import { isFinite, logicalAnd } from './elementwise.js';
import { filled } from './fill.js';
import { reduceMin } from './reduce-core.js';

const allFiniteOp = defineOp({
  name: 'all_finite',
  infer: (inputs) => {
    const other = inputs.find(({ dtype }) => !isFloat(dtype));
    if (other) throw new HornetError('all_finite', `expected float tensors, received ${other.dtype}`);
    return [{ shape: [], dtype: 'bool' }];
  },
  grad: null,
  decompose: (inputs) => [
    inputs
      .map((x) =>
        reduceMin(
          isFinite(x),
          x.shape.map((_, axis) => axis),
        ),
      )
      .reduce((all, each) => logicalAnd(all, each), filled([], 1, 'bool')),
  ],
});

/** A boolean: whether no element of any of the tensors is infinite or NaN. */
export const allFinite = (tensors: readonly Tensor[]): Tensor => emit1(allFiniteOp, tensors, {});
