// Data sets that are read as they are used: (async) iterables with a length and the usual steps between source and model.
import { HornetError } from '../errors.js';
import { makeSeed } from '../seed.js';
import { shuffleInPlace } from '../shuffle.js';

/**
 * Items one after the other, read anew in each pass. `fit`, `evaluate`, `predict` and `adapt` take data sets whose items
 * are batches. Every method gives a new data set and reads nothing yet.
 *
 * @example
 * const prepared = dataset.map(([x, y]) => [ops.divide(x, 255), y]).prefetch(2);
 */
export class Dataset<T> implements AsyncIterable<T> {
  /**
   * @param open - Begins a pass.
   * @param length - Number of items in a pass; null while unknown.
   */
  constructor(
    private readonly open: () => AsyncIterable<T> | Iterable<T>,
    readonly length: number | null = null,
  ) {}

  /** The items of anything that can be iterated again and again. */
  static from<T>(items: Iterable<T> | AsyncIterable<T>): Dataset<T> {
    return new Dataset(() => items, Array.isArray(items) ? items.length : null);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    yield* this.open();
  }

  /**
   * Each item changed by a function, which may be async.
   *
   * @param parallel - How many items are worked on at the same time. Default 1. The order stays.
   */
  map<R>(fn: (item: T) => R | Promise<R>, options: { readonly parallel?: number } = {}): Dataset<R> {
    const { parallel = 1 } = options;
    checkCount('map', parallel, 1);
    const source = this.open;
    return new Dataset(async function* () {
      const working: Promise<R>[] = [];
      for await (const item of source()) {
        working.push(promised(() => fn(item)));
        if (working.length >= parallel) yield await working.shift()!;
      }
      for (const last of working) yield await last;
    }, this.length);
  }

  /** The items of which a function says so. */
  filter(fn: (item: T) => boolean | Promise<boolean>): Dataset<T> {
    const source = this.open;
    return new Dataset(async function* () {
      for await (const item of source()) if (await fn(item)) yield item;
    });
  }

  /** The first items. */
  take(count: number): Dataset<T> {
    checkCount('take', count, 0);
    const source = this.open;
    return new Dataset(
      async function* () {
        let left = count;
        if (left === 0) return;
        for await (const item of source()) {
          yield item;
          if (--left === 0) return;
        }
      },
      this.length === null ? null : Math.min(count, this.length),
    );
  }

  /** All but the first items. */
  skip(count: number): Dataset<T> {
    checkCount('skip', count, 0);
    const source = this.open;
    return new Dataset(
      async function* () {
        let left = count;
        for await (const item of source()) if (left-- <= 0) yield item;
      },
      this.length === null ? null : Math.max(0, this.length - count),
    );
  }

  /** The items several times over; without a count, without end. */
  repeat(count?: number): Dataset<T> {
    if (count !== undefined) checkCount('repeat', count, 0);
    const source = this.open;
    return new Dataset(
      async function* () {
        for (let i = 0; i < (count ?? Infinity); i++) yield* source();
      },
      count === undefined || this.length === null ? null : count * this.length,
    );
  }

  /**
   * A random order within a window of `bufferSize` items, another one in each pass.
   *
   * @param seed - Makes the orders repeatable. Default: from the global seed.
   */
  shuffle(bufferSize: number, options: { readonly seed?: number | null } = {}): Dataset<T> {
    checkCount('shuffle', bufferSize, 1);
    const source = this.open;
    let pass = 0;
    return new Dataset(async function* () {
      let seed = options.seed === null || options.seed === undefined ? makeSeed() : options.seed + pass++;
      let buffer: T[] = [];
      for await (const item of source()) {
        buffer.push(item);
        if (buffer.length < 2 * bufferSize) continue;
        shuffleInPlace(buffer, seed++);
        yield* buffer.slice(0, bufferSize);
        buffer = buffer.slice(bufferSize);
      }
      shuffleInPlace(buffer, seed);
      yield* buffer;
    }, this.length);
  }

  /** Keeps the items of the first whole pass for those that follow. */
  cache(): Dataset<T> {
    const source = this.open;
    let kept: readonly T[] | null = null;
    return new Dataset(async function* () {
      if (kept) return yield* kept;
      const items: T[] = [];
      for await (const item of source()) {
        items.push(item);
        yield item;
      }
      kept = items;
    }, this.length);
  }

  /** Prepares up to `count` items ahead of who reads them. Default 2. */
  prefetch(count = 2): Dataset<T> {
    checkCount('prefetch', count, 1);
    const source = this.open;
    return new Dataset(async function* () {
      const opened = source();
      const iterator = Symbol.asyncIterator in opened ? opened[Symbol.asyncIterator]() : opened[Symbol.iterator]();
      const ahead: Promise<IteratorResult<T>>[] = [];
      try {
        for (;;) {
          while (ahead.length < count) ahead.push(promised(() => iterator.next()));
          const next = await ahead.shift()!;
          if (next.done) return;
          yield next.value;
        }
      } finally {
        await iterator.return?.();
      }
    }, this.length);
  }

  /** All items of one pass. */
  async toArray(): Promise<T[]> {
    const items: T[] = [];
    for await (const item of this) items.push(item);
    return items;
  }
}

/** An error shows when the item is read, not while it waits. */
function promised<T>(fn: () => T | Promise<T>): Promise<T> {
  const promise = (async () => fn())();
  promise.catch(() => undefined);
  return promise;
}

function checkCount(where: string, count: number, least: number): void {
  if (Number.isInteger(count) && count >= least) return;
  const kind = least === 0 ? 'a non-negative' : 'a positive';
  throw new HornetError(where, `expected ${kind} integer, received ${count}`);
}
