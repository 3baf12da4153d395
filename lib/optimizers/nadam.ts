// Adam with Nesterov momentum. Source: Dozat 2016.
import { add, cast, divide, multiply, power, sqrt, square, subtract } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Optimizer, type OptimizerArgs } from './optimizer.js';

export interface NadamArgs extends OptimizerArgs {
  /** Default 0.001. */
  readonly learningRate?: OptimizerArgs['learningRate'];
  /** Decay of the gradient's mean. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the second moment. Default 0.999. */
  readonly beta2?: number;
  /** Added in the denominator. Default 1e-7. */
  readonly epsilon?: number;
}

/** Adam that looks ahead along its momentum, whose decay follows a schedule. */
export class Nadam extends Optimizer {
  static readonly className = 'Nadam';
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  private means: Variable[] = [];
  private squares: Variable[] = [];
  /** Product of the momentum's schedule so far. */
  private product: Variable | null = null;

  constructor(args: NadamArgs = {}) {
    super(args, 0.001);
    this.beta1 = args.beta1 ?? 0.9;
    this.beta2 = args.beta2 ?? 0.999;
    this.epsilon = args.epsilon ?? 1e-7;
  }

  protected override buildSlots(variables: readonly Variable[]): void {
    [this.means, this.squares] = this.addSlotGroups(variables, { momentum: 0, velocity: 0 });
    this.product = this.addVariable([], variables[0]?.dtype ?? 'float32', 'u_product', 1);
  }

  protected override beginUpdate(): void {
    const product = this.product!;
    product.assign(multiply(product, this.decayAhead(1, product.dtype)));
  }

  /** The momentum's decay `ahead` steps from the present iteration. */
  private decayAhead(ahead: number, dtype: Variable['dtype']): Tensor {
    const step = cast(add(this.iterations, ahead), dtype);
    return multiply(this.beta1, subtract(1, multiply(0.5, power(cast(0.96, dtype), step))));
  }

  protected updateStep(gradient: Tensor, variable: Variable, rate: Tensor): void {
    const index = this.indexOf(variable);
    const { dtype } = variable;
    const [mean, second] = [this.means[index], this.squares[index]];
    const [now, next] = [this.decayAhead(1, dtype), this.decayAhead(2, dtype)];
    const product = cast(this.product!, dtype);
    mean.assign(add(mean, multiply(subtract(gradient, mean), 1 - this.beta1)));
    second.assign(add(second, multiply(subtract(square(gradient), second), 1 - this.beta2)));
    const ahead = divide(multiply(next, mean), subtract(1, multiply(product, next)));
    const present = divide(multiply(subtract(1, now), gradient), subtract(1, product));
    const correction = subtract(1, power(cast(this.beta2, dtype), cast(add(this.iterations, 1), dtype)));
    const root = add(sqrt(divide(second, correction)), this.epsilon);
    variable.assign(subtract(variable, divide(multiply(add(ahead, present), rate), root)));
  }

  override getConfig(): Record<string, unknown> {
    const { beta1, beta2, epsilon } = this;
    return { ...super.getConfig(), beta1, beta2, epsilon };
  }
}
registerSerializable('keras.optimizers', Nadam);

/** Makes a `Nadam` optimizer. */
export const nadam = (args?: NadamArgs): Nadam => new Nadam(args);
