// The base of callbacks, and the list through which the training loop calls them.
import type { Model } from '../models/model.js';

/** Numbers that a step or epoch reports, by name: `loss`, `accuracy`, `val_loss` … */
export type Logs = Record<string, number>;

/** What the training loop tells its callbacks before it begins. */
export interface CallbackParams {
  readonly epochs: number;
  /** Steps of an epoch; null while unknown (iterables). */
  readonly steps: number | null;
  readonly verbose: 0 | 1 | 2;
}

type Hook = void | Promise<void>;

/** The kinds of passes over data. */
export type BatchPhase = 'Train' | 'Test' | 'Predict';

/**
 * Base class of callbacks. Override what you need; hooks may be async, training waits for them. Batch hooks make the
 * loop wait for each step's numbers: leave them out where epochs are enough.
 */
export abstract class Callback {
  /** The model that is trained. */
  model!: Model;
  params!: CallbackParams;
  /** Batches that the last pass over data took, of each kind. */
  readonly batches: Record<BatchPhase, number> = { Train: 0, Test: 0, Predict: 0 };

  onTrainBegin?(logs?: Logs): Hook;
  onTrainEnd?(logs?: Logs): Hook;
  onEpochBegin?(epoch: number, logs?: Logs): Hook;
  onEpochEnd?(epoch: number, logs: Logs): Hook;
  onTrainBatchBegin?(batch: number): Hook;
  onTrainBatchEnd?(batch: number, logs: Logs): Hook;
  onTestBegin?(): Hook;
  onTestEnd?(logs: Logs): Hook;
  onTestBatchBegin?(batch: number): Hook;
  onTestBatchEnd?(batch: number, logs: Logs): Hook;
  onPredictBegin?(): Hook;
  onPredictEnd?(): Hook;
  onPredictBatchBegin?(batch: number): Hook;
  onPredictBatchEnd?(batch: number): Hook;

  /**
   * Whether this callback wants to see the end of this batch. Default true: a callback that only shows progress says no
   * for most batches, so that the device need not wait.
   */
  wantsBatch(_batch: number): boolean {
    return true;
  }
}

/** The hooks by name. */
export type HookName = Exclude<Extract<keyof Callback, `on${string}`>, undefined>;
/** Calls the hooks of several callbacks in order. */
export class CallbackList {
  constructor(
    readonly callbacks: readonly Callback[],
    model: Model,
    params: CallbackParams,
  ) {
    for (const callback of callbacks) {
      callback.model = model;
      callback.params = params;
    }
  }

  /** Calls one hook of all callbacks, waiting for each. */
  async call<H extends HookName>(hook: H, ...args: Parameters<NonNullable<Callback[H]>>): Promise<void> {
    for (const callback of this.callbacks) {
      await (callback[hook] as ((...a: unknown[]) => Hook) | undefined)?.call(callback, ...args);
    }
  }

  /** Tells everybody how many batches a pass took. */
  passEnded(phase: BatchPhase, batches: number): void {
    for (const callback of this.callbacks) callback.batches[phase] = batches;
  }

  /** Whether anybody must be called when a batch begins. */
  watchesBegin(phase: BatchPhase): boolean {
    return this.callbacks.some((callback) => `on${phase}BatchBegin` in callback);
  }

  /** Whether anybody wants the numbers of this batch. */
  wantsBatch(phase: BatchPhase, batch: number): boolean {
    return this.callbacks.some((callback) => `on${phase}BatchEnd` in callback && callback.wantsBatch(batch));
  }

  /**
   * How many batches may run before anybody must be called: executions of `stride` batches, `most` batches if nobody
   * wants to hear of those in between.
   */
  quietBatches(phase: BatchPhase, batch: number, stride: number, most: number): number {
    if (this.watchesBegin(phase)) return stride;
    const watching = this.callbacks.filter((callback) => `on${phase}BatchEnd` in callback);
    if (watching.length === 0) return Math.max(stride, most);
    let count = stride;
    while (count < most && !watching.some((callback) => callback.wantsBatch(batch + count - 1))) count += stride;
    return count;
  }

  /** Calls the end-of-batch hook of those who want this batch. */
  async batchEnd(phase: BatchPhase, batch: number, logs: Logs): Promise<void> {
    for (const callback of this.callbacks) {
      const hook = `on${phase}BatchEnd` as const;
      if (hook in callback && callback.wantsBatch(batch)) await callback[hook]?.(batch, logs);
    }
  }
}
