// AdamW that averages its own path in place of a schedule of the learning rate. Source: Defazio et al. 2024.
import { withTrace } from '../graph/trace.js';
import { add, cast, divide, minimum, multiply, power, sqrt, square, subtract } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Optimizer, type OptimizerArgs } from './optimizer.js';

export interface ScheduleFreeAdamWArgs extends OptimizerArgs {
  /** Default 0.0025. */
  readonly learningRate?: OptimizerArgs['learningRate'];
  /** Where the weights are between the path (0) and its average (1). Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root in the denominator. Default 1e-8. */
  readonly epsilon?: number;
  /** Steps over which the learning rate rises from 0. Default 0. */
  readonly warmupSteps?: number;
}

/** Gradients move a path; the weights lie between it and the mean of all its points. */
export class ScheduleFreeAdamW extends Optimizer {
  static readonly className = 'ScheduleFreeAdamW';
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly warmupSteps: number;
  private path: Variable[] = [];
  private squares: Variable[] = [];

  constructor(args: ScheduleFreeAdamWArgs = {}) {
    super(args, 0.0025);
    this.beta1 = args.beta1 ?? 0.9;
    this.beta2 = args.beta2 ?? 0.999;
    this.epsilon = args.epsilon ?? 1e-8;
    this.warmupSteps = args.warmupSteps ?? 0;
  }

  protected override buildSlots(variables: readonly Variable[]): void {
    [this.path, this.squares] = this.addSlotGroups(variables, { momentum: 0, velocity: 0 });
    // The path begins at the weights as they are, whatever a step that is being recorded will do to them.
    withTrace(null, () => this.path.forEach((point, i) => point.assign(variables[i])));
  }

  protected updateStep(gradient: Tensor, variable: Variable, rate: Tensor): void {
    const index = this.indexOf(variable);
    const [path, second] = [this.path[index], this.squares[index]];
    const { dtype } = variable;
    const step = cast(add(this.iterations, 1), dtype);
    const [beta1, beta2] = [cast(this.beta1, dtype), cast(this.beta2, dtype)];
    const warm = this.warmupSteps > 0 ? multiply(rate, minimum(divide(step, this.warmupSteps), 1)) : rate;
    const correction = subtract(1, power(beta2, step));
    // A point between path and average (`share` of the latter).
    const between = (point: Tensor, average: Tensor, share: Tensor): Tensor =>
      add(multiply(subtract(1, share), point), multiply(share, average));

    second.assign(add(second, multiply(subtract(square(gradient), second), subtract(1, beta2))));
    const root = add(sqrt(divide(second, correction)), this.epsilon);
    path.assign(subtract(path, divide(multiply(warm, gradient), root)));
    // The paper takes the path before this step here. Keras on TensorFlow and PyTorch takes it after the step, since it
    // is changed in place; on JAX as in the paper. Hornet gives the numbers of the former.
    const average = divide(subtract(variable, multiply(subtract(1, beta1), path)), beta1);
    const next = between(average, path.value, divide(1, step));
    variable.assign(between(path.value, next, beta1));
  }

  override getConfig(): Record<string, unknown> {
    const { beta1, beta2, epsilon, warmupSteps } = this;
    return { ...super.getConfig(), beta1, beta2, epsilon, warmupSteps };
  }
}
registerSerializable('keras.optimizers', ScheduleFreeAdamW);

/** Makes a `ScheduleFreeAdamW` optimizer. */
export const scheduleFreeAdamw = (args?: ScheduleFreeAdamWArgs): ScheduleFreeAdamW => new ScheduleFreeAdamW(args);
