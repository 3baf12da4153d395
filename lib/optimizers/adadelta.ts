// Adadelta. Source: Zeiler 2012.
import { add, divide, multiply, sqrt, square, subtract } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Optimizer, type OptimizerArgs } from './optimizer.js';

export interface AdadeltaArgs extends OptimizerArgs {
  /** Default 0.001. */
  readonly learningRate?: OptimizerArgs['learningRate'];
  /** Decay of both means. Default 0.95. */
  readonly rho?: number;
  /** Added in the denominator. Default 1e-7. */
  readonly epsilon?: number;
}

/** Steps scaled by the ratio of the running means of past steps and gradients. */
export class Adadelta extends Optimizer {
  static readonly className = 'Adadelta';
  readonly rho: number;
  readonly epsilon: number;
  private squares: Variable[] = [];
  private steps: Variable[] = [];

  constructor(args: AdadeltaArgs = {}) {
    super(args, 0.001);
    this.rho = args.rho ?? 0.95;
    this.epsilon = args.epsilon ?? 1e-7;
  }

  protected override buildSlots(variables: readonly Variable[]): void {
    [this.squares, this.steps] = this.addSlotGroups(variables, { accumulated_grad: 0, accumulated_delta_var: 0 });
  }

  protected updateStep(gradient: Tensor, variable: Variable, rate: Tensor): void {
    const index = this.indexOf(variable);
    const root = (mean: Variable): Tensor => sqrt(add(mean, this.epsilon));
    const blend = (mean: Variable, next: Tensor): void =>
      mean.assign(add(multiply(this.rho, mean), multiply(1 - this.rho, square(next))));
    blend(this.squares[index], gradient);
    const step = divide(multiply(root(this.steps[index]), gradient), root(this.squares[index]));
    blend(this.steps[index], step);
    variable.assign(subtract(variable, multiply(rate, step)));
  }

  override getConfig(): Record<string, unknown> {
    const { rho, epsilon } = this;
    return { ...super.getConfig(), rho, epsilon };
  }
}
registerSerializable('keras.optimizers', Adadelta);

/** Makes an `Adadelta` optimizer. */
export const adadelta = (args?: AdadeltaArgs): Adadelta => new Adadelta(args);
