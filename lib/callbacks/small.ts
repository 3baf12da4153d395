// Callbacks of a few lines: functions as hooks, and the stop at a loss that is no number.
import { Callback, type HookName, type Logs } from './callback.js';

/** Hooks as plain functions. */
export type LambdaHooks = { readonly [H in HookName]?: NonNullable<Callback[H]> };

/** A callback made of functions: `new LambdaCallback({ onEpochEnd: (epoch, logs) => … })`. */
export class LambdaCallback extends Callback {
  constructor(hooks: LambdaHooks) {
    super();
    Object.assign(this, hooks);
  }
}

/** Stops training as soon as the loss is NaN or infinite. Looks at every batch, so the loop waits for each. */
export class TerminateOnNaN extends Callback {
  override onTrainBatchEnd(batch: number, logs: Logs): void {
    if (logs.loss !== undefined && !Number.isFinite(logs.loss)) {
      console.log(`Batch ${batch}: Invalid loss, terminating training`);
      this.model.stopTraining = true;
    }
  }
}
