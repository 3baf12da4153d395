// Masking: tells later layers which time steps are padding.
import { any, cast, multiply, notEqual } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { Layer, type Config, type LayerArgs, type Mask } from './layer.js';

/** Options of `masking`. */
export interface MaskingArgs extends LayerArgs {
  /** A time step all of whose features have this value is padding. Default 0. */
  readonly maskValue?: number;
}

/** Masks time steps that hold nothing but the mask value, and sets them to zero: [batch, steps, ..., features] as it was. */
export class Masking extends Layer {
  static readonly className: string = 'Masking';
  readonly maskValue: number;

  constructor(args: MaskingArgs = {}) {
    super(args);
    this.maskValue = args.maskValue ?? 0;
    this.supportsMasking = true;
    this.built = true;
  }

  override call(inputs: Tensor): Tensor {
    return multiply(inputs, cast(this.counts(inputs, true), inputs.dtype));
  }

  override computeMask(inputs: Tensor): Mask {
    return this.counts(inputs, false);
  }

  private counts(inputs: Tensor, keepdims: boolean): Tensor {
    return any(notEqual(inputs, this.maskValue), { axis: -1, keepdims });
  }

  override getConfig(): Config {
    return { ...super.getConfig(), maskValue: this.maskValue };
  }
}

registerSerializable('keras.layers', Masking);

/** Masks time steps all of whose features equal `maskValue`. */
export const masking = (args?: MaskingArgs): Masking => new Masking(args);
