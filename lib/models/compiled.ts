// What compile() makes of its arguments: an optimizer, the losses and metrics of the outputs, and how they are called.
import { HornetError } from '../errors.js';
import type { Layer } from '../layers/layer.js';
import { getLoss } from '../losses/index.js';
import { getMetric, Mean, type Metric } from '../metrics/index.js';
import { getOptimizer, LossScaleOptimizer, type Optimizer, type OptimizerName } from '../optimizers/index.js';
import type { Tensor } from '../tensor.js';
import { flatten, type Tree } from '../tree.js';
import { CompileLoss, lossesPerOutput, type LossSpec, type LossWeights } from './compile-loss.js';
import { CompileMetrics, type MetricsSpec } from './compile-metrics.js';
import { Outputs } from './outputs.js';
import { shapeDependent } from './target-kind.js';
import { TrainableState } from './trainable.js';

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
  /** Whether steps are compiled. They always are, unless `runEagerly` is set; known for the sake of configs. Default `auto`. */
  readonly jitCompile?: boolean | 'auto';
  /** Batches per native call. Callbacks see every so many batches. Default 1. */
  readonly stepsPerExecution?: number;
  /**
   * Whether a model of policy `mixed_float16` gets a `LossScaleOptimizer` around its optimizer, so that small gradients
   * do not vanish. Default true.
   */
  readonly autoScaleLoss?: boolean;
}

/** What belongs to which output. */
interface Parts {
  readonly outputs: Outputs;
  /** Positions of the outputs that have a loss. */
  readonly withLoss: readonly number[];
  readonly losses: ReturnType<typeof lossesPerOutput>;
  loss: CompileLoss | null;
  metrics: CompileMetrics | null;
}

/** The outputs of a step and what they are compared with. */
export interface Compared {
  readonly y: Tree<Tensor> | null;
  readonly yPred: Tree<Tensor>;
  readonly sampleWeight: Tree<Tensor> | null;
}

/** The outcome of `compile`. */
export class Compiled {
  /** As given to `compile`; `optimizer` may scale losses around it. */
  readonly given: Optimizer;
  readonly optimizer: Optimizer;
  readonly lossTracker = new Mean({ name: 'loss' });
  readonly trainable: TrainableState;
  readonly stepsPerExecution: number;
  readonly runEagerly: boolean;
  /** What was warned of. */
  readonly #warnings = new Set<string>();
  /** Known from the first step on. */
  #parts: Parts | null = null;

  /** @throws HornetError on options that cannot be. */
  constructor(
    private readonly model: Layer,
    private readonly args: CompileArgs,
  ) {
    const { stepsPerExecution = 1, runEagerly = false, autoScaleLoss = true } = args;
    if (!(Number.isInteger(stepsPerExecution) && stepsPerExecution > 0)) {
      throw new HornetError(
        'compile',
        `expected stepsPerExecution to be a positive integer, received ${stepsPerExecution}`,
      );
    }
    checkNames(args);
    this.stepsPerExecution = stepsPerExecution;
    this.runEagerly = runEagerly;
    this.given = getOptimizer(args.optimizer ?? 'rmsprop');
    const scales = autoScaleLoss && model.dtypePolicy.name === 'mixed_float16';
    const wraps = scales && !(this.given instanceof LossScaleOptimizer);
    this.optimizer = wraps ? new LossScaleOptimizer(this.given) : this.given;
    this.trainable = new TrainableState(model);
  }

  /** The arguments, for configs. */
  get config(): Record<string, unknown> {
    const { loss = null, lossWeights = null, metrics = null, weightedMetrics = null, jitCompile = 'auto' } = this.args;
    const { given: optimizer, runEagerly, stepsPerExecution } = this;
    return {
      optimizer,
      loss,
      lossWeights,
      metrics,
      weightedMetrics,
      runEagerly,
      stepsPerExecution,
      // Whoever opens the file decides what he compiles: PyTorch would compile for minutes.
      jitCompile,
    };
  }

  /** The mean of the loss, and of the losses of outputs where there are several. */
  get means(): readonly Mean[] {
    return [this.lossTracker, ...(this.#parts?.loss?.metrics ?? [])];
  }

  /** All metrics with their names in the logs. */
  get labels(): Map<Metric, string> {
    const means = this.means.map((metric): [Metric, string] => [metric, metric.name]);
    const others = this.#parts?.metrics?.labelled ?? [];
    return new Map([...means, ...others.map(([label, metric]) => [metric, label] as const)]);
  }

  /** The loss; null where there is none. */
  loss({ y, yPred, sampleWeight }: Compared, names: readonly string[]): Tensor | null {
    if (!this.args.loss) return null;
    const parts = this.#partsOf(yPred, names);
    const { outputs, withLoss, losses } = parts;
    const [targets, predictions] = [outputs.targets(y, withLoss), flatten(yPred)];
    parts.loss ??= new CompileLoss(losses, this.args.lossWeights ?? null, outputs, targets, predictions);
    return parts.loss.call(targets, predictions, outputs.weights(sampleWeight, withLoss));
  }

  updateMetrics({ y, yPred, sampleWeight }: Compared, names: readonly string[]): void {
    const { metrics = null, weightedMetrics = null } = this.args;
    if (metrics === null && weightedMetrics === null) return;
    const parts = this.#partsOf(yPred, names);
    const { outputs, withLoss } = parts;
    const [targets, predictions] = [outputs.targets(y, withLoss), flatten(yPred)];
    parts.metrics ??= new CompileMetrics(metrics, weightedMetrics, outputs, targets, predictions);
    parts.metrics.update(targets, predictions, outputs.weights(sampleWeight, withLoss));
  }

  /** Found out from the first outputs. */
  #partsOf(yPred: Tree<Tensor>, names: readonly string[]): Parts {
    if (!this.#parts) {
      const outputs = new Outputs(yPred, names);
      const losses = lossesPerOutput(this.args.loss ?? null, outputs);
      const withLoss = losses.flatMap((own, index) => (own.length > 0 ? [index] : []));
      this.#parts = { outputs, losses, withLoss, loss: null, metrics: null };
    }
    return this.#parts;
  }

  /** Says something once. */
  warn(message: string): void {
    if (this.#warnings.has(message)) return;
    this.#warnings.add(message);
    process.emitWarning(`[${this.model.name}] ${message}`);
  }
}

/** Unknown names are told here, not when the first step is compiled. */
function checkNames({ loss = null, metrics = null, weightedMetrics = null }: CompileArgs): void {
  const visit = (spec: unknown, check: (name: string) => unknown): void => {
    for (const item of flatten(spec)) {
      if (typeof item === 'string' && shapeDependent(item) === undefined) check(item);
    }
  };
  visit(loss, getLoss);
  for (const spec of [metrics, weightedMetrics]) visit(spec, getMetric);
}
