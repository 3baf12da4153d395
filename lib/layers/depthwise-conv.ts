// Convolutions that treat every channel by itself, alone (depthwise) or followed by a mix of channels (separable).
import { getConstraint, type ConstraintLike } from '../constraints/index.js';
import { getInitializer, type InitializerLike } from '../initializers/index.js';
import { depthwiseConv, separableConv } from '../ops/index.js';
import type { PerAxis } from '../ops/window.js';
import { getRegularizer, type RegularizerLike } from '../regularizers/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { BaseConv, checkPositive, type BaseConvArgs } from './conv.js';
import type { Shape } from './input-spec.js';
import type { Config } from './layer.js';

export interface DepthwiseArgs extends Omit<
  BaseConvArgs,
  'kernelInitializer' | 'kernelRegularizer' | 'kernelConstraint'
> {
  /** Output channels per input channel. Default 1. */
  readonly depthMultiplier?: number;
  /** Default `glorotUniform`. */
  readonly depthwiseInitializer?: InitializerLike;
  readonly depthwiseRegularizer?: RegularizerLike | null;
  readonly depthwiseConstraint?: ConstraintLike | null;
}

/** The depthwise kernel `[k…, channels, depthMultiplier]` and its options. */
abstract class Depthwise extends BaseConv {
  readonly depthMultiplier: number;
  readonly depthwiseInitializer: ReturnType<typeof getInitializer>;
  readonly depthwiseRegularizer: ReturnType<typeof getRegularizer>;
  readonly depthwiseConstraint: ReturnType<typeof getConstraint>;

  constructor(rank: number, kernelSize: PerAxis, args: DepthwiseArgs) {
    super(rank, kernelSize, args);
    this.depthMultiplier = args.depthMultiplier ?? 1;
    checkPositive(this.className.toLowerCase(), 'depthMultiplier', this.depthMultiplier);
    this.depthwiseInitializer = getInitializer(args.depthwiseInitializer ?? 'glorotUniform');
    this.depthwiseRegularizer = getRegularizer(args.depthwiseRegularizer ?? null);
    this.depthwiseConstraint = getConstraint(args.depthwiseConstraint ?? null);
  }

  protected override get isDepthwise(): boolean {
    return true;
  }

  protected addDepthwiseKernel(name: string, channels: number): Variable {
    return this.addWeight({
      name,
      shape: [...this.kernelSize, channels, this.depthMultiplier],
      initializer: this.depthwiseInitializer,
      regularizer: this.depthwiseRegularizer,
      constraint: this.depthwiseConstraint,
    });
  }

  override getConfig(): Config {
    const { depthMultiplier, depthwiseInitializer, depthwiseRegularizer, depthwiseConstraint } = this;
    return { ...super.getConfig(), depthMultiplier, depthwiseInitializer, depthwiseRegularizer, depthwiseConstraint };
  }
}

abstract class DepthwiseConv extends Depthwise {
  static override readonly requiredArgs: readonly string[] = ['kernelSize'];
  kernel!: Variable;

  override build(inputShape: Shape): void {
    const channels = this.channels(inputShape);
    this.kernel = this.addDepthwiseKernel('kernel', channels);
    this.addBias(channels * this.depthMultiplier);
  }

  override call(inputs: Tensor): Tensor {
    const { strides, padding, dataFormat, dilationRate } = this;
    return this.finish(depthwiseConv(inputs, this.kernel, { strides, padding, dataFormat, dilationRate }));
  }
}

/** Depthwise convolution over one axis. */
export class DepthwiseConv1D extends DepthwiseConv {
  static readonly className: string = 'DepthwiseConv1D';
  constructor(kernelSize: PerAxis, args: DepthwiseArgs = {}) {
    super(1, kernelSize, args);
  }
}

/** Depthwise convolution over images. */
export class DepthwiseConv2D extends DepthwiseConv {
  static readonly className: string = 'DepthwiseConv2D';
  constructor(kernelSize: PerAxis, args: DepthwiseArgs = {}) {
    super(2, kernelSize, args);
  }
}

export interface SeparableConvArgs extends DepthwiseArgs {
  /** Default `glorotUniform`. */
  readonly pointwiseInitializer?: InitializerLike;
  readonly pointwiseRegularizer?: RegularizerLike | null;
  readonly pointwiseConstraint?: ConstraintLike | null;
}

abstract class SeparableConv extends Depthwise {
  static override readonly requiredArgs: readonly string[] = ['filters', 'kernelSize'];
  readonly pointwiseInitializer: ReturnType<typeof getInitializer>;
  readonly pointwiseRegularizer: ReturnType<typeof getRegularizer>;
  readonly pointwiseConstraint: ReturnType<typeof getConstraint>;
  depthwiseKernel!: Variable;
  pointwiseKernel!: Variable;

  constructor(
    rank: number,
    /** Number of output channels. */
    readonly filters: number,
    kernelSize: PerAxis,
    args: SeparableConvArgs,
  ) {
    super(rank, kernelSize, args);
    checkPositive(this.className.toLowerCase(), 'filters', filters);
    this.pointwiseInitializer = getInitializer(args.pointwiseInitializer ?? 'glorotUniform');
    this.pointwiseRegularizer = getRegularizer(args.pointwiseRegularizer ?? null);
    this.pointwiseConstraint = getConstraint(args.pointwiseConstraint ?? null);
  }

  override build(inputShape: Shape): void {
    const channels = this.channels(inputShape);
    this.depthwiseKernel = this.addDepthwiseKernel('depthwise_kernel', channels);
    this.pointwiseKernel = this.addWeight({
      name: 'pointwise_kernel',
      shape: [...this.kernelSize.map(() => 1), channels * this.depthMultiplier, this.filters],
      initializer: this.pointwiseInitializer,
      regularizer: this.pointwiseRegularizer,
      constraint: this.pointwiseConstraint,
    });
    this.addBias(this.filters);
  }

  override call(inputs: Tensor): Tensor {
    const { strides, padding, dataFormat, dilationRate, depthwiseKernel, pointwiseKernel } = this;
    return this.finish(
      separableConv(inputs, depthwiseKernel, pointwiseKernel, { strides, padding, dataFormat, dilationRate }),
    );
  }

  override getConfig(): Config {
    const { filters, pointwiseInitializer, pointwiseRegularizer, pointwiseConstraint } = this;
    return { ...super.getConfig(), filters, pointwiseInitializer, pointwiseRegularizer, pointwiseConstraint };
  }
}

/** Separable convolution over one axis. */
export class SeparableConv1D extends SeparableConv {
  static readonly className: string = 'SeparableConv1D';
  constructor(filters: number, kernelSize: PerAxis, args: SeparableConvArgs = {}) {
    super(1, filters, kernelSize, args);
  }
}

/** Separable convolution over images. */
export class SeparableConv2D extends SeparableConv {
  static readonly className: string = 'SeparableConv2D';
  constructor(filters: number, kernelSize: PerAxis, args: SeparableConvArgs = {}) {
    super(2, filters, kernelSize, args);
  }
}

for (const layer of [DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D]) {
  registerSerializable('keras.layers', layer);
}

/** Makes a `DepthwiseConv1D` layer. */
export const depthwiseConv1d = (kernelSize: PerAxis, args?: DepthwiseArgs): DepthwiseConv1D =>
  new DepthwiseConv1D(kernelSize, args);
/** Makes a `DepthwiseConv2D` layer. */
export const depthwiseConv2d = (kernelSize: PerAxis, args?: DepthwiseArgs): DepthwiseConv2D =>
  new DepthwiseConv2D(kernelSize, args);
/** Makes a `SeparableConv1D` layer. */
export const separableConv1d = (filters: number, kernelSize: PerAxis, args?: SeparableConvArgs): SeparableConv1D =>
  new SeparableConv1D(filters, kernelSize, args);
/** Makes a `SeparableConv2D` layer. */
export const separableConv2d = (filters: number, kernelSize: PerAxis, args?: SeparableConvArgs): SeparableConv2D =>
  new SeparableConv2D(filters, kernelSize, args);
