// How images lie in memory: [H, W, C] or [N, H, W, C], or with the channels first. Ops that work on planes see [N, H, W, C].
import { checkDataFormat, type DataFormat } from '../../config.js';
import { HornetError } from '../../errors.js';
import type { Tensor } from '../../tensor.js';
import { reshapeTo } from '../reshape-core.js';
import { withChannelsLast } from '../window.js';

export interface ImageArgs {
  /** Default: `imageDataFormat()`. */
  readonly dataFormat?: DataFormat | null;
}

/** Which axes of images are what. */
export interface ImageAxes {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** The axes of images [H, W, C] or [N, H, W, C]. Throws a `HornetError` for other ranks. */
export function imageAxes(
  where: string,
  { rank, shape }: Tensor,
  dataFormat: DataFormat | null | undefined,
): ImageAxes {
  if (rank !== 3 && rank !== 4) {
    throw new HornetError(where, `expected images of rank 3 or 4, received shape [${shape.join(', ')}]`);
  }
  return checkDataFormat(dataFormat, where) === 'channels_last'
    ? { height: rank - 3, width: rank - 2, channels: rank - 1 }
    : { height: rank - 2, width: rank - 1, channels: rank - 3 };
}

/** Throws a `HornetError` unless an option is the sizes of two axes. */
export function checkSizes(where: string, name: string, sizes: unknown): void {
  const isPair = Array.isArray(sizes) && sizes.length === 2;
  if (isPair && sizes.every((size) => Number.isInteger(size) && size > 0)) return;
  const received = Array.isArray(sizes) ? `[${sizes.join(', ')}]` : String(sizes);
  throw new HornetError(where, `expected ${name} to be two positive integers, received ${received}`);
}

/** Runs `body` on the images as [N, H, W, C] and gives its result the layout of the images. */
export function withPlanes(
  where: string,
  images: Tensor,
  dataFormat: DataFormat | null | undefined,
  body: (planes: Tensor) => Tensor,
): Tensor {
  imageAxes(where, images, dataFormat);
  if (images.rank === 4) return withChannelsLast(where, dataFormat, images, body);
  const result = withChannelsLast(where, dataFormat, reshapeTo(images, [1, ...images.shape]), body);
  return reshapeTo(result, result.shape.slice(1));
}
