// Images from files, decoded by sharp and resized in worker threads, so that neither the event loop nor the device waits.
import { availableParallelism } from 'node:os';
import { HornetError, oneOf } from '../errors.js';
import type { Taps } from '../ops/image/taps.js';
import { WorkerThread } from '../worker-thread.js';

/** Colours of decoded images: 1, 3 or 4 channels. */
export type ColorMode = 'grayscale' | 'rgb' | 'rgba';

const channelsOf: Record<ColorMode, 1 | 3 | 4> = { grayscale: 1, rgb: 3, rgba: 4 };

/** The colours as given, `rgb` for none. */
export const checkColorMode = (where: string, mode: ColorMode = 'rgb'): ColorMode =>
  oneOf(where, 'colorMode', mode, Object.keys(channelsOf) as ColorMode[]);

/** A part of an image, or a place in one; [vertical, horizontal]. */
export interface Area {
  readonly starts: readonly number[];
  readonly sizes: readonly number[];
}

/** How an image becomes one of another size. Sizes are [height, width]. */
export interface Plan {
  readonly size: readonly [number, number];
  /** The part that is resized. Default: all. */
  readonly cut?: Area;
  /** Where it comes in an image that is black otherwise. Default: everywhere. */
  readonly placed?: Area;
  /** Pixels for each new row and column. */
  readonly taps: readonly (readonly Taps[])[];
  /** Whether values are bytes after each axis, and colors count as much as they are opaque. Default false. */
  readonly bytes?: boolean;
}

/** Pixels [height, width, channels] from 0 to 255. */
export interface DecodedImage {
  readonly pixels: Float32Array;
  readonly shape: readonly [number, number, number];
}

/** Milliseconds for an image. */
const PATIENCE = 60_000;
const threads: WorkerThread[] = [];

/** The thread with the least to do; a new one where all are busy. */
function thread(): WorkerThread {
  threads.splice(0, threads.length, ...threads.filter(({ usable }) => usable));
  const least = threads.reduce<WorkerThread | null>((a, b) => (a && a.load <= b.load ? a : b), null);
  const most = Math.min(4, availableParallelism());
  if (least && (least.load === 0 || threads.length >= most)) return least;
  const made = new WorkerThread(new URL('./image-worker.mjs', import.meta.url));
  threads.push(made);
  return made;
}

/**
 * @param where - Who decodes, for errors.
 * @param plan - What becomes of an image of a size [height, width]; null leaves it as it is.
 */
export async function decodeImage(
  where: string,
  path: string,
  colorMode: ColorMode,
  plan: (image: readonly [number, number]) => Plan | null,
): Promise<DecodedImage> {
  const channels = channelsOf[colorMode];
  try {
    const image = await thread().ask<[number, number]>('size', [path], PATIENCE);
    const { size, taps, bytes, ...areas } = plan(image) ?? { size: image, taps: [] };
    const all = (sizes: readonly number[]): Area => ({ starts: [0, 0], sizes });
    const { cut = all(image), placed = all(size) } = areas as Pick<Plan, 'cut' | 'placed'>;
    const [rows, columns] = [0, 1].map((axis) => pack(taps[axis], cut.sizes[axis]));
    const task = { path, channels, cut, rows, columns, bytes, placed, size };
    const buffer = await thread().ask<ArrayBuffer>('decode', [task], PATIENCE);
    return { pixels: new Float32Array(buffer), shape: [size[0], size[1], channels] };
  } catch (error) {
    throw new HornetError(where, `cannot decode ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** Taps in three arrays; null where every pixel stays what it is. */
function pack(taps: readonly Taps[] | undefined, size: number) {
  if (!taps || (taps.length === size && taps.every(({ first, weights }, i) => first === i && weights.length === 1))) {
    return null;
  }
  let end = 0;
  return {
    firsts: Int32Array.from(taps, ({ first }) => first),
    ends: Int32Array.from(taps, ({ weights }) => (end += weights.length)),
    weights: Float64Array.from(taps.flatMap(({ weights }) => weights)),
  };
}
