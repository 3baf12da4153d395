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
  readonly timer: NodeJS.Timeout;
}

/** An idle thread ends after so many milliseconds. */
const IDLE = 5_000;
/**
 * A thread, and what waits for its answers. Messages to it are `{ id, operation, args }`, its answers `{ id, result }` or
 * `{ id, error, fatal }`. It does not keep the process alive, and ends when it has been idle for a while.
 */
export class WorkerThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #idle: NodeJS.Timeout | null = null;
  /** Why no more requests are taken. */
  #ended: Error | null = null;

  /**
   * @param script - What it runs.
   * @param patience - A request that takes longer, in milliseconds, ends the thread.
   */
  constructor(
    script: URL,
    private readonly patience: number,
  ) {
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

  /** The answer to a request. */
  ask<T>(operation: string, ...args: readonly unknown[]): Promise<T> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = null;
    this.#worker.ref();
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => this.#end(new Error('it takes too long')), this.patience);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#worker.postMessage({ id, operation, args });
    });
  }

  #answer({ id, result, error, fatal }: Reply): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (error === undefined) waiting.resolve(result as never);
    else waiting.reject(new Error(error));
    if (fatal) this.#end(new Error(error));
    else if (this.#waiting.size === 0) this.#rest();
  }

  #rest(): void {
    this.#worker.unref();
    this.#idle = setTimeout(() => this.#end(new Error('the worker thread has ended')), IDLE).unref();
  }

  #end(error: Error): void {
    if (this.#ended) return;
    this.#ended = error;
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
    this.#worker.unref();
    void this.#worker.terminate();
  }
}
