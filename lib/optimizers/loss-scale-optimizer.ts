// Training in float16: losses are multiplied so that small gradients do not vanish, and steps whose gradients overflow are
// left out. Source: Micikevicius et al. 2017. All of it happens inside the program; JavaScript never sees the gradients.
import { HornetError } from '../errors.js';
import { updateWhere } from '../graph/update-where.js';
import { add, divide, equal, logicalAnd, logicalNot, multiply, where } from '../ops/index.js';
import { allFinite } from '../ops/finite.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Optimizer } from './optimizer.js';
import type { LearningRateSchedule } from './schedules/schedule.js';

export interface LossScaleOptimizerArgs {
  /** The first factor of the loss. Default 32768. */
  readonly initialScale?: number;
  /** Steps in a row with finite gradients after which the factor doubles. Default 2000. */
  readonly dynamicGrowthSteps?: number;
  readonly name?: string;
}

const known = ['initialScale', 'dynamicGrowthSteps', 'name', 'dynamic'];

/**
 * An optimizer around another one. It multiplies the loss by a factor and divides the gradients by it. When a gradient is
 * infinite or NaN, the inner optimizer and the weights stay as they are and the factor is halved; after a number of good
 * steps it doubles.
 *
 * `compile` puts it around the optimizer of a `mixed_float16` model by itself.
 */
export class LossScaleOptimizer extends Optimizer {
  static readonly className = 'LossScaleOptimizer';
  static readonly requiredArgs = ['innerOptimizer'];
  readonly initialScale: number;
  readonly dynamicGrowthSteps: number;
  /** Good steps since the factor last changed. */
  readonly stepCounter: Variable;
  /** The present factor. */
  readonly dynamicScale: Variable;

  /** @throws HornetError on options that belong to the inner optimizer. */
  constructor(
    /** Changes the variables; its own `lossScaleFactor` is taken away. */
    readonly innerOptimizer: Optimizer,
    args: LossScaleOptimizerArgs = {},
  ) {
    super({ name: args.name ?? undefined }, 0);
    if (!(innerOptimizer instanceof Optimizer)) {
      throw new HornetError(this.name, `expected an optimizer to put it around, received ${typeof innerOptimizer}`);
    }
    this.refuseUnknown(args as Readonly<Record<string, unknown>>);
    this.initialScale = args.initialScale ?? 32768;
    this.dynamicGrowthSteps = args.dynamicGrowthSteps ?? 2000;
    this.stepCounter = this.addVariable([], 'int32', 'step_counter');
    this.dynamicScale = this.addVariable([], 'float32', 'dynamic_scale', this.initialScale);
    innerOptimizer.lossScaleFactor = null;
  }

  /** Its own state, then that of the inner optimizer. */
  override get variables(): readonly Variable[] {
    return [...super.variables, ...this.innerOptimizer.variables];
  }

  override build(variables: readonly Variable[]): void {
    super.build(variables);
    this.innerOptimizer.build(variables);
  }

  override excludeFromWeightDecay(choice: Parameters<Optimizer['excludeFromWeightDecay']>[0]): void {
    this.innerOptimizer.excludeFromWeightDecay(choice);
  }

  override get iterations(): Tensor {
    return this.innerOptimizer.iterations;
  }

  override scaleLoss(loss: Tensor): Tensor {
    return multiply(loss, this.dynamicScale);
  }

  override get learningRate(): Tensor {
    return this.innerOptimizer.learningRate;
  }

  override set learningRate(value: number | LearningRateSchedule | (() => number)) {
    this.innerOptimizer.learningRate = value;
  }

  override get schedule(): LearningRateSchedule | null {
    return this.innerOptimizer.schedule;
  }

  override finalizeVariableValues(variables: readonly Variable[]): void {
    this.innerOptimizer.finalizeVariableValues(variables);
  }

  override averageOf(variable: Variable): Variable | null {
    return this.innerOptimizer.averageOf(variable);
  }

  override getConfig(): Record<string, unknown> {
    const { name, innerOptimizer, initialScale, dynamicGrowthSteps } = this;
    return { name, innerOptimizer, initialScale, dynamicGrowthSteps };
  }

  protected override record(grads: readonly (Tensor | null)[], variables: readonly Variable[]): void {
    const finite = allFinite(grads.filter((grad) => grad !== null));
    const scale = this.dynamicScale.value;
    const unscaled = grads.map((grad, i) => (grad && !variables[i].overwriteWithGradient ? divide(grad, scale) : grad));
    updateWhere(finite, () => this.innerOptimizer.apply(unscaled, variables));
    this.adjust(finite);
  }

  protected updateStep(): void {
    throw new HornetError(this.name, 'updates are made by the inner optimizer');
  }

  /** The factor and the counter after a step. */
  private adjust(finite: Tensor): void {
    const steps = add(this.stepCounter, 1);
    const grows = equal(steps, this.dynamicGrowthSteps);
    this.stepCounter.assign(where(logicalAnd(finite, logicalNot(grows)), steps, 0));
    this.dynamicScale.assign(multiply(this.dynamicScale, where(finite, where(grows, 2, 1), 0.5)));
  }

  private refuseUnknown(args: Readonly<Record<string, unknown>>): void {
    if (args.dynamic === false) {
      throw new HornetError(
        this.name,
        'the scale is always dynamic; for a fixed one set lossScaleFactor of the optimizer',
      );
    }
    const unknown = Object.keys(args).find((name) => !known.includes(name));
    if (unknown !== undefined) {
      throw new HornetError(this.name, `there is no option '${unknown}'; how to train is said to the inner optimizer`);
    }
  }
}
registerSerializable('keras.optimizers', LossScaleOptimizer);

/** Makes a `LossScaleOptimizer`. */
export const lossScaleOptimizer = (inner: Optimizer, args?: LossScaleOptimizerArgs): LossScaleOptimizer =>
  new LossScaleOptimizer(inner, args);
