// How far the training loop may run ahead of the device.
import type { Device } from '../device.js';
import { HornetError } from '../errors.js';

/** About so many milliseconds of work are queued before the loop waits. */
const AHEAD = 10;

/**
 * Lets the loop queue steps without waiting for each, yet never far ahead: errors, progress and `stopTraining` show
 * soon, and other work on the event loop gets its turn.
 */
export class Pace {
  private queued = 0;
  private chunk = 1;
  private since = performance.now();
  private earlier: Promise<void> = Promise.resolve();

  constructor(private readonly device: Device) {
    // Errors of earlier work are told where its results are read.
    device.native.sync().catch(() => undefined);
  }

  /** How many steps may be queued now. */
  get room(): number {
    return Math.max(1, this.chunk - this.queued);
  }

  /** Counts queued steps; waits for an earlier chunk when enough have been queued. */
  async advance(steps: number): Promise<void> {
    this.queued += steps;
    if (this.queued < this.chunk) return;
    const latest = this.device.native.sync();
    latest.catch(() => undefined);
    await this.settle(this.earlier);
    this.earlier = latest;
    const elapsed = performance.now() - this.since;
    this.chunk = elapsed < AHEAD ? Math.min(this.chunk * 2, 1024) : Math.max(1, this.chunk >> 1);
    this.since = performance.now();
    this.queued = 0;
  }

  /** Waits for everything queued. Rejects with the first error since the beginning. */
  async finish(): Promise<void> {
    await this.settle(this.earlier);
    this.earlier = Promise.resolve();
    await this.settle(this.device.native.sync());
    this.queued = 0;
  }

  private async settle(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      throw HornetError.fromNative(error);
    }
  }
}
