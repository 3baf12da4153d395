// One pass over batches for several readers.

/** What reads along with others: every reader gets each item, and all take one before the next is fetched. */
export function lockstep<T>(source: Iterable<T> | AsyncIterable<T>, readers: number): AsyncIterable<T>[] {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let waiting: PromiseWithResolvers<IteratorResult<T>>[] = [];
  const next = (): Promise<IteratorResult<T>> => {
    const reader = promiseWithResolvers<IteratorResult<T>>();
    if (waiting.push(reader) === readers) {
      const all = waiting;
      waiting = [];
      const fetch = async (): Promise<IteratorResult<T>> => iterator.next();
      fetch().then(
        (item) => all.forEach(({ resolve }) => resolve(item)),
        (error: unknown) => all.forEach(({ reject }) => reject(error)),
      );
    }
    return reader.promise;
  };
  return Array.from({ length: readers }, () => ({ [Symbol.asyncIterator]: () => ({ next }) }));
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

function promiseWithResolvers<T>(): PromiseWithResolvers<T> {
  let [resolve, reject]: [(value: T) => void, (reason: unknown) => void] = [() => undefined, () => undefined];
  const promise = new Promise<T>((yes, no) => {
    [resolve, reject] = [yes, no];
  });
  return { promise, resolve, reject };
}
