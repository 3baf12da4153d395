// The reduction primitives and their gradients. The public reductions are in reduce.ts.
import { defineOp } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import { broadcastTensor } from './broadcast.js';
import { castTo } from './convert.js';
import { div, equal, mul, select, sub } from './elementwise.js';
import { fullLike } from './fill.js';
import { reshapeTo } from './reshape-core.js';

type Axes = { axes: readonly number[] };

const without = (shape: readonly number[], axes: readonly number[]): number[] =>
  shape.filter((_, axis) => !axes.includes(axis));

/** The reduced tensor or its gradient, spread over the shape it was reduced from. */
function spread(reduced: Tensor, shape: readonly number[], axes: readonly number[]): Tensor {
  const kept = shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  return broadcastTensor(reshapeTo(reduced, kept), shape);
}

const defineReduction = (name: string, grad: (x: Tensor, y: Tensor, g: Tensor, axes: readonly number[]) => Tensor) =>
  defineOp<Axes>({
    name,
    infer: ([x], { axes }) => [{ shape: without(x.shape, axes), dtype: x.dtype }],
    grad: ({ inputs: [x], outputs: [y], grads: [g], attrs: { axes } }) => [grad(x, y, g!, axes)],
  });

/** Among equal extremes the gradient is shared equally. */
function extremeGrad(x: Tensor, y: Tensor, g: Tensor, axes: readonly number[]): Tensor {
  const chosen = castTo(equal(x, spread(y, x.shape, axes)), x.dtype);
  return mul(chosen, spread(div(g, reduceSum(chosen, axes)), x.shape, axes));
}

/** d prod / dx = prod of the others: by division, or where there are zeros by the product with one zero replaced. */
function productGrad(x: Tensor, _y: Tensor, g: Tensor, axes: readonly number[]): Tensor {
  const zero = fullLike(x, 0);
  const isZero = equal(x, zero);
  const zeros = castTo(isZero, x.dtype);
  const count = spread(reduceSum(zeros, axes), x.shape, axes);
  const nonzero = select(isZero, fullLike(x, 1), x);
  const product = spread(reduceProd(nonzero, axes), x.shape, axes);
  const othersHaveZero = sub(count, zeros);
  const others = select(equal(othersHaveZero, zero), div(product, nonzero), zero);
  return mul(spread(g, x.shape, axes), others);
}

export const reduceSumOp = defineReduction('reduce_sum', (x, _y, g, axes) => spread(g, x.shape, axes));
export const reduceMaxOp = defineReduction('reduce_max', extremeGrad);
export const reduceMinOp = defineReduction('reduce_min', extremeGrad);
export const reduceProdOp = defineReduction('reduce_prod', productGrad);

/** Sum over sorted, non-negative axes. */
export const reduceSum = (x: Tensor, axes: readonly number[]): Tensor =>
  axes.length === 0 ? x : emit1(reduceSumOp, [x], { axes: [...axes] });
export const reduceMax = (x: Tensor, axes: readonly number[]): Tensor =>
  axes.length === 0 ? x : emit1(reduceMaxOp, [x], { axes: [...axes] });
export const reduceMin = (x: Tensor, axes: readonly number[]): Tensor =>
  axes.length === 0 ? x : emit1(reduceMinOp, [x], { axes: [...axes] });
export const reduceProd = (x: Tensor, axes: readonly number[]): Tensor =>
  axes.length === 0 ? x : emit1(reduceProdOp, [x], { axes: [...axes] });
