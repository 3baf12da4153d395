// Callbacks that change the learning rate between epochs.
import { printLine } from '../messages.js';
import { HornetError } from '../errors.js';
import type { Optimizer } from '../optimizers/index.js';
import { Callback, type Logs } from './callback.js';
import { Monitor, type MonitorMode } from './monitor.js';
import { ratedOptimizers, readRate, readRates } from './rates.js';

/** How messages call the rate of an optimizer: by its name where there are several. */
const rateText = (optimizer: Optimizer, others: number): string =>
  others > 0 ? `${optimizer.name} learning rate` : 'learning rate';

/** Sets the learning rate at the beginning of each epoch: `schedule(epoch, rate)` gives the new one. */
export class LearningRateScheduler extends Callback {
  constructor(
    private readonly schedule: (epoch: number, learningRate: number) => number,
    private readonly args: { readonly verbose?: 0 | 1 } = {},
  ) {
    super();
  }

  override async onEpochBegin(epoch: number): Promise<void> {
    const rated = ratedOptimizers(this.model);
    for (const { optimizer } of rated) {
      const rate = this.schedule(epoch, await readRate(optimizer));
      if (typeof rate !== 'number' || !Number.isFinite(rate)) {
        throw new HornetError('learningRateScheduler', `expected the schedule to return a number, received ${rate}`);
      }
      optimizer.learningRate = rate;
      if (!this.args.verbose) continue;
      const text = rateText(optimizer, rated.length - 1);
      printLine(`\nEpoch ${epoch + 1}: LearningRateScheduler setting ${text} to ${rate}.`);
    }
  }

  override async onEpochEnd(_epoch: number, logs: Logs): Promise<void> {
    Object.assign(logs, await readRates(this.model));
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
    this.watched.best = null;
    this.wait = this.rest = 0;
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const { patience = 10, cooldown = 0 } = this.args;
    Object.assign(logs, await readRates(this.model));
    const value = this.watched.read(this.model, logs);
    if (value === undefined) return;
    if (this.rest > 0) {
      this.rest--;
      this.wait = 0;
    }
    if (this.watched.improves(value)) {
      this.watched.best = value;
      this.wait = 0;
    } else if (this.rest === 0 && ++this.wait >= patience && (await this.reduce(epoch))) {
      this.rest = cooldown;
      this.wait = 0;
    }
  }

  /** Lowers all rates that are above the bound; false where there is none. */
  private async reduce(epoch: number): Promise<boolean> {
    const { factor = 0.1, minLr = 0, verbose = 0 } = this.args;
    const rated = ratedOptimizers(this.model);
    let changed = false;
    for (const { optimizer } of rated) {
      const rate = await readRate(optimizer);
      if (rate <= Math.fround(minLr)) continue;
      const reduced = Math.max(rate * factor, minLr);
      optimizer.learningRate = reduced;
      changed = true;
      if (!verbose) continue;
      const text = rateText(optimizer, rated.length - 1);
      printLine(`\nEpoch ${epoch + 1}: ReduceLROnPlateau reducing ${text} to ${reduced}.`);
    }
    return changed;
  }
}
