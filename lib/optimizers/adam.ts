// Adam and AMSGrad. Source: Kingma & Ba 2014; Reddi et al. 2018.
import { add, cast, divide, maximum, multiply, power, sqrt, square, subtract } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Optimizer, type OptimizerArgs } from './optimizer.js';

export interface AdamArgs extends OptimizerArgs {
  /** Default 0.001. */
  readonly learningRate?: OptimizerArgs['learningRate'];
  /** Decay of the gradient's mean. Default 0.9. */
  readonly beta1?: number;
  /** Decay of its square's mean. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root in the denominator. Default 1e-7. */
  readonly epsilon?: number;
  /** Use the largest second moment seen so far. Default false. */
  readonly amsgrad?: boolean;
}

/** What Adam keeps of the gradients of one variable; `largest` for AMSGrad only. */
export interface AdamSlots {
  readonly mean: Variable;
  readonly second: Variable;
  readonly largest?: Variable;
}

/** Adam's update of one variable. `step` counts from one, in the variable's dtype. */
export function adamStep(
  variable: Variable,
  gradient: Tensor,
  rate: Tensor,
  step: Tensor,
  { mean, second, largest }: AdamSlots,
  { beta1, beta2, epsilon }: { readonly beta1: number; readonly beta2: number; readonly epsilon: number },
): void {
  const [correction1, correction2] = [beta1, beta2].map((beta) => subtract(1, power(cast(beta, variable.dtype), step)));
  const alpha = divide(multiply(rate, sqrt(correction2)), correction1);
  mean.assign(add(mean, multiply(subtract(gradient, mean), 1 - beta1)));
  second.assign(add(second, multiply(subtract(square(gradient), second), 1 - beta2)));
  largest?.assign(maximum(largest, second));
  const denominator = add(sqrt(largest ?? second), epsilon);
  variable.assign(subtract(variable, divide(multiply(mean, alpha), denominator)));
}

/** Adam: steps scaled by running moments of the gradient, with bias correction in the learning rate. */
export class Adam extends Optimizer {
  static readonly className: string = 'Adam';
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly amsgrad: boolean;
  private means: Variable[] = [];
  private squares: Variable[] = [];
  private largest: Variable[] = [];

  constructor(args: AdamArgs = {}) {
    super(args, 0.001);
    this.beta1 = args.beta1 ?? 0.9;
    this.beta2 = args.beta2 ?? 0.999;
    this.epsilon = args.epsilon ?? 1e-7;
    this.amsgrad = args.amsgrad ?? false;
  }

  protected override buildSlots(variables: readonly Variable[]): void {
    [this.means, this.squares] = this.addSlotGroups(variables, { momentum: 0, velocity: 0 });
    if (this.amsgrad) this.largest = this.addSlots(variables, 'velocity_hat');
  }

  protected updateStep(gradient: Tensor, variable: Variable, rate: Tensor): void {
    const index = this.indexOf(variable);
    const slots = { mean: this.means[index], second: this.squares[index], largest: this.largest[index] };
    const step = cast(add(this.iterations, 1), variable.dtype);
    adamStep(variable, gradient, rate, step, slots, this);
  }

  override getConfig(): Record<string, unknown> {
    const { beta1, beta2, epsilon, amsgrad } = this;
    return { ...super.getConfig(), beta1, beta2, epsilon, amsgrad };
  }
}
registerSerializable('keras.optimizers', Adam);

/** Makes an `Adam` optimizer. */
export const adam = (args?: AdamArgs): Adam => new Adam(args);
