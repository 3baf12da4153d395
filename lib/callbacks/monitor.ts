// Watching one quantity: what early stopping, checkpoints and learning rate reduction share.
import { HornetError } from '../errors.js';
import type { Model } from '../models/model.js';
import type { Logs } from './callback.js';

/** How a monitored quantity improves: falling, rising, or as its metric says. */
export type MonitorMode = 'auto' | 'min' | 'max';

/** Decides which of two values of a quantity is better. */
export class Monitor {
  /** 1 where larger values are better, -1 where smaller ones are; null while the metric was not asked. */
  private sign: 1 | -1 | null;
  /** Best value so far; null before the first. */
  best: number | null;

  constructor(
    private readonly where: string,
    /** Name of the quantity in the logs, e.g. `val_loss`. */
    readonly quantity: string,
    mode: MonitorMode,
    private readonly minDelta = 0,
    initial: number | null = null,
  ) {
    if (!['auto', 'min', 'max'].includes(mode)) {
      throw new HornetError(where, `expected mode to be 'auto', 'min' or 'max', received '${mode}'`);
    }
    this.sign = mode === 'auto' ? null : mode === 'max' ? 1 : -1;
    this.best = initial;
  }

  /**
   * The quantity in these logs; undefined with a warning where it is missing.
   *
   * @throws HornetError where the mode is 'auto' and the model does not know whether the quantity should rise or fall.
   */
  read(model: Model, logs: Logs): number | undefined {
    this.sign ??= this.signFor(model);
    const value = logs[this.quantity];
    if (value === undefined) {
      process.emitWarning(`[${this.where}] '${this.quantity}' is not in the logs: ${Object.keys(logs).join(', ')}`);
    }
    return value;
  }

  /** Whether `value` beats `reference` by more than the smallest change that counts. Anything beats nothing. */
  improves(value: number, reference = this.best): boolean {
    return reference === null || this.sign! * (value - reference) > Math.abs(this.minDelta);
  }

  private signFor(model: Model): 1 | -1 {
    const direction = model.directionOf(this.quantity.replace(/^val_/, ''));
    if (direction) return direction === 'up' ? 1 : -1;
    throw new HornetError(
      this.where,
      `nothing says whether '${this.quantity}' should rise or fall; pass mode: 'max' or mode: 'min'`,
    );
  }
}
