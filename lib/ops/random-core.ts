// The random primitives: Philox streams from a state of two uint32 (seed, counter). Public forms are in lib/random.ts.
import { HornetError } from '../errors.js';
import type { DType } from '../dtype.js';
import { defineOp } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';

type RandomAttrs = { shape: readonly number[]; dtype: DType };

const defineRandom = (name: string) =>
  defineOp<RandomAttrs>({
    name,
    infer: ([state], { shape, dtype }) => {
      if (state.dtype !== 'uint32' || state.shape.length !== 1 || state.shape[0] !== 2) {
        throw new HornetError(
          name,
          `expected a state of two uint32, received ${state.dtype}[${state.shape.join(', ')}]`,
        );
      }
      return [{ shape, dtype }];
    },
    grad: () => [null],
  });

const bitsOp = defineRandom('random_bits');
const uniformOp = defineRandom('random_uniform');
const normalOp = defineRandom('random_normal');

export const randomBits = (state: Tensor, shape: readonly number[]): Tensor =>
  emit1(bitsOp, [state], { shape: [...shape], dtype: 'uint32' });
/** Uniform in [0, 1). */
export const randomUniform = (state: Tensor, shape: readonly number[], dtype: DType): Tensor =>
  emit1(uniformOp, [state], { shape: [...shape], dtype });
/** Mean 0, standard deviation 1. */
export const randomNormal = (state: Tensor, shape: readonly number[], dtype: DType): Tensor =>
  emit1(normalOp, [state], { shape: [...shape], dtype });
