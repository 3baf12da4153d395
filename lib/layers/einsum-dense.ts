// EinsumDense: a dense layer whose product is an einsum. The geometry of its equation is in einsum-equation.ts.
import { Initializer } from '../initializers/index.js';
import { einsum, reshape, transpose } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { AdaptableDense, type AdaptableDenseArgs } from './base-dense.js';
import { alignment, axesOf, missingAxes, readEquation } from './einsum-equation.js';
import type { Shape } from './input-spec.js';
import type { Config } from './layer.js';
import { matrixLayout, type WeightLayout } from './quantized-weight.js';

/** Options of `einsumDense`. */
export interface EinsumDenseArgs extends AdaptableDenseArgs {
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
export class EinsumDense extends AdaptableDense {
  static readonly className: string = 'EinsumDense';
  static override readonly requiredArgs: readonly string[] = ['equation', 'outputShape'];
  readonly outputShape: Shape;
  readonly biasAxes: string | null;
  #axes = { inputs: '', kernel: '', outputs: '' };

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
    this.biasAxes = args.biasAxes ?? null;
  }

  override build(inputShape: Shape): void {
    const shapes = readEquation(this.name, this.equation, inputShape, this.outputShape, this.biasAxes);
    this.#axes = axesOf(this.equation, inputShape.length);
    const { kernel, outputs } = this.#axes;
    const inputAxes = missingAxes(kernel, outputs);
    const outputAxes = [...kernel].map((_, axis) => axis).filter((axis) => !inputAxes.includes(axis));
    const { kernelInitializer: given } = this.weightArgs;
    const initializer = given instanceof Initializer ? given.withAxes(inputAxes, outputAxes) : given;
    this.addWeights(shapes.kernel, shapes.bias, initializer);
  }

  protected product(inputs: Tensor, kernel: Tensor | Variable): Tensor {
    return einsum(this.equation, inputs, kernel);
  }

  protected get summedAxes(): readonly number[] {
    return missingAxes(this.#axes.inputs, this.#axes.outputs);
  }

  protected override alignWithOutputs(scale: Tensor): Tensor {
    const { order, shape } = alignment(this.#axes.inputs, this.#axes.outputs, scale.shape);
    return reshape(transpose(scale, { axes: order }), shape);
  }

  protected layoutOf(shape: readonly number[]): WeightLayout {
    const { kernel, outputs } = this.#axes;
    const shared = missingAxes(kernel, outputs);
    const rows = shared.reduce((product, axis) => product * shape[axis], 1);
    const columns = shape.reduce((product, dim) => product * dim, 1) / rows;
    return matrixLayout('kernel', [rows, columns], 0, { shape, shared, scale: alignment(kernel, outputs, shape) });
  }

  override getConfig(): Config {
    const { equation, outputShape, biasAxes, activityRegularizer } = this;
    return { ...super.getConfig(), outputShape, equation, biasAxes, activityRegularizer };
  }
}

registerSerializable('keras.layers', EinsumDense);

/** A dense layer whose product is an einsum of inputs and kernel, such as `'abc,cd->abd'`. */
export const einsumDense = (equation: string, outputShape: number | Shape, args?: EinsumDenseArgs): EinsumDense =>
  new EinsumDense(equation, outputShape, args);
