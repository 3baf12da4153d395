// Training: compile, fit, evaluate, predict, and the steps that subclasses may override. The loop itself is in loop.ts.
import type { History } from '../callbacks/history.js';
import { currentDevice, onDevice, type Device } from '../device.js';
import { HornetError } from '../errors.js';
import { valueAndGrad } from '../graph/transforms.js';
import { Layer } from '../layers/layer.js';
import { getLoss } from '../losses/index.js';
import { getMetric, Mean, type Metric } from '../metrics/index.js';
import { getOptimizer, LossScaleOptimizer, type Optimizer, type OptimizerName } from '../optimizers/index.js';
import { add, sum } from '../ops/index.js';
import { type DeviceTensor, type Tensor } from '../tensor.js';
import { flatten, isBranch, type Tree } from '../tree.js';
import { CompileLoss, outputLeaves, type LossSpec, type LossWeights } from './compile-loss.js';
import { CompileMetrics, shapeDependent, type MetricsSpec } from './compile-metrics.js';
import type { BatchIterable, DataTree, StepData } from './data.js';
import {
  batchOf,
  evaluateModel,
  fitModel,
  predictModel,
  readLogs,
  type EvaluateArgs,
  type FitArgs,
  type PredictArgs,
} from './loop.js';
import { StepFunction } from './step.js';
import type { Shape } from '../layers/input-spec.js';
import { loadWeights, saveWeights } from '../saving/weights.js';

/** What `compile` takes. */
export interface CompileArgs {
  /** Default `rmsprop`. */
  readonly optimizer?: OptimizerName | Optimizer;
  readonly loss?: LossSpec | null;
  readonly lossWeights?: LossWeights | null;
  readonly metrics?: MetricsSpec | null;
  /** Metrics that take sample weights into account. */
  readonly weightedMetrics?: MetricsSpec | null;
  /** Run steps op by op, for debugging. Default false. */
  readonly runEagerly?: boolean;
  /** Batches per native call. Callbacks see every so many batches. Default 1. */
  readonly stepsPerExecution?: number;
  /**
   * Whether a model of policy `mixed_float16` gets a `LossScaleOptimizer` around its optimizer, so that small gradients
   * do not vanish. Default true.
   */
  readonly autoScaleLoss?: boolean;
}

/** What a step reports: scalars by name. */
export type StepLogs = Record<string, Tensor>;

/** Results of a batch or an evaluation: the loss and the metrics, in order. */
export interface BatchArgs {
  readonly sampleWeight?: DataTree | null;
  readonly classWeight?: Readonly<Record<number, number>> | null;
}

interface Compiled {
  readonly args: CompileArgs;
  /** As given to `compile`; `optimizer` may scale losses around it. */
  readonly given: Optimizer;
  readonly optimizer: Optimizer;
  readonly lossTracker: Mean;
  loss: CompileLoss | null;
  metrics: CompileMetrics | null;
  readonly steps: Map<StepKind, StepFunction>;
}

export type StepKind = 'train' | 'test' | 'predict';

/** The training side of models. */
export abstract class Trainer extends Layer {
  /** Set by callbacks to end training after the present batch. */
  stopTraining = false;
  #compiled: Compiled | null = null;
  #predict: StepFunction | null = null;
  #device: Device | null = null;

  /** Names of the outputs, as losses and logs call them. */
  abstract get outputNames(): readonly string[];
  /** Shapes of the inputs (batch included), null while unknown. */
  abstract get inputShapes(): readonly (Shape | null)[] | null;
  /** Creates the weights from the shapes of real data. */
  abstract buildFor(x: Tree<Tensor>): void;

  /** Where the weights are and steps run: the device that was current when they were made; until then the current one. */
  get device(): Device {
    this.#device ??= this.weights[0]?.device ?? null;
    return this.#device ?? currentDevice();
  }

  /** Configures training. Call it again after changing `trainable` of any layer. */
  compile(args: CompileArgs = {}): void {
    const { stepsPerExecution = 1, autoScaleLoss = true } = args;
    if (!(Number.isInteger(stepsPerExecution) && stepsPerExecution > 0)) {
      throw new HornetError(
        'compile',
        `expected stepsPerExecution to be a positive integer, received ${stepsPerExecution}`,
      );
    }
    checkNames(args);
    const scales = autoScaleLoss && this.dtypePolicy.name === 'mixed_float16';
    this.#compiled = onDevice(this.device, () => {
      const given = getOptimizer(args.optimizer ?? 'rmsprop');
      const wraps = scales && !(given instanceof LossScaleOptimizer);
      return {
        args,
        given,
        optimizer: wraps ? new LossScaleOptimizer(given) : given,
        lossTracker: new Mean({ name: 'loss' }),
        loss: null,
        metrics: null,
        steps: new Map(),
      };
    });
    this.#predict = null;
    this.stopTraining = false;
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
    return this.#compiled?.args.stepsPerExecution ?? 1;
  }

  /** The arguments of `compile`, for configs; null before. */
  getCompileConfig(): Record<string, unknown> | null {
    if (!this.#compiled) return null;
    const { args, given: optimizer } = this.#compiled;
    const { loss = null, lossWeights = null, metrics = null, weightedMetrics = null } = args;
    const { runEagerly = false, stepsPerExecution = 1 } = args;
    return {
      optimizer,
      loss,
      lossWeights,
      metrics,
      weightedMetrics,
      runEagerly,
      stepsPerExecution,
      jitCompile: true,
    };
  }

  /** All metrics that a step updates: the loss, those of `compile`, those in the properties of layers. */
  override get metrics(): Metric[] {
    const inherited = super.metrics as Metric[];
    if (!this.#compiled) return inherited;
    return [...new Set([...this.labelledMetrics().map(([, metric]) => metric), ...inherited])];
  }

  /** The names of all metrics in the logs, in the order of `evaluate`. */
  get metricsNames(): string[] {
    return this.labelledMetrics().map(([label]) => label);
  }

  /** Metrics with their names in the logs: the loss, the losses of outputs, those of `compile`, those of layers. */
  private labelledMetrics(): [string, Metric][] {
    const named = (metric: Metric): [string, Metric] => [metric.name, metric];
    const { lossTracker, loss, metrics } = this.compiled;
    const own = [named(lossTracker), ...(loss?.metrics ?? []).map(named), ...(metrics?.labelled ?? [])];
    const known = new Set(own.map(([, metric]) => metric));
    const others = (super.metrics as Metric[]).filter((metric) => !known.has(metric));
    return [...own, ...others.map(named)];
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
    const { compiled } = this;
    const added = this.losses;
    const parts: Tensor[] = [];
    if (compiled.args.loss) {
      const names = this.outputNames;
      compiled.loss ??= new CompileLoss(compiled.args.loss, compiled.args.lossWeights ?? null, names);
      parts.push(compiled.loss.call(outputLeaves(y, names), flatten(yPred), outputLeaves(sampleWeight, names)));
    }
    parts.push(...added.map((loss) => sum(loss)));
    if (parts.length === 0) {
      throw new HornetError('fit', 'there is no loss to minimize; pass loss to compile() or add one with addLoss()');
    }
    return parts.reduce((total, part) => add(total, part));
  }

  /** Updates the metrics of `compile` and gives the results of all metrics. */
  computeMetrics(
    _x: Tree<Tensor>,
    y: Tree<Tensor> | null,
    yPred: Tree<Tensor>,
    sampleWeight: Tree<Tensor> | null,
  ): StepLogs {
    const { compiled } = this;
    const { metrics = null, weightedMetrics = null } = compiled.args;
    if (metrics !== null || weightedMetrics !== null) {
      const names = this.outputNames;
      const [targets, outputs] = [outputLeaves(y, names), flatten(yPred)];
      compiled.metrics ??= new CompileMetrics(metrics, weightedMetrics, names, targets, outputs);
      compiled.metrics.update(targets, outputs, outputLeaves(sampleWeight, names));
    }
    return this.getMetricsResult();
  }

  /** The present results of all metrics, by name. */
  getMetricsResult(): StepLogs {
    const logs: StepLogs = {};
    for (const [label, metric] of this.labelledMetrics()) {
      const result = metric.result();
      if ('shape' in result) logs[label] = result as Tensor;
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

  /** One training step on one batch; gives the logs. */
  async trainOnBatch(x: DataTree, y?: DataTree | null, args: BatchArgs = {}): Promise<Record<string, number>> {
    const data = batchOf(this.ready('trainOnBatch'), 'trainOnBatch', x, y ?? null, args);
    return readLogs(this.stepFunction('train').runBatch(data));
  }

  /** The loss and metrics of one batch. */
  async testOnBatch(x: DataTree, y?: DataTree | null, args: BatchArgs = {}): Promise<Record<string, number>> {
    const data = batchOf(this.ready('testOnBatch'), 'testOnBatch', x, y ?? null, args);
    return readLogs(this.stepFunction('test').runBatch(data));
  }

  /** The outputs for one batch. The work is queued; read the result with `data()`. */
  predictOnBatch(x: DataTree): DeviceTensor;
  predictOnBatch<R extends Tree<Tensor>>(x: DataTree): R;
  predictOnBatch(x: DataTree): Tree<Tensor> {
    const data = batchOf(this, 'predictOnBatch', x, null, {});
    return this.stepFunction('predict').runBatch(data);
  }

  /** Writes all weights to a file (safetensors), which is replaced as a whole. */
  saveWeights(path: string): Promise<void> {
    return saveWeights(this, path);
  }

  /** Reads weights that `saveWeights` wrote for a model of the same architecture. */
  loadWeights(path: string): Promise<void> {
    return loadWeights(this, path);
  }

  /** The compiled step of a kind. Internal. */
  stepFunction(kind: StepKind): StepFunction {
    if (kind === 'predict') return (this.#predict ??= this.makeStep(kind, (data) => this.predictStep(data)));
    const { steps } = this.compiled;
    let step = steps.get(kind);
    if (!step) {
      step = this.makeStep(kind, (data) => sorted(kind === 'train' ? this.trainStep(data) : this.testStep(data)));
      steps.set(kind, step);
    }
    return step;
  }

  private makeStep(kind: StepKind, fn: (data: StepData) => Tree<Tensor>): StepFunction {
    return new StepFunction(`${kind}Step`, this.device, fn, this.#compiled?.args.runEagerly ?? false);
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
    return this;
  }
}

/** Unknown names are told here, not when the first step is compiled. */
function checkNames({ loss = null, metrics = null, weightedMetrics = null }: CompileArgs): void {
  const visit = (item: unknown, check: (name: string) => unknown): void => {
    if (typeof item === 'string') check(item);
    else if (isBranch(item)) for (const child of Object.values(item)) visit(child, check);
  };
  visit(loss, getLoss);
  for (const spec of [metrics, weightedMetrics]) visit(spec, (name) => shapeDependent(name) ?? getMetric(name));
}

/** Logs in alphabetical order, as Keras shows them. */
const sorted = (logs: StepLogs): StepLogs =>
  Object.fromEntries(Object.entries(logs).sort(([a], [b]) => (a < b ? -1 : 1)));
