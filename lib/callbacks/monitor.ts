// Watching one quantity: what early stopping, checkpoints and learning rate reduction share.
import { HornetError } from '../errors.js';
import type { Logs } from './callback.js';

/** How a monitored quantity improves: falling, rising, or guessed from its name. */
export type MonitorMode = 'auto' | 'min' | 'max';

const rising = /(acc|auc|precision|recall|f1|fbeta|iou|r2|top_k)/;

/** Decides which of two values of a quantity is better. */
export class Monitor {
  private readonly sign: 1 | -1;
  /** Best value so far. */
  best: number;

  constructor(
    private readonly where: string,
    /** Name of the quantity in the logs, e.g. `val_loss`. */
    readonly quantity: string,
    mode: MonitorMode,
    private readonly minDelta = 0,
    initial?: number,
  ) {
    if (!['auto', 'min', 'max'].includes(mode)) {
      throw new HornetError(where, `expected mode to be 'auto', 'min' or 'max', received '${mode}'`);
    }
    const up = mode === 'max' || (mode === 'auto' && rising.test(quantity) && !quantity.endsWith('loss'));
    this.sign = up ? 1 : -1;
    this.best = initial ?? -this.sign * Infinity;
  }

  /** The quantity in these logs; undefined with a warning where it is missing. */
  read(logs: Logs): number | undefined {
    const value = logs[this.quantity];
    if (value === undefined) {
      process.emitWarning(`[${this.where}] '${this.quantity}' is not in the logs: ${Object.keys(logs).join(', ')}`);
    }
    return value;
  }

  /** Whether `value` beats `reference` by more than the smallest change that counts. */
  improves(value: number, reference = this.best): boolean {
    return this.sign * (value - reference) > Math.abs(this.minDelta);
  }

  reset(initial?: number): void {
    this.best = initial ?? -this.sign * Infinity;
  }
}
