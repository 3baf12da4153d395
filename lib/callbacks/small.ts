// Callbacks of a few lines: functions as hooks, and the stop at a loss that is no number.
import { printLine } from '../messages.js';
import { HornetError } from '../errors.js';
import { Callback, type HookName, type Logs } from './callback.js';

/** Hooks as plain functions. */
export type LambdaHooks = { readonly [H in HookName]?: NonNullable<Callback[H]> };

/** A callback made of functions: `new LambdaCallback({ onEpochEnd: (epoch, logs) => … })`. */
export class LambdaCallback extends Callback {
  constructor(hooks: LambdaHooks) {
    super();
    for (const [name, hook] of Object.entries(hooks)) if (hook) Object.assign(this, { [name]: hook });
  }
}

/** Stops training as soon as the loss is NaN or infinite. Looks at every batch, so the loop waits for each. */
export class TerminateOnNaN extends Callback {
  /** @param args.raiseError - Throw an error, so that `fit` fails and no callback sees an end. Default false. */
  constructor(private readonly args: { readonly raiseError?: boolean } = {}) {
    super();
  }

  override onTrainBatchEnd(batch: number, { loss }: Logs): void {
    if (loss === undefined || Number.isFinite(loss)) return;
    if (this.args.raiseError) throw new HornetError('terminateOnNaN', `the loss of batch ${batch} is ${loss}`);
    printLine(`Batch ${batch}: Invalid loss, terminating training`);
    this.model.stopTraining = true;
  }
}
