// The learning rates of a model: one, or one per optimizer inside a MultiOptimizer.
import type { Model } from '../models/model.js';
import { LossScaleOptimizer, MultiOptimizer, type Optimizer } from '../optimizers/index.js';
import type { DeviceTensor } from '../tensor.js';
import type { Logs } from './callback.js';

/** An optimizer with a learning rate, and what logs call the rate. */
export interface Rated {
  readonly optimizer: Optimizer;
  readonly label: string;
}

/** The optimizers of a model that have a learning rate of their own. */
export function ratedOptimizers(model: Model): Rated[] {
  const optimizer = model.optimizer instanceof LossScaleOptimizer ? model.optimizer.innerOptimizer : model.optimizer;
  if (!(optimizer instanceof MultiOptimizer)) return [{ optimizer, label: 'learning_rate' }];
  return optimizer.optimizers.map((each) => ({ optimizer: each, label: `learning_rate_${each.name}` }));
}

/** The present learning rate. */
export const readRate = (optimizer: Optimizer): Promise<number> => (optimizer.learningRate as DeviceTensor).item();

/** All learning rates, by their names in logs. */
export async function readRates(model: Model): Promise<Logs> {
  const entries = ratedOptimizers(model).map(
    async ({ optimizer, label }) => [label, await readRate(optimizer)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}
