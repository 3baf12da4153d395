// Training: compile, fit, evaluate, predict, and the steps that subclasses may override. The loop itself is in loop.ts.
import type { History } from '../callbacks/history.js';
import { currentDevice, onDevice, type Device } from '../device.js';
import { HornetError } from '../errors.js';
import { valueAndGrad } from '../graph/transforms.js';
import { Layer } from '../layers/layer.js';
import type { Direction, Metric } from '../metrics/index.js';
import type { Optimizer } from '../optimizers/index.js';
import { add, sum } from '../ops/index.js';
import { type DeviceTensor, type Tensor } from '../tensor.js';
import { flatten, isBranch, type Tree } from '../tree.js';
import { Compiled, type CompileArgs } from './compiled.js';
import type { BatchIterable, DataTree, StepData } from './data.js';
import {
  batchOf,
  evaluateModel,
  logsInOrder,
  fitModel,
  predictModel,
  readLogs,
  type EvaluateArgs,
  type FitArgs,
  type PredictArgs,
} from './loop.js';
import type { Steps } from '../turns.js';
import { StepFunction } from './step.js';
import type { Shape } from '../layers/input-spec.js';
import { deserializeValue, type Json } from '../saving/serialize.js';
import type { LoadWeightsArgs, SaveWeightsArgs } from '../saving/weights.js';

/** What a step reports: scalars by name. */
export type StepLogs = Record<string, Tensor>;

/** What `testOnBatch` takes beside the data. */
export interface TestOnBatchArgs {
  readonly sampleWeight?: DataTree | null;
  /** Give a record of names instead of a list. Default false. */
  readonly returnDict?: boolean;
}

/** What `trainOnBatch` takes beside the data. */
export interface TrainOnBatchArgs extends TestOnBatchArgs {
  readonly classWeight?: Readonly<Record<number, number>> | null;
}

export type StepKind = 'train' | 'test' | 'predict';

/** The training side of models. */
export abstract class Trainer extends Layer {
  /** Set by callbacks to end training after the present batch. */
  stopTraining = false;
  /** Set by callbacks when training begins: the epoch to begin with, in place of the argument of `fit`. */
  initialEpoch: number | null = null;
  /** Set by callbacks when training begins: how many batches of that epoch have been trained on before. */
  initialBatch = 0;
  #compiled: Compiled | null = null;
  readonly #steps = new Map<StepKind, StepFunction>();
  #device: Device | null = null;

  /** Names of the outputs, as losses and logs call them. */
  abstract get outputNames(): readonly string[];
  /** Names of the inputs of a functional model; empty for others. */
  abstract get inputNames(): readonly string[];
  /** The inputs' structure; null while unknown. */
  abstract get inputForm(): Tree<unknown>;
  /** The outputs' structure; null while unknown. */
  abstract get outputForm(): Tree<unknown>;
  /** Shapes of the inputs (batch included), null while unknown. */
  abstract get inputShapes(): readonly (Shape | null)[] | null;
  /** Creates the weights from the shapes of real data. */
  abstract buildFor(x: Tree<Tensor>): void;
  /** Whether some input is strings. */
  abstract get takesStrings(): boolean;
  /** Encodes the strings among inputs as users pass them; gives what steps are compiled for. */
  abstract encodeInputs(where: string, x: DataTree): Steps<DataTree>;

  /** Where the weights are and steps run: the device that was current when they were made; until then the current one. */
  get device(): Device {
    this.#device ??= this.weights[0]?.device ?? null;
    return this.#device ?? currentDevice();
  }

  /**
   * Configures training. What is trainable now is trained from then on: call it again after changing `trainable` of any
   * layer.
   */
  compile(args: CompileArgs = {}): void {
    this.#compiled = onDevice(this.device, () => new Compiled(this, args));
    this.#steps.clear();
    this.stopTraining = false;
  }

  /** Forgets compiled steps: they are made anew when next wanted. Internal. */
  forgetSteps(): void {
    this.#steps.clear();
  }

  /** The optimizer of a compiled model. */
  get optimizer(): Optimizer {
    return this.compiled.optimizer;
  }

  /** Whether `compile` has been called. */
  get isCompiled(): boolean {
    return this.#compiled !== null;
  }

  /** Batches per native call. */
  get stepsPerExecution(): number {
    return this.#compiled?.stepsPerExecution ?? 1;
  }

  /** The arguments of `compile`, for configs; null before. */
  getCompileConfig(): Record<string, unknown> | null {
    return this.#compiled?.config ?? null;
  }

  /** Compiles the model as `getCompileConfig` says, or its form in JSON (with camelCase keys), and makes the optimizer's state. */
  compileFromConfig(config: Readonly<Record<string, unknown>>): void {
    this.compile(revive(config) as CompileArgs);
    this.buildOptimizer();
  }

  /** Makes the state of the optimizer, where there is one and the weights are known; else the first step does. */
  buildOptimizer(): void {
    if (!this.#compiled || !this.built) return;
    this.asCompiled(() => onDevice(this.device, () => this.optimizer.build(this.trainableVariables)));
  }

  /** Runs `fn` with `trainable` of all layers as it was when the model was compiled. Internal. */
  asCompiled<T>(fn: () => T): T {
    return this.#compiled ? this.#compiled.trainable.during(fn) : fn();
  }

  /** All metrics that a step updates: the loss, those of `compile`, those in the properties of layers. */
  override get metrics(): Metric[] {
    return [...new Set([...(this.#compiled?.labels.keys() ?? []), ...(super.metrics as Metric[])])];
  }

  /** The names of all metrics in the logs. */
  get metricsNames(): string[] {
    const labels = this.#compiled?.labels;
    return this.metrics.map((metric) => labels?.get(metric) ?? metric.name);
  }

  /** Whether a quantity of the logs should rise or fall as the model gets better; null where nobody can tell. */
  directionOf(quantity: string): Direction | null {
    if (quantity === 'loss' || this.#compiled?.means.some(({ name }) => name === quantity)) return 'down';
    const labels = this.#compiled?.labels;
    const metric = this.metrics.find((each) => labels?.get(each) === quantity || each.name === quantity);
    return metric?.direction ?? null;
  }

  /** Sets all metrics to their beginning. */
  resetMetrics(): void {
    for (const metric of this.metrics) metric.resetState();
  }

  /** One training step: forward, backward, update, metrics. Override it for training of your own kind. */
  trainStep(data: StepData): StepLogs {
    const { x, y, sampleWeight } = data;
    const variables = this.trainableVariables;
    const { value, grads } = valueAndGrad(
      (): [Tensor, Tree<Tensor>, Tensor] => {
        const yPred = (this as Layer)<Tree<Tensor>>(x, { training: true });
        const loss = this.computeLoss(x, y, yPred, sampleWeight, true);
        return [this.optimizer.scaleLoss(loss), yPred, loss];
      },
      { variables },
    )();
    const [, yPred, loss] = value;
    if (variables.length > 0) this.optimizer.apply(grads, variables);
    else this.compiled.warn('this model has no trainable weights');
    this.trackLoss(loss, x);
    return this.computeMetrics(x, y, yPred, sampleWeight);
  }

  /** One evaluation step. */
  testStep(data: StepData): StepLogs {
    const { x, y, sampleWeight } = data;
    const yPred = (this as Layer)<Tree<Tensor>>(x, { training: false });
    this.trackLoss(this.computeLoss(x, y, yPred, sampleWeight, false), x);
    return this.computeMetrics(x, y, yPred, sampleWeight);
  }

  /** One prediction step: the outputs. */
  predictStep(data: StepData): Tree<Tensor> {
    return (this as Layer)<Tree<Tensor>>(data.x, { training: false });
  }

  /** The loss of a batch: that of `compile` plus what layers and regularizers add. Override it for one of your own. */
  computeLoss(
    _x: Tree<Tensor>,
    y: Tree<Tensor> | null,
    yPred: Tree<Tensor>,
    sampleWeight: Tree<Tensor> | null,
    _training: boolean,
  ): Tensor {
    const loss = this.compiled.loss({ y, yPred, sampleWeight }, this.outputNames);
    const values = loss ? [loss] : [];
    values.push(...this.losses.map((own) => sum(own)));
    if (values.length === 0) {
      throw new HornetError('fit', 'there is no loss to minimize; pass loss to compile() or add one with addLoss()');
    }
    return values.reduce((total, value) => add(total, value));
  }

  /** Updates the metrics of `compile` and gives the results of all metrics. */
  computeMetrics(
    _x: Tree<Tensor>,
    y: Tree<Tensor> | null,
    yPred: Tree<Tensor>,
    sampleWeight: Tree<Tensor> | null,
  ): StepLogs {
    this.compiled.updateMetrics({ y, yPred, sampleWeight }, this.outputNames);
    return this.getMetricsResult();
  }

  /** The present results of all metrics, by name. */
  getMetricsResult(): StepLogs {
    const labels = this.#compiled?.labels;
    const logs: StepLogs = {};
    for (const metric of this.metrics) {
      const result = metric.result();
      if ('shape' in result) logs[labels?.get(metric) ?? metric.name] = result as Tensor;
      else Object.assign(logs, result);
    }
    return logs;
  }

  /**
   * Trains the model.
   *
   * @param x - Inputs: tensor, nested or typed arrays (lists or records of them for several inputs), or an iterable of batches.
   * @param y - Targets; left out for iterables.
   * @returns The history: one number per quantity and epoch.
   * @throws HornetError on data that does not fit; the model stays as it was.
   */
  fit(x: DataTree | BatchIterable, y?: DataTree | null, args: FitArgs = {}): Promise<History> {
    return fitModel(this.ready('fit'), x, y ?? null, args);
  }

  /** The loss and metrics on data: numbers in the order of `metrics`, or by name with `returnDict`. */
  evaluate(
    x: DataTree | BatchIterable,
    y: DataTree | null | undefined,
    args: EvaluateArgs & { returnDict: true },
  ): Promise<Record<string, number>>;
  evaluate(x: DataTree | BatchIterable, y?: DataTree | null, args?: EvaluateArgs): Promise<number[]>;
  evaluate(
    x: DataTree | BatchIterable,
    y?: DataTree | null,
    args: EvaluateArgs = {},
  ): Promise<number[] | Record<string, number>> {
    return evaluateModel(this.ready('evaluate'), x, y ?? null, args);
  }

  /** The outputs for all samples, computed in batches. */
  predict(x: DataTree | BatchIterable, args?: PredictArgs): Promise<DeviceTensor>;
  predict<R extends Tree<Tensor>>(x: DataTree | BatchIterable, args?: PredictArgs): Promise<R>;
  predict(x: DataTree | BatchIterable, args: PredictArgs = {}): Promise<Tree<Tensor>> {
    return predictModel(this, x, args);
  }

  /** One training step on one batch: the loss and metrics since `resetMetrics`, as `evaluate` gives them. */
  trainOnBatch(
    x: DataTree,
    y: DataTree | null | undefined,
    args: TrainOnBatchArgs & { returnDict: true },
  ): Promise<Record<string, number>>;
  trainOnBatch(x: DataTree, y?: DataTree | null, args?: TrainOnBatchArgs): Promise<number[]>;
  trainOnBatch(
    x: DataTree,
    y: DataTree | null = null,
    args: TrainOnBatchArgs = {},
  ): Promise<number[] | Record<string, number>> {
    return this.onBatch('train', x, y, args);
  }

  /** The loss and metrics of one batch, as `evaluate` gives them. */
  testOnBatch(
    x: DataTree,
    y: DataTree | null | undefined,
    args: TestOnBatchArgs & { returnDict: true },
  ): Promise<Record<string, number>>;
  testOnBatch(x: DataTree, y?: DataTree | null, args?: TestOnBatchArgs): Promise<number[]>;
  testOnBatch(
    x: DataTree,
    y: DataTree | null = null,
    args: TestOnBatchArgs = {},
  ): Promise<number[] | Record<string, number>> {
    return this.onBatch('test', x, y, args);
  }

  private async onBatch(
    kind: 'train' | 'test',
    x: DataTree,
    y: DataTree | null,
    args: TrainOnBatchArgs,
  ): Promise<number[] | Record<string, number>> {
    const where = `${kind}OnBatch`;
    const data = batchOf(this.ready(where), where, x, y, args);
    const logs = await readLogs(this.stepFunction(kind).runBatch(data));
    return args.returnDict ? logs : logsInOrder(this, logs);
  }

  /** The outputs for one batch. The work is queued; read the result with `data()`. */
  predictOnBatch(x: DataTree): DeviceTensor;
  predictOnBatch<R extends Tree<Tensor>>(x: DataTree): R;
  predictOnBatch(x: DataTree): Tree<Tensor> {
    const data = batchOf(this, 'predictOnBatch', x, null, {});
    return this.stepFunction('predict').runBatch(data);
  }

  /**
   * Writes all weights and the state of the optimizer: `.weights.h5`, with `maxShardSize` several files and a
   * `.weights.json`, or the weights alone: `.safetensors` or the older `.h5`. The file is replaced as a whole.
   */
  async saveWeights(path: string, args: SaveWeightsArgs = {}): Promise<void> {
    const { saveWeights } = await import('../saving/weights.js');
    await saveWeights(this, path, args);
  }

  /** Reads weights that `saveWeights`, `save` or Keras wrote for a model of the same architecture. */
  async loadWeights(path: string, args: LoadWeightsArgs = {}): Promise<void> {
    const { loadWeights } = await import('../saving/weights.js');
    await loadWeights(this, path, args);
  }

  /** The compiled step of a kind. Internal. */
  stepFunction(kind: StepKind): StepFunction {
    let step = this.#steps.get(kind);
    if (!step) this.#steps.set(kind, (step = this.makeStep(kind)));
    return step;
  }

  private makeStep(kind: StepKind): StepFunction {
    const steps = {
      train: (data: StepData) => sorted(this.trainStep(data)),
      test: (data: StepData) => sorted(this.testStep(data)),
      predict: (data: StepData) => this.predictStep(data),
    };
    const step = (data: StepData): Tree<Tensor> => this.asCompiled(() => steps[kind](data));
    return new StepFunction(`${kind}Step`, this.device, step, this.#compiled?.runEagerly ?? false);
  }

  private trackLoss(loss: Tensor, x: Tree<Tensor>): void {
    this.compiled.lossTracker.updateState(loss, { sampleWeight: flatten(x)[0].shape[0] });
  }

  private get compiled(): Compiled {
    if (!this.#compiled) throw new HornetError(this.name, 'this model is not compiled; call compile() first');
    return this.#compiled;
  }

  private ready(where: string): this {
    if (!this.#compiled) throw new HornetError(where, 'the model is not compiled; call compile() first');
    const changed = this.#compiled.trainable.changed.map(({ name }) => name);
    if (changed.length > 0) {
      const names = changed.join(', ');
      this.#compiled.warn(`trainable has changed since compile(); call it again. Changed layers: ${names}`);
    }
    return this;
  }
}

/** Makes the objects that a config describes; those made already stay. */
function revive(value: unknown): unknown {
  if (!isBranch(value)) return value;
  if ('class_name' in value) return deserializeValue(value as Json);
  if (Array.isArray(value)) return value.map(revive);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, revive(item)]));
}

/** Logs in alphabetical order, as Keras shows them. */
const sorted = (logs: StepLogs): StepLogs =>
  Object.fromEntries(Object.entries(logs).sort(([a], [b]) => (a < b ? -1 : 1)));
