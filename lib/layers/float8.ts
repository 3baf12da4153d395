// Training in 8-bit floats: inputs, kernel and the gradient of the outputs are rounded at scales that follow the largest
// magnitudes of the last steps.
import type { DType } from '../dtype.js';
import { cast, customGradient, max } from '../ops/index.js';
import {
  computeFloat8AmaxHistory,
  computeFloat8Scale,
  float8Max,
  quantizeAndDequantize,
  type Float8DType,
} from '../quantizers/float8.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import type { WeightOwner } from './weights.js';

/** A scale, and the magnitudes that it follows. */
interface Scaling {
  readonly scale: Variable;
  readonly history: Variable;
}

/** The scales of one product. Training replaces them by what stands in the place of their gradients. */
export class Float8Product {
  private readonly inputs: Scaling;
  private readonly kernel: Scaling;
  private readonly gradient: Scaling;

  /** @param length - How many steps magnitudes are remembered. */
  constructor(owner: WeightOwner, length: number) {
    const add = (name: string, shape: readonly number[], initializer: 'ones' | 'zeros'): Variable => {
      const variable = owner.addWeight({ name, shape, initializer, dtype: 'float32', autocast: false });
      variable.overwriteWithGradient = true;
      return variable;
    };
    const scaling = (name: string): Scaling => ({
      scale: add(`${name}_scale`, [], 'ones'),
      history: add(`${name}_amax_history`, [length], 'zeros'),
    });
    this.inputs = scaling('inputs');
    this.kernel = scaling('kernel');
    this.gradient = scaling('outputs_grad');
  }

  /** `product` of what remains of both operands in 8 bits. */
  multiply(
    x: Tensor,
    kernel: Tensor,
    product: (x: Tensor, kernel: Tensor) => Tensor,
    { training, dtype }: { readonly training: boolean; readonly dtype: DType },
  ): Tensor {
    const rounded = (value: Tensor, { scale, history }: Scaling): Tensor =>
      customGradient((v: Tensor, s: Tensor, h: Tensor) => [
        quantizeAndDequantize(v, s, 'float8_e4m3fn', dtype),
        (upstream: Tensor) => [upstream, ...(training ? next(v, s, h, 'float8_e4m3fn') : [null, null])],
      ])(value, scale.value, history.value);
    const outputs = product(rounded(x, this.inputs), rounded(kernel, this.kernel));
    const { scale, history } = this.gradient;
    return customGradient((y: Tensor, s: Tensor, h: Tensor) => [
      y,
      (upstream: Tensor) => [
        quantizeAndDequantize(upstream, s, 'float8_e5m2', dtype),
        ...next(upstream, s, h, 'float8_e5m2'),
      ],
    ])(outputs, scale.value, history.value);
  }
}

/** Scale and history for the next step. */
const next = (x: Tensor, scale: Tensor, history: Tensor, dtype: Float8DType): [Tensor, Tensor] => [
  computeFloat8Scale(max(history), scale, float8Max(dtype)),
  computeFloat8AmaxHistory(x, history),
];

/** A bias as 8-bit products want it: with no more bits than `bfloat16` has. */
export const shortened = (bias: Variable, dtype: DType): Tensor =>
  dtype === 'float32' ? cast(cast(bias, 'bfloat16'), dtype) : bias.value;
