// Callbacks that change the learning rate between epochs.
import { HornetError } from '../errors.js';
import type { DeviceTensor } from '../tensor.js';
import type { Model } from '../models/model.js';
import { Callback, type Logs } from './callback.js';
import { Monitor, type MonitorMode } from './monitor.js';

const readRate = (model: Model): Promise<number> => (model.optimizer.learningRate as DeviceTensor).item();

/** Sets the learning rate at the beginning of each epoch: `schedule(epoch, rate)` gives the new one. */
export class LearningRateScheduler extends Callback {
  constructor(
    private readonly schedule: (epoch: number, learningRate: number) => number,
    private readonly args: { readonly verbose?: 0 | 1 } = {},
  ) {
    super();
  }

  override async onEpochBegin(epoch: number): Promise<void> {
    const rate = this.schedule(epoch, await readRate(this.model));
    if (typeof rate !== 'number' || !Number.isFinite(rate)) {
      throw new HornetError('learningRateScheduler', `expected the schedule to return a number, received ${rate}`);
    }
    this.model.optimizer.learningRate = rate;
    if (this.args.verbose) console.log(`\nEpoch ${epoch + 1}: LearningRateScheduler setting learning rate to ${rate}.`);
  }

  override async onEpochEnd(_epoch: number, logs: Logs): Promise<void> {
    logs.learning_rate = await readRate(this.model);
  }
}

export interface ReduceLROnPlateauArgs {
  /** Quantity to watch. Default `val_loss`. */
  readonly monitor?: string;
  /** New rate = old rate · factor. Default 0.1. */
  readonly factor?: number;
  /** Epochs without improvement before the rate falls. Default 10. */
  readonly patience?: number;
  readonly verbose?: 0 | 1;
  readonly mode?: MonitorMode;
  /** Smaller changes do not count as improvement. Default 0.0001. */
  readonly minDelta?: number;
  /** Epochs to wait after a reduction. Default 0. */
  readonly cooldown?: number;
  /** Lower bound of the rate. Default 0. */
  readonly minLr?: number;
}

/** Lowers the learning rate when the monitored quantity has stopped improving. */
export class ReduceLROnPlateau extends Callback {
  private readonly watched: Monitor;
  private wait = 0;
  private rest = 0;

  constructor(private readonly args: ReduceLROnPlateauArgs = {}) {
    super();
    const { monitor = 'val_loss', mode = 'auto', minDelta = 0.0001, factor = 0.1 } = args;
    if (!(factor < 1)) throw new HornetError('reduceLROnPlateau', `expected factor to be below 1, received ${factor}`);
    this.watched = new Monitor('reduceLROnPlateau', monitor, mode, minDelta);
  }

  override onTrainBegin(): void {
    this.watched.reset();
    this.wait = this.rest = 0;
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const { factor = 0.1, patience = 10, cooldown = 0, minLr = 0, verbose = 0 } = this.args;
    const rate = await readRate(this.model);
    logs.learning_rate = rate;
    const value = this.watched.read(logs);
    if (value === undefined) return;
    if (this.rest > 0) {
      this.rest--;
      this.wait = 0;
    }
    if (this.watched.improves(value)) {
      this.watched.best = value;
      this.wait = 0;
    } else if (this.rest === 0 && ++this.wait >= patience && rate > minLr) {
      const reduced = Math.max(rate * factor, minLr);
      this.model.optimizer.learningRate = reduced;
      this.rest = cooldown;
      this.wait = 0;
      if (verbose) console.log(`\nEpoch ${epoch + 1}: ReduceLROnPlateau reducing learning rate to ${reduced}.`);
    }
  }
}
