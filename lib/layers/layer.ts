// The base of all layers: calls, dtypes, losses, configuration. Weights are in weights.ts, how a call runs in call.ts.
import type { DType, TypedArray } from '../dtype.js';
import { HornetError } from '../errors.js';
import { outputShape } from '../models/symbolic.js';
import type { KerasTensor, Node, SymbolicDType } from '../models/keras-tensor.js';
import { getRegularizer, type RegularizerLike } from '../regularizers/index.js';
import { classNameOf } from '../saving/registry.js';
import type { NestedArray, Tensor } from '../tensor.js';
import { flatten, type Tree } from '../tree.js';
import type { Variable } from '../variable.js';
import { buildLayer, callLayer, currentLosses, type CallRecord } from './call.js';
import type { QuantizationConfig } from '../quantizers/config.js';
import { toDtypePolicy, type DTypePolicy, type DTypePolicyName, type QuantizationMode } from './dtype-policy.js';
import type { InputSpec, Shape } from './input-spec.js';
import { snakeCase, uniqueName } from './naming.js';
import { checkQuantization, configOf, policyOf, type QuantizeArgs } from './quantization.js';
import { currentRematScope, type RematScope } from './remat-scope.js';
import { WeightOwner } from './weights.js';

export type { WeightArgs } from './weights.js';

/** Options that every layer takes. */
export interface LayerArgs {
  /** Default: the class name in snake case, numbered. */
  readonly name?: string;
  /** Whether training changes the weights. Default true. */
  readonly trainable?: boolean;
  /** Type of computation and weights, or a policy such as `mixed_float16`. Default: the global policy. */
  readonly dtype?: DTypePolicyName | DTypePolicy | null;
  /** Whether float inputs are cast to the type of computation. Default true. */
  readonly autocast?: boolean;
  /** Penalty on the outputs, added to the loss. */
  readonly activityRegularizer?: RegularizerLike | null;
  /** Shape of one sample: makes the first layer of a `Sequential` build at once. */
  readonly inputShape?: Shape;
  /** Batch size that goes with `inputShape`. Default: any. */
  readonly batchSize?: number | null;
}

/** A mask, or masks in the structure of the inputs; null where there is none. */
export type Mask = Tree<Tensor | null>;

/** What a caller may pass after the inputs. */
export interface CallOptions {
  /** Training (dropout drops, batch statistics) or inference. Default: that of the calling layer, else inference. */
  readonly training?: boolean | null;
  /** Which time steps count. Default: the masks that the inputs carry. */
  readonly mask?: Mask;
  readonly [option: string]: unknown;
}

/** What `call` receives after the inputs: options are resolved. */
export interface CallArgs {
  readonly training: boolean;
  readonly mask: Mask;
}

/** A configuration: the constructor's options with camelCase keys. */
export type Config = Record<string, unknown>;

/** Inputs of a layer: one tensor, or arrays and records of tensors; numbers as arrays, too. */
export type Inputs = Tree<Tensor | Variable> | NestedArray | TypedArray;

type BuildFunction = (...shapes: [Shapes, ...Shapes[]]) => void;

/** Shapes in the structure of the inputs. */
export type Shapes = Shape | readonly Shapes[] | { readonly [name: string]: Shapes };

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- instances are functions, see callable.ts
export interface Layer {
  /** Applies the layer: to symbolic tensors it records the call, to real ones it runs. */
  (inputs: Tree<KerasTensor>, options?: CallOptions): KerasTensor;
  (inputs: Inputs, options?: CallOptions): Tensor;
  /** Several outputs: say which, as in `layer<[Tensor, Tensor]>(x)`. */
  <R extends Tree<Tensor>>(inputs: Inputs, options?: CallOptions): R;
  /** Several inputs as separate arguments. */
  <R extends Tree<Tensor> = Tensor>(first: Inputs, second: Inputs, ...rest: unknown[]): R;
}

/**
 * Base class of layers. A layer of your own has a constructor, `build(inputShape)` that makes its weights with
 * `addWeight`, `call(inputs, { training, mask })` that computes with `ops`, and `getConfig()` if it is to be saved.
 *
 * @example
 * class Scale extends Layer {
 *   factor!: Variable;
 *   build(shape: Shape) { this.factor = this.addWeight({ name: 'factor', shape: [shape.at(-1)!], initializer: 'ones' }); }
 *   call(x: Tensor) { return ops.multiply(x, this.factor); }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- instances are functions, see callable.ts
export abstract class Layer extends WeightOwner {
  /** Names of the positional constructor parameters; the others are in the options object behind them. */
  static readonly requiredArgs: readonly string[] = [];
  /** Names of the positional parameters of `call`, as configs name them. */
  static readonly callArgs: readonly string[] = ['inputs'];
  /** What files call the layers in properties, where that is not the property's name in snake_case. */
  static readonly savedNames: Readonly<Record<string, string>> = {};

  #dtypePolicy: DTypePolicy;
  /** Whether masks of the inputs are passed on to the outputs. */
  supportsMasking = false;
  /** Whether float inputs are cast to the type of computation. */
  autocast: boolean;
  /** What `training` is where neither the call nor one around it says; null: inference, layers inside decide anew. */
  readonly defaultTraining: boolean | null = null;
  /** What inputs must look like: one requirement, or one per input. */
  inputSpec: InputSpec | readonly InputSpec[] | null = null;
  activityRegularizer: ((output: Tensor) => Tensor) | null;
  /** Shape of the input, batch included, if the first layer of a `Sequential` was told. */
  readonly batchInputShape: Shape | null;
  /** The symbolic calls of this layer. */
  readonly inboundNodes: Node[] = [];
  /** What is computed again for the gradient: as the scope said in which the layer was made. Internal. */
  readonly rematScope: RematScope | null = currentRematScope();
  /** Bookkeeping of calls. Internal. */
  readonly record: CallRecord = { context: null, lossContext: null, losses: [], buildShapes: null };

  constructor(args: LayerArgs = {}) {
    super(
      args.name ?? uniqueName(snakeCase(classNameOf(new.target as never))),
      args.trainable === undefined ? true : args.trainable,
    );
    this.#dtypePolicy = toDtypePolicy(args.dtype);
    this.autocast = args.autocast ?? true;
    this.activityRegularizer = getRegularizer(args.activityRegularizer ?? null);
    this.batchInputShape = args.inputShape ? [args.batchSize ?? null, ...args.inputShape] : null;
    // Whoever calls build() gets the bookkeeping around it; `super.build()` in a subclass reaches the class's own.
    const build: BuildFunction = (...shapes) => new.target.prototype.build.call(this, ...shapes);
    Object.defineProperty(this, 'build', { value: (...shapes: Shapes[]) => buildLayer(this, build, shapes) });
  }

  /** Makes the weights, knowing the shapes of the inputs (one per positional input; null for unknown sizes). */
  build(_inputShape: Shapes, ..._more: Shapes[]): void {}

  /** Computes the outputs with `ops`. */
  abstract call(inputs: Tree<Tensor>, ...rest: unknown[]): Tree<Tensor>;

  /** The mask of the outputs. Default: the mask of the inputs. Only asked where `supportsMasking` is true. */
  computeMask(_inputs: Tree<Tensor>, previousMask: Mask): Mask {
    return previousMask;
  }

  protected override invoke(args: readonly unknown[]): unknown {
    return callLayer(this, args);
  }

  /** The name of the class in configs and summaries. */
  get className(): string {
    return classNameOf(this.constructor as never);
  }

  /** The name of the class in Keras's source, after which groups in files are called. One class has another public name. */
  get pythonName(): string {
    return this.className;
  }

  /** The module that configs name for this object, given that of its class. */
  moduleName(registered: string): string {
    return registered;
  }

  // — types —

  /** In which types the layer computes and keeps its weights. */
  get dtypePolicy(): DTypePolicy {
    return this.#dtypePolicy;
  }

  /** A policy of quantized weights quantizes those of a built layer. */
  set dtypePolicy(policy: DTypePolicy | DTypePolicyName) {
    const wanted = toDtypePolicy(policy);
    const { quantizationMode } = wanted;
    if (quantizationMode && this.built && this.quantizationMode === null) {
      this.quantizeWeights(checkQuantization(this, null, { config: configOf(wanted) }));
    }
    this.#dtypePolicy = wanted;
  }

  /** How the weights are quantized; null where they are not. */
  get quantizationMode(): QuantizationMode | null {
    return this.#dtypePolicy.quantizationMode;
  }

  /**
   * Quantizes the weights: `int8` and `int4` for inference in less memory, `float8` for training in 8-bit floats. Inputs and
   * outputs stay of the type that they had.
   *
   * @throws HornetError when the layer is not built, is quantized already, or cannot be quantized.
   */
  quantize(mode: QuantizationMode | null = null, args: QuantizeArgs = {}): void {
    const config = checkQuantization(this, mode, args);
    this.quantizeWeights(config);
    this.#dtypePolicy = policyOf(config, this.#dtypePolicy);
  }

  /** Puts quantized weights in the place of the others. Internal. */
  quantizeWeights(_config: QuantizationConfig): void {
    throw new HornetError(this.name, `layers of class ${this.className} cannot be quantized`);
  }

  /** The type in which weights are kept. */
  override get variableDtype(): DType {
    return this.dtypePolicy.variableDtype;
  }

  /** The type in which `call` computes. */
  get computeDtype(): DType {
    return this.dtypePolicy.computeDtype;
  }

  /** The type of the inputs, where a model has to choose one. */
  get inputDtype(): SymbolicDType {
    return this.computeDtype;
  }

  /** The type of the weights, as in Keras. */
  get dtype(): DType {
    return this.variableDtype;
  }

  // — losses —

  /** Adds a scalar to the loss. Call it from `call`; the next call of the model forgets it. */
  addLoss(loss: Tree<Tensor>): void {
    const { record } = this;
    if (record.lossContext !== record.context) record.losses = [];
    record.lossContext = record.context;
    record.losses.push(...flatten(loss));
  }

  /** What the last call added to the loss, and the penalties on weights, of this layer and those inside it. */
  get losses(): Tensor[] {
    const layers = this.flattenLayers();
    const { context } = this.record;
    const added = layers.flatMap(({ record }) => (record.lossContext === context ? currentLosses(record.losses) : []));
    const penalties = this.trainableWeights.flatMap((variable) =>
      variable.regularizer ? [variable.regularizer(variable.value)] : [],
    );
    return [...added, ...penalties];
  }

  // — symbolic calls —

  /** What `call` gets in the place of symbolic inputs: the same, but for layers that take strings. Internal. */
  encodeSymbols(inputs: Tree<Tensor>): Tree<Tensor> {
    if (!flatten(inputs).some((leaf) => (leaf as KerasTensor).isString)) return inputs;
    const message = 'expected numbers, received strings; stringLookup, textVectorization or hashing make such of them';
    throw new HornetError(this.name, message);
  }

  /** The symbolic input of the first call. Throws a `HornetError` where there is not exactly one tensor. */
  get input(): KerasTensor {
    return only(this.name, 'input', this.inboundNodes[0]?.inputs);
  }

  /** The symbolic output of the first call. Throws a `HornetError` where there is not exactly one tensor. */
  get output(): KerasTensor {
    return only(this.name, 'output', this.inboundNodes[0]?.outputs);
  }

  /** The shape of the outputs for inputs of a shape, found by tracing; builds the layer if need be. */
  computeOutputShape(inputShape: Shapes, ...more: Shapes[]): Shapes {
    return outputShape(this, [inputShape, ...more]);
  }

  // — configuration —

  /** The constructor's options. */
  getConfig(): Config {
    const { name, trainable, dtypePolicy, activityRegularizer } = this;
    return { name, trainable, dtype: dtypePolicy, ...(activityRegularizer && { activityRegularizer }) };
  }

  /** A layer from its configuration. */
  static fromConfig<T extends Layer>(this: new (...args: never[]) => T, config: Config): T {
    const required = (this as unknown as typeof Layer).requiredArgs;
    const rest = Object.fromEntries(Object.entries(config).filter(([key]) => !required.includes(key)));
    return new (this as unknown as new (...args: unknown[]) => T)(...required.map((key) => config[key]), rest);
  }

  /** The shapes with which the layer was built, for configs; null before. */
  getBuildConfig(): Config | null {
    const shapes = this.record.buildShapes;
    if (!shapes) return null;
    if (shapes.length === 1) return { inputShape: shapes[0] };
    const names = (this.constructor as typeof Layer).callArgs;
    return { shapesDict: Object.fromEntries(shapes.map((shape, i) => [`${names[i] ?? `arg${i}`}_shape`, shape])) };
  }

  /** Builds the layer as `getBuildConfig` says. */
  buildFromConfig(config: Config): void {
    const shapes = config.shapesDict ? Object.values(config.shapesDict) : [config.inputShape];
    if (shapes[0]) this.build(...(shapes as [Shapes, ...Shapes[]]));
  }

  override toString(): string {
    return `<${this.className} name=${this.name}, built=${this.built}>`;
  }
}

function only(where: string, what: string, tensors: readonly KerasTensor[] | undefined): KerasTensor {
  if (tensors?.length === 1) return tensors[0];
  if (!tensors)
    throw new HornetError(where, `this layer has never been called on a symbolic tensor and has no ${what}`);
  throw new HornetError(where, `this layer has ${tensors.length} ${what}s; a model lists its own in ${what}s`);
}
