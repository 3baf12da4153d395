// Stop when a quantity no longer improves.
import { printLine } from '../messages.js';
import type { TypedArray } from '../dtype.js';
import { Callback, type Logs } from './callback.js';
import { Monitor, type MonitorMode } from './monitor.js';

export interface EarlyStoppingArgs {
  /** Quantity to watch. Default `val_loss`. */
  readonly monitor?: string;
  /** Smaller changes do not count as improvement. Default 0. */
  readonly minDelta?: number;
  /** Epochs without improvement before training stops. Default 0. */
  readonly patience?: number;
  readonly verbose?: 0 | 1;
  readonly mode?: MonitorMode;
  /** Stop unless this value is beaten. */
  readonly baseline?: number | null;
  /** Put the weights of the best epoch back at the end. Default false. */
  readonly restoreBestWeights?: boolean;
  /** Epochs before watching begins. Default 0. */
  readonly startFromEpoch?: number;
}

/** Stops training when the monitored quantity has stopped improving. */
export class EarlyStopping extends Callback {
  /** The epoch after which training was stopped; 0 while it was not. */
  stoppedEpoch = 0;
  /** The epoch with the best value. */
  bestEpoch = 0;
  private wait = 0;
  private bestWeights: TypedArray[] | null = null;
  private readonly watched: Monitor;

  constructor(private readonly args: EarlyStoppingArgs = {}) {
    super();
    const { monitor = 'val_loss', mode = 'auto', minDelta = 0 } = args;
    this.watched = new Monitor('earlyStopping', monitor, mode, minDelta);
  }

  /** The best value seen; null before the first. */
  get best(): number | null {
    return this.watched.best;
  }

  override onTrainBegin(): void {
    this.wait = this.stoppedEpoch = this.bestEpoch = 0;
    this.bestWeights = null;
    this.watched.best = null;
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const { patience = 0, baseline = null, restoreBestWeights = false, startFromEpoch = 0 } = this.args;
    const value = this.watched.read(this.model, logs);
    if (value === undefined || epoch < startFromEpoch) return;
    if (restoreBestWeights && this.bestWeights === null) {
      this.bestWeights = await this.model.getWeights();
      this.bestEpoch = epoch;
    }
    this.wait++;
    if (this.watched.improves(value)) {
      this.watched.best = value;
      this.bestEpoch = epoch;
      if (restoreBestWeights) this.bestWeights = await this.model.getWeights();
      if (baseline === null || this.watched.improves(value, baseline)) this.wait = 0;
      return;
    }
    if (this.wait >= patience && epoch > 0) {
      this.stoppedEpoch = epoch;
      this.model.stopTraining = true;
    }
  }

  override onTrainEnd(): void {
    const { verbose = 0 } = this.args;
    if (this.stoppedEpoch > 0 && verbose) printLine(`Epoch ${this.stoppedEpoch + 1}: early stopping`);
    if (this.bestWeights) {
      if (verbose) printLine(`Restoring model weights from the end of the best epoch: ${this.bestEpoch + 1}.`);
      this.model.setWeights(this.bestWeights);
    }
  }
}
