// Worker threads that answer requests.
import { Worker } from 'node:worker_threads';

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
  readonly fatal?: boolean;
}

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
  readonly patience: number;
}

/** An idle thread ends after so many milliseconds. */
const IDLE = 5_000;

/**
 * A thread, and what waits for its answers. Messages to it are `{ id, operation, args }`, its answers `{ id, result }` or
 * `{ id, error, fatal }`. It does not keep the process alive, and ends when it has been idle for a while.
 */
export class WorkerThread {
  readonly #worker: Worker;
  /** The oldest first. */
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  /** Until the thread has taken too long, or has been idle for too long. */
  #timer: NodeJS.Timeout | null = null;
  /** Why no more requests are taken. */
  #ended: Error | null = null;

  /** @param script - What it runs. */
  constructor(script: URL) {
    // What libraries print there is told by errors.
    this.#worker = new Worker(script, { execArgv: [], stdout: true, stderr: true });
    this.#worker.on('message', (reply: Reply) => this.#answer(reply));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(new Error('the worker thread has ended')));
    this.#worker.unref();
  }

  /** How many requests have no answer yet. */
  get load(): number {
    return this.#waiting.size;
  }

  /** Whether it takes requests. */
  get usable(): boolean {
    return this.#ended === null;
  }

  /**
   * The answer to a request.
   *
   * @param patience - The thread is ended when this is its oldest request and it answers none in so many milliseconds.
   * @param given - Buffers among the arguments that are the thread's from now on.
   */
  ask<T>(
    operation: string,
    args: readonly unknown[],
    patience: number,
    given: readonly ArrayBuffer[] = [],
  ): Promise<T> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, patience });
      if (this.#waiting.size === 1) this.#watch();
      this.#worker.postMessage({ id, operation, args }, given);
    });
  }

  #answer({ id, result, error, fatal }: Reply): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    if (error === undefined) waiting.resolve(result as never);
    else waiting.reject(new Error(error));
    if (fatal) this.#end(new Error(error));
    else this.#watch();
  }

  /** Keeps the time of the oldest request, or of idleness. */
  #watch(): void {
    if (this.#timer) clearTimeout(this.#timer);
    const [first] = this.#waiting.values();
    if (first) {
      this.#worker.ref();
      this.#timer = setTimeout(() => this.#end(new Error('it takes too long')), first.patience);
    } else {
      this.#worker.unref();
      this.#timer = setTimeout(() => this.#end(new Error('the worker thread has ended')), IDLE).unref();
    }
  }

  #end(error: Error): void {
    if (this.#ended) return;
    this.#ended = error;
    if (this.#timer) clearTimeout(this.#timer);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#worker.unref();
    void this.#worker.terminate();
  }
}
