// Dense: every output from every input.
import { getActivation, type ActivationFunction, type ActivationLike } from '../activations/index.js';
import { getConstraint, type ConstraintLike } from '../constraints/index.js';
import { HornetError } from '../errors.js';
import { getInitializer, type InitializerLike } from '../initializers/index.js';
import { add, matmul } from '../ops/index.js';
import { getRegularizer, type RegularizerLike } from '../regularizers/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import type { Shape } from './input-spec.js';
import { Layer, type Config, type LayerArgs } from './layer.js';
import { Lora, loraConfig, type LoraArgs, type LoraRankArgs } from './lora.js';

/** Options of `dense`. */
export interface DenseArgs extends LayerArgs, LoraRankArgs {
  /** Default: none (linear). */
  readonly activation?: ActivationLike | null;
  /** Default true. */
  readonly useBias?: boolean;
  /** Default `glorotUniform`. */
  readonly kernelInitializer?: InitializerLike;
  /** Default `zeros`. */
  readonly biasInitializer?: InitializerLike;
  readonly kernelRegularizer?: RegularizerLike | null;
  readonly biasRegularizer?: RegularizerLike | null;
  readonly kernelConstraint?: ConstraintLike | null;
  readonly biasConstraint?: ConstraintLike | null;
}

/** `activation(x · kernel + bias)` over the last axis: [..., n] → [..., units]. */
export class Dense extends Layer {
  static readonly className: string = 'Dense';
  static override readonly requiredArgs: readonly string[] = ['units'];
  readonly activation: ActivationFunction;
  readonly useBias: boolean;
  kernel: Variable | null = null;
  bias: Variable | null = null;
  #lora: Lora | null = null;
  readonly #args: DenseArgs;
  readonly #loraArgs: LoraRankArgs;

  /** @param units - Number of outputs. */
  constructor(
    readonly units: number,
    args: DenseArgs = {},
  ) {
    super(args);
    if (!(Number.isInteger(units) && units > 0)) {
      throw new HornetError(this.name, `expected units to be a positive integer, received ${String(units)}`);
    }
    this.activation = getActivation(args.activation ?? null);
    this.useBias = args.useBias ?? true;
    this.#args = {
      kernelInitializer: getInitializer(args.kernelInitializer ?? 'glorotUniform'),
      biasInitializer: getInitializer(args.biasInitializer ?? 'zeros'),
      kernelRegularizer: getRegularizer(args.kernelRegularizer ?? null),
      biasRegularizer: getRegularizer(args.biasRegularizer ?? null),
      kernelConstraint: getConstraint(args.kernelConstraint ?? null),
      biasConstraint: getConstraint(args.biasConstraint ?? null),
    };
    this.#loraArgs = { loraRank: args.loraRank, loraAlpha: args.loraAlpha };
    this.inputSpec = { minRank: 2 };
    this.supportsMasking = true;
  }

  override build(inputShape: Shape): void {
    const size = inputShape.at(-1) ?? null;
    const { kernelInitializer, kernelRegularizer, kernelConstraint } = this.#args;
    this.kernel = this.addWeight({
      name: 'kernel',
      shape: [size, this.units],
      initializer: kernelInitializer,
      regularizer: kernelRegularizer,
      constraint: kernelConstraint,
    });
    if (this.useBias) {
      const { biasInitializer, biasRegularizer, biasConstraint } = this.#args;
      this.bias = this.addWeight({
        name: 'bias',
        shape: [this.units],
        initializer: biasInitializer,
        regularizer: biasRegularizer,
        constraint: biasConstraint,
      });
    }
    this.inputSpec = { minRank: 2, axes: { [-1]: size } };
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
    const product = matmul(inputs, this.#lora?.value ?? this.kernel!);
    return this.activation(this.bias ? add(product, this.bias) : product);
  }

  override getConfig(): Config {
    const { units, activation, useBias } = this;
    return {
      ...super.getConfig(),
      units,
      activation,
      useBias,
      ...this.#args,
      ...loraConfig(this.#lora, this.#loraArgs),
    };
  }
}

registerSerializable('keras.layers', Dense);

/** A layer of `units` outputs, each from every input: [..., n] → [..., units]. */
export const dense = (units: number, args?: DenseArgs): Dense => new Dense(units, args);
