// Reads HDF5 files in a worker thread, which is kept for a while: it takes a fraction of a second to start. What it does is
// in hdf5-worker.mjs.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { arrayOf, byteSize, type TypedArray } from '../dtype.js';
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import { WorkerThread } from '../worker-thread.js';
import type { StoredWeight } from './restore.js';

/** Type and shape of a dataset. */
type DatasetInfo = Pick<StoredWeight, 'dtype' | 'shape'>;

/**
 * A file on which the library spends longer on one request is given up, in milliseconds: damaged ones can keep it for ever.
 * Numbers may come from a slow disk, at 5 MB a second.
 */
const patienceFor = (bytes: number): number => 15_000 + bytes / 5_000;

let shared: WorkerThread | null = null;

/** An open HDF5 file. Close it. */
export class Hdf5Reader {
  private constructor(
    readonly path: string,
    private readonly thread: WorkerThread,
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
    if (!shared?.usable) shared = new WorkerThread(new URL('./hdf5-worker.mjs', import.meta.url));
    const thread = shared;
    let id: number;
    try {
      id = await thread.ask<number>('open', [absolute], patienceFor(0));
    } catch (error) {
      throw new HornetError(where, `${path} is not an HDF5 file, or damaged`, { cause: error });
    }
    const reader = new Hdf5Reader(path, thread, id, size, where);
    try {
      return await use(reader);
    } finally {
      if (thread.usable) await thread.ask('close', [id], patienceFor(0)).catch(() => undefined);
    }
  }

  private async ask<T>(operation: string, path: string, bytes = 0): Promise<T> {
    try {
      return await this.thread.ask<T>(operation, [this.id, path || '/'], patienceFor(bytes));
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
    const buffer = await this.ask<ArrayBuffer>('read', path, bytes);
    if (buffer.byteLength !== bytes) throw new HornetError(this.where, `${this.path} is damaged at '${path}'`);
    return new (arrayOf(dtype))(buffer, 0, sizeOf(shape));
  }
}
