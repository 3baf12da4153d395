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

/** For type and shape of a dataset there is as much time as for so many bytes. */
const METADATA = 2 ** 18;

/** The answer about a place that cannot be read. */
interface Damage {
  readonly damaged: string;
  readonly reason: string;
}

const isDamage = (answer: unknown): answer is Damage =>
  answer !== null && typeof answer === 'object' && 'damaged' in answer && 'reason' in answer;

let shared: WorkerThread | null = null;

/** Texts by the name of their attribute. */
type Texts = Readonly<Record<string, string | readonly string[]>>;

/** A group of which so many datasets are expected. */
export interface GroupWanted {
  readonly path: string;
  readonly expected: number;
}

/** What a group holds. */
export interface GroupContents<T = StoredWeight> {
  /** The number of its members. */
  readonly count: number;
  /** They by name, unless there are more than expected; null for one that is no dataset. */
  readonly datasets: readonly (readonly [string, T | null])[];
}

/** An open HDF5 file. Close it. */
export class Hdf5Reader {
  /** Memory in which numbers have come, to be used again. */
  readonly #spare: ArrayBuffer[] = [];

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

  private async ask<T>(operation: string, path: string, bytes = 0, given: readonly ArrayBuffer[] = []): Promise<T> {
    try {
      const args = [this.id, path || '/', ...given];
      return await this.thread.ask<T>(operation, args, patienceFor(bytes), given);
    } catch (error) {
      throw new HornetError(this.where, `${this.path} is damaged at '${path}'`, { cause: error });
    }
  }

  /** Asks about many places at once. */
  private async askAll<T>(operation: string, places: readonly unknown[]): Promise<readonly T[]> {
    const answers = await this.thread
      .ask<readonly (T | Damage)[]>(operation, [this.id, places], patienceFor(places.length * METADATA))
      .catch((error: unknown) => {
        throw new HornetError(this.where, `${this.path} is damaged`, { cause: error });
      });
    for (const answer of answers) {
      if (!isDamage(answer)) continue;
      const message = `${this.path} is damaged at '${answer.damaged}'`;
      throw new HornetError(this.where, message, { cause: new Error(answer.reason) });
    }
    return answers as readonly T[];
  }

  /** Names in a group, in alphabetical order; null where there is no group. */
  names(path: string): Promise<readonly string[] | null> {
    return this.ask('names', path);
  }

  /** The attributes of groups or datasets that are texts, or lists of them. */
  texts(paths: readonly string[]): Promise<readonly Texts[]> {
    return this.askAll('texts', paths);
  }

  /** Datasets; null where there is none. */
  async weights(paths: readonly string[]): Promise<(StoredWeight | null)[]> {
    const found = await this.askAll<DatasetInfo | null>('describe', paths);
    return found.map((info, i) => this.stored(paths[i], info));
  }

  /** What groups hold. */
  async contents(groups: readonly GroupWanted[]): Promise<GroupContents[]> {
    const told = await this.askAll<GroupContents<DatasetInfo>>('contents', groups);
    return told.map(({ count, datasets }, i) => ({
      count,
      datasets: datasets.map(([name, info]) => [name, this.stored(`${groups[i].path}/${name}`, info)] as const),
    }));
  }

  private stored(path: string, info: DatasetInfo | null): StoredWeight | null {
    return info && { ...info, read: (use) => this.data(path, info, use) };
  }

  private async data(path: string, { dtype, shape }: DatasetInfo, use: (data: TypedArray) => void): Promise<void> {
    if (dtype === null)
      throw new HornetError(this.where, `${this.path} holds something else than numbers at '${path}'`);
    // Compressed files are small, but no file holds a thousand times its size.
    const bytes = sizeOf(shape) * byteSize(dtype);
    if (!Number.isSafeInteger(bytes) || bytes > Math.max(2 ** 20, this.bytes * 1000)) {
      throw new HornetError(this.where, `${this.path} claims to hold ${bytes} bytes at '${path}'`);
    }
    const buffer = await this.ask<ArrayBuffer>('read', path, bytes, this.#spare.splice(0, 1));
    if (buffer.byteLength < bytes) throw new HornetError(this.where, `${this.path} is damaged at '${path}'`);
    use(new (arrayOf(dtype))(buffer, 0, sizeOf(shape)));
    this.#spare.push(buffer);
  }
}
