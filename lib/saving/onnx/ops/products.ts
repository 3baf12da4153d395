// Matrix products and layer normalization.
import type { Call, Rule } from '../call.js';
import { identity } from '../scope.js';

/** An operand of a matrix product, its last axes exchanged where the product takes it so. */
function matrix(call: Call, i: number, transposed: boolean): string {
  const order = identity(call.rank(i));
  if (transposed) order.push(...order.splice(-2).reverse());
  return call.scope.inOrder(call.operand(i), order);
}

const matmul: Rule = (call) => {
  const a = matrix(call, 0, call.attr<boolean>('transposeA'));
  const b = matrix(call, 1, call.attr<boolean>('transposeB'));
  const dtype = call.dtype();
  // ONNX multiplies matrices of no narrower integers than these.
  const isNarrow = dtype === 'bool' || /^u?int(8|16)$/.test(dtype);
  if (!isNarrow) return call.emit('MatMul', [a, b]);
  return call.cast(call.emit('MatMul', [call.cast(a, 'int32'), call.cast(b, 'int32')]), dtype);
};

const layerNorm: Rule = (call) => {
  const [own, wide] = [call.dtype(0), call.dtype(1)];
  const x = own === wide ? call.input(0) : call.cast(call.input(0), wide);
  const attrs = { axis: -1, epsilon: { float: call.attr<number>('epsilon') } };
  const y = call.emit('LayerNormalization', [x, call.input(1), call.input(2)], attrs);
  return own === wide ? y : call.cast(y, own);
};

export const products: Readonly<Record<string, Rule>> = { matmul, layer_norm: layerNorm };
