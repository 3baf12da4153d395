// FTRL-proximal. Source: McMahan et al. 2013.
import { HornetError } from '../errors.js';
import { add, clip, divide, multiply, power, square, subtract } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Optimizer, type OptimizerArgs } from './optimizer.js';

export interface FtrlArgs extends OptimizerArgs {
  /** Default 0.001. */
  readonly learningRate?: OptimizerArgs['learningRate'];
  /** How fast the rate falls with the sum of squares; not positive. Default -0.5. */
  readonly learningRatePower?: number;
  /** Where the sum of squares begins. Default 0.1. */
  readonly initialAccumulatorValue?: number;
  /** L1 penalty. Default 0. */
  readonly l1RegularizationStrength?: number;
  /** L2 penalty. Default 0. */
  readonly l2RegularizationStrength?: number;
  /** L2 penalty on the magnitude, applied to the gradient. Default 0. */
  readonly l2ShrinkageRegularizationStrength?: number;
  /** The paper's beta. Default 0. */
  readonly beta?: number;
}

/** Follow the regularized leader: for large sparse linear models, with L1 and L2 penalties in the update itself. */
export class Ftrl extends Optimizer {
  static readonly className = 'Ftrl';
  readonly learningRatePower: number;
  readonly initialAccumulatorValue: number;
  readonly l1RegularizationStrength: number;
  readonly l2RegularizationStrength: number;
  readonly l2ShrinkageRegularizationStrength: number;
  readonly beta: number;
  private sums: Variable[] = [];
  private linears: Variable[] = [];

  constructor(args: FtrlArgs = {}) {
    super(args, 0.001);
    this.learningRatePower = args.learningRatePower ?? -0.5;
    this.initialAccumulatorValue = args.initialAccumulatorValue ?? 0.1;
    this.l1RegularizationStrength = args.l1RegularizationStrength ?? 0;
    this.l2RegularizationStrength = args.l2RegularizationStrength ?? 0;
    this.l2ShrinkageRegularizationStrength = args.l2ShrinkageRegularizationStrength ?? 0;
    this.beta = args.beta ?? 0;
    this.checkNotNegative('initialAccumulatorValue', this.initialAccumulatorValue);
    this.checkNotNegative('l1RegularizationStrength', this.l1RegularizationStrength);
    this.checkNotNegative('l2RegularizationStrength', this.l2RegularizationStrength);
    this.checkNotNegative('l2ShrinkageRegularizationStrength', this.l2ShrinkageRegularizationStrength);
    if (this.learningRatePower > 0) {
      throw new HornetError(
        this.name,
        `expected learningRatePower to be at most 0, received ${this.learningRatePower}`,
      );
    }
  }

  private checkNotNegative(option: string, value: number): void {
    if (!(value >= 0)) throw new HornetError(this.name, `expected ${option} to be at least 0, received ${value}`);
  }

  protected override buildSlots(variables: readonly Variable[]): void {
    const slots = { accumulator: this.initialAccumulatorValue, linear: 0 };
    [this.sums, this.linears] = this.addSlotGroups(variables, slots);
  }

  protected updateStep(gradient: Tensor, variable: Variable, rate: Tensor): void {
    const index = this.indexOf(variable);
    const [total, linear] = [this.sums[index], this.linears[index]];
    const strength = (sum: Variable | Tensor): Tensor => power(sum, -this.learningRatePower);
    const l2 = add(this.l2RegularizationStrength, divide(this.beta, multiply(2, rate)));
    const shrunk = add(gradient, multiply(2 * this.l2ShrinkageRegularizationStrength, variable));
    const newTotal = add(total, square(gradient));
    const sigma = divide(subtract(strength(newTotal), strength(total)), rate);
    linear.assign(add(linear, subtract(shrunk, multiply(sigma, variable))));
    const quadratic = add(divide(strength(newTotal), rate), multiply(2, l2));
    const limit = this.l1RegularizationStrength;
    variable.assign(divide(subtract(clip(linear, -limit, limit), linear), quadratic));
    total.assign(newTotal);
  }

  override getConfig(): Record<string, unknown> {
    const {
      learningRatePower,
      initialAccumulatorValue,
      l1RegularizationStrength,
      l2RegularizationStrength,
      l2ShrinkageRegularizationStrength,
      beta,
    } = this;
    return {
      ...super.getConfig(),
      learningRatePower,
      initialAccumulatorValue,
      l1RegularizationStrength,
      l2RegularizationStrength,
      l2ShrinkageRegularizationStrength,
      beta,
    };
  }
}
registerSerializable('keras.optimizers', Ftrl);

/** Makes a `Ftrl` optimizer. */
export const ftrl = (args?: FtrlArgs): Ftrl => new Ftrl(args);
