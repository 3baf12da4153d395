// Rows of test/op-cases.ts: control flow.
import { ops, type Tensor } from 'hornet';
import { sample, type OpCase } from './op-case.js';

/** Long enough that loops stay loops. */
export const loopCases: readonly OpCase[] = [
  {
    name: 'scan',
    fn: (x, w) => {
      const step = (h: Tensor, slice: Tensor): [Tensor, Tensor] => {
        const next = ops.tanh(ops.add(ops.matmul(h, w), slice));
        return [next, ops.multiply(next, slice)];
      };
      const [last, all] = ops.scan(step, ops.zeros([1, 3], { dtype: x.dtype }), x, { reverse: true });
      return [last, all];
    },
    inputs: [sample([30, 1, 3]), sample([3, 3], -0.5, 0.5)],
  },
  {
    name: 'foriLoop',
    fn: (x) => ops.foriLoop(0, 40, (i, y: Tensor) => ops.add(ops.multiply(y, 0.9), ops.sin(ops.add(y, i))), x),
    inputs: [sample([4])],
  },
  {
    name: 'cond',
    fn: (x) =>
      ops.cond(
        ops.greater(ops.sum(x), 100),
        () => ops.exp(x),
        () => ops.matmul(ops.tanh(x), x),
      ),
    inputs: [sample([3, 3])],
  },
  {
    name: 'whileLoop',
    fn: (x) =>
      ops.whileLoop(
        (y: Tensor) => ops.less(ops.sum(y), 100),
        (y: Tensor) => ops.multiply(y, 2),
        x,
      ),
    inputs: [{ values: [1, 2], shape: [2] }],
    want: [64, 128],
    grad: false,
  },
];
