// Adamax. Source: Kingma & Ba 2014, section 7.
import { abs, add, cast, divide, maximum, multiply, power, subtract } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Optimizer, type OptimizerArgs } from './optimizer.js';

export interface AdamaxArgs extends OptimizerArgs {
  /** Default 0.001. */
  readonly learningRate?: OptimizerArgs['learningRate'];
  /** Decay of the gradient's mean. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the second moment. Default 0.999. */
  readonly beta2?: number;
  /** Added in the denominator. Default 1e-7. */
  readonly epsilon?: number;
}

/** Adam with the largest gradient so far in place of the second moment. */
export class Adamax extends Optimizer {
  static readonly className = 'Adamax';
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  private means: Variable[] = [];
  private norms: Variable[] = [];

  constructor(args: AdamaxArgs = {}) {
    super(args, 0.001);
    this.beta1 = args.beta1 ?? 0.9;
    this.beta2 = args.beta2 ?? 0.999;
    this.epsilon = args.epsilon ?? 1e-7;
  }

  protected override buildSlots(variables: readonly Variable[]): void {
    [this.means, this.norms] = this.addSlotGroups(variables, { momentum: 0, norm: 0 });
  }

  protected updateStep(gradient: Tensor, variable: Variable, rate: Tensor): void {
    const index = this.indexOf(variable);
    const [mean, norm] = [this.means[index], this.norms[index]];
    const step = cast(add(this.iterations, 1), variable.dtype);
    const correction = subtract(1, power(cast(this.beta1, variable.dtype), step));
    mean.assign(add(mean, multiply(subtract(gradient, mean), 1 - this.beta1)));
    norm.assign(maximum(multiply(this.beta2, norm), abs(gradient)));
    const scaled = divide(multiply(rate, mean), multiply(correction, add(norm, this.epsilon)));
    variable.assign(subtract(variable, scaled));
  }

  override getConfig(): Record<string, unknown> {
    const { beta1, beta2, epsilon } = this;
    return { ...super.getConfig(), beta1, beta2, epsilon };
  }
}
registerSerializable('keras.optimizers', Adamax);

/** Makes an `Adamax` optimizer. */
export const adamax = (args?: AdamaxArgs): Adamax => new Adamax(args);
