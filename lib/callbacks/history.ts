// The record of a training run.
import { Callback, type Logs } from './callback.js';

/** Collects the logs of every epoch; `fit` returns one. */
export class History extends Callback {
  /** Epoch numbers, counted from `initialEpoch`. */
  readonly epoch: number[] = [];
  /** One list per quantity, one number per epoch. */
  readonly history: Record<string, number[]> = {};

  override onTrainBegin(): void {
    this.epoch.length = 0;
    for (const name of Object.keys(this.history)) delete this.history[name];
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    this.epoch.push(epoch);
    for (const [name, value] of Object.entries(logs)) (this.history[name] ??= []).push(value);
  }
}
