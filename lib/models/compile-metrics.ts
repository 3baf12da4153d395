// The metrics of a compiled model: which belong to which output, and their names in the logs.
import { HornetError } from '../errors.js';
import { getMetric, type Metric, type MetricLike } from '../metrics/index.js';
import type { Tensor } from '../tensor.js';
import type { Outputs, PerOutput } from './outputs.js';
import { fitting } from './target-kind.js';

/** Metrics of one output, or of several in the structure of the outputs, in their order or by their names. */
export type MetricsSpec = PerOutput<MetricLike>;

interface OutputMetric {
  readonly index: number;
  readonly metric: Metric;
  readonly label: string;
  readonly weighted: boolean;
}

const isMetric = (item: unknown): boolean =>
  typeof item === 'string' ||
  typeof item === 'function' ||
  (item !== null && typeof item === 'object' && 'updateState' in item);

/** Updates metrics from each step's outputs. Made at the first step, when shapes of targets and outputs are known. */
export class CompileMetrics {
  private readonly entries: OutputMetric[] = [];

  constructor(
    metrics: MetricsSpec,
    weightedMetrics: MetricsSpec,
    outputs: Outputs,
    yTrue: readonly (Tensor | null)[],
    yPred: readonly Tensor[],
  ) {
    const labels = new Labels();
    for (const weighted of [false, true]) {
      const option = weighted ? 'weightedMetrics' : 'metrics';
      const lists = outputs.assign('compile', option, weighted ? weightedMetrics : metrics, isMetric);
      lists.forEach((list, index) => {
        // With several outputs the output's name comes first.
        const prefix = outputs.list.length > 1 ? `${outputs.names[index]}_` : '';
        for (const like of list) {
          const target = yTrue[index];
          if (!target) throw new HornetError('compile', `output ${index} has metrics but no target; pass y for it`);
          const metric = makeMetric(like, target, yPred[index]);
          const label = labels.next(prefix, metric.name, weighted);
          this.entries.push({ index, metric, label, weighted });
        }
      });
    }
  }

  /** The metrics with their names in the logs. */
  get labelled(): [string, Metric][] {
    return this.entries.map(({ label, metric }) => [label, metric]);
  }

  /** Adds one step to all metrics; only the weighted ones see sample weights. */
  update(yTrue: readonly (Tensor | null)[], yPred: readonly Tensor[], sampleWeight: readonly (Tensor | null)[]): void {
    for (const { index, metric, weighted } of this.entries) {
      metric.updateState(yTrue[index]!, yPred[index], { sampleWeight: weighted ? sampleWeight[index] : null });
    }
  }
}

/** Names in the logs, each given once: what comes later is called `weighted_…` or numbered. */
class Labels {
  private readonly used = new Map<string, number>();

  next(prefix: string, name: string, weighted: boolean): string {
    const plain = `${prefix}${name}`;
    if (!this.used.has(plain)) return this.take(plain);
    return this.take(weighted ? `${prefix}weighted_${name}` : plain);
  }

  private take(label: string): string {
    const count = this.used.get(label) ?? 0;
    this.used.set(label, count + 1);
    return count === 0 ? label : `${label}_${count}`;
  }
}

/** A metric called by the name that the user wrote. */
function makeMetric(like: MetricLike, target: Tensor, output: Tensor): Metric {
  const metric = getMetric(fitting(like, target, output));
  return typeof like === 'string' ? Object.assign(metric, { name: like }) : metric;
}
