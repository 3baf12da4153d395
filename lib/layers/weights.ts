// What a layer owns: its name, its weights and those of the layers inside, and whether training changes them.
import { getConstraint, type ConstraintLike } from '../constraints/index.js';
import { arrayOf, isFloat, type DType, type TypedArray } from '../dtype.js';
import { onDevice } from '../device.js';
import { HornetError } from '../errors.js';
import { sameShape, sizeOf } from '../graph/ir.js';
import { postponed } from '../graph/pending.js';
import { getInitializer, Initializer, type InitializerLike } from '../initializers/index.js';
import { getRegularizer, type RegularizerLike } from '../regularizers/index.js';
import { fromBytes, Tensor, tensor, type NestedArray } from '../tensor.js';
import { Variable } from '../variable.js';
import { Callable } from './callable.js';
import type { Layer } from './layer.js';
import { pathOf } from './naming.js';
import { scan, type Belongings, type MetricLike } from './tracking.js';

/** What `addWeight` takes. */
export interface WeightArgs {
  /** Default `weight`. */
  readonly name?: string;
  /** Default: a scalar. */
  readonly shape?: readonly (number | null)[];
  /** Default `glorotUniform` for floats, zeros for other types. */
  readonly initializer?: InitializerLike | null;
  /** Default: the layer's variable type. */
  readonly dtype?: DType;
  /** Whether optimizers change it. Default true. */
  readonly trainable?: boolean;
  /** Whether it is cast to the layer's type of computation when read in `call`. Default true. */
  readonly autocast?: boolean;
  readonly regularizer?: RegularizerLike | null;
  readonly constraint?: ConstraintLike | null;
}

/** A weight as files hold it. */
export interface SavedWeight {
  readonly variable: Variable;
  /** Its name in the layer's group. Default: its position. */
  readonly name?: string;
  /** What is written in the place of the variable's own numbers. */
  readonly value?: () => Tensor;
}

/** What stands between a layer's weights and files. */
export interface Adaptation {
  saved(weights: readonly SavedWeight[]): SavedWeight[];
  reset(): void;
}

/** The part of a layer that keeps weights. */
export abstract class WeightOwner extends Callable {
  /** Whether the weights exist. */
  built = false;
  /** A low-rank adaptation of a weight, if there is one. Internal. */
  adaptation: Adaptation | null = null;
  readonly #weights: { variable: Variable; trainable: boolean }[] = [];
  readonly #tracked: unknown[] = [];
  #trainable: boolean;
  /** The layers inside that know of `trainable`; others come to be later. */
  #told: ReadonlySet<Layer> = new Set();

  constructor(
    readonly name: string,
    trainable: boolean,
  ) {
    super();
    if (typeof name !== 'string' || name === '' || name.includes('/')) {
      throw new HornetError('layer', `expected name to be text without '/', received '${String(name)}'`);
    }
    this.#trainable = this.checkTrainable(trainable);
  }

  /** The type in which weights are kept. */
  abstract get variableDtype(): DType;

  /**
   * Makes a weight of this layer.
   *
   * @throws HornetError when the shape has unknown sizes.
   */
  addWeight(args: WeightArgs = {}): Variable {
    const { name = 'weight', shape = [], dtype = this.variableDtype, trainable = true } = args;
    const path = pathOf(this, name);
    if (shape.some((dim) => !Number.isInteger(dim) || (dim as number) < 0)) {
      throw new HornetError(
        this.name,
        `expected weight '${path}' to have a known shape, received [${shape.map(String).join(', ')}]`,
      );
    }
    const initializer = getInitializer(args.initializer ?? (isFloat(dtype) ? 'glorotUniform' : 'zeros'));
    const initial = postponed(() => initializer(shape as readonly number[], dtype));
    const variable = new Variable(initial, {
      name,
      dtype,
      trainable: trainable && this.#trainable,
      autocast: args.autocast ?? true,
      adopt: initializer instanceof Initializer,
      regularizer: getRegularizer(args.regularizer ?? null),
      constraint: getConstraint(args.constraint ?? null),
    });
    variable.path = path;
    this.#weights.push({ variable, trainable });
    return variable;
  }

  /** Forgets a weight of this layer: others take its place. Internal. */
  dropWeight(variable: Variable): void {
    this.#weights.splice(
      this.#weights.findIndex((each) => each.variable === variable),
      1,
    );
  }

  /** Makes sub-layers, variables, metrics or seed generators belong to this layer that are in none of its properties. */
  track<T>(item: T): T {
    this.#tracked.push(item);
    return item;
  }

  /** What the properties hold. Internal. */
  belongings(): Belongings {
    return scan(this, this.#tracked);
  }

  /** Runs `fn`; if it throws, weights made meanwhile are forgotten. Internal. */
  transact(fn: () => void): void {
    const count = this.#weights.length;
    try {
      fn();
    } catch (error) {
      this.#weights.length = count;
      throw error;
    }
  }

  private ownVariables({ variables }: Belongings): Variable[] {
    const own = this.#weights.filter((each) => each.trainable).map((each) => each.variable);
    const others = this.#weights.filter((each) => !each.trainable).map((each) => each.variable);
    const known = new Set([...own, ...others]);
    for (const variable of variables) if (!known.has(variable)) (variable.trainable ? own : others).push(variable);
    return [...own, ...others];
  }

  /**
   * What files hold of this layer's own weights, in order: all, trainable ones first. Override it for a layer that is
   * saved in another form, together with `weightsRestored`.
   */
  savedWeights(): SavedWeight[] {
    const own = this.ownVariables(this.belongings()).map((variable) => ({ variable }));
    return this.adaptation?.saved(own) ?? own;
  }

  /** Called when the weights have come from a file. */
  weightsRestored(): void {
    this.adaptation?.reset();
  }

  /** Texts that belong to this layer and are no weights, by the name of the file that they become in a `.keras` archive. */
  saveAssets(): Readonly<Record<string, string>> {
    return {};
  }

  /** Takes the texts that `saveAssets` gave; those that a file has. */
  loadAssets(_texts: Readonly<Record<string, string>>): void {}

  /** The layers directly inside this one. */
  get subLayers(): readonly Layer[] {
    return [...this.belongings().layers];
  }

  /** This layer and all inside it, each once. */
  flattenLayers(): Layer[] {
    const all = new Set<WeightOwner>();
    const visit = (layer: WeightOwner): void => {
      if (all.has(layer)) return;
      all.add(layer);
      layer.subLayers.forEach(visit);
    };
    visit(this);
    // Only layers own weights.
    return [...all] as Layer[];
  }

  private collect(own: (layer: WeightOwner) => readonly Variable[]): Variable[] {
    return [...new Set(this.flattenLayers().flatMap(own))];
  }

  /** All weights: this layer's own (trainable ones first), then those of its sub-layers. */
  get weights(): Variable[] {
    return this.collect((layer) => layer.ownVariables(layer.belongings()));
  }

  /** Weights that training changes. */
  get trainableWeights(): Variable[] {
    if (!this.trainable) return [];
    return this.collect((layer) =>
      layer.trainable ? layer.ownVariables(layer.belongings()).filter((variable) => variable.trainable) : [],
    );
  }

  /** Weights that training leaves alone, or moves without a gradient (moving averages). */
  get nonTrainableWeights(): Variable[] {
    const trainable = new Set(this.trainableWeights);
    return this.weights.filter((variable) => !trainable.has(variable));
  }

  /** Weights and the state of seed generators. */
  get variables(): Variable[] {
    return this.collect((layer) => {
      const belongings = layer.belongings();
      return [...layer.ownVariables(belongings), ...[...belongings.seeds].map((seed) => seed.state)];
    });
  }

  /** Variables that training changes. */
  get trainableVariables(): Variable[] {
    return this.trainableWeights;
  }

  /** Variables that training leaves alone, seed generators included. */
  get nonTrainableVariables(): Variable[] {
    const trainable = new Set(this.trainableWeights);
    return this.variables.filter((variable) => !trainable.has(variable));
  }

  /** Metrics in the properties of this layer and those inside it. */
  get metrics(): MetricLike[] {
    return [...new Set(this.flattenLayers().flatMap((layer) => [...layer.belongings().metrics]))];
  }

  /**
   * Whether training changes the weights. Setting it also sets all layers inside, of which single ones may then be set
   * differently. A compiled model takes notice when it is compiled anew.
   */
  get trainable(): boolean {
    return this.#trainable;
  }

  set trainable(value: boolean) {
    this.markTrainable(value);
    for (const { variable, trainable } of this.#weights) if (trainable) variable.trainable = value;
    for (const layer of this.subLayers) layer.trainable = value;
  }

  /** Sets what `trainable` says of this layer alone; weights and layers inside stay as they are. Internal. */
  markTrainable(value: boolean): void {
    this.#trainable = this.checkTrainable(value);
    this.#told = new Set(this.subLayers);
  }

  /** Freezes the layers that a frozen layer made when it was built, or in its constructor. Internal. */
  freezeInside(): void {
    if (this.#trainable) return;
    for (const layer of this.subLayers) if (!this.#told.has(layer)) layer.trainable = false;
  }

  private checkTrainable(value: boolean): boolean {
    if (typeof value === 'boolean') return value;
    throw new HornetError(this.name, `expected trainable to be true or false, received ${String(value)}`);
  }

  /** Number of numbers in all weights. Throws a `HornetError` while the layer is not built. */
  countParams(): number {
    const { weights } = this;
    if (!this.built && weights.length === 0) {
      throw new HornetError(this.name, 'countParams() needs a built layer; call it on data or build(inputShape) first');
    }
    return weights.reduce((sum, variable) => sum + sizeOf(variable.shape), 0);
  }

  /** Copies all weights out, in the order of `weights`. */
  getWeights(): Promise<TypedArray[]> {
    return Promise.all(this.weights.map((variable) => variable.data()));
  }

  /**
   * Replaces all weights, in the order of `weights`: tensors, nested arrays, or flat typed arrays.
   *
   * @throws HornetError when number or shapes differ; then nothing is changed.
   */
  setWeights(values: readonly (Tensor | NestedArray | TypedArray | number)[]): void {
    const { weights } = this;
    if (values.length !== weights.length) {
      throw new HornetError(this.name, `expected ${weights.length} weights, received ${values.length}`);
    }
    const tensors = values.map((value, i) => onDevice(weights[i].device, () => asWeight(value, weights[i])));
    weights.forEach((variable, i) => variable.assign(tensors[i]));
  }
}

/** A value for a weight; typed arrays are flat, and bit patterns for half precision. */
function asWeight(value: Tensor | NestedArray | TypedArray | number, variable: Variable): Tensor {
  const { shape, dtype } = variable;
  if (ArrayBuffer.isView(value)) {
    if (value.length !== sizeOf(shape)) {
      throw new HornetError(
        variable.path,
        `expected ${sizeOf(shape)} numbers for shape [${shape.join(', ')}], received ${value.length}`,
      );
    }
    return value instanceof arrayOf(dtype) ? fromBytes(value, shape, dtype) : tensor(value, shape, dtype);
  }
  const given = value instanceof Tensor ? value : tensor(value, undefined, dtype);
  if (!sameShape(given.shape, shape)) {
    throw new HornetError(
      variable.path,
      `expected a value of shape [${shape.join(', ')}], received [${given.shape.join(', ')}]`,
    );
  }
  return given;
}
