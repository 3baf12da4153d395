// All losses, as classes and as functions, and the strings that `compile` understands.
import { resolve } from '../saving/resolve.js';
import { Loss, lossAliases, LossFunctionWrapper, type LossFunction } from './loss.js';

export * from './circle.js';
export * from './crossentropy.js';
export * from './ctc.js';
export * from './hinge.js';
export * from './overlap.js';
export * from './probabilistic.js';
export * from './regression.js';
export { Loss, LossFunctionWrapper, type LossArgs, type LossCallArgs, type LossFunction } from './loss.js';
export type { Reduction } from './reduce.js';

/** Names of losses; the spelling of Keras (`mean_squared_error`) is understood as well. */
export type LossName =
  | 'meanSquaredError'
  | 'meanAbsoluteError'
  | 'meanAbsolutePercentageError'
  | 'meanSquaredLogarithmicError'
  | 'mse'
  | 'mae'
  | 'mape'
  | 'msle'
  | 'huber'
  | 'logCosh'
  | 'cosineSimilarity'
  | 'binaryCrossentropy'
  | 'bce'
  | 'categoricalCrossentropy'
  | 'sparseCategoricalCrossentropy'
  | 'binaryFocalCrossentropy'
  | 'categoricalFocalCrossentropy'
  | 'klDivergence'
  | 'kld'
  | 'poisson'
  | 'hinge'
  | 'squaredHinge'
  | 'categoricalHinge'
  | 'circle'
  | 'ctc'
  | 'dice'
  | 'tversky';

/** A loss, a function from targets and predictions to a value per sample, or a name. */
export type LossLike = LossFunction | LossName | (string & {});

/** The loss that `identifier` stands for. Throws a `HornetError` for an unknown name. */
export function getLoss(identifier: LossLike): Loss {
  if (identifier instanceof Loss) return identifier;
  if (typeof identifier === 'function') return new LossFunctionWrapper(identifier);
  return resolve<Loss>('keras.losses', 'loss', lossAliases[identifier.toLowerCase()] ?? identifier);
}
