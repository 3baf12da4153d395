// The matmul primitive and its gradients. The public products are in matmul.ts.
import { HornetError } from '../errors.js';
import type { Aval } from '../graph/ir.js';
import { defineOp } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import { broadcastShapes, unbroadcast } from './broadcast.js';

/** What an epilogue may apply to the sum before it is stored. */
export type FusedActivation = 'linear' | 'relu' | 'sigmoid' | 'tanh';

type MatmulAttrs = { transposeA: boolean; transposeB: boolean; activation: FusedActivation; biasGrad?: boolean };

const misfit = (a: Aval, b: Aval): HornetError =>
  new HornetError('matmul', `cannot multiply ${a.dtype}[${a.shape.join(', ')}] by ${b.dtype}[${b.shape.join(', ')}]`);

// Bias, activation and the sum over the rows of b as a second output come in through passes, after differentiation.
export const matmulOp = defineOp<MatmulAttrs>({
  name: 'matmul',
  infer: ([a, b], { transposeA, transposeB, biasGrad }) => {
    const rank = a.shape.length;
    if (rank < 2 || b.shape.length !== rank || a.dtype !== b.dtype) throw misfit(a, b);
    const [m, k] = transposeA ? [a.shape[rank - 1], a.shape[rank - 2]] : a.shape.slice(-2);
    const [kB, n] = transposeB ? [b.shape[rank - 1], b.shape[rank - 2]] : b.shape.slice(-2);
    if (k !== kB) throw misfit(a, b);
    const batch = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
    const product = { shape: [...batch, m, n], dtype: a.dtype };
    return biasGrad ? [product, { shape: [n], dtype: a.dtype }] : [product];
  },
  grad: ({ inputs: [a, b], grads: [grad], attrs: { transposeA, transposeB }, needs }) => {
    const g = grad!;
    const gradA = (): Tensor => (transposeA ? multiply(b, g, transposeB, true) : multiply(g, b, false, !transposeB));
    const gradB = (): Tensor => (transposeB ? multiply(g, a, true, transposeA) : multiply(a, g, !transposeA, false));
    return [needs[0] ? unbroadcast(gradA(), a.shape) : null, needs[1] ? unbroadcast(gradB(), b.shape) : null];
  },
});

/** The matrix product over the last two axes of tensors of one rank and dtype; the axes before them broadcast. */
export const multiply = (a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor =>
  emit1(matmulOp, [a, b], { transposeA, transposeB, activation: 'linear' });
