// Data sets of a user whose batches have numbers.
import { HornetError } from '../errors.js';
import type { Batch } from '../models/data.js';
import { Dataset } from './dataset.js';

/** Options of `PyDataset`. */
export interface PyDatasetArgs {
  /** Batches that are prepared at the same time, where `getItem` is async. Default 1. */
  readonly workers?: number;
  /** Batches that are kept ready. Default 10. */
  readonly maxQueueSize?: number;
}

/**
 * A data set whose batches are made one by one, by number. Keras's `PyDataset`; processes of their own are not needed, since
 * async work (files, sharp, worker threads) goes on beside the loop.
 *
 * @example
 * class Photos extends PyDataset {
 *   get length() { return 100; }
 *   async getItem(index: number) { return [await load(index), labels[index]] as const; }
 * }
 */
export abstract class PyDataset implements AsyncIterable<Batch> {
  readonly workers: number;
  readonly maxQueueSize: number;

  constructor({ workers = 1, maxQueueSize = 10 }: PyDatasetArgs = {}) {
    for (const [name, value] of Object.entries({ workers, maxQueueSize })) {
      if (!(Number.isInteger(value) && value > 0)) {
        throw new HornetError('pyDataset', `expected ${name} to be a positive integer, received ${value}`);
      }
    }
    this.workers = workers;
    this.maxQueueSize = maxQueueSize;
  }

  /** Number of batches. */
  abstract get length(): number;

  /** The batch of a number below `length`. */
  abstract getItem(index: number): Batch | Promise<Batch>;

  /** Called before the first pass. */
  onEpochBegin?(): void;
  /** Called after each pass. */
  onEpochEnd?(): void;

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void, undefined> {
    this.onEpochBegin?.();
    const numbers = Array.from({ length: this.length }, (_, i) => i);
    const { workers: parallel, maxQueueSize } = this;
    yield* Dataset.from(numbers)
      .map((i) => this.getItem(i), { parallel })
      .prefetch(maxQueueSize);
    this.onEpochEnd?.();
  }
}
