// What the two CIFAR data sets share: batches of images that Python has pickled.
import { join } from 'node:path';
import { imageDataFormat } from '../../config.js';
import { encodeNumbers, type DType } from '../../dtype.js';
import { HornetError } from '../../errors.js';
import { concatenate } from '../../ops/join.js';
import { transpose } from '../../ops/shape.js';
import { concrete, fromBytes, type DeviceTensor } from '../../tensor.js';
import { readImages } from './pickles.js';

/** Of an image as it is in the files. */
const SHAPE = [3, 32, 32];
const SIZE = 3 * 32 * 32;

/** How labels are named in the files, and what they become. */
export interface Labels {
  readonly key: string;
  readonly dtype: DType;
  /** How many classes there are. */
  readonly classes: number;
}

/**
 * The images of several files [n, 32, 32, 3], or [n, 3, 32, 32] where channels come first, and their labels [n, 1].
 *
 * @throws HornetError when a file is missing or damaged.
 */
export async function loadImages(
  where: string,
  folder: string,
  files: readonly string[],
  { key, dtype, classes }: Labels,
): Promise<[images: DeviceTensor, labels: DeviceTensor]> {
  const isChannelsFirst = imageDataFormat() === 'channels_first';
  const images: DeviceTensor[] = [];
  const labels: number[] = [];
  for (const file of files) {
    const path = join(folder, file);
    const batch = await readImages(where, path, SIZE, key);
    const other = batch.labels.find((label) => label < 0 || label >= classes);
    if (other !== undefined) throw new HornetError(where, `${path} is damaged: it holds the label ${other}`);
    const pixels = fromBytes(batch.pixels, [batch.labels.length, ...SHAPE], 'uint8');
    images.push(isChannelsFirst ? pixels : channelsLast(where, pixels));
    for (const label of batch.labels) labels.push(label);
  }
  const all = images.length === 1 ? images[0] : concrete(where, concatenate(images, { axis: 0 }));
  if (images.length > 1) images.forEach((batch) => batch.dispose());
  return [all, fromBytes(encodeNumbers(labels, dtype), [labels.length, 1], dtype)];
}

/** Takes the place of the tensor that it is given. */
function channelsLast(where: string, pixels: DeviceTensor): DeviceTensor {
  const moved = concrete(where, transpose(pixels, { axes: [0, 2, 3, 1] }));
  pixels.dispose();
  return moved;
}
