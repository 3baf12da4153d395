// The base of all optimizers: state, clipping, weight decay, averaging, gradient accumulation. Update rules are in the
// subclasses' `updateStep`.
import { onDeviceOf } from '../device.js';
import { HornetError } from '../errors.js';
import type { SavedWeight } from '../layers/weights.js';
import { postponed } from '../graph/pending.js';
import { currentTrace } from '../graph/trace.js';
import { jit } from '../graph/transforms.js';
import { updateWhere } from '../graph/update-where.js';
import { snakeCase, uniqueName } from '../layers/naming.js';
import {
  add,
  cast,
  divide,
  equal,
  floorDivide,
  full,
  maximum,
  mod,
  multiply,
  notEqual,
  subtract,
  zerosLike,
} from '../ops/index.js';
import { classNameOf, type SerializableClass } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { Variable } from '../variable.js';
import { LearningRateSchedule } from './schedules/schedule.js';
import { clipGradients } from './clipping.js';

/** Options that every optimizer takes. */
export interface OptimizerArgs {
  /** A number, a schedule, or a function that gives a number. Default depends on the optimizer. */
  readonly learningRate?: number | LearningRateSchedule | (() => number);
  /** Decoupled weight decay: each step takes `weightDecay * learningRate * variable` away. Default none. */
  readonly weightDecay?: number | null;
  /** Every gradient is scaled down to at most this L2 norm. */
  readonly clipnorm?: number | null;
  /** Every gradient element is limited to ± this value. */
  readonly clipvalue?: number | null;
  /** All gradients together are scaled down to at most this L2 norm. */
  readonly globalClipnorm?: number | null;
  /** Keep an exponential moving average of the weights. Default false. */
  readonly useEma?: boolean;
  /** Momentum of the average. Default 0.99. */
  readonly emaMomentum?: number;
  /** Replace the weights by their average every so many steps; otherwise at the end of training. */
  readonly emaOverwriteFrequency?: number | null;
  /** The loss is multiplied and the gradients are divided by this number (for float16). */
  readonly lossScaleFactor?: number | null;
  /** Sum gradients over so many steps before one update with their mean. */
  readonly gradientAccumulationSteps?: number | null;
  /** Default: after the class, numbered. */
  readonly name?: string;
}

/** An optimizer: built on the variables it changes, applied to their gradients. All its state is on the device. */
export abstract class Optimizer {
  readonly name: string;
  readonly weightDecay: number | null;
  readonly clipnorm: number | null;
  readonly clipvalue: number | null;
  readonly globalClipnorm: number | null;
  readonly useEma: boolean;
  readonly emaMomentum: number;
  readonly emaOverwriteFrequency: number | null;
  lossScaleFactor: number | null;
  readonly gradientAccumulationSteps: number | null;
  built = false;

  /** Number of calls of `apply` (not of updates, when gradients are accumulated). */
  readonly iteration: Variable;
  private readonly state: Variable[] = [];
  private rate: Variable | LearningRateSchedule | (() => number);
  private rateNumber = 0;
  private trained: Variable[] = [];
  private readonly indices = new Map<Variable, number>();
  private averages: readonly Variable[] = [];
  private accumulators: readonly Variable[] = [];
  private excluded: ReadonlySet<Variable> = new Set();
  private excludedNames: RegExp | null = null;

  constructor(args: OptimizerArgs, learningRate: number) {
    this.name = args.name ?? uniqueName(snakeCase(classNameOf(new.target as unknown as SerializableClass)));
    this.weightDecay = args.weightDecay ?? null;
    this.clipnorm = args.clipnorm ?? null;
    this.clipvalue = args.clipvalue ?? null;
    this.globalClipnorm = args.globalClipnorm ?? null;
    this.useEma = args.useEma ?? false;
    this.emaMomentum = args.emaMomentum ?? 0.99;
    this.emaOverwriteFrequency = args.emaOverwriteFrequency ?? null;
    this.lossScaleFactor = args.lossScaleFactor ?? null;
    this.gradientAccumulationSteps = args.gradientAccumulationSteps ?? null;
    this.checkArgs();
    this.iteration = this.addVariable([], 'int32', 'iteration');
    this.rate = this.makeRate(args.learningRate ?? learningRate);
  }

  /** One variable's update from its gradient; slots are made in `buildSlots`. */
  protected abstract updateStep(gradient: Tensor, variable: Variable, learningRate: Tensor): void;

  /** Called once before the variables of a step are updated. */
  protected beginUpdate(): void {}

  /** Creates the slots for the variables. */
  protected buildSlots(_variables: readonly Variable[]): void {}

  /** The position of a variable among those the optimizer was built with: the index of its slots. */
  protected indexOf(variable: Variable): number {
    const index = this.indices.get(variable);
    if (index === undefined) {
      const message = `variable '${variable.path}' is not one this optimizer was built with; make a new optimizer for it`;
      throw new HornetError(this.name, message);
    }
    return index;
  }

  /** State in Keras's order: iteration, learning rate, averages, accumulators, slots. */
  get variables(): readonly Variable[] {
    return this.state;
  }

  /** What files hold of it: all state. */
  savedWeights(): SavedWeight[] {
    return this.variables.map((variable) => ({ variable }));
  }

  /** Creates all state for the given variables. Called by the first `apply`, or before it to load state. */
  build(variables: readonly Variable[]): void {
    if (this.built) return;
    this.trained = [...variables];
    variables.forEach((variable, i) => this.indices.set(variable, i));
    if (this.useEma) this.averages = this.addSlots(variables, 'average');
    if (this.gradientAccumulationSteps)
      this.accumulators = variables.map((variable) => this.addSlot(variable, 'gradient_accumulator'));
    this.buildSlots(variables);
    this.built = true;
  }

  /** Variables (or all whose name matches one of the strings) that weight decay leaves alone. Before `build` only. */
  excludeFromWeightDecay(choice: { variables?: readonly Variable[]; names?: readonly string[] }): void {
    if (this.built)
      throw new HornetError(this.name, 'excludeFromWeightDecay() must be called before the optimizer is built');
    this.excluded = new Set(choice.variables);
    this.excludedNames = choice.names?.length ? new RegExp(choice.names.join('|')) : null;
  }

  /**
   * Updates the variables from their gradients, one gradient (or null) per variable.
   *
   * @param grads - Gradients in the order of `variables`.
   * @param variables - Default: those that the optimizer was built with.
   */
  apply(grads: readonly (Tensor | null)[], variables?: readonly Variable[]): void {
    if (grads.length > 0) onDeviceOf(grads, () => this.applyHere(grads, variables));
  }

  /** Updates variables from pairs of a gradient and its variable. */
  applyGradients(pairs: readonly (readonly [Tensor | null, Variable])[]): void {
    this.apply(
      pairs.map(([grad]) => grad),
      pairs.map(([, variable]) => variable),
    );
  }

  private applyHere(grads: readonly (Tensor | null)[], variables?: readonly Variable[]): void {
    if (variables) this.build(variables);
    else if (!this.built)
      throw new HornetError(this.name, 'apply() without variables needs a built optimizer; call build() first');
    const targets = variables ?? this.trained;
    if (grads.length !== targets.length) {
      throw new HornetError(
        this.name,
        `expected one gradient per variable (${targets.length}), received ${grads.length}`,
      );
    }
    if (currentTrace()) this.record(grads, targets);
    else jit((present: readonly (Tensor | null)[]) => this.record(present, targets))(grads);
  }

  /** Number of updates: calls of `apply`, or of every `gradientAccumulationSteps`-th. */
  get iterations(): Tensor {
    const steps = this.gradientAccumulationSteps;
    return steps ? floorDivide(this.iteration, steps) : this.iteration.value;
  }

  /** The loss as it should be differentiated: multiplied by the loss scale. */
  scaleLoss(loss: Tensor): Tensor {
    return this.lossScaleFactor === null ? loss : multiply(loss, this.lossScaleFactor);
  }

  /** The learning rate at the present iteration, as a tensor. */
  get learningRate(): Tensor {
    if (this.rate instanceof LearningRateSchedule) return this.rate.call(this.iteration.value);
    return this.rate instanceof Variable ? this.rate.value : cast(this.rate(), 'float32');
  }

  /** Sets a constant learning rate. Throws a `HornetError` when the optimizer follows a schedule. */
  set learningRate(value: number | LearningRateSchedule | (() => number)) {
    if (typeof value === 'number' && this.rate instanceof Variable) {
      this.rateNumber = value;
      this.rate.assign(value);
      return;
    }
    if (typeof value === 'number') {
      throw new HornetError(
        this.name,
        'the learning rate follows a schedule and cannot be set; create the optimizer with a number',
      );
    }
    if (this.rate instanceof Variable) this.state.splice(this.state.indexOf(this.rate), 1);
    this.rate = value;
  }

  /** The schedule that the learning rate follows, if any. */
  get schedule(): LearningRateSchedule | null {
    return this.rate instanceof LearningRateSchedule ? this.rate : null;
  }

  /** Writes the moving averages into the given variables (end of training with `useEma`). */
  finalizeVariableValues(variables: readonly Variable[]): void {
    if (!this.useEma) return;
    for (const variable of variables) {
      const average = this.averageOf(variable);
      if (average) variable.assign(average);
    }
  }

  /** The moving average of a variable; null without `useEma`, and for a variable that has none. */
  averageOf(variable: Variable): Variable | null {
    return this.averages[this.indexOf(variable)] ?? null;
  }

  /** The options, as the constructor takes them. */
  getConfig(): Record<string, unknown> {
    const rate = this.rate instanceof Variable ? this.rateNumber : this.rate;
    return {
      name: this.name,
      learningRate: rate,
      weightDecay: this.weightDecay,
      clipnorm: this.clipnorm,
      globalClipnorm: this.globalClipnorm,
      clipvalue: this.clipvalue,
      useEma: this.useEma,
      emaMomentum: this.emaMomentum,
      emaOverwriteFrequency: this.emaOverwriteFrequency,
      lossScaleFactor: this.lossScaleFactor,
      gradientAccumulationSteps: this.gradientAccumulationSteps,
    };
  }

  /** A slot per variable, holding `initial` (default 0) at first. */
  protected addSlots(variables: readonly Variable[], name: string, initial = 0): Variable[] {
    return this.addSlotGroups(variables, { [name]: initial })[0];
  }

  /**
   * Several slots per variable, by name with their initial values; made variable by variable as Keras does, so that saved
   * state has the same order. Variables whose gradient is their new value are never stepped: their places stay empty.
   */
  protected addSlotGroups(variables: readonly Variable[], slots: Readonly<Record<string, number>>): Variable[][] {
    const names = Object.keys(slots);
    const groups: Variable[][] = names.map(() => []);
    variables.forEach((variable, index) => {
      if (variable.overwriteWithGradient) return;
      names.forEach((name, i) => (groups[i][index] = this.addSlot(variable, name, slots[name])));
    });
    return groups;
  }

  /** One slot of a variable. */
  protected addSlot({ shape, dtype, path }: Variable, name: string, initial = 0): Variable {
    return this.addVariable(shape, dtype, `${path.replaceAll('/', '_')}_${name}`, initial);
  }

  protected addVariable(shape: readonly number[], dtype: Variable['dtype'], name: string, initial = 0): Variable {
    const value = postponed(() => full(shape, initial, { dtype }));
    const variable = new Variable(value, { name, dtype, trainable: false, adopt: true });
    variable.path = `${this.name}/${name}`;
    this.state.push(variable);
    return variable;
  }

  private makeRate(
    rate: number | LearningRateSchedule | (() => number),
  ): Variable | LearningRateSchedule | (() => number) {
    if (rate instanceof LearningRateSchedule || typeof rate === 'function') return rate;
    if (typeof rate !== 'number') {
      const message = `expected learningRate to be a number, a schedule or a function, received ${String(rate)}`;
      throw new HornetError(this.name, message);
    }
    this.rateNumber = rate;
    const variable = this.addVariable([], 'float32', 'learning_rate');
    variable.assign(rate);
    return variable;
  }

  private checkArgs(): void {
    const clips = [this.clipnorm, this.clipvalue, this.globalClipnorm].filter((clip) => clip !== null);
    if (clips.length > 1) {
      throw new HornetError(this.name, 'expected at most one of clipnorm, clipvalue and globalClipnorm');
    }
    if (this.useEma && !(this.emaMomentum >= 0 && this.emaMomentum <= 1)) {
      throw new HornetError(this.name, `expected emaMomentum to be between 0 and 1, received ${this.emaMomentum}`);
    }
    if (this.useEma) this.checkFrequency('emaOverwriteFrequency', this.emaOverwriteFrequency, 1);
    this.checkFrequency('gradientAccumulationSteps', this.gradientAccumulationSteps, 2);
  }

  /** Both null and 0 mean never. */
  private checkFrequency(name: string, value: number | null, least: number): void {
    if (value && !(Number.isInteger(value) && value >= least)) {
      throw new HornetError(this.name, `expected ${name} to be an integer of at least ${least}, received ${value}`);
    }
  }

  /** Everything that `apply` does, as graph ops. */
  protected record(grads: readonly (Tensor | null)[], variables: readonly Variable[]): void {
    const present = variables.flatMap((variable, i) => (grads[i] ? [{ variable, grad: grads[i] }] : []));
    if (present.length === 0)
      throw new HornetError(this.name, 'no variable has a gradient; is the loss computed from the model?');
    if (present.length < variables.length) {
      const missing = variables.filter((_, i) => !grads[i]).map(({ path }) => path);
      process.emitWarning(
        `[${this.name}] these variables have no gradient and stay as they are: ${missing.join(', ')}`,
      );
    }
    const direct = present.filter(({ variable }) => variable.overwriteWithGradient);
    for (const { variable, grad } of direct) this.overwrite(variable, grad);
    this.step(present.filter(({ variable }) => !variable.overwriteWithGradient));
    this.countStep();
  }

  protected countStep(): void {
    this.iteration.assign(add(this.iteration, 1));
  }

  private step(present: readonly { variable: Variable; grad: Tensor }[]): void {
    if (present.length === 0) return;
    const targets = present.map(({ variable }) => variable);
    const scale = this.lossScaleFactor;
    const scaled = present.map(({ grad }) => (scale === null ? grad : divide(grad, scale)));
    if (this.gradientAccumulationSteps) this.accumulate(scaled, targets, this.gradientAccumulationSteps);
    else this.update(scaled, targets);
    if (this.useEma) this.updateAverages();
    for (const variable of targets) {
      if (variable.constraint) variable.assign(variable.constraint(variable.value));
    }
  }

  /** Variables whose gradient is their new value: scales of quantized training, kept at their largest while accumulating. */
  private overwrite(variable: Variable, grad: Tensor): void {
    const steps = this.gradientAccumulationSteps;
    if (!steps) return variable.assign(grad);
    const largest = this.accumulators[this.indexOf(variable)];
    largest.assign(maximum(largest, grad));
    updateWhere(equal(mod(add(this.iteration, 1), steps), 0), () => {
      variable.assign(largest);
      largest.assign(zerosLike(largest));
    });
  }

  private accumulate(grads: readonly Tensor[], variables: readonly Variable[], steps: number): void {
    const isUpdate = equal(mod(add(this.iteration, 1), steps), 0);
    const sums = variables.map((variable) => this.accumulators[this.indexOf(variable)]);
    grads.forEach((grad, i) => sums[i].assign(add(sums[i], grad)));
    updateWhere(isUpdate, () => {
      const means = sums.map((total) => divide(total, steps));
      this.update(means, variables);
      for (const total of sums) total.assign(zerosLike(total));
    });
  }

  private update(grads: readonly Tensor[], variables: readonly Variable[]): void {
    const clipped = clipGradients(grads, this);
    const rate = this.learningRate;
    this.decay(variables, rate);
    this.beginUpdate();
    clipped.forEach((grad, i) => {
      const { dtype } = variables[i];
      this.updateStep(cast(grad, dtype), variables[i], cast(rate, dtype));
    });
  }

  /** The weight decay of a variable that is not excluded from it; null for none. */
  protected decayOf(_variable: Variable): number | null {
    return this.weightDecay;
  }

  private decay(variables: readonly Variable[], rate: Tensor): void {
    for (const variable of variables) {
      const decay = this.decayOf(variable);
      if (decay === null || this.excluded.has(variable) || this.excludedNames?.test(variable.name)) continue;
      const { value, dtype } = variable;
      variable.assign(subtract(value, multiply(multiply(value, decay), cast(rate, dtype))));
    }
  }

  private updateAverages(): void {
    const started = notEqual(this.iterations, 0);
    this.trained.forEach((variable, i) => {
      const average = this.averages[i];
      // Holes: see addSlotGroups.
      if (!average) return;
      const momentum = multiply(cast(started, variable.dtype), this.emaMomentum);
      average.assign(add(multiply(momentum, average), multiply(subtract(1, momentum), variable)));
    });
    if (!this.emaOverwriteFrequency) return;
    const isOverwrite = equal(mod(add(this.iterations, 1), this.emaOverwriteFrequency), 0);
    updateWhere(isOverwrite, () => this.finalizeVariableValues(this.trained));
  }
}
