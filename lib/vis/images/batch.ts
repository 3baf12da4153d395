// Batches of images as drawings take them: [batch, height, width, channels] whatever the layout was.
import { checkDataFormat, type DataFormat } from '../../config.js';
import { HornetError } from '../../errors.js';
import { convertToTensor, transpose, type TensorLike } from '../../ops/index.js';
import type { Tensor } from '../../tensor.js';

/** Where images have their channels. */
export interface LayoutArgs {
  /** Default: `imageDataFormat()`. */
  readonly dataFormat?: DataFormat | null;
}

/** A color: red, green and blue from 0 to 255. */
export type Color = readonly [number, number, number];

/** The images with their channels last, and how a result gets back into their layout. */
export function batchOf(
  where: string,
  images: TensorLike,
  { dataFormat }: LayoutArgs,
): { readonly batch: Tensor; readonly restore: (x: Tensor) => Tensor } {
  const x = convertToTensor(images);
  if (x.rank !== 4) {
    throw new HornetError(where, `expected images to be a batch of rank 4, received shape [${x.shape.join(', ')}]`);
  }
  if (checkDataFormat(dataFormat, where) === 'channels_last') return { batch: x, restore: (y) => y };
  return { batch: channelsLast(x), restore: (y) => transpose(y, { axes: [0, 3, 1, 2] }) };
}

/** [batch, channels, height, width] as [batch, height, width, channels]. */
export const channelsLast = (x: Tensor): Tensor => transpose(x, { axes: [0, 2, 3, 1] });
