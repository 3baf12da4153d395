// TernaryDense: a dense layer that computes with a kernel of -1, 0 and 1.
import { HornetError } from '../errors.js';
import { abs, cast, greater, matmul, mean, multiply, sign } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { BaseDense, type BaseDenseArgs } from './base-dense.js';
import { checkPositive } from './conv.js';
import type { Shape } from './input-spec.js';
import type { Config } from './layer.js';

/** Options of `ternaryDense`. */
export interface TernaryDenseArgs extends BaseDenseArgs {
  /** Default true. */
  readonly useBias?: boolean;
  /** Weights of no larger magnitude count as 0, others as their sign. Default: the mean magnitude of the kernel. */
  readonly threshold?: number | null;
}

/**
 * `activation(x · ternary(kernel) + bias)` over the last axis: [..., n] → [..., units]. As in Keras no gradient passes the
 * rounding: only regularizers and the bias train. Source: Ma et al. 2024 (BitNet b1.58).
 */
export class TernaryDense extends BaseDense {
  static readonly className: string = 'TernaryDense';
  static override readonly requiredArgs: readonly string[] = ['units'];
  readonly useBias: boolean;
  readonly threshold: number | null;

  /** @param units - Number of outputs. */
  constructor(
    readonly units: number,
    args: TernaryDenseArgs = {},
  ) {
    super(args);
    checkPositive(this.name, 'units', units);
    this.useBias = args.useBias ?? true;
    this.threshold = args.threshold ?? null;
    if (this.threshold !== null && typeof this.threshold !== 'number') {
      throw new HornetError(this.name, `expected threshold to be a number or null, received ${String(this.threshold)}`);
    }
    this.inputSpec = { minRank: 2 };
    this.supportsMasking = true;
  }

  override build(inputShape: Shape): void {
    const size = inputShape.at(-1) ?? null;
    this.addKernel([size, this.units]);
    if (this.useBias) this.addBias([this.units]);
    this.inputSpec = { minRank: 2, axes: { [-1]: size } };
  }

  override call(inputs: Tensor): Tensor {
    const kernel = this.kernel!.value;
    const magnitude = abs(kernel);
    const counts = greater(magnitude, this.threshold ?? mean(magnitude));
    return this.finish(matmul(inputs, multiply(sign(kernel), cast(counts, kernel.dtype))));
  }

  override getConfig(): Config {
    const { units, useBias, threshold, activityRegularizer } = this;
    return { ...super.getConfig(), units, threshold, useBias, activityRegularizer };
  }
}

registerSerializable('keras.layers', TernaryDense);

/** A dense layer that computes with a kernel of -1, 0 and 1: [..., n] → [..., units]. */
export const ternaryDense = (units: number, args?: TernaryDenseArgs): TernaryDense => new TernaryDense(units, args);
