// The primitives without a kernel whose result shares the memory of the input: reshape, bitcast.
import { byteSize, type DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { sameShape, sizeOf } from '../graph/ir.js';
import { defineOp } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';

export const reshapeOp = defineOp<{ shape: readonly number[] }>({
  name: 'reshape',
  structural: true,
  alias: true,
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

const bitcastOp = defineOp<{ dtype: DType }>({
  name: 'bitcast',
  structural: true,
  alias: true,
  infer: ([x], { dtype }) => {
    const [from, to] = [byteSize(x.dtype), byteSize(dtype)];
    if (from === to) return [{ shape: x.shape, dtype }];
    const bytes = (x.shape.at(-1) ?? 1) * from;
    if (x.shape.length === 0 || bytes % to !== 0) {
      const received = `${x.dtype}[${x.shape.join(', ')}]`;
      throw new HornetError('view', `expected a last axis of whole ${dtype} elements, received ${received}`);
    }
    return [{ shape: [...x.shape.slice(0, -1), bytes / to], dtype }];
  },
  grad: () => [null],
});

/** The same bytes as elements of another dtype; the last axis grows or shrinks with their size. */
export const bitcastTo = (x: Tensor, dtype: DType): Tensor =>
  x.dtype === dtype ? x : emit1(bitcastOp, [x], { dtype });
