// All optimizers, their factories, and the strings that `compile` understands.
import { HornetError } from '../errors.js';
import { lookUpClass } from '../saving/registry.js';
import { Optimizer } from './optimizer.js';

export * from './adadelta.js';
export * from './adafactor.js';
export * from './adagrad.js';
export * from './adam.js';
export * from './adamax.js';
export * from './adamw.js';
export * from './ftrl.js';
export * from './lamb.js';
export * from './lion.js';
export * from './loss-scale-optimizer.js';
export * from './multi-optimizer.js';
export * from './muon.js';
export * from './nadam.js';
export * from './rmsprop.js';
export * from './schedule-free-adamw.js';
export * from './sgd.js';
export * as schedules from './schedules/index.js';
export { Optimizer, type OptimizerArgs } from './optimizer.js';

/** Names of the optimizers, in lower case as Keras writes them. */
export type OptimizerName =
  | 'adadelta'
  | 'adafactor'
  | 'adagrad'
  | 'adam'
  | 'adamax'
  | 'adamw'
  | 'ftrl'
  | 'lamb'
  | 'lion'
  | 'muon'
  | 'nadam'
  | 'rmsprop'
  | 'schedulefreeadamw'
  | 'sgd';

/** An optimizer from its name or itself. */
export function getOptimizer(identifier: OptimizerName | Optimizer | (string & {})): Optimizer {
  if (identifier instanceof Optimizer) return identifier;
  const found = lookUpClass('keras.optimizers', identifier);
  if (!found) throw new HornetError('optimizer', `unknown optimizer '${identifier}'`);
  return new (found as new () => Optimizer)();
}
