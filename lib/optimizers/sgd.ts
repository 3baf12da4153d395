// Gradient descent, optionally with (Nesterov) momentum.
import { HornetError } from '../errors.js';
import { add, multiply, subtract } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Optimizer, type OptimizerArgs } from './optimizer.js';

export interface SGDArgs extends OptimizerArgs {
  /** Default 0.01. */
  readonly learningRate?: OptimizerArgs['learningRate'];
  /** Share of the last step that goes into the next, in [0, 1]. Default 0. */
  readonly momentum?: number;
  /** Look ahead along the momentum. Default false. */
  readonly nesterov?: boolean;
}

/** Stochastic gradient descent: `v = momentum · v − rate · g`, `w += v`. */
export class SGD extends Optimizer {
  static readonly className = 'SGD';
  readonly momentum: number;
  readonly nesterov: boolean;
  private momentums: Variable[] = [];

  constructor(args: SGDArgs = {}) {
    super(args, 0.01);
    this.momentum = args.momentum ?? 0;
    this.nesterov = args.nesterov ?? false;
    if (!(this.momentum >= 0 && this.momentum <= 1)) {
      throw new HornetError(this.name, `expected momentum to be between 0 and 1, received ${this.momentum}`);
    }
  }

  protected override buildSlots(variables: readonly Variable[]): void {
    if (this.momentum !== 0) this.momentums = this.addSlots(variables, 'momentum');
  }

  protected updateStep(gradient: Tensor, variable: Variable, rate: Tensor): void {
    const step = multiply(gradient, rate);
    if (this.momentum === 0) return variable.assign(subtract(variable, step));
    const velocity = this.momentums[this.indexOf(variable)];
    velocity.assign(subtract(multiply(velocity, this.momentum), step));
    const move = this.nesterov ? subtract(multiply(velocity, this.momentum), step) : velocity;
    variable.assign(add(variable, move));
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), momentum: this.momentum, nesterov: this.nesterov };
  }
}
registerSerializable('keras.optimizers', SGD);

/** Makes an `SGD` optimizer. */
export const sgd = (args?: SGDArgs): SGD => new SGD(args);
