// Models: layers with training. Functional ones are given by symbolic inputs and outputs, others by their own `call`.
import { onDevice } from '../device.js';
import type { DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { abstractEval } from '../graph/trace.js';
import { callContext } from '../layers/call.js';
import { shapeText, type Shape } from '../layers/input-spec.js';
import type { InputLayer } from '../layers/input.js';
import type { QuantizationMode } from '../layers/dtype-policy.js';
import type { CallArgs, Config, Layer, LayerArgs, Mask } from '../layers/layer.js';
import { getMask, setMask } from '../layers/mask.js';
import { uniqueName } from '../layers/naming.js';
import { uploadCodes } from '../layers/string-layer.js';
import { expandDims, squeeze } from '../ops/index.js';
import { castTo } from '../ops/convert.js';
import type { SaveModelArgs } from '../saving/models.js';
import type { ExportArgs } from '../saving/onnx/export.js';
import { registerSerializable } from '../saving/registry.js';
import { serialize } from '../saving/serialize.js';
import { Tensor } from '../tensor.js';
import { flatten, isBranch, mapTree, unflatten, type Tree } from '../tree.js';
import { finish, type Steps } from '../turns.js';
import type { DataTree } from './data.js';
import { FunctionGraph, matchInputs } from './function-graph.js';
import { graphConfig, graphFromConfig, type GraphConfig } from './graph-config.js';
import { HostPrefix, readValues } from './host-prefix.js';
import { KerasTensor } from './keras-tensor.js';
import { quantizeModel, type QuantizeModelArgs } from './quantize.js';
import { printSummary, type SummaryArgs } from './summary.js';
import { Trainer } from './trainer.js';

/** What makes a functional model. */
export interface ModelArgs extends LayerArgs {
  /** Symbolic tensors: one, or arrays and records of them. Calls take the same structure. */
  readonly inputs?: Tree<Tensor>;
  /** Ops on symbolic tensors give such, too, though their type does not say it. */
  readonly outputs?: Tree<Tensor>;
}

/**
 * A network that can be trained.
 *
 * @example Functional: from symbolic inputs to symbolic outputs.
 * const x = input({ shape: [784] });
 * const model = new Model({ inputs: x, outputs: dense(10)(dense(64, { activation: 'relu' })(x)) });
 *
 * @example Subclassed: layers in properties, and `call`.
 * class Mlp extends Model {
 *   hidden = dense(64, { activation: 'relu' });
 *   head = dense(10);
 *   call(x: Tensor) { return this.head(this.hidden(x)); }
 * }
 */
export class Model extends Trainer {
  static readonly className: string = 'Model';
  /** Parts of the configuration that stay as they are in JSON until `fromConfig`. */
  static readonly rawKeys: readonly string[] = ['layers', 'inputLayers', 'outputLayers'];
  #graph: FunctionGraph | null = null;
  #prefix: HostPrefix | null = null;
  #outputForm: Tree<Tensor> | null = null;

  constructor(args: ModelArgs = {}) {
    const { inputs, outputs, ...rest } = args;
    if ((inputs === undefined) !== (outputs === undefined)) {
      throw new HornetError('model', 'a functional model needs both inputs and outputs');
    }
    // Functional models of the plain class are called `functional`, as in Keras.
    const named = inputs !== undefined && new.target === Model ? { name: rest.name ?? uniqueName('functional') } : {};
    super({ ...rest, ...named });
    if (inputs && outputs) {
      this.graph = new FunctionGraph(inputs, outputs);
      this.autocast = false;
      this.supportsMasking = true;
      this.built = true;
      if (rest.trainable === false) this.trainable = false;
    }
  }

  /** The calls of a functional model; null for others. Internal. */
  get graph(): FunctionGraph | null {
    return this.#graph;
  }

  protected set graph(graph: FunctionGraph | null) {
    this.#prefix = graph && HostPrefix.of(graph);
    this.#graph = graph;
  }

  /** What steps are compiled from: the calls of a functional model that work on numbers. */
  private get numericGraph(): FunctionGraph | null {
    return this.#prefix?.graph ?? this.#graph;
  }

  override get className(): string {
    return this.constructor === Model && this.#graph ? 'Functional' : super.className;
  }

  override moduleName(registered: string): string {
    return this.className === 'Functional' ? 'keras.src.models.functional' : registered;
  }

  override call(inputs: Tree<Tensor>, options: CallArgs): Tree<Tensor> {
    return this.runGraph(inputs, options.mask);
  }

  /** Runs the recorded calls on tensors. */
  protected runGraph(inputs: Tree<Tensor>, mask: Mask, strict = true): Tree<Tensor> {
    const graph = this.numericGraph;
    if (!graph) throw new HornetError(this.name, 'this model has neither inputs and outputs nor a call() of its own');
    const values = matchInputs(this.name, graph, inputs);
    const masks = mask === null ? [] : flatten(mask);
    const adapted = values.map((value, i) => adapt(this.name, graph.inputLayers[i], value, masks[i] ?? null, strict));
    return graph.run(adapted, callContext()?.training ?? null);
  }

  override computeMask(_inputs: Tree<Tensor>, previousMask: Mask): Mask {
    // The layers inside have put masks on the outputs already.
    return this.#graph ? null : previousMask;
  }

  protected override invoke([inputs, ...rest]: readonly unknown[]): unknown {
    // Arrays go where the weights are.
    const call = (): unknown => super.invoke([this.withoutStrings(inputs), ...rest]);
    const outputs = onDevice(this.device, call) as Tree<Tensor>;
    this.#outputForm = outputs;
    return outputs;
  }

  // — strings —

  /** The inputs of a call with their strings encoded. Symbolic ones are for the layers inside to encode. */
  private withoutStrings(inputs: unknown): unknown {
    const isSymbolic = flatten(inputs).some((leaf) => leaf instanceof KerasTensor);
    return isSymbolic || !this.takesStrings ? inputs : finish(this.encodeInputs(this.name, inputs as DataTree));
  }

  override get takesStrings(): boolean {
    return this.#prefix !== null;
  }

  override *encodeInputs(where: string, x: DataTree): Steps<DataTree> {
    if (!this.#prefix || this.#prefix.isEncoded(x)) return x;
    const values = onDevice(this.device, () => readValues(where, this.#graph!, x));
    const encoded = (yield* this.#prefix.encode(where, values)) as Tree<unknown>;
    return onDevice(this.device, () => uploadCodes(encoded)) as DataTree;
  }

  /** Encodes the strings in the arguments of a call, nested within another model's. Internal. */
  *encodeStrings(inputs: Tree<unknown>): Steps<Tree<unknown>> {
    const values = matchInputs(this.name, this.#graph!, inputs as Tree<Tensor>);
    return yield* this.#prefix!.encode(this.name, values);
  }

  override encodeSymbols(inputs: Tree<Tensor>): Tree<Tensor> {
    if (!this.#prefix) return super.encodeSymbols(inputs);
    return this.#prefix.encodeSymbols(matchInputs(this.name, this.#graph!, inputs));
  }

  // — structure —

  /** The layers, in the order of the summary. */
  get layers(): readonly Layer[] {
    return this.subLayers;
  }

  override get subLayers(): readonly Layer[] {
    const own = this.#graph?.layers ?? [];
    return [...new Set([...own, ...super.subLayers])];
  }

  /** The layer of that name, or at that position. Throws a `HornetError` where there is none. */
  getLayer(choice: string | number): Layer {
    const { layers } = this;
    const found = typeof choice === 'number' ? layers.at(choice) : layers.find(({ name }) => name === choice);
    if (found) return found;
    const names = layers.map(({ name }) => name).join(', ');
    throw new HornetError(
      this.name,
      `there is no layer ${typeof choice === 'number' ? choice : `'${choice}'`}; the layers are ${names}`,
    );
  }

  /** Symbolic inputs, flat. Throws a `HornetError` for a model that is not functional, or not built. */
  get inputs(): KerasTensor[] {
    return flatten(this.needGraph('inputs').inputs);
  }

  /** Symbolic outputs, flat. Throws a `HornetError` for a model that is not functional, or not built. */
  get outputs(): KerasTensor[] {
    return flatten(this.needGraph('outputs').outputs);
  }

  /** The symbolic input. Throws a `HornetError` for a model with several: see `inputs`. */
  override get input(): KerasTensor {
    return this.single('input', this.inputs);
  }

  /** The symbolic output. Throws a `HornetError` for a model with several: see `outputs`. */
  override get output(): KerasTensor {
    return this.single('output', this.outputs);
  }

  /** The shape of the input, batch included; shapes in the structure of several. Not for models that are not functional. */
  get inputShape(): Tree<Shape> {
    return mapTree<KerasTensor, Shape>(this.needGraph('inputs').inputs, ({ symbolicShape }) => symbolicShape);
  }

  /** The shape of the output, batch included; shapes in the structure of several. Not for models that are not functional. */
  get outputShape(): Tree<Shape> {
    return mapTree<KerasTensor, Shape>(this.needGraph('outputs').outputs, ({ symbolicShape }) => symbolicShape);
  }

  private needGraph(what: string): FunctionGraph {
    if (this.#graph) return this.#graph;
    throw new HornetError(this.name, `this model has no symbolic ${what}: it is not functional, or not built yet`);
  }

  private single(what: string, tensors: readonly KerasTensor[]): KerasTensor {
    if (tensors.length === 1) return tensors[0];
    throw new HornetError(this.name, `this model has ${tensors.length} ${what}s; use model.${what}s`);
  }

  // — what training needs to know —

  /** Names of the outputs: a record's keys, else the names of the layers that give them. */
  override get outputNames(): readonly string[] {
    const form = this.outputForm;
    if (form === null || !isBranch(form))
      return [this.#graph ? this.outputs[0].history!.node.operation.name : 'output'];
    if (!Array.isArray(form) && Object.values(form).every((leaf) => leaf instanceof Tensor))
      return Object.keys(form).sort();
    if (this.#graph) return this.outputs.map(({ history }) => history!.node.operation.name);
    return flatten(form as Tree<unknown>).map((_, i) => `output_${i + 1}`);
  }

  /** Names of the inputs of a functional model; empty for others. */
  override get inputNames(): readonly string[] {
    return this.#graph?.inputLayers.map(({ name }) => name) ?? [];
  }

  override get inputForm(): Tree<unknown> {
    return this.numericGraph?.inputs ?? null;
  }

  override get outputForm(): Tree<unknown> {
    return this.#graph?.outputs ?? this.#outputForm;
  }

  /** Shapes of the inputs, batch included, null for unknown sizes; null for a model that finds out when called. */
  override get inputShapes(): readonly Shape[] | null {
    const graph = this.numericGraph;
    return graph && flatten(graph.inputs).map(({ symbolicShape }) => symbolicShape);
  }

  /**
   * Quantizes the layers inside: `int8` and `int4` for inference in less memory, `float8` for training in 8-bit floats. A
   * compiled model that is to be trained further has to be compiled anew.
   */
  override quantize(mode: QuantizationMode | null = null, args: QuantizeModelArgs = {}): void {
    quantizeModel(this, mode, args);
    this.forgetSteps();
  }

  /** Makes the weights from the shapes of data, without running anything. */
  override buildFor(x: Tree<Tensor>): void {
    if (this.built && (this.#graph || this.#outputForm)) return;
    // Steps of its own may use its layers only, which are built then when they are called.
    if (!this.#graph && this.call === Model.prototype.call) return;
    abstractEval((...inputs) => {
      const outputs = (this as Layer)<Tree<Tensor>>(unflatten(x, inputs), { training: false });
      return flatten(outputs);
    }, flatten(x));
  }

  /** Prints the layers, their output shapes and numbers of weights. */
  summary(args: SummaryArgs = {}): void {
    printSummary(this, args);
  }

  // — files —

  /**
   * Writes the model with its weights and the state of its training: `.keras`, or the older `.h5`. The file is replaced as
   * a whole.
   *
   * @throws HornetError when the file cannot be written, or the model has parts that no config can hold.
   */
  async save(path: string, args: SaveModelArgs = {}): Promise<void> {
    const { saveModel } = await import('../saving/models.js');
    await saveModel(this, path, args);
  }

  /**
   * Writes what the model computes in inference for other programs: a graph of ONNX. Inputs are called like the input
   * layers, outputs like `outputNames`; the batch and other unknown sizes stay unknown. The file is replaced as a whole.
   *
   * @param path - Ends in `.onnx`.
   * @throws HornetError when ONNX has no form for something that the model does, when the model does not know its inputs,
   * or when the file cannot be written.
   */
  async export(path: string, args: ExportArgs = {}): Promise<void> {
    const { exportModel } = await import('../saving/onnx/export.js');
    await exportModel(this, path, args);
  }

  /** The architecture as JSON, without weights; `modelFromJson` reads it, also Keras's. */
  toJson(): string {
    return JSON.stringify(serialize(this));
  }

  // — configuration —

  override getConfig(): Config {
    const config = super.getConfig();
    if (!this.#graph) return config;
    return { name: config.name, trainable: config.trainable, ...graphConfig(this.#graph) };
  }

  override getBuildConfig(): Config | null {
    return this.#graph ? { inputShape: null } : super.getBuildConfig();
  }

  /** A model from its configuration, functional or not. */
  static override fromConfig<T extends Layer>(this: new (...args: never[]) => T, config: Config): T {
    if (!('layers' in config && 'inputLayers' in config)) return super.fromConfig.call(this, config) as T;
    const args = { ...graphFromConfig(config as unknown as GraphConfig), name: config.name };
    const model = new (this as unknown as new (args: object) => T)(args);
    // The layers inside have each their own.
    model.markTrainable((config.trainable ?? true) as boolean);
    return model;
  }
}

registerSerializable('keras', Model);
registerSerializable('keras.src.models.functional', Model, 'Functional');
registerSerializable('keras', Model, 'Functional');

/** Brings a value into the form that an input expects: its type, and a last axis of size one more or less. */
function adapt(
  where: string,
  layer: InputLayer,
  value: Tensor | null,
  mask: Tensor | null,
  strict: boolean,
): Tensor | null {
  if (value === null) {
    if (layer.optional) return null;
    throw new HornetError(where, `expected a tensor for input '${layer.name}', received null`);
  }
  const wanted = layer.batchShape;
  let adapted = value;
  if (value.rank === wanted.length + 1 && value.shape.at(-1) === 1) adapted = squeeze(value, { axis: -1 });
  else if (value.rank === wanted.length - 1 && wanted.at(-1) === 1) adapted = expandDims(value, -1);
  const { shape } = adapted;
  // The batch may have any size. A stack of layers takes whatever its layers take.
  const matches = (dim: number | null, i: number): boolean => !strict || i === 0 || dim === null || dim === shape[i];
  if (shape.length !== wanted.length || !wanted.every(matches)) {
    const received = shapeText(value.shape);
    throw new HornetError(where, `expected input '${layer.name}' of shape ${shapeText(wanted)}, received ${received}`);
  }
  adapted = castTo(adapted, layer.inputDtype as DType);
  const carried = mask ?? getMask(value);
  if (carried) setMask(adapted, carried);
  return adapted;
}
