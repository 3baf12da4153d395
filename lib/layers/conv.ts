// Convolution layers over 1 to 3 spatial axes.
import { getActivation, type ActivationFunction, type ActivationLike } from '../activations/index.js';
import { checkDataFormat, type DataFormat } from '../config.js';
import { getConstraint } from '../constraints/index.js';
import { HornetError } from '../errors.js';
import { getInitializer } from '../initializers/index.js';
import { add, conv, reshape } from '../ops/index.js';
import { perAxis, type PerAxis } from '../ops/window.js';
import { getRegularizer } from '../regularizers/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import type { Shape } from './input-spec.js';
import type { KernelBiasArgs } from './kernel-bias.js';
import { Layer, type Config, type LayerArgs } from './layer.js';
import { Lora, loraConfig, type LoraArgs, type LoraRankArgs } from './lora.js';

/** Options that all convolutions share. */
export interface BaseConvArgs extends LayerArgs, KernelBiasArgs {
  /** Steps of the kernel along each axis. Default 1. */
  readonly strides?: PerAxis;
  /** `valid` (default), `same`, or for one axis `causal`. */
  readonly padding?: 'valid' | 'same' | 'causal';
  /** Default: `imageDataFormat()`. */
  readonly dataFormat?: DataFormat | null;
  /** Distance between the kernel's elements. Default 1; not together with strides above 1. */
  readonly dilationRate?: PerAxis;
  /** Default: none. */
  readonly activation?: ActivationLike | null;
  /** Default true. */
  readonly useBias?: boolean;
}

export interface ConvArgs extends BaseConvArgs, LoraRankArgs {
  /** Groups of channels that are convolved apart. Default 1. */
  readonly groups?: number;
}

/** Throws unless `value` is a positive integer. */
export function checkPositive(where: string, name: string, value: number): void {
  if (!Number.isInteger(value) || value <= 0) {
    throw new HornetError(where, `expected ${name} to be a positive integer, received ${String(value)}`);
  }
}

/** What all convolutions have: geometry, bias, activation, and the options of their weights. */
export abstract class BaseConv extends Layer {
  readonly kernelSize: number[];
  readonly strides: number[];
  readonly padding: 'valid' | 'same' | 'causal';
  readonly dataFormat: DataFormat;
  readonly dilationRate: number[];
  readonly activation: ActivationFunction;
  readonly useBias: boolean;
  readonly biasInitializer: ReturnType<typeof getInitializer>;
  readonly biasRegularizer: ReturnType<typeof getRegularizer>;
  readonly biasConstraint: ReturnType<typeof getConstraint>;
  bias: Variable | null = null;

  constructor(
    /** Number of spatial axes. */
    protected readonly spatialRank: number,
    kernelSize: PerAxis,
    args: BaseConvArgs,
  ) {
    super(args);
    const where = this.className.toLowerCase();
    const each = (name: string, value: PerAxis): number[] => perAxis(where, name, value, spatialRank);
    this.kernelSize = each('kernelSize', kernelSize);
    this.strides = each('strides', args.strides ?? 1);
    this.dilationRate = each('dilationRate', args.dilationRate ?? 1);
    this.padding = args.padding ?? 'valid';
    this.dataFormat = checkDataFormat(args.dataFormat, where);
    this.activation = getActivation(args.activation);
    this.useBias = args.useBias ?? true;
    this.biasInitializer = getInitializer(args.biasInitializer ?? 'zeros');
    this.biasRegularizer = getRegularizer(args.biasRegularizer ?? null);
    this.biasConstraint = getConstraint(args.biasConstraint ?? null);
    const modes = spatialRank === 1 && !this.isDepthwise ? ['valid', 'same', 'causal'] : ['valid', 'same'];
    if (!modes.includes(this.padding)) {
      throw new HornetError(
        where,
        `expected padding to be ${modes.map((mode) => `'${mode}'`).join(', ')}, received '${this.padding}'`,
      );
    }
    if (!this.isDepthwise && this.strides.some((s) => s > 1) && this.dilationRate.some((d) => d > 1)) {
      throw new HornetError(
        where,
        `strides [${this.strides}] and dilationRate [${this.dilationRate}] cannot both be above 1`,
      );
    }
    this.inputSpec = { rank: spatialRank + 2 };
  }

  /** Whether each channel is convolved by itself: never causal, and strides go with dilation. */
  protected get isDepthwise(): boolean {
    return false;
  }

  /** The number of input channels; checked against the groups. */
  protected channels(inputShape: Shape): number {
    const axis = this.dataFormat === 'channels_last' ? inputShape.length - 1 : 1;
    const channels = inputShape[axis];
    if (channels === null || channels === undefined) {
      throw new HornetError(
        this.name,
        `expected the channel axis to have a known size, received shape [${inputShape.map(String)}]`,
      );
    }
    this.inputSpec = { rank: this.spatialRank + 2, axes: { [axis === 1 ? 1 : -1]: channels } };
    return channels;
  }

  protected addBias(size: number): void {
    if (!this.useBias) return;
    this.bias = this.addWeight({
      name: 'bias',
      shape: [size],
      initializer: this.biasInitializer,
      regularizer: this.biasRegularizer,
      constraint: this.biasConstraint,
    });
  }

  /** Adds the bias to every channel and applies the activation. */
  protected finish(outputs: Tensor): Tensor {
    const ones = Array<number>(this.spatialRank).fill(1);
    const size = this.bias?.shape[0] ?? 0;
    const shape = this.dataFormat === 'channels_last' ? [1, ...ones, size] : [1, size, ...ones];
    return this.activation(this.bias ? add(outputs, reshape(this.bias, shape)) : outputs);
  }

  override getConfig(): Config {
    const { kernelSize, strides, padding, dataFormat, dilationRate, activation, useBias } = this;
    const { biasInitializer, biasRegularizer, biasConstraint } = this;
    return {
      ...super.getConfig(),
      kernelSize,
      strides,
      padding,
      dataFormat,
      dilationRate,
      activation,
      useBias,
      biasInitializer,
      biasRegularizer,
      biasConstraint,
    };
  }
}

/** Convolutions with one dense kernel `[k…, channels / groups, filters]`. */
abstract class Conv extends BaseConv {
  static override readonly requiredArgs: readonly string[] = ['filters', 'kernelSize'];
  readonly groups: number;
  readonly kernelInitializer: ReturnType<typeof getInitializer>;
  readonly kernelRegularizer: ReturnType<typeof getRegularizer>;
  readonly kernelConstraint: ReturnType<typeof getConstraint>;
  kernel!: Variable;
  #lora: Lora | null = null;
  readonly #loraArgs: LoraRankArgs;

  constructor(
    rank: number,
    /** Number of output channels. */
    readonly filters: number,
    kernelSize: PerAxis,
    args: ConvArgs,
  ) {
    super(rank, kernelSize, args);
    this.groups = args.groups ?? 1;
    this.#loraArgs = { loraRank: args.loraRank, loraAlpha: args.loraAlpha };
    checkPositive(this.className.toLowerCase(), 'filters', filters);
    checkPositive(this.className.toLowerCase(), 'groups', this.groups);
    if (filters % this.groups !== 0) {
      throw new HornetError(
        this.className.toLowerCase(),
        `filters (${filters}) must be a multiple of groups (${this.groups})`,
      );
    }
    this.kernelInitializer = getInitializer(args.kernelInitializer ?? 'glorotUniform');
    this.kernelRegularizer = getRegularizer(args.kernelRegularizer ?? null);
    this.kernelConstraint = getConstraint(args.kernelConstraint ?? null);
  }

  override build(inputShape: Shape): void {
    const channels = this.channels(inputShape);
    if (channels % this.groups !== 0) {
      throw new HornetError(this.name, `input channels (${channels}) must be a multiple of groups (${this.groups})`);
    }
    this.kernel = this.addWeight({
      name: 'kernel',
      shape: [...this.kernelSize, channels / this.groups, this.filters],
      initializer: this.kernelInitializer,
      regularizer: this.kernelRegularizer,
      constraint: this.kernelConstraint,
    });
    this.addBias(this.filters);
    const { loraRank, loraAlpha } = this.#loraArgs;
    if (loraRank) this.#lora = new Lora(this, this.kernel, loraRank, { loraAlpha });
  }

  /**
   * Freezes the kernel and trains a product of two kernels of this rank that is added to it.
   *
   * @throws HornetError when the layer is not built, or adapted already.
   */
  enableLora(rank: number, args: LoraArgs = {}): void {
    this.#lora = Lora.enable(this, this.#lora, this.built ? this.kernel : null, undefined, rank, args);
  }

  override call(inputs: Tensor): Tensor {
    const { strides, padding, dataFormat, dilationRate } = this;
    const kernel = this.#lora?.applyTo(this.kernel) ?? this.kernel;
    return this.finish(conv(inputs, kernel, { strides, padding, dataFormat, dilationRate }));
  }

  override getConfig(): Config {
    const { filters, groups, kernelInitializer, kernelRegularizer, kernelConstraint } = this;
    const own = { filters, groups, kernelInitializer, kernelRegularizer, kernelConstraint };
    return { ...super.getConfig(), ...own, ...loraConfig(this.#lora, this.#loraArgs) };
  }
}

/** Convolution over one axis: `[batch, steps, channels]` → `[batch, new steps, filters]`. */
export class Conv1D extends Conv {
  static readonly className: string = 'Conv1D';
  constructor(filters: number, kernelSize: PerAxis, args: ConvArgs = {}) {
    super(1, filters, kernelSize, args);
  }
}

/** Convolution over images: `[batch, height, width, channels]` → `[batch, new height, new width, filters]`. */
export class Conv2D extends Conv {
  static readonly className: string = 'Conv2D';
  constructor(filters: number, kernelSize: PerAxis, args: ConvArgs = {}) {
    super(2, filters, kernelSize, args);
  }
}

/** Convolution over volumes: `[batch, d1, d2, d3, channels]` → `[batch, …, filters]`. */
export class Conv3D extends Conv {
  static readonly className: string = 'Conv3D';
  constructor(filters: number, kernelSize: PerAxis, args: ConvArgs = {}) {
    super(3, filters, kernelSize, args);
  }
}

for (const layer of [Conv1D, Conv2D, Conv3D]) registerSerializable('keras.layers', layer);

/** Makes a `Conv1D` layer. */
export const conv1d = (filters: number, kernelSize: PerAxis, args?: ConvArgs): Conv1D =>
  new Conv1D(filters, kernelSize, args);
/** Makes a `Conv2D` layer. */
export const conv2d = (filters: number, kernelSize: PerAxis, args?: ConvArgs): Conv2D =>
  new Conv2D(filters, kernelSize, args);
/** Makes a `Conv3D` layer. */
export const conv3d = (filters: number, kernelSize: PerAxis, args?: ConvArgs): Conv3D =>
  new Conv3D(filters, kernelSize, args);
