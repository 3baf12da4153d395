// The variables of optimizers in the order in which files of Keras 2 hold them.
import { sameShape } from '../graph/ir.js';
import type { Model } from '../models/model.js';
import type { Variable } from '../variable.js';
import type { StoredWeight } from './restore.js';

/**
 * A compiled model's variables of the optimizer that stored weights belong to, one for one; null where these are of another.
 *
 * @param bySlot - Optimizers from before 2.11 hold one slot of all weights after the other.
 */
export function optimizerVariables(
  model: Model,
  stored: readonly (StoredWeight | null)[],
  bySlot = false,
): readonly Variable[] | null {
  const { variables } = model.optimizer;
  // Keras 2 does not keep the learning rate among them.
  const kept = stored.length < variables.length ? variables.filter(({ name }) => name !== 'learning_rate') : variables;
  const ordered = bySlot ? groupedBySlot(model, kept) : kept;
  const fits =
    ordered.length === stored.length && ordered.every(({ shape }, i) => sameShape(shape, stored[i]?.shape ?? []));
  return fits ? ordered : null;
}

/** Iterations, then all momenta, then all velocities. */
function groupedBySlot(model: Model, variables: readonly Variable[]): Variable[] {
  const prefixes = model.trainableVariables.map(({ path }) => `${path.replaceAll('/', '_')}_`);
  const groups = new Map<string, Variable[]>();
  for (const variable of variables) {
    const prefix = prefixes
      .filter((each) => variable.name.startsWith(each))
      .reduce((a, b) => (a.length > b.length ? a : b), '');
    const slot = variable.name.slice(prefix.length);
    groups.set(slot, [...(groups.get(slot) ?? []), variable]);
  }
  return [...groups.values()].flat();
}
