// Public reductions, with Keras's dtypes: sums of booleans and small integers are int32, means are floats.
import type { DType } from '../dtype.js';
import { resultType } from '../dtype-promotion.js';
import { HornetError } from '../errors.js';
import { defineOp } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import { sameShape, sizeOf } from '../graph/ir.js';
import type { Tensor } from '../tensor.js';
import { toFloat } from './promote.js';
import { normalizeAxes, normalizeAxis, type AxisArg } from './axes.js';
import { broadcastTensor } from './broadcast.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { fullLike, scalar } from './fill.js';
import { stop } from './movement.js';
import { publicOp } from './public-op.js';
import { reduceMax, reduceMin, reduceProd, reduceSum } from './reduce-core.js';
import { reshapeTo } from './reshape-core.js';

/** Which axes are reduced. */
export interface ReduceArgs {
  /** Axis or axes to reduce. Default all. */
  readonly axis?: AxisArg;
  /** Keep reduced axes with size one. Default false. */
  readonly keepdims?: boolean;
}

type Core = (x: Tensor, axes: readonly number[]) => Tensor;

/** Reduces as the arguments say. */
export function reduceWith(op: string, core: Core, x: Tensor, args: ReduceArgs): Tensor {
  const axes = normalizeAxes(op, args.axis, x.rank);
  const reduced = core(x, axes);
  return args.keepdims
    ? reshapeTo(
        reduced,
        x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim)),
      )
    : reduced;
}

/** The dtype of a sum. */
export const sumType = (dtype: DType): DType => {
  if (['bool', 'int8', 'int16'].includes(dtype)) return 'int32';
  return ['uint8', 'uint16'].includes(dtype) ? 'uint32' : dtype;
};

/** Sum over axes. */
export const sum = publicOp('sum', (x: TensorLike, options: ReduceArgs = {}): Tensor => {
  const value = convertToTensor(x);
  return reduceWith('sum', reduceSum, castTo(value, sumType(value.dtype)), options);
});

/** Product over axes. */
export const prod = publicOp('prod', (x: TensorLike, options: ReduceArgs & { dtype?: DType | null } = {}): Tensor => {
  const value = convertToTensor(x, options.dtype ?? undefined);
  return reduceWith('prod', reduceProd, castTo(value, options.dtype ?? sumType(value.dtype)), options);
});

const extreme = (name: string, core: Core) =>
  publicOp(name, (x: TensorLike, options: ReduceArgs & { initial?: number | null } = {}): Tensor => {
    const value = convertToTensor(x);
    const reduced = reduceWith(name, core, value, options);
    if (value.size === 0 && reduced.size > 0 && typeof options.initial !== 'number') {
      throw new HornetError(name, 'there is nothing to reduce, and no initial value');
    }
    if (options.initial === null || options.initial === undefined) return reduced;
    return (core === reduceMax ? e.max : e.min)(reduced, scalar(options.initial, value.dtype));
  });
/** The largest over axes; NaN where there is one. */
export const max = extreme('max', reduceMax);
/** The smallest over axes; NaN where there is one. */
export const min = extreme('min', reduceMin);
/** As `max`. */
export const amax = extreme('amax', reduceMax);
/** As `min`. */
export const amin = extreme('amin', reduceMin);

/** Whether all elements are true (not zero). */
export const all = publicOp('all', (x: TensorLike, options: ReduceArgs = {}): Tensor =>
  reduceWith('all', reduceMin, convertToTensor(x, 'bool'), options),
);

/** Whether any element is true (not zero); false where there is none. */
export const any = publicOp('any', (x: TensorLike, options: ReduceArgs = {}): Tensor => {
  const value = convertToTensor(x, 'bool');
  const result = reduceWith('any', reduceMax, value, options);
  return value.size === 0 ? fullLike(result, 0) : result;
});

/** Number of elements that are not zero (int32). */
export const countNonzero = publicOp('countNonzero', (x: TensorLike, options: ReduceArgs = {}): Tensor =>
  reduceWith('countNonzero', reduceSum, castTo(convertToTensor(x, 'bool'), 'int32'), options),
);

const meanCore: Core = (x, axes) => {
  const count = sizeOf(axes.map((axis) => x.shape[axis]));
  return e.div(reduceSum(x, axes), scalar(count, x.dtype));
};

/** Half precision is averaged in float32. */
const inFloat32 = (x: Tensor, fn: (x: Tensor) => Tensor): Tensor => {
  const half = x.dtype === 'float16' || x.dtype === 'bfloat16';
  return half ? castTo(fn(castTo(x, 'float32')), x.dtype) : fn(x);
};

/** Mean over axes; integers give a float. */
export const mean = publicOp('mean', (x: TensorLike, options: ReduceArgs = {}): Tensor =>
  inFloat32(toFloat(x), (value) => reduceWith('mean', meanCore, value, options)),
);

const varianceCore: Core = (x, axes) => {
  const kept = x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim));
  return meanCore(e.square(e.sub(x, reshapeTo(meanCore(x, axes), kept))), axes);
};

/** Population variance over axes. */
export const variance = publicOp('var', (x: TensorLike, options: ReduceArgs = {}): Tensor =>
  inFloat32(toFloat(x), (value) => reduceWith('var', varianceCore, value, options)),
);

/** Population standard deviation over axes. */
export const std = publicOp('std', (x: TensorLike, options: ReduceArgs = {}): Tensor =>
  inFloat32(toFloat(x), (value) => e.sqrt(reduceWith('std', varianceCore, value, options))),
);

/** log Σ eˣ over axes, without overflow. */
export const logsumexp = publicOp('logsumexp', (x: TensorLike, options: ReduceArgs = {}): Tensor => {
  const value = toFloat(x);
  const axes = normalizeAxes('logsumexp', options.axis, value.rank);
  const kept = value.shape.map((dim, i) => (axes.includes(i) ? 1 : dim));
  const largest = reshapeTo(stop(reduceMax(value, axes)), kept);
  const shift = e.select(e.isFinite(largest), largest, scalar(0, value.dtype));
  const total = reshapeTo(reduceSum(e.exp(e.sub(value, shift)), axes), kept);
  const result = e.add(e.log(total), shift);
  return options.keepdims
    ? result
    : reshapeTo(
        result,
        value.shape.filter((_, i) => !axes.includes(i)),
      );
});

const defineArg = (name: string) =>
  defineOp<{ axis: number }>({
    name,
    infer: ([x], { axis }) => [{ shape: x.shape.filter((_, i) => i !== axis), dtype: 'int32' }],
    grad: () => [null],
  });
const argmaxOp = defineArg('argmax');
const argminOp = defineArg('argmin');

const argExtreme = (name: string, op: typeof argmaxOp) =>
  publicOp(name, (x: TensorLike, options: { axis?: number | null; keepdims?: boolean } = {}): Tensor => {
    const { axis = null, keepdims = false } = options;
    const value = convertToTensor(x);
    if (axis === null) {
      const flat = emit1(op, [reshapeTo(value, [value.size])], { axis: 0 });
      return keepdims
        ? reshapeTo(
            flat,
            value.shape.map(() => 1),
          )
        : flat;
    }
    const along = normalizeAxis(name, axis, value.rank);
    const result = emit1(op, [value], { axis: along });
    return keepdims
      ? reshapeTo(
          result,
          value.shape.map((dim, i) => (i === along ? 1 : dim)),
        )
      : result;
  });
/** Index (int32) of the largest element along an axis (default: flattened); the first of equals. */
export const argmax = argExtreme('argmax', argmaxOp);
/** Index (int32) of the smallest element along an axis (default: flattened); the first of equals. */
export const argmin = argExtreme('argmin', argminOp);

/** Weights in a shape that broadcasts to that of `x`: 1-D ones run along the axis. */
function weightsFor(x: Tensor, weights: Tensor, axis: AxisArg): Tensor {
  if (sameShape(weights.shape, x.shape)) return weights;
  const along = typeof axis === 'number' ? normalizeAxis('average', axis, x.rank) : -1;
  if (weights.rank !== 1 || along < 0 || weights.size !== x.shape[along]) {
    const shapes = `weights [${weights.shape.join(', ')}] for [${x.shape.join(', ')}]`;
    throw new HornetError(
      'average',
      `expected weights of x's shape, or one per element of one axis, received ${shapes}`,
    );
  }
  return reshapeTo(
    weights,
    x.shape.map((dim, i) => (i === along ? dim : 1)),
  );
}

/** Mean weighted by `weights` (of x's shape, or of the reduced axis's length). */
export const average = publicOp(
  'average',
  (x: TensorLike, options: { axis?: AxisArg; weights?: TensorLike | null } = {}): Tensor => {
    const { axis = null, weights = null } = options;
    if (weights === null) return mean(x, { axis });
    const given = convertToTensor(weights);
    const source = convertToTensor(x);
    const dtype = resultType(source.dtype, given.dtype, 'float');
    const value = castTo(source, dtype);
    const weight = broadcastTensor(weightsFor(value, castTo(given, dtype), axis), value.shape);
    return e.div(sum(e.mul(value, weight), { axis }), sum(weight, { axis }));
  },
);
