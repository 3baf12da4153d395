// The reshape primitive: no kernel, the result shares the memory of its input.
import { HornetError } from '../errors.js';
import { sameShape, sizeOf } from '../graph/ir.js';
import { defineOp } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';

export const reshapeOp = defineOp<{ shape: readonly number[] }>({
  name: 'reshape',
  structural: true,
  infer: ([x], { shape }) => {
    if (sizeOf(x.shape) !== sizeOf(shape)) {
      throw new HornetError('reshape', `cannot reshape [${x.shape.join(', ')}] into [${shape.join(', ')}]`);
    }
    return [{ shape, dtype: x.dtype }];
  },
  grad: ({ inputs: [x], grads: [g] }) => [reshapeTo(g!, x.shape)],
});

/** The same elements in another shape; all dimensions known. */
export function reshapeTo(x: Tensor, shape: readonly number[]): Tensor {
  return sameShape(x.shape, shape) ? x : emit1(reshapeOp, [x], { shape: [...shape] });
}
