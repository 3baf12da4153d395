// From what users pass to tensors: numbers, arrays, variables; and casts.
import { floatx } from '../config.js';
import { checkDType, encodeNumbers, isFloat, type DType, type TypedArray } from '../dtype.js';
import type { PromotableType } from '../dtype-promotion.js';
import { HornetError } from '../errors.js';
import { defineOp } from '../graph/op.js';
import { currentTrace, emit1 } from '../graph/trace.js';
import { describe, fromBytes, readArray, tensor, Tensor, type NestedArray } from '../tensor.js';
import { Variable } from '../variable.js';

/** Anything that ops take as a tensor. */
export type TensorLike = Tensor | Variable | number | boolean | bigint | NestedArray | TypedArray;

/** Values converted to another dtype. */
export const castOp = defineOp<{ dtype: DType }>({
  name: 'cast',
  elementwise: true,
  infer: ([x], { dtype }) => [{ shape: x.shape, dtype: checkDType(dtype, 'cast') }],
  grad: ({ inputs: [x], grads: [g] }) => [isFloat(x.dtype) ? castTo(g!, x.dtype) : null],
});

/** The tensor in another dtype; itself where it has that dtype. */
export function castTo(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : emit1(castOp, [x], { dtype });
}

/** The dtype with which an operand takes part in promotion. */
export function promotableType(x: TensorLike): PromotableType {
  if (x instanceof Tensor) return x.dtype;
  if (x instanceof Variable) return x.readDtype;
  if (typeof x === 'number') return Number.isInteger(x) ? 'int' : 'float';
  if (typeof x === 'boolean') return 'bool';
  if (typeof x === 'bigint') return 'int64';
  return arrayType(x);
}

/** Plain numbers in arrays are of the default float type. */
const arrayType = (x: NestedArray | TypedArray): DType => {
  const { dtype } = readArray(x);
  return dtype === 'float32' && !ArrayBuffer.isView(x) ? floatx() : dtype;
};

/** A tensor of `x`, of its own dtype or the one given. Numbers become constants of a traced program. */
export function convertToTensor(x: TensorLike, dtype?: DType): Tensor {
  if (x instanceof Variable) return dtype ? castTo(x.value, dtype) : x.value;
  if (x instanceof Tensor) return dtype ? castTo(x, dtype) : x;
  const scalar = typeof x === 'number' || typeof x === 'boolean' || typeof x === 'bigint';
  if (!scalar && !Array.isArray(x) && !ArrayBuffer.isView(x)) {
    throw new HornetError('tensor', `expected a tensor, number or array, received ${describe(x)}`);
  }
  const weak: Partial<Record<PromotableType, DType>> = { int: 'int32', float: floatx() };
  const own = promotableType(x);
  const type = dtype ? checkDType(dtype, 'tensor') : (weak[own] ?? (own as DType));
  const trace = currentTrace();
  if (!trace) return scalar ? fromBytes(encodeNumbers([x], type), [], type) : tensor(x, undefined, type);
  const host = readArray(x);
  return trace.constant(encodeNumbers(host.values, type), host.shape, type);
}
