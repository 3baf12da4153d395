// Several optimizers for one model, each for some of its variables.
import { HornetError } from '../errors.js';
import { registerSerializable } from '../saving/registry.js';
import { describe, type Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { LossScaleOptimizer } from './loss-scale-optimizer.js';
import { Optimizer } from './optimizer.js';

export interface OptimizerMapArgs {
  /** Optimizers by the paths of their variables, or by regular expressions that match whole paths. */
  readonly optimizerMap?: Readonly<Record<string, Optimizer>> | null;
}

/** Which optimizer a variable has: by its path or a pattern that the whole path matches, else the default one. */
export class OptimizerMap {
  static readonly className = 'OptimizerMap';
  static readonly requiredArgs = ['defaultOptimizer'];
  private readonly entries = new Map<string, Optimizer>();

  constructor(
    /** For all variables that no entry is for. */
    readonly defaultOptimizer: Optimizer,
    args: OptimizerMapArgs = {},
  ) {
    if (!(defaultOptimizer instanceof Optimizer)) {
      throw new HornetError('optimizerMap', `expected a default optimizer, received ${describe(defaultOptimizer)}`);
    }
    for (const [key, optimizer] of Object.entries(args.optimizerMap ?? {})) this.set(key, optimizer);
  }

  /** The optimizer for the variable of that path. Throws a `HornetError` where several patterns match. */
  get(path: string): Optimizer {
    const exact = this.entries.get(path);
    if (exact) return exact;
    const matching = [...this.entries.keys()].filter((pattern) => new RegExp(`^(?:${pattern})$`).test(path));
    if (matching.length > 1) {
      const list = matching.map((pattern) => `'${pattern}'`).join(' and ');
      throw new HornetError('optimizerMap', `variable '${path}' has several optimizers: ${list} match`);
    }
    return matching.length === 1 ? this.entries.get(matching[0])! : this.defaultOptimizer;
  }

  /** Adds an entry. Throws a `HornetError` where there is one of that key. */
  set(key: string, optimizer: Optimizer): void {
    if (this.entries.has(key)) throw new HornetError('optimizerMap', `'${key}' has an optimizer already`);
    checkInner('optimizerMap', optimizer);
    this.entries.set(key, optimizer);
  }

  /** Takes an entry out; false where there was none. */
  delete(key: string): boolean {
    return this.entries.delete(key);
  }

  get size(): number {
    return this.entries.size;
  }

  /** The optimizers of all entries, the default one last. */
  optimizers(): Optimizer[] {
    return [...new Set([...this.entries.values(), this.defaultOptimizer])];
  }

  getConfig(): Record<string, unknown> {
    return { defaultOptimizer: this.defaultOptimizer, optimizerMap: Object.fromEntries(this.entries) };
  }
}
registerSerializable('keras.optimizers', OptimizerMap);

/** Makes an `OptimizerMap`. */
export const optimizerMap = (defaultOptimizer: Optimizer, args?: OptimizerMapArgs): OptimizerMap =>
  new OptimizerMap(defaultOptimizer, args);

/** Which optimizer a variable has. */
export type OptimizerChoice = OptimizerMap | ((variable: Variable) => Optimizer);

export interface MultiOptimizerArgs {
  /** The loss is multiplied and the gradients are divided by this number; takes the place of the optimizers' own. */
  readonly lossScaleFactor?: number | null;
  readonly name?: string;
}

/**
 * An optimizer made of several, each for some of the variables.
 *
 * @example
 * multiOptimizer(optimizerMap(sgd(), { optimizerMap: { 'encoder/.*': adam() } }))
 */
export class MultiOptimizer extends Optimizer {
  static readonly className = 'MultiOptimizer';
  static readonly requiredArgs = ['optimizerMap'];
  private readonly inner: Optimizer[] = [];
  private readonly owners = new Map<Variable, Optimizer>();

  constructor(
    readonly optimizerMap: OptimizerChoice,
    args: MultiOptimizerArgs = {},
  ) {
    super(args, 0);
    if (!(optimizerMap instanceof OptimizerMap) && typeof optimizerMap !== 'function') {
      throw new HornetError(this.name, `expected an OptimizerMap or a function, received ${describe(optimizerMap)}`);
    }
    if (optimizerMap instanceof OptimizerMap) this.inner.push(...optimizerMap.optimizers());
  }

  /** The optimizers, in the order of their state. */
  get optimizers(): readonly Optimizer[] {
    return this.inner;
  }

  /** Its own state, then that of each optimizer. */
  override get variables(): readonly Variable[] {
    return [...super.variables, ...this.inner.flatMap(({ variables }) => variables)];
  }

  override build(variables: readonly Variable[]): void {
    if (this.built) return;
    const { optimizerMap } = this;
    for (const variable of variables) {
      const choice = optimizerMap instanceof OptimizerMap ? optimizerMap.get(variable.path) : optimizerMap(variable);
      checkInner(this.name, choice);
      if (!this.inner.includes(choice)) this.inner.push(choice);
      this.owners.set(variable, choice);
    }
    super.build(variables);
    for (const { optimizer, own } of this.shares(variables)) optimizer.build(own);
  }

  override excludeFromWeightDecay(choice: Parameters<Optimizer['excludeFromWeightDecay']>[0]): void {
    for (const optimizer of this.inner) optimizer.excludeFromWeightDecay(choice);
  }

  /** Never a number: each optimizer has its own. */
  override get learningRate(): Tensor {
    throw new HornetError(this.name, 'each of the optimizers has its own learning rate: see optimizers');
  }

  override set learningRate(_value: unknown) {
    throw new HornetError(this.name, 'each of the optimizers has its own learning rate: set it on those in optimizers');
  }

  override finalizeVariableValues(variables: readonly Variable[]): void {
    for (const { optimizer, own } of this.shares(variables)) optimizer.finalizeVariableValues(own);
  }

  override averageOf(variable: Variable): Variable | null {
    return this.ownerOf(variable).averageOf(variable);
  }

  override getConfig(): Record<string, unknown> {
    const { optimizerMap, lossScaleFactor, name } = this;
    return { optimizerMap, lossScaleFactor, name };
  }

  protected override record(grads: readonly (Tensor | null)[], variables: readonly Variable[]): void {
    for (const { optimizer, own } of this.shares(variables)) {
      optimizer.lossScaleFactor = this.lossScaleFactor;
      optimizer.apply(
        own.map((variable) => grads[variables.indexOf(variable)]),
        own,
      );
    }
    this.countStep();
  }

  protected updateStep(): void {
    throw new HornetError(this.name, 'updates are made by the optimizers inside');
  }

  /** The optimizers that have some of the variables, each with its own. */
  private shares(variables: readonly Variable[]): { optimizer: Optimizer; own: Variable[] }[] {
    return this.inner
      .map((optimizer) => ({ optimizer, own: variables.filter((variable) => this.ownerOf(variable) === optimizer) }))
      .filter(({ own }) => own.length > 0);
  }

  private ownerOf(variable: Variable): Optimizer {
    this.indexOf(variable);
    return this.owners.get(variable)!;
  }
}
registerSerializable('keras.optimizers', MultiOptimizer);

/** Makes a `MultiOptimizer`. */
export const multiOptimizer = (choice: OptimizerChoice, args?: MultiOptimizerArgs): MultiOptimizer =>
  new MultiOptimizer(choice, args);

function checkInner(where: string, optimizer: unknown): asserts optimizer is Optimizer {
  if (!(optimizer instanceof Optimizer)) {
    throw new HornetError(where, `expected an optimizer, received ${describe(optimizer)}`);
  }
  for (const outer of [LossScaleOptimizer, MultiOptimizer]) {
    if (optimizer instanceof outer) {
      throw new HornetError(where, `a ${outer.className} cannot be used inside a MultiOptimizer; put it around`);
    }
  }
}
