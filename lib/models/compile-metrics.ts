// The metrics of a compiled model: which belong to which output, and what 'accuracy' means there.
import { HornetError } from '../errors.js';
import { getMetric, MeanMetricWrapper, type Metric, type MetricLike } from '../metrics/index.js';
import { metricFunctions } from '../metrics/index.js';
import type { Tensor } from '../tensor.js';
import { perOutput } from './compile-loss.js';

/** Metrics of one output, lists of them per output, or by output name. */
export type MetricsSpec =
  | readonly (MetricLike | readonly MetricLike[])[]
  | { readonly [output: string]: MetricLike | readonly MetricLike[] }
  | MetricLike;

interface OutputMetric {
  readonly index: number;
  readonly metric: Metric;
  /** Its name in the logs: with several outputs the output's name comes first. */
  readonly label: string;
  readonly weighted: boolean;
}

const isOne = (item: unknown): boolean =>
  typeof item === 'string' || typeof item === 'function' || isMetricObject(item);
const isMetricObject = (item: unknown): boolean => item !== null && typeof item === 'object' && 'updateState' in item;

/** Updates metrics from each step's outputs. Made at the first step, when shapes of targets and outputs are known. */
export class CompileMetrics {
  private readonly entries: OutputMetric[] = [];

  constructor(
    metrics: MetricsSpec | null,
    weightedMetrics: MetricsSpec | null,
    names: readonly string[],
    yTrue: readonly (Tensor | null)[],
    yPred: readonly Tensor[],
  ) {
    for (const [spec, weighted] of [
      [metrics, false],
      [weightedMetrics, true],
    ] as const) {
      listsPerOutput(spec, names).forEach((list, index) => {
        for (const like of list) {
          const target = yTrue[index];
          if (!target) throw new HornetError('compile', `output ${index} has metrics but no target; pass y for it`);
          const metric = makeMetric(like, target, yPred[index]);
          const label = names.length > 1 ? `${names[index]}_${metric.name}` : metric.name;
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
      const weights = sampleWeight.length === 1 ? sampleWeight[0] : (sampleWeight[index] ?? null);
      metric.updateState(yTrue[index]!, yPred[index], { sampleWeight: weighted ? weights : null });
    }
  }
}

/** The metrics of each output. With one output a flat list is that output's. */
function listsPerOutput(spec: MetricsSpec | null, names: readonly string[]): (readonly MetricLike[])[] {
  if (spec === null) return names.map(() => []);
  const asList = (item: MetricLike | readonly MetricLike[] | null): readonly MetricLike[] => {
    if (item === null) return [];
    return Array.isArray(item) ? (item as readonly MetricLike[]) : [item as MetricLike];
  };
  if (names.length === 1 && Array.isArray(spec) && spec.every(isOne)) return [spec as readonly MetricLike[]];
  return perOutput<MetricLike | readonly MetricLike[]>('compile', spec as MetricLike, names, isOne).map(asList);
}

const shortNames: Readonly<Record<string, string>> = {
  accuracy: 'accuracy',
  acc: 'accuracy',
  crossentropy: 'crossentropy',
  ce: 'crossentropy',
};

/** What a name that fits any kind of target stands for; undefined for all other names. */
export const shapeDependent = (name: string): string | undefined => shortNames[name.toLowerCase().replaceAll('_', '')];

/** `accuracy` and `crossentropy` stand for what fits the shapes: binary, categorical or sparse. */
function makeMetric(like: MetricLike, target: Tensor, output: Tensor): Metric {
  const kind = typeof like === 'string' ? shapeDependent(like) : undefined;
  if (!kind) return typeof like === 'string' ? Object.assign(getMetric(like), { name: like }) : getMetric(like);
  const binary = output.shape.at(-1) === 1;
  const sparse = target.rank < output.rank || target.shape.at(-1) !== output.shape.at(-1);
  const prefix = binary ? 'binary' : sparse ? 'sparse_categorical' : 'categorical';
  const fn = metricFunctions[`${prefix}_${kind}`];
  return new MeanMetricWrapper(fn, { name: like as string });
}
