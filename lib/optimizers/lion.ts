// Lion. Source: Chen et al. 2023.
import { HornetError } from '../errors.js';
import { add, multiply, sign, subtract } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Optimizer, type OptimizerArgs } from './optimizer.js';

export interface LionArgs extends OptimizerArgs {
  /** Default 0.001. */
  readonly learningRate?: OptimizerArgs['learningRate'];
  /** Share of the momentum in the step. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the momentum. Default 0.99. */
  readonly beta2?: number;
}

/** Steps of equal size in the direction of the sign of an interpolated momentum. */
export class Lion extends Optimizer {
  static readonly className = 'Lion';
  readonly beta1: number;
  readonly beta2: number;
  private momentums: Variable[] = [];

  constructor(args: LionArgs = {}) {
    super(args, 0.001);
    this.beta1 = args.beta1 ?? 0.9;
    this.beta2 = args.beta2 ?? 0.99;
    if (!(this.beta1 > 0 && this.beta1 <= 1)) {
      throw new HornetError(this.name, `expected beta1 to be above 0 and at most 1, received ${this.beta1}`);
    }
  }

  protected override buildSlots(variables: readonly Variable[]): void {
    this.momentums = this.addSlots(variables, 'momentum');
  }

  protected updateStep(gradient: Tensor, variable: Variable, rate: Tensor): void {
    const momentum = this.momentums[this.indexOf(variable)];
    const blended = (beta: number): Tensor => add(multiply(momentum, beta), multiply(gradient, 1 - beta));
    variable.assign(subtract(variable, multiply(rate, sign(blended(this.beta1)))));
    momentum.assign(blended(this.beta2));
  }

  override getConfig(): Record<string, unknown> {
    const { beta1, beta2 } = this;
    return { ...super.getConfig(), beta1, beta2 };
  }
}
registerSerializable('keras.optimizers', Lion);

/** Makes a `Lion` optimizer. */
export const lion = (args?: LionArgs): Lion => new Lion(args);
