// Transposed convolutions: upsampling with a learned kernel.
import { HornetError } from '../errors.js';
import { getConstraint } from '../constraints/index.js';
import { getInitializer } from '../initializers/index.js';
import { convTranspose } from '../ops/index.js';
import { perAxis, type PerAxis } from '../ops/window.js';
import { getRegularizer } from '../regularizers/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { BaseConv, checkPositive, type BaseConvArgs } from './conv.js';
import type { Shape } from './input-spec.js';
import type { Config } from './layer.js';

export interface ConvTransposeArgs extends Omit<BaseConvArgs, 'padding'> {
  /** Default `valid`. */
  readonly padding?: 'valid' | 'same';
  /** Elements added at the end of every axis, fewer than the stride. Default: what `padding` gives. */
  readonly outputPadding?: PerAxis | null;
}

/** The gradient of a convolution as a layer; kernel `[k…, filters, channels]`. */
abstract class ConvTranspose extends BaseConv {
  static override readonly requiredArgs: readonly string[] = ['filters', 'kernelSize'];
  readonly outputPadding: number[] | null;
  readonly kernelInitializer: ReturnType<typeof getInitializer>;
  readonly kernelRegularizer: ReturnType<typeof getRegularizer>;
  readonly kernelConstraint: ReturnType<typeof getConstraint>;
  kernel!: Variable;

  constructor(
    rank: number,
    /** Number of output channels. */
    readonly filters: number,
    kernelSize: PerAxis,
    args: ConvTransposeArgs,
  ) {
    super(rank, kernelSize, args);
    const where = this.className.toLowerCase();
    checkPositive(where, 'filters', filters);
    const extra = args.outputPadding ?? null;
    this.outputPadding = extra === null ? null : perAxis(where, 'outputPadding', extra, rank, 0);
    const tooLarge = this.outputPadding?.findIndex((pad, i) => pad >= this.strides[i]) ?? -1;
    if (tooLarge >= 0) {
      throw new HornetError(
        where,
        `expected outputPadding below strides [${this.strides}], received [${this.outputPadding}]`,
      );
    }
    this.kernelInitializer = getInitializer(args.kernelInitializer ?? 'glorotUniform');
    this.kernelRegularizer = getRegularizer(args.kernelRegularizer ?? null);
    this.kernelConstraint = getConstraint(args.kernelConstraint ?? null);
  }

  override build(inputShape: Shape): void {
    this.kernel = this.addWeight({
      name: 'kernel',
      shape: [...this.kernelSize, this.filters, this.channels(inputShape)],
      initializer: this.kernelInitializer,
      regularizer: this.kernelRegularizer,
      constraint: this.kernelConstraint,
    });
    this.addBias(this.filters);
  }

  override call(inputs: Tensor): Tensor {
    const { strides, outputPadding, dataFormat, dilationRate } = this;
    const padding = this.padding as 'valid' | 'same';
    return this.finish(
      convTranspose(inputs, this.kernel, { strides, padding, outputPadding, dataFormat, dilationRate }),
    );
  }

  override getConfig(): Config {
    const { filters, outputPadding, kernelInitializer, kernelRegularizer, kernelConstraint } = this;
    return { ...super.getConfig(), filters, outputPadding, kernelInitializer, kernelRegularizer, kernelConstraint };
  }
}

/** Transposed convolution over one axis. */
export class Conv1DTranspose extends ConvTranspose {
  static readonly className: string = 'Conv1DTranspose';
  constructor(filters: number, kernelSize: PerAxis, args: ConvTransposeArgs = {}) {
    super(1, filters, kernelSize, args);
  }
}

/** Transposed convolution over images. */
export class Conv2DTranspose extends ConvTranspose {
  static readonly className: string = 'Conv2DTranspose';
  constructor(filters: number, kernelSize: PerAxis, args: ConvTransposeArgs = {}) {
    super(2, filters, kernelSize, args);
  }
}

/** Transposed convolution over volumes. */
export class Conv3DTranspose extends ConvTranspose {
  static readonly className: string = 'Conv3DTranspose';
  constructor(filters: number, kernelSize: PerAxis, args: ConvTransposeArgs = {}) {
    super(3, filters, kernelSize, args);
  }
}

for (const layer of [Conv1DTranspose, Conv2DTranspose, Conv3DTranspose]) registerSerializable('keras.layers', layer);

/** Makes a `Conv1DTranspose` layer. */
export const conv1dTranspose = (filters: number, kernelSize: PerAxis, args?: ConvTransposeArgs): Conv1DTranspose =>
  new Conv1DTranspose(filters, kernelSize, args);
/** Makes a `Conv2DTranspose` layer. */
export const conv2dTranspose = (filters: number, kernelSize: PerAxis, args?: ConvTransposeArgs): Conv2DTranspose =>
  new Conv2DTranspose(filters, kernelSize, args);
/** Makes a `Conv3DTranspose` layer. */
export const conv3dTranspose = (filters: number, kernelSize: PerAxis, args?: ConvTransposeArgs): Conv3DTranspose =>
  new Conv3DTranspose(filters, kernelSize, args);
