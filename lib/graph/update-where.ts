// Conditional updates of state: both branches are computed, one is kept.
import { where } from '../ops/index.js';
import type { Tensor } from '../tensor.js';
import { HornetError } from '../errors.js';
import { currentTrace } from './trace.js';

/** Records `fn`; each variable it assigns keeps its new value only where the scalar `condition` holds at run time. */
export function updateWhere(condition: Tensor, fn: () => void): void {
  const trace = currentTrace();
  if (!trace) throw new HornetError('updateWhere', 'must be called inside a traced function');
  const before = trace.snapshot();
  fn();
  for (const [variable, value] of trace.snapshot()) {
    const old = before.get(variable) ?? trace.initial(variable);
    if (old !== value) variable.assign(where(condition, variable.value, trace.wrap(old)));
  }
}
