// LAMB. Source: You et al. 2019.
import {
  add,
  cast,
  divide,
  greater,
  logicalAnd,
  multiply,
  power,
  sqrt,
  square,
  subtract,
  sum,
  where,
} from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Optimizer, type OptimizerArgs } from './optimizer.js';

export interface LambArgs extends OptimizerArgs {
  /** Default 0.001. */
  readonly learningRate?: OptimizerArgs['learningRate'];
  /** Decay of the gradient's mean. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the second moment. Default 0.999. */
  readonly beta2?: number;
  /** Added in the denominator. Default 1e-7. */
  readonly epsilon?: number;
}

/** Adam whose step for each variable is scaled to the norm of that variable. */
export class Lamb extends Optimizer {
  static readonly className = 'Lamb';
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  private means: Variable[] = [];
  private squares: Variable[] = [];

  constructor(args: LambArgs = {}) {
    super(args, 0.001);
    this.beta1 = args.beta1 ?? 0.9;
    this.beta2 = args.beta2 ?? 0.999;
    this.epsilon = args.epsilon ?? 1e-7;
  }

  protected override buildSlots(variables: readonly Variable[]): void {
    [this.means, this.squares] = this.addSlotGroups(variables, { momentum: 0, velocity: 0 });
  }

  protected updateStep(gradient: Tensor, variable: Variable, rate: Tensor): void {
    const index = this.indexOf(variable);
    const [mean, second] = [this.means[index], this.squares[index]];
    const step = cast(add(this.iterations, 1), variable.dtype);
    const correction = (beta: number): Tensor => subtract(1, power(cast(beta, variable.dtype), step));
    mean.assign(add(mean, multiply(subtract(gradient, mean), 1 - this.beta1)));
    second.assign(add(second, multiply(subtract(square(gradient), second), 1 - this.beta2)));
    const root = add(sqrt(divide(second, correction(this.beta2))), this.epsilon);
    const update = divide(divide(mean, correction(this.beta1)), root);
    const norm = (x: Tensor): Tensor => sqrt(sum(square(x)));
    const [own, other] = [norm(variable.value), norm(update)];
    const ratio = where(logicalAnd(greater(own, 0), greater(other, 0)), divide(own, other), 1);
    variable.assign(subtract(variable, multiply(multiply(ratio, rate), update)));
  }

  override getConfig(): Record<string, unknown> {
    const { beta1, beta2, epsilon } = this;
    return { ...super.getConfig(), beta1, beta2, epsilon };
  }
}
registerSerializable('keras.optimizers', Lamb);

/** Makes a `Lamb` optimizer. */
export const lamb = (args?: LambArgs): Lamb => new Lamb(args);
