// Tensors from nothing: constants, one-hot and multi-hot rows; copies of what users have. Ranges are in range.ts.
import { floatx } from '../config.js';
import { checkDType, type DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { describe, type Tensor } from '../tensor.js';
import { normalizeAxis } from './axes.js';
import { broadcastTensor } from './broadcast.js';
import { castTo, convertToTensor as toTensor, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { filled } from './fill.js';
import { iota } from './movement.js';
import { publicOp } from './public-op.js';
import { reduceMax } from './reduce-core.js';
import { reshapeTo } from './reshape-core.js';

/** The option that most creating ops take. */
export interface DTypeArg {
  /** Default: `floatx()`, or what the arguments promote to. */
  readonly dtype?: DType | null;
}

/** The dtype option or `floatx()`. */
export const dtypeOr = (op: string, options: DTypeArg, otherwise: DType = floatx()): DType =>
  checkDType(options.dtype ?? otherwise, op);

const isList = (value: unknown): boolean => Array.isArray(value);

/** A shape as a list. Throws a `HornetError` unless all sizes are non-negative integers. */
export function checkShape(op: string, shape: readonly number[] | number): readonly number[] {
  const dims: readonly number[] = typeof shape === 'number' ? [shape] : shape;
  if (!isList(dims) || !dims.every((dim) => Number.isInteger(dim) && dim >= 0)) {
    throw new HornetError(op, `expected sizes to be non-negative integers, received ${describe(shape)}`);
  }
  return dims;
}

/** A tensor of numbers, arrays or variables; the same tensor where it is one of that dtype. */
export const convertToTensor = publicOp('convertToTensor', (x: TensorLike, options: DTypeArg = {}): Tensor =>
  options.dtype ? toTensor(x, checkDType(options.dtype, 'convertToTensor')) : toTensor(x),
);
/** As `convertToTensor`. */
export const array = publicOp('array', (x: TensorLike, options: DTypeArg = {}): Tensor =>
  options.dtype ? toTensor(x, checkDType(options.dtype, 'array')) : toTensor(x),
);

const constant = (name: string, value: number) =>
  publicOp(name, (shape: readonly number[] | number, options: DTypeArg = {}): Tensor =>
    filled(checkShape(name, shape), value, dtypeOr(name, options)),
  );
/** Zeros. */
export const zeros = constant('zeros', 0);
/** Ones. */
export const ones = constant('ones', 1);
/** As `zeros`: memory is never left undefined. */
export const empty = constant('empty', 0);
/** One value everywhere; `fillValue` may be a tensor that broadcasts. */
export const full = publicOp(
  'full',
  (shape: readonly number[] | number, fillValue: TensorLike, options: DTypeArg = {}): Tensor =>
    repeated(fillValue, checkShape('full', shape), dtypeOr('full', options)),
);

const repeated = (value: TensorLike, shape: readonly number[], dtype: DType): Tensor =>
  typeof value === 'number' ? filled(shape, value, dtype) : broadcastTensor(toTensor(value, dtype), shape);

const like = (name: string, value: number) =>
  publicOp(name, (x: TensorLike, options: DTypeArg = {}): Tensor => {
    const source = toTensor(x);
    return filled(source.shape, value, dtypeOr(name, options, source.dtype));
  });
/** Zeros of x's shape and dtype. */
export const zerosLike = like('zerosLike', 0);
/** Ones of x's shape and dtype. */
export const onesLike = like('onesLike', 1);
/** As `zerosLike`. */
export const emptyLike = like('emptyLike', 0);
/** One value everywhere, of x's shape and dtype. */
export const fullLike = publicOp('fullLike', (x: TensorLike, fillValue: TensorLike, options: DTypeArg = {}): Tensor => {
  const source = toTensor(x);
  return broadcastTensor(toTensor(fillValue, dtypeOr('fullLike', options, source.dtype)), source.shape);
});

/** A one where the class index says, on a new axis (default the last); indices out of range give zeros. */
export const oneHot = publicOp(
  'oneHot',
  (x: TensorLike, numClasses: number, options: { axis?: number } & DTypeArg & { sparse?: false } = {}): Tensor => {
    const indices = toTensor(x, 'int32');
    const axis = normalizeAxis('oneHot', options.axis ?? -1, indices.rank + 1);
    checkShape('oneHot', numClasses);
    const shape = [...indices.shape.slice(0, axis), numClasses, ...indices.shape.slice(axis)];
    const kept = shape.map((dim, i) => (i === axis ? 1 : dim));
    return castTo(e.equal(reshapeTo(indices, kept), iota(shape, axis, 'int32')), dtypeOr('oneHot', options));
  },
);

/** Ones at all class indices of a row. `numClasses` must be given. */
export const multiHot = publicOp(
  'multiHot',
  (inputs: TensorLike, options: { numClasses?: number; axis?: number; sparse?: false } & DTypeArg = {}): Tensor => {
    const { numClasses, axis = -1, dtype } = options;
    if (!(Number.isInteger(numClasses) && numClasses! > 0)) {
      throw new HornetError('multiHot', `expected numClasses to be a positive integer, received ${numClasses}`);
    }
    const indices = toTensor(inputs);
    const encoded = oneHot(indices, numClasses!, { axis, dtype });
    return reduceMax(encoded, [normalizeAxis('multiHot', indices.rank <= 1 ? 0 : 1, encoded.rank)]);
  },
);
