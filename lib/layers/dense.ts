// Dense: every output from every input.
import { matmul } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { AdaptableDense, type AdaptableDenseArgs } from './base-dense.js';
import { checkPositive } from './conv.js';
import type { Shape } from './input-spec.js';
import type { Config } from './layer.js';
import { matrixLayout, type WeightLayout } from './quantized-weight.js';

/** Options of `dense`. */
export interface DenseArgs extends AdaptableDenseArgs {
  /** Default true. */
  readonly useBias?: boolean;
}

/** `activation(x · kernel + bias)` over the last axis: [..., n] → [..., units]. */
export class Dense extends AdaptableDense {
  static readonly className: string = 'Dense';
  static override readonly requiredArgs: readonly string[] = ['units'];
  readonly useBias: boolean;
  protected readonly summedAxes = -1;

  /** @param units - Number of outputs. */
  constructor(
    readonly units: number,
    args: DenseArgs = {},
  ) {
    super(args);
    checkPositive(this.name, 'units', units);
    this.useBias = args.useBias ?? true;
    this.inputSpec = { minRank: 2 };
    this.supportsMasking = true;
  }

  override build(inputShape: Shape): void {
    const size = inputShape.at(-1) ?? null;
    this.addWeights([size, this.units], this.useBias ? [this.units] : null);
    this.inputSpec = { minRank: 2, axes: { [-1]: size } };
  }

  protected product(inputs: Tensor, kernel: Tensor | Variable): Tensor {
    return matmul(inputs, kernel);
  }

  protected layoutOf([size, units]: readonly number[]): WeightLayout {
    return matrixLayout('kernel', [size, units], 0);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), units: this.units, useBias: this.useBias };
  }
}

registerSerializable('keras.layers', Dense);

/** A layer of `units` outputs, each from every input: [..., n] → [..., units]. */
export const dense = (units: number, args?: DenseArgs): Dense => new Dense(units, args);
