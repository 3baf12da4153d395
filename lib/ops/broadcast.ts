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
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const dims = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    const dim = dims.find((d) => d !== 1) ?? 1;
    if (dims.some((d) => d !== 1 && d !== dim)) {
      throw new HornetError(
        op,
        `shapes ${shapes.map((shape) => `[${shape.join(', ')}]`).join(' and ')} do not broadcast`,
      );
    }
    return dim;
  });
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
