// What dense layers share: kernel, bias and activation; and for those that can be adapted and quantized, how they are.
import { getActivation, type ActivationFunction, type ActivationLike } from '../activations/index.js';
import type { InitializerLike } from '../initializers/index.js';
import { add, cast } from '../ops/index.js';
import type { QuantizationConfig } from '../quantizers/config.js';
import { AbsMaxQuantizer, type Quantizer } from '../quantizers/quantizer.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { QuantizedFloat8DTypePolicy } from './dtype-policy.js';
import { Float8Product, shortened } from './float8.js';
import type { Shape } from './input-spec.js';
import { kernelBiasOptions, type KernelBiasArgs, type KernelBiasOptions } from './kernel-bias.js';
import { Layer, type CallArgs, type Config, type LayerArgs } from './layer.js';
import { Lora, loraConfig, type LoraArgs, type LoraRankArgs } from './lora.js';
import { blockSizeOf, multiplyQuantized } from './quantization.js';
import { QuantizedWeight, type WeightLayout } from './quantized-weight.js';
import type { SavedWeight } from './weights.js';

/** Options that dense layers share. */
export interface BaseDenseArgs extends LayerArgs, KernelBiasArgs {
  /** Default: none (linear). */
  readonly activation?: ActivationLike | null;
}

/** A product with a kernel, a bias, an activation. */
export abstract class BaseDense extends Layer {
  readonly activation: ActivationFunction;
  kernel: Variable | null = null;
  bias: Variable | null = null;
  protected readonly weightArgs: KernelBiasOptions;

  constructor(args: BaseDenseArgs) {
    super(args);
    this.activation = getActivation(args.activation ?? null);
    this.weightArgs = kernelBiasOptions(args);
  }

  protected addKernel(shape: Shape, initializer: InitializerLike = this.weightArgs.kernelInitializer): void {
    const { kernelRegularizer: regularizer, kernelConstraint: constraint } = this.weightArgs;
    this.kernel = this.addWeight({ name: 'kernel', shape, initializer, regularizer, constraint });
  }

  protected addBias(shape: Shape): void {
    const { biasInitializer: initializer, biasRegularizer: regularizer, biasConstraint: constraint } = this.weightArgs;
    this.bias = this.addWeight({ name: 'bias', shape, initializer, regularizer, constraint });
  }

  /** Adds the bias and applies the activation. */
  protected finish(product: Tensor, bias: Variable | Tensor | null = this.bias): Tensor {
    return this.activation(bias ? add(product, bias) : product);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), activation: this.activation, ...this.weightArgs };
  }
}

/** Options of dense layers that can be adapted by low rank and quantized. */
export interface AdaptableDenseArgs extends BaseDenseArgs, LoraRankArgs {
  /** How the weights are quantized, where `dtype` says that they are. Default: that of the mode. */
  readonly quantizationConfig?: QuantizationConfig | null;
}

/** A dense layer whose kernel may be frozen and adapted, and kept in few bits. */
export abstract class AdaptableDense extends BaseDense {
  #lora: Lora | null = null;
  #quantized: QuantizedWeight | null = null;
  #float8: Float8Product | null = null;
  #kernelShape: readonly number[] = [];
  readonly #loraArgs: LoraRankArgs;
  quantizationConfig: QuantizationConfig | null;

  constructor(args: AdaptableDenseArgs) {
    super(args);
    this.#loraArgs = { loraRank: args.loraRank, loraAlpha: args.loraAlpha };
    this.quantizationConfig = args.quantizationConfig ?? null;
  }

  /** The product of inputs and kernel. */
  protected abstract product(inputs: Tensor, kernel: Tensor | Variable): Tensor;

  /** How the kernel is quantized. */
  protected abstract layoutOf(kernelShape: readonly number[]): WeightLayout;

  /** The axes of the inputs over which the product sums. */
  protected abstract readonly summedAxes: number | readonly number[];

  /** Brings a tensor like the inputs, those axes of size one, among the axes of the product. */
  protected alignWithOutputs(scale: Tensor): Tensor {
    return scale;
  }

  /** Makes the weights; no bias where its shape is null. */
  protected addWeights(kernelShape: Shape, biasShape: Shape | null, initializer?: InitializerLike): void {
    const { quantizationMode: mode, dtypePolicy } = this;
    if (mode === 'float8') this.#float8 = this.float8Product();
    if (mode === 'int8' || mode === 'int4') {
      this.addQuantized(kernelShape as readonly number[], mode, blockSizeOf(this.quantizationConfig, dtypePolicy));
    } else {
      this.addKernel(kernelShape, initializer);
    }
    if (biasShape) this.addBias(biasShape);
    this.#kernelShape = kernelShape as readonly number[];
    const { loraRank, loraAlpha } = this.#loraArgs;
    if (loraRank) this.enableLora(loraRank, { loraAlpha });
  }

  private addQuantized(shape: readonly number[], mode: 'int8' | 'int4', blockSize: number | null): QuantizedWeight {
    this.#quantized = new QuantizedWeight(this, this.layoutOf(shape), mode, blockSize);
    this.kernel = this.#quantized.codes;
    if (this.#lora) this.#lora.packed = this.#quantized;
    return this.#quantized;
  }

  private float8Product(): Float8Product {
    const { dtypePolicy } = this;
    const length = dtypePolicy instanceof QuantizedFloat8DTypePolicy ? dtypePolicy.amaxHistoryLength : 1024;
    return new Float8Product(this, length);
  }

  override quantizeWeights(config: QuantizationConfig): void {
    this.quantizationConfig = config;
    if (config.mode === 'float8') {
      this.#float8 = this.float8Product();
      return;
    }
    const kernel = this.kernel!;
    this.dropWeight(kernel);
    this.addQuantized(kernel.shape, config.mode, blockSizeOf(config, this.dtypePolicy)).assign(
      kernel.value,
      config.weightQuantizer,
    );
  }

  /** What quantizes the inputs; null where they stay floats. */
  private get inputQuantizer(): Quantizer | null {
    if (this.quantizationConfig) return this.quantizationConfig.activationQuantizer;
    return this.quantizationMode === 'int8' ? new AbsMaxQuantizer() : null;
  }

  /**
   * Freezes the kernel and trains a product of two smaller ones of this rank that is added to it.
   *
   * @throws HornetError when the layer is not built, or adapted already.
   */
  enableLora(rank: number, args: LoraArgs = {}): void {
    this.#lora = Lora.enable(this, this.#lora, this.kernel, this.#kernelShape, rank, args);
    this.#lora.packed = this.#quantized;
  }

  /** Files have kernel and bias in front, whether or not they are trained. */
  override savedWeights(): SavedWeight[] {
    const first = [this.kernel, this.bias];
    const saved = super.savedWeights();
    const [front, behind] = [true, false].map((isFirst) =>
      saved.filter(({ variable }) => first.includes(variable) === isFirst),
    );
    return [...front.sort((a, b) => first.indexOf(a.variable) - first.indexOf(b.variable)), ...behind];
  }

  override call(inputs: Tensor, { training }: CallArgs): Tensor {
    const { computeDtype: dtype, kernel } = this;
    const lora = this.#lora;
    if (this.#float8) {
      const product = (x: Tensor, weight: Tensor): Tensor => this.product(x, weight);
      const weight = lora?.applyTo(kernel!) ?? kernel!.value;
      const y = this.#float8.multiply(inputs, weight, product, { training, dtype });
      return this.finish(y, this.bias && shortened(this.bias, dtype));
    }
    if (!this.#quantized) return this.finish(this.product(inputs, lora?.applyTo(kernel!) ?? kernel!));
    const y = multiplyQuantized(inputs, this.#quantized, {
      product: (x, weight) => this.product(x, weight),
      quantizer: this.inputQuantizer,
      axis: this.summedAxes,
      align: (scale) => this.alignWithOutputs(scale),
      dtype,
    });
    return this.finish(
      lora
        ? cast(
            add(
              y,
              lora.change((a) => this.product(inputs, a)),
            ),
            dtype,
          )
        : y,
    );
  }

  override getConfig(): Config {
    const { quantizationConfig } = this;
    return { ...super.getConfig(), quantizationConfig, ...loraConfig(this.#lora, this.#loraArgs) };
  }
}
