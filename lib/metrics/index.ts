// All metrics, as classes and as functions, and the strings that `compile` understands.
import { lossAliases } from '../losses/loss.js';
import { resolve } from '../saving/resolve.js';
import { Metric } from './metric.js';
import { MeanMetricWrapper, type MetricFunction } from './reduction.js';

export * from './accuracy.js';
export * from './at-threshold.js';
export * from './auc.js';
export * from './correlation.js';
export * from './counts.js';
export * from './f-score.js';
export * from './iou.js';
export * from './of-losses.js';
export * from './precision-recall.js';
export { Metric, type Direction, type MetricArgs, type UpdateArgs } from './metric.js';
export { Mean, MeanMetricWrapper, Sum, type MetricFunction } from './reduction.js';
export {
  binaryCrossentropy,
  binaryFocalCrossentropy,
  categoricalCrossentropy,
  categoricalFocalCrossentropy,
  categoricalHinge,
  hinge,
  huber,
  klDivergence,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  poisson,
  sparseCategoricalCrossentropy,
  squaredHinge,
} from '../losses/index.js';

/** Names of metrics; the spelling of Keras (`mean_squared_error`) is understood as well. */
export type MetricName =
  | 'accuracy'
  | 'acc'
  | 'crossentropy'
  | 'ce'
  | 'binaryAccuracy'
  | 'categoricalAccuracy'
  | 'sparseCategoricalAccuracy'
  | 'topKCategoricalAccuracy'
  | 'sparseTopKCategoricalAccuracy'
  | 'auc'
  | 'precision'
  | 'recall'
  | 'f1Score'
  | 'meanSquaredError'
  | 'rootMeanSquaredError'
  | 'meanAbsoluteError'
  | 'meanAbsolutePercentageError'
  | 'meanSquaredLogarithmicError'
  | 'mse'
  | 'mae'
  | 'mape'
  | 'msle'
  | 'r2Score'
  | 'cosineSimilarity'
  | 'pearsonCorrelation'
  | 'concordanceCorrelation'
  | 'binaryCrossentropy'
  | 'categoricalCrossentropy'
  | 'sparseCategoricalCrossentropy'
  | 'klDivergence'
  | 'poisson'
  | 'hinge'
  | 'squaredHinge'
  | 'categoricalHinge';

/** A metric, a function from targets and predictions to a value per sample, or a name. */
export type MetricLike = Metric | MetricFunction | MetricName | (string & {});

/** The metric that `identifier` stands for. Throws a `HornetError` for an unknown name. */
export function getMetric(identifier: MetricLike): Metric {
  if (identifier instanceof Metric) return identifier;
  if (typeof identifier === 'function') return new MeanMetricWrapper(identifier);
  return resolve<Metric>('keras.metrics', 'metric', lossAliases[identifier.toLowerCase()] ?? identifier);
}
