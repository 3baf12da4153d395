// Images from files, decoded by sharp and resized in worker threads, so that neither the event loop nor the device waits.
import { availableParallelism } from 'node:os';
import { HornetError } from '../errors.js';
import { croppedTo, fittedInto } from '../ops/image/aspect.js';
import { interpolationTaps, type Interpolation } from '../ops/image/taps.js';
import { WorkerThread } from '../worker-thread.js';

/** Colours of decoded images: 1, 3 or 4 channels. */
export type ColorMode = 'grayscale' | 'rgb' | 'rgba';

export const channelsOf: Record<ColorMode, 1 | 3 | 4> = { grayscale: 1, rgb: 3, rgba: 4 };

export interface DecodeArgs {
  readonly colorMode: ColorMode;
  /** [height, width]; null leaves the size as it is. */
  readonly size: readonly [number, number] | null;
  readonly interpolation: Interpolation;
  readonly cropToAspectRatio?: boolean;
  readonly padToAspectRatio?: boolean;
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

/** @param where - Who decodes, for errors. */
export async function decodeImage(where: string, path: string, args: DecodeArgs): Promise<DecodedImage> {
  const channels = channelsOf[args.colorMode];
  try {
    const { default: sharp } = await import('sharp');
    const { height, width } = await sharp(path).metadata();
    const image = [height, width];
    const size = args.size ?? [height, width];
    const cut = args.cropToAspectRatio ? croppedTo(image, size) : { starts: [0, 0], sizes: image };
    const placed = args.padToAspectRatio ? fittedInto(image, size) : { starts: [0, 0], sizes: size };
    const [rows, columns] = placed.sizes.map((places, i) => taps(cut.sizes[i], places, args.interpolation));
    const task = { path, channels, cut, rows, columns, placed, size };
    const buffer = await thread().ask<ArrayBuffer>('decode', [task], PATIENCE);
    return { pixels: new Float32Array(buffer), shape: [size[0], size[1], channels] };
  } catch (error) {
    throw new HornetError(where, `cannot decode ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** The weights of `interpolationTaps` in three arrays; null where nothing changes. */
function taps(size: number, places: number, method: Interpolation) {
  if (size === places) return null;
  const all = interpolationTaps(size, places, method);
  let end = 0;
  return {
    firsts: Int32Array.from(all, ({ first }) => first),
    ends: Int32Array.from(all, ({ weights }) => (end += weights.length)),
    weights: Float64Array.from(all.flatMap(({ weights }) => weights)),
  };
}
