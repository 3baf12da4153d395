// Linear algebra on matrices: the QR decomposition.
import { isFloat } from '../dtype.js';
import { HornetError } from '../errors.js';
import { defineOp } from '../graph/op.js';
import { emit } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import { toFloat } from './promote.js';
import type { TensorLike } from './convert.js';
import { publicOp } from './public-op.js';

const qrOp = defineOp({
  name: 'qr',
  infer: ([x]) => {
    if (x.shape.length < 2 || !isFloat(x.dtype)) {
      throw new HornetError('qr', `expected float matrices, received ${x.dtype}[${x.shape.join(', ')}]`);
    }
    const batch = x.shape.slice(0, -2);
    const [m, n] = x.shape.slice(-2);
    const k = Math.min(m, n);
    return [
      { shape: [...batch, m, k], dtype: x.dtype },
      { shape: [...batch, k, n], dtype: x.dtype },
    ];
  },
  grad: null,
});

/**
 * Decomposes matrices [..., M, N] into orthogonal columns Q [..., M, K] and an upper triangle R [..., K, N] with
 * K = min(M, N). The reduced form only.
 */
export const qr = publicOp('qr', (x: TensorLike, options: { mode?: 'reduced' } = {}): [Tensor, Tensor] => {
  if (options.mode !== undefined && options.mode !== 'reduced') {
    throw new HornetError('qr', `expected mode to be 'reduced', received '${String(options.mode)}'`);
  }
  return emit(qrOp, [toFloat(x)], {}) as [Tensor, Tensor];
});
