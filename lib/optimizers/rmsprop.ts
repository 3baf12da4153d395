// RMSprop, plain or centered, optionally with momentum. Source: Hinton's lecture 6e, 2012.
import { add, divide, multiply, sqrt, square, subtract } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Optimizer, type OptimizerArgs } from './optimizer.js';

export interface RMSpropArgs extends OptimizerArgs {
  /** Default 0.001. */
  readonly learningRate?: OptimizerArgs['learningRate'];
  /** Decay of the squared gradient's mean. Default 0.9. */
  readonly rho?: number;
  /** Default 0. */
  readonly momentum?: number;
  /** Added to the mean square under the root. Default 1e-7. */
  readonly epsilon?: number;
  /** Take the gradient's own mean off, so that its variance scales the step. Default false. */
  readonly centered?: boolean;
}

/** RMSprop: the gradient divided by the root of its running mean square. */
export class RMSprop extends Optimizer {
  static readonly className = 'RMSprop';
  readonly rho: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly centered: boolean;
  private squares: Variable[] = [];
  private momentums: Variable[] = [];
  private means: Variable[] = [];

  constructor(args: RMSpropArgs = {}) {
    super(args, 0.001);
    this.rho = args.rho ?? 0.9;
    this.momentum = args.momentum ?? 0;
    this.epsilon = args.epsilon ?? 1e-7;
    this.centered = args.centered ?? false;
  }

  protected override buildSlots(variables: readonly Variable[]): void {
    this.squares = this.addSlots(variables, 'velocity');
    if (this.momentum > 0) this.momentums = this.addSlots(variables, 'momentum');
    if (this.centered) this.means = this.addSlots(variables, 'average_gradient');
  }

  protected updateStep(gradient: Tensor, variable: Variable, rate: Tensor): void {
    const index = this.indexOf(variable);
    const blend = (average: Variable, next: Tensor): void =>
      average.assign(add(multiply(this.rho, average), multiply(1 - this.rho, next)));
    blend(this.squares[index], square(gradient));
    let variance = this.squares[index].value;
    if (this.centered) {
      blend(this.means[index], gradient);
      variance = subtract(variance, square(this.means[index]));
    }
    const step = divide(multiply(rate, gradient), sqrt(add(variance, this.epsilon)));
    if (this.momentum === 0) return variable.assign(subtract(variable, step));
    const velocity = this.momentums[index];
    velocity.assign(add(multiply(this.momentum, velocity), step));
    variable.assign(subtract(variable, velocity));
  }

  override getConfig(): Record<string, unknown> {
    const { rho, momentum, epsilon, centered } = this;
    return { ...super.getConfig(), rho, momentum, epsilon, centered };
  }
}
registerSerializable('keras.optimizers', RMSprop);

/** Makes an `RMSprop` optimizer. */
export const rmsprop = (args?: RMSpropArgs): RMSprop => new RMSprop(args);
