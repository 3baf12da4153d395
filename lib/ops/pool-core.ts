// The pooling primitives and their gradients, channels last. The public ops are in pool.ts.
import type { Aval } from '../graph/ir.js';
import { defineOp, type Primitive } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import { windowPlaces } from './window.js';

/** How the window moves. One number per spatial axis. */
export type PoolGeometry = {
  window: readonly number[];
  strides: readonly number[];
  lo: readonly number[];
  hi: readonly number[];
};
type AverageAttrs = PoolGeometry & { countPadding: boolean };

const pooled = (x: Aval, { window, strides, lo, hi }: PoolGeometry): Aval => {
  const places = windowPlaces('pool', x.shape.slice(1, -1), window, strides, { lo, hi });
  return { shape: [x.shape[0], ...places, x.shape[x.shape.length - 1]], dtype: x.dtype };
};

const maxPoolOp = defineOp<PoolGeometry>({
  name: 'max_pool',
  infer: ([x], attrs) => [pooled(x, attrs)],
  grad: ({ inputs: [x], outputs: [y], grads: [g], attrs }) => [emit1(maxPoolGradOp, [x, y, g!], attrs)],
});

const maxPoolGradOp = defineOp<PoolGeometry>({
  name: 'max_pool_grad',
  infer: ([x]) => [x],
  grad: null,
});

const avgPoolOp: Primitive<AverageAttrs> = defineOp<AverageAttrs>({
  name: 'avg_pool',
  infer: ([x], attrs) => [pooled(x, attrs)],
  grad: ({ inputs: [x], grads: [g], attrs }) => [emit1(avgPoolGradOp, [g!], { ...attrs, shape: [...x.shape] })],
});

const avgPoolGradOp = defineOp<AverageAttrs & { shape: readonly number[] }>({
  name: 'avg_pool_grad',
  infer: ([dy], { shape }) => [{ shape, dtype: dy.dtype }],
  grad: ({ grads: [g], attrs: { window, strides, lo, hi, countPadding } }) => [
    emit1(avgPoolOp, [g!], { window, strides, lo, hi, countPadding }),
  ],
});

/** The largest element of every window; padding never wins. */
export const maxPoolOver = (x: Tensor, geometry: PoolGeometry): Tensor => emit1(maxPoolOp, [x], geometry);

/** The mean of every window, padding counted as zeros or not at all. */
export const avgPoolOver = (x: Tensor, geometry: PoolGeometry, countPadding = false): Tensor =>
  emit1(avgPoolOp, [x], { ...geometry, countPadding });
