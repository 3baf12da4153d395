// How public ops meet dtypes: operands converted and promoted as Keras does before a primitive sees them.
import type { DType } from '../dtype.js';
import { floatResultType, resultType, type PromotableType } from '../dtype-promotion.js';
import type { Tensor } from '../tensor.js';
import { convertToTensor, promotableType, type TensorLike } from './convert.js';
import { publicOp } from './public-op.js';

export type Fn1 = (x: Tensor) => Tensor;
export type Fn2 = (a: Tensor, b: Tensor) => Tensor;
/** Which dtype operands have together. */
export type Rule = (...types: readonly PromotableType[]) => DType;

/** Both operands in the dtype that `rule` gives them. */
export function promote(x1: TensorLike, x2: TensorLike, rule: Rule = resultType): [Tensor, Tensor] {
  const dtype = rule(promotableType(x1), promotableType(x2));
  return [convertToTensor(x1, dtype), convertToTensor(x2, dtype)];
}

/** As `promote`, but plain numbers count as int32 or `floatx()` whatever the other operand is. */
export const promoteStrong = (x1: TensorLike, x2: TensorLike, rule?: Rule): [Tensor, Tensor] =>
  promote(convertToTensor(x1), convertToTensor(x2), rule);

/** A binary op on promoted operands. */
export const binaryOp = (name: string, fn: Fn2, rule: Rule = resultType) =>
  publicOp(name, (x1: TensorLike, x2: TensorLike): Tensor => fn(...promote(x1, x2, rule)));

/** The same where plain numbers do not take the other operand's width: they count as int32 or `floatx()`. */
export const strongBinaryOp = (name: string, fn: Fn2, rule: Rule = resultType) =>
  publicOp(name, (x1: TensorLike, x2: TensorLike): Tensor => fn(...promoteStrong(x1, x2, rule)));

/** A unary op that keeps the dtype. */
export const unaryOp = (name: string, fn: Fn1) => publicOp(name, (x: TensorLike): Tensor => fn(convertToTensor(x)));

/** A unary op on floats; integers become the default float type. */
export const floatOp = (name: string, fn: Fn1) => publicOp(name, (x: TensorLike): Tensor => fn(toFloat(x)));

/** The operand as a float tensor. */
export const toFloat = (x: TensorLike): Tensor => convertToTensor(x, floatResultType(promotableType(x)));
