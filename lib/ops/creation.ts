// Tensors from nothing: constants, ranges, identity, one-hot.
import { checkDType, isFloat, type DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { resultType } from '../dtype-promotion.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxis } from './axes.js';
import { broadcastTensor } from './broadcast.js';
import { castTo, convertToTensor, promotableType, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { filled, fullLike as fillLike, scalar } from './fill.js';
import { iota } from './movement.js';
import { publicOp } from './public-op.js';
import { reduceMax } from './reduce-core.js';
import { reshapeTo } from './reshape-core.js';

interface DTypeArg {
  readonly dtype?: DType | null;
}

const checkShape = (op: string, shape: readonly number[] | number): readonly number[] => {
  const dims = typeof shape === 'number' ? [shape] : shape;
  if (!dims.every((dim) => Number.isInteger(dim) && dim >= 0)) {
    throw new HornetError(op, `expected shape to hold non-negative integers, received [${dims.join(', ')}]`);
  }
  return dims;
};

export const zeros = publicOp('zeros', (shape: readonly number[] | number, options: DTypeArg = {}): Tensor =>
  filled(checkShape('zeros', shape), 0, checkDType(options.dtype ?? 'float32', 'zeros')),
);
export const ones = publicOp('ones', (shape: readonly number[] | number, options: DTypeArg = {}): Tensor =>
  filled(checkShape('ones', shape), 1, checkDType(options.dtype ?? 'float32', 'ones')),
);
export const full = publicOp(
  'full',
  (shape: readonly number[] | number, fillValue: TensorLike, options: DTypeArg = {}): Tensor =>
    broadcastTensor(convertToTensor(fillValue, options.dtype ?? 'float32'), checkShape('full', shape)),
);
const like = (name: string, value: number) =>
  publicOp(name, (x: TensorLike, options: DTypeArg = {}): Tensor => {
    const source = convertToTensor(x);
    return filled(source.shape, value, options.dtype ?? source.dtype);
  });
export const zerosLike = like('zerosLike', 0);
export const onesLike = like('onesLike', 1);
export const fullLike = publicOp('fullLike', (x: TensorLike, fillValue: TensorLike, options: DTypeArg = {}): Tensor => {
  const source = convertToTensor(x);
  return broadcastTensor(convertToTensor(fillValue, options.dtype ?? source.dtype), source.shape);
});

/** Numbers from `start` (default 0) up to but without `stop`, in steps. */
export const arange = publicOp(
  'arange',
  (start: number, options: { stop?: number | null; step?: number | null } & DTypeArg = {}): Tensor => {
    const { stop = null } = options;
    const step = options.step ?? 1;
    const [from, to] = stop === null ? [0, start] : [start, stop];
    const dtype = options.dtype ?? resultType(...[from, to, step].map(promotableType));
    const count = Math.max(0, Math.ceil((to - from) / step));
    const wide: DType = isFloat(dtype) ? (dtype === 'float64' ? 'float64' : 'float32') : 'int64';
    const exact = Number.isInteger(from) && Number.isInteger(step) ? wide : isFloat(dtype) ? wide : 'float64';
    const values = e.add(e.mul(iota([count], 0, exact), scalar(step, exact)), scalar(from, exact));
    return castTo(values, dtype);
  },
);

/** Ones on the `k`-th diagonal of an N × M matrix. */
export const eye = publicOp('eye', (N: number, options: { M?: number | null; k?: number } & DTypeArg = {}): Tensor => {
  const { M = null, k = 0, dtype = null } = options;
  const shape = checkShape('eye', [N, M ?? N]);
  const diagonal = e.equal(e.add(iota(shape, 0, 'int32'), scalar(k, 'int32')), iota(shape, 1, 'int32'));
  return castTo(diagonal, dtype ?? 'float32');
});
export const identity = publicOp('identity', (n: number, options: DTypeArg = {}): Tensor => eye(n, options));

/** Ones on and below the `k`-th diagonal. */
export const tri = publicOp('tri', (N: number, options: { M?: number | null; k?: number } & DTypeArg = {}): Tensor => {
  const { M = null, k = 0, dtype = null } = options;
  return castTo(belowDiagonal(checkShape('tri', [N, M ?? N]), k), dtype ?? 'float32');
});

const belowDiagonal = (shape: readonly number[], k: number): Tensor => {
  const rank = shape.length;
  const row = e.add(iota(shape, rank - 2, 'int32'), scalar(k, 'int32'));
  return e.greaterEqual(row, iota(shape, rank - 1, 'int32'));
};
/** The lower triangle, zeros above the `k`-th diagonal. */
export const tril = publicOp('tril', (x: TensorLike, options: { k?: number } = {}): Tensor => {
  const value = convertToTensor(x);
  return e.select(belowDiagonal(value.shape, options.k ?? 0), value, fillLike(value, 0));
});
/** The upper triangle, zeros below the `k`-th diagonal. */
export const triu = publicOp('triu', (x: TensorLike, options: { k?: number } = {}): Tensor => {
  const value = convertToTensor(x);
  return e.select(belowDiagonal(value.shape, (options.k ?? 0) - 1), fillLike(value, 0), value);
});

/** Evenly spaced numbers; the last is `stop` unless `endpoint` is false. */
export const linspace = publicOp(
  'linspace',
  (
    start: TensorLike,
    stop: TensorLike,
    options: { num?: number; endpoint?: boolean; retstep?: boolean; axis?: number } & DTypeArg = {},
  ): Tensor => {
    const { num = 50, endpoint = true, axis = 0 } = options;
    const dtype = options.dtype ?? resultType(promotableType(start), promotableType(stop), 'float');
    const compute: DType = isFloat(dtype) ? dtype : 'float64';
    const [from, to] = [convertToTensor(start, compute), convertToTensor(stop, compute)];
    const span = e.sub(to, from);
    const divisor = endpoint ? Math.max(num - 1, 1) : num;
    const rank = span.rank + 1;
    const along = normalizeAxis('linspace', axis, rank);
    const expand = (x: Tensor): Tensor => {
      const full = broadcastTensor(x, span.shape);
      return reshapeTo(full, [...span.shape.slice(0, along), 1, ...span.shape.slice(along)]);
    };
    const shape = [...span.shape.slice(0, along), num, ...span.shape.slice(along)];
    const index = iota(shape, along, compute);
    const values = e.add(expand(from), e.mul(e.div(expand(span), scalar(divisor, compute)), index));
    const last = e.equal(index, scalar(num - 1, compute));
    const exact = endpoint && num > 1 ? e.select(last, broadcastTensor(expand(to), shape), values) : values;
    return castTo(isFloat(dtype) ? exact : e.floor(exact), dtype);
  },
);

/** A one where the class index says, on a new axis (default the last); negative indices give zeros. */
export const oneHot = publicOp(
  'oneHot',
  (x: TensorLike, numClasses: number, options: { axis?: number } & DTypeArg & { sparse?: false } = {}): Tensor => {
    const indices = convertToTensor(x, 'int32');
    const axis = normalizeAxis('oneHot', options.axis ?? -1, indices.rank + 1);
    const shape = [...indices.shape.slice(0, axis), numClasses, ...indices.shape.slice(axis)];
    const kept = shape.map((dim, i) => (i === axis ? 1 : dim));
    return castTo(e.equal(reshapeTo(indices, kept), iota(shape, axis, 'int32')), options.dtype ?? 'float32');
  },
);

/** Ones at all class indices of a row. */
export const multiHot = publicOp(
  'multiHot',
  (inputs: TensorLike, numClasses: number, options: { axis?: number } & DTypeArg = {}): Tensor => {
    const indices = convertToTensor(inputs);
    const encoded = oneHot(indices, numClasses, { axis: options.axis ?? -1, dtype: options.dtype });
    const reduced = normalizeAxis('multiHot', indices.rank <= 1 ? 0 : 1, encoded.rank);
    return reduceMax(encoded, [reduced]);
  },
);
