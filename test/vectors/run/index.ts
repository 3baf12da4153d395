// Runs one case, whatever its group. Never throws: what goes wrong is the outcome.
import { labelOf, type Case, type Group } from '../folder.js';
import { NotImplemented, outcomeOf, type Outcome } from '../outcome.js';
import { skips } from '../skips.js';
import { runApplication } from './applications.js';
import { Context, withGlobals } from './context.js';
import { runFunction } from './functions.js';
import { runLayer } from './layers.js';
import { runLoss } from './losses.js';
import { runMetric } from './metrics.js';
import { runModel } from './models.js';
import { runOp } from './ops.js';
import { runOptimizer } from './optimizers.js';

const runners: Record<string, (context: Context) => Promise<void>> = {
  layers: runLayer,
  losses: runLoss,
  metrics: runMetric,
  optimizers: runOptimizer,
  ops: runOp,
  functions: runFunction,
  models: runModel,
  applications: runApplication,
};

/** Runs a case of a group. */
export async function runCase(group: Group, item: Case): Promise<Outcome> {
  const reason = skipReason(group, item);
  if (reason) return { status: 'skipped', reason };
  try {
    const runner = runners[group.name];
    if (!runner) throw new NotImplemented(`the group ${group.name}`);
    await withGlobals(item, () => runner(new Context(item, group)));
    return { status: 'passed' };
  } catch (error) {
    return outcomeOf(error);
  }
}

function skipReason(group: Group, item: Case): string | undefined {
  if (item.backend_dependent) return 'the backends of Keras disagree';
  const rule = skips.find(
    (each) =>
      each.group === group.name &&
      (each.label === undefined || each.label === labelOf(item)) &&
      (each.kind === undefined || item.kind === each.kind) &&
      (each.id === undefined || item.id.startsWith(each.id)),
  );
  return rule?.reason;
}
