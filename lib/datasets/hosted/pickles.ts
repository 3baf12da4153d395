// What Python has pickled in the files of data sets, read in a worker thread. What it does is in pickle-worker.mjs.
import { HornetError } from '../../errors.js';
import { WorkerThread } from '../../worker-thread.js';

/** Lists of different lengths, one after the other. */
export interface Sequences {
  readonly values: Int32Array;
  /** Where each ends. */
  readonly ends: Int32Array;
}

/** Images with a label each, as the file has them. */
export interface PickledImages {
  readonly pixels: Uint8Array;
  readonly labels: Int32Array;
}

const PATIENCE = 120_000;
let shared: WorkerThread | null = null;

async function ask<T>(where: string, shown: string, operation: string, ...args: readonly unknown[]): Promise<T> {
  if (!shared?.usable) shared = new WorkerThread(new URL('./pickle-worker.mjs', import.meta.url));
  try {
    return await shared.ask<T>(operation, args, PATIENCE);
  } catch (error) {
    throw new HornetError(where, `cannot read ${shown}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * The lists of whole numbers in an array of objects.
 *
 * @param name - What is read, for errors.
 * @param bytes - A `.npy` file.
 */
export const readSequences = (where: string, name: string, bytes: Uint8Array): Promise<Sequences> =>
  ask(where, name, 'sequences', bytes);

/**
 * A dictionary with images in `data` [images, size].
 *
 * @param size - Bytes of an image.
 * @param label - The key of its labels.
 */
export const readImages = (where: string, path: string, size: number, label: string): Promise<PickledImages> =>
  ask(where, path, 'images', path, size, label);
