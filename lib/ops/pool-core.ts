// The pooling primitives and their gradients, channels last. The public ops are in pool.ts.
import { defineOp, type Primitive } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import { sizeOf, type Aval } from '../graph/ir.js';
import type { Tensor } from '../tensor.js';
import { equal, isNan, logicalOr, select } from './elementwise.js';
import { fullLike } from './fill.js';
import { padWith, sliceAt } from './movement.js';
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
  // Which element wins has no slope; its gradient comes from where it stands.
  grad: ({ inputs: [x, y], grads: [g], attrs }) => [null, null, atWinners(g!, x, y, attrs)],
});

/** In the place of every window's largest element (the first of equals, or NaN) what `values` has there. */
function atWinners(values: Tensor, x: Tensor, y: Tensor, { window, strides, lo, hi }: PoolGeometry): Tensor {
  const framed = (inner: readonly number[]): number[] => [0, ...inner, 0];
  const [paddedX, padded] = [padWith(x, framed(lo), framed(hi), -Infinity), padWith(values, framed(lo), framed(hi))];
  const taps = Array.from({ length: sizeOf(window) }, (_, tap) =>
    window.map((size, axis) => Math.floor(tap / sizeOf(window.slice(axis + 1))) % size),
  );
  const at = (from: Tensor, tap: readonly number[]): Tensor => sliceAt(from, framed(tap), y.shape, [1, ...strides, 1]);
  return taps.reduceRight<Tensor>(
    (found, tap) => {
      const candidate = at(paddedX, tap);
      return select(logicalOr(equal(candidate, y), isNan(candidate)), at(padded, tap), found);
    },
    fullLike(y, 0),
  );
}

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
