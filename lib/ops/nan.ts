// Reductions and scans that leave NaN out. On integers they are the plain ones.
import { isFloat } from '../dtype.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxes } from './axes.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { scalar } from './fill.js';
import { toFloat } from './promote.js';
import { publicOp } from './public-op.js';
import { reduceMax, reduceMin, reduceSum } from './reduce-core.js';
import { argmax, argmin, prod, reduceWith, sum, type ReduceArgs } from './reduce.js';
import { reshapeTo } from './reshape-core.js';
import { cumprod, cumsum, type ScanArgs } from './scan.js';

/** NaN replaced by a number. */
const without = (x: Tensor, value: number): Tensor =>
  isFloat(x.dtype) ? e.select(e.isNan(x), scalar(value, x.dtype), x) : x;

/** Sum of what is not NaN. */
export const nansum = publicOp('nansum', (x: TensorLike, options: ReduceArgs = {}): Tensor =>
  sum(without(convertToTensor(x), 0), options),
);
/** Product of what is not NaN. */
export const nanprod = publicOp('nanprod', (x: TensorLike, options: ReduceArgs = {}): Tensor =>
  prod(without(convertToTensor(x), 1), options),
);
/** Sums of all elements so far; NaN counts as 0. */
export const nancumsum = publicOp('nancumsum', (x: TensorLike, options: ScanArgs = {}): Tensor =>
  cumsum(without(convertToTensor(x), 0), options),
);
/** Products of all elements so far; NaN counts as 1. */
export const nancumprod = publicOp('nancumprod', (x: TensorLike, options: ScanArgs = {}): Tensor =>
  cumprod(without(convertToTensor(x), 1), options),
);

const extreme = (name: string, core: typeof reduceMax, neutral: number) =>
  publicOp(name, (x: TensorLike, options: ReduceArgs = {}): Tensor => {
    const value = convertToTensor(x);
    if (!isFloat(value.dtype)) return reduceWith(name, core, value, options);
    const result = reduceWith(name, core, without(value, neutral), options);
    const isEmpty = reduceWith(name, reduceMin, e.isNan(value), options);
    return e.select(isEmpty, scalar(NaN, value.dtype), result);
  });
/** The largest that is not NaN; NaN where all are. */
export const nanmax = extreme('nanmax', reduceMax, -Infinity);
/** The smallest that is not NaN; NaN where all are. */
export const nanmin = extreme('nanmin', reduceMin, Infinity);

type ArgArgs = { axis?: number | null; keepdims?: boolean };
const argExtreme = (name: string, op: typeof argmax, neutral: number) =>
  publicOp(name, (x: TensorLike, options: ArgArgs = {}): Tensor => {
    const value = convertToTensor(x);
    if (!isFloat(value.dtype)) return op(value, options);
    const isEmpty = reduceWith(name, reduceMin, e.isNan(value), options);
    return e.select(isEmpty, scalar(-1, 'int32'), op(without(value, neutral), options));
  });
/** Index of the largest that is not NaN; −1 where all are. */
export const nanargmax = argExtreme('nanargmax', argmax, -Infinity);
/** Index of the smallest that is not NaN; −1 where all are. */
export const nanargmin = argExtreme('nanargmin', argmin, Infinity);

/** Mean of what is not NaN, over sorted axes that stay with size one. */
function meanOf(x: Tensor, isNumber: Tensor, axes: readonly number[]): Tensor {
  const kept = x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim));
  const count = reduceSum(castTo(isNumber, x.dtype), axes);
  return reshapeTo(e.div(reduceSum(e.select(isNumber, x, scalar(0, x.dtype)), axes), count), kept);
}

/** A statistic of the numbers among `x`, computed in float32 at least. */
const statistic = (name: string, fn: (x: Tensor, isNumber: Tensor, axes: readonly number[]) => Tensor) =>
  publicOp(name, (x: TensorLike, options: ReduceArgs = {}): Tensor => {
    const float = toFloat(x);
    const half = float.dtype === 'float16' || float.dtype === 'bfloat16';
    const value = half ? castTo(float, 'float32') : float;
    const axes = normalizeAxes(name, options.axis, value.rank);
    // Zeros in place of NaN: what is left out must not reach the gradient either.
    const kept = castTo(fn(without(value, 0), e.logicalNot(e.isNan(value)), axes), float.dtype);
    const shape = value.shape.filter((_, i) => !axes.includes(i));
    return options.keepdims ? kept : reshapeTo(kept, shape);
  });

const varianceOf = (x: Tensor, isNumber: Tensor, axes: readonly number[]): Tensor =>
  meanOf(e.square(e.sub(x, meanOf(x, isNumber, axes))), isNumber, axes);

/** Mean of what is not NaN. */
export const nanmean = statistic('nanmean', meanOf);
/** Population variance of what is not NaN. */
export const nanvar = statistic('nanvar', varianceOf);
/** Population standard deviation of what is not NaN. */
export const nanstd = statistic('nanstd', (...args) => e.sqrt(varianceOf(...args)));
