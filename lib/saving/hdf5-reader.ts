// Reads HDF5 files in a worker thread, which is kept for a while: it takes a fraction of a second to start. What it does is
// in hdf5-worker.mjs.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { arrayOf, byteSize, type TypedArray } from '../dtype.js';
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import type { StoredWeight } from './restore.js';

/** Type and shape of a dataset. */
type DatasetInfo = Pick<StoredWeight, 'dtype' | 'shape'>;

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
/** A file on which the library spends longer than this, in milliseconds, on one request is given up. */
const PATIENCE = 120_000;

/** The thread, and what waits for its answers. */
class Thread {
  readonly #worker = new Worker(new URL('./hdf5-worker.mjs', import.meta.url), {
    execArgv: [],
    // What the library says about files is told by errors.
    stdout: true,
    stderr: true,
  });
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #idle: NodeJS.Timeout | null = null;
  /** Why no more requests are taken. */
  #ended: Error | null = null;

  constructor() {
    this.#worker.on('message', (reply: Reply) => this.#answer(reply));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(new Error('the reading thread has ended')));
    this.#worker.unref();
  }

  get usable(): boolean {
    return this.#ended === null;
  }

  ask<T>(operation: string, ...args: readonly unknown[]): Promise<T> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = null;
    this.#worker.ref();
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => this.#end(new Error('it takes too long to read')), PATIENCE);
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
    this.#idle = setTimeout(() => this.#end(new Error('the reading thread has ended')), IDLE).unref();
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

let shared: Thread | null = null;

/** An open HDF5 file. Close it. */
export class Hdf5Reader {
  private constructor(
    readonly path: string,
    private readonly thread: Thread,
    private readonly id: number,
    private readonly bytes: number,
    private readonly where: string,
  ) {}

  /**
   * Opens a file, hands it to `use` and closes it.
   *
   * @param where - Who reads, for errors.
   * @throws HornetError when the file is not there, or is no HDF5 file.
   */
  static async read<T>(path: string, where: string, use: (file: Hdf5Reader) => Promise<T>): Promise<T> {
    const absolute = resolve(path);
    let size: number;
    try {
      ({ size } = await stat(absolute));
    } catch (error) {
      throw new HornetError(where, `cannot open ${path}: ${(error as Error).message}`, { cause: error });
    }
    if (!shared?.usable) shared = new Thread();
    const thread = shared;
    let id: number;
    try {
      id = await thread.ask<number>('open', absolute);
    } catch (error) {
      throw new HornetError(where, `${path} is not an HDF5 file, or damaged`, { cause: error });
    }
    const reader = new Hdf5Reader(path, thread, id, size, where);
    try {
      return await use(reader);
    } finally {
      if (thread.usable) await thread.ask('close', id).catch(() => undefined);
    }
  }

  private async ask<T>(operation: string, path: string): Promise<T> {
    try {
      return await this.thread.ask<T>(operation, this.id, path || '/');
    } catch (error) {
      throw new HornetError(this.where, `${this.path} is damaged at '${path}'`, { cause: error });
    }
  }

  /** Names in a group, in alphabetical order; null where there is no group. */
  names(path: string): Promise<readonly string[] | null> {
    return this.ask('names', path);
  }

  /** The attributes of a group or dataset that are texts, or lists of them. */
  texts(path: string): Promise<Readonly<Record<string, string | readonly string[]>>> {
    return this.ask('texts', path);
  }

  /** A dataset; null where there is none. */
  async weight(path: string): Promise<StoredWeight | null> {
    const info = await this.ask<DatasetInfo | null>('describe', path);
    return info && { ...info, read: () => this.data(path, info) };
  }

  private async data(path: string, { dtype, shape }: DatasetInfo): Promise<TypedArray> {
    if (dtype === null)
      throw new HornetError(this.where, `${this.path} holds something else than numbers at '${path}'`);
    // Compressed files are small, but no file holds a thousand times its size.
    const bytes = sizeOf(shape) * byteSize(dtype);
    if (!Number.isSafeInteger(bytes) || bytes > Math.max(2 ** 20, this.bytes * 1000)) {
      throw new HornetError(this.where, `${this.path} claims to hold ${bytes} bytes at '${path}'`);
    }
    const buffer = await this.ask<ArrayBuffer>('read', path);
    if (buffer.byteLength !== bytes) throw new HornetError(this.where, `${this.path} is damaged at '${path}'`);
    return new (arrayOf(dtype))(buffer, 0, sizeOf(shape));
  }
}
