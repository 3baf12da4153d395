// EinsumDense: a dense layer whose product is an einsum. The geometry of its equation is in einsum-equation.ts.
import { getActivation, type ActivationFunction } from '../activations/index.js';
import { getConstraint } from '../constraints/index.js';
import { getInitializer } from '../initializers/index.js';
import { add, einsum } from '../ops/index.js';
import { getRegularizer } from '../regularizers/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import type { DenseArgs } from './dense.js';
import { readEquation } from './einsum-equation.js';
import type { Shape } from './input-spec.js';
import { Layer, type Config } from './layer.js';
import { Lora, loraConfig, type LoraArgs, type LoraRankArgs } from './lora.js';

/** Options of `einsumDense`. */
export interface EinsumDenseArgs extends Omit<DenseArgs, 'useBias'> {
  /** The axes of the result, by their letters, along which the bias varies. Default: no bias. */
  readonly biasAxes?: string | null;
}

/**
 * `activation(einsum(equation, x, kernel) + bias)`. Equations have the forms `ab,bc->ac`, `...ab,bc->...ac` and
 * `ab...,bc->ac...`; the kernel's shape follows from the equation, the inputs and the shape of the outputs.
 *
 * @example
 * einsumDense('abc,cd->abd', [null, 64], { biasAxes: 'd' }); // dense over the last axis of sequences
 */
export class EinsumDense extends Layer {
  static readonly className: string = 'EinsumDense';
  static override readonly requiredArgs: readonly string[] = ['equation', 'outputShape'];
  readonly outputShape: Shape;
  readonly activation: ActivationFunction;
  readonly biasAxes: string | null;
  kernel: Variable | null = null;
  bias: Variable | null = null;
  #lora: Lora | null = null;
  readonly #args: EinsumDenseArgs;
  readonly #loraArgs: LoraRankArgs;

  /**
   * @param equation - The product of inputs and kernel.
   * @param outputShape - Shape of the outputs without the batch axis, and without those that `...` stands for. Null: as in
   *   the inputs.
   */
  constructor(
    readonly equation: string,
    outputShape: number | Shape,
    args: EinsumDenseArgs = {},
  ) {
    super(args);
    this.outputShape = typeof outputShape === 'number' ? [outputShape] : outputShape;
    this.activation = getActivation(args.activation ?? null);
    this.biasAxes = args.biasAxes ?? null;
    this.#args = {
      kernelInitializer: getInitializer(args.kernelInitializer ?? 'glorotUniform'),
      biasInitializer: getInitializer(args.biasInitializer ?? 'zeros'),
      kernelRegularizer: getRegularizer(args.kernelRegularizer ?? null),
      biasRegularizer: getRegularizer(args.biasRegularizer ?? null),
      kernelConstraint: getConstraint(args.kernelConstraint ?? null),
      biasConstraint: getConstraint(args.biasConstraint ?? null),
    };
    this.#loraArgs = { loraRank: args.loraRank, loraAlpha: args.loraAlpha };
  }

  override build(inputShape: Shape): void {
    const shapes = readEquation(this.name, this.equation, inputShape, this.outputShape, this.biasAxes);
    const { kernelInitializer, kernelRegularizer, kernelConstraint } = this.#args;
    this.kernel = this.addWeight({
      name: 'kernel',
      shape: shapes.kernel,
      initializer: kernelInitializer,
      regularizer: kernelRegularizer,
      constraint: kernelConstraint,
    });
    if (shapes.bias) {
      const { biasInitializer, biasRegularizer, biasConstraint } = this.#args;
      this.bias = this.addWeight({
        name: 'bias',
        shape: shapes.bias,
        initializer: biasInitializer,
        regularizer: biasRegularizer,
        constraint: biasConstraint,
      });
    }
    const { loraRank, loraAlpha } = this.#loraArgs;
    if (loraRank) this.#lora = new Lora(this, this.kernel, 'kernel', loraRank, { loraAlpha });
  }

  /**
   * Freezes the kernel and trains a product of two matrices of this rank that is added to it.
   *
   * @throws HornetError when the layer is not built, or adapted already.
   */
  enableLora(rank: number, args: LoraArgs = {}): void {
    this.#lora = Lora.enable(this, this.#lora, this.kernel, 'kernel', rank, args);
  }

  override call(inputs: Tensor): Tensor {
    const product = einsum(this.equation, inputs, this.#lora?.value ?? this.kernel!);
    return this.activation(this.bias ? add(product, this.bias) : product);
  }

  override getConfig(): Config {
    const { equation, outputShape, activation, biasAxes, activityRegularizer } = this;
    return {
      ...super.getConfig(),
      outputShape,
      equation,
      activation,
      biasAxes,
      ...this.#args,
      activityRegularizer,
      ...loraConfig(this.#lora, this.#loraArgs),
    };
  }
}

registerSerializable('keras.layers', EinsumDense);

/** A dense layer whose product is an einsum of inputs and kernel, such as `'abc,cd->abd'`. */
export const einsumDense = (equation: string, outputShape: number | Shape, args?: EinsumDenseArgs): EinsumDense =>
  new EinsumDense(equation, outputShape, args);
