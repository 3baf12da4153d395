// Adagrad. Source: Duchi et al. 2011.
import { add, divide, multiply, sqrt, square, subtract } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Optimizer, type OptimizerArgs } from './optimizer.js';

export interface AdagradArgs extends OptimizerArgs {
  /** Default 0.001. */
  readonly learningRate?: OptimizerArgs['learningRate'];
  /** Where the sum of squares begins. Default 0.1. */
  readonly initialAccumulatorValue?: number;
  /** Added in the denominator. Default 1e-7. */
  readonly epsilon?: number;
}

/** The gradient divided by the root of the sum of all its squares so far. */
export class Adagrad extends Optimizer {
  static readonly className = 'Adagrad';
  readonly initialAccumulatorValue: number;
  readonly epsilon: number;
  private sums: Variable[] = [];

  constructor(args: AdagradArgs = {}) {
    super(args, 0.001);
    this.initialAccumulatorValue = args.initialAccumulatorValue ?? 0.1;
    this.epsilon = args.epsilon ?? 1e-7;
  }

  protected override buildSlots(variables: readonly Variable[]): void {
    this.sums = this.addSlots(variables, 'accumulator', this.initialAccumulatorValue);
  }

  protected updateStep(gradient: Tensor, variable: Variable, rate: Tensor): void {
    const total = this.sums[this.indexOf(variable)];
    total.assign(add(total, square(gradient)));
    variable.assign(subtract(variable, divide(multiply(rate, gradient), sqrt(add(total, this.epsilon)))));
  }

  override getConfig(): Record<string, unknown> {
    const { initialAccumulatorValue, epsilon } = this;
    return { ...super.getConfig(), initialAccumulatorValue, epsilon };
  }
}
registerSerializable('keras.optimizers', Adagrad);

/** Makes an `Adagrad` optimizer. */
export const adagrad = (args?: AdagradArgs): Adagrad => new Adagrad(args);
