// NumPy's broadcasting: the shape of several operands together, and the way back for gradients.
import { HornetError } from '../errors.js';
import { defineOp } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import { sameShape } from '../graph/ir.js';
import type { Tensor } from '../tensor.js';
import { reduceSum } from './reduce-core.js';
import { reshapeTo } from './reshape-core.js';

/** The shape that shapes broadcast to. Throws a `HornetError` in the name of `op` where they do not fit. */
export function broadcastShapes(op: string, ...shapes: readonly (readonly number[])[]): number[] {
  const rank = shapes.reduce((largest, { length }) => Math.max(largest, length), 0);
  const result = Array<number>(rank).fill(1);
  for (const shape of shapes) {
    const lead = rank - shape.length;
    for (let axis = lead; axis < rank; axis++) {
      const dim = shape[axis - lead];
      if (dim === 1 || dim === result[axis]) continue;
      if (result[axis] !== 1) {
        const text = shapes.map((each) => `[${each.join(', ')}]`).join(' and ');
        throw new HornetError(op, `shapes ${text} do not broadcast`);
      }
      result[axis] = dim;
    }
  }
  return result;
}

/** Sums a gradient over the axes along which an operand of `shape` was repeated. */
export function unbroadcast(grad: Tensor, shape: readonly number[]): Tensor {
  if (sameShape(grad.shape, shape)) return grad;
  const lead = grad.shape.length - shape.length;
  const axes = grad.shape.flatMap((dim, axis) =>
    axis < lead || (shape[axis - lead] === 1 && dim !== 1) ? [axis] : [],
  );
  return reshapeTo(reduceSum(grad, axes), shape);
}

/** The tensor repeated to a larger shape. */
export const broadcastOp = defineOp<{ shape: readonly number[] }>({
  name: 'broadcast',
  infer: ([x], { shape }) => {
    if (!sameShape(broadcastShapes('broadcast', x.shape, shape), shape)) {
      throw new HornetError('broadcast', `shape [${x.shape.join(', ')}] does not broadcast to [${shape.join(', ')}]`);
    }
    return [{ shape, dtype: x.dtype }];
  },
  grad: ({ inputs: [x], grads: [g] }) => [unbroadcast(g!, x.shape)],
});

/** The tensor repeated to a larger shape; itself where it has that shape. */
export function broadcastTensor(x: Tensor, shape: readonly number[]): Tensor {
  return sameShape(x.shape, shape) ? x : emit1(broadcastOp, [x], { shape: [...shape] });
}
