// A gallery of images with masks of classes, true and predicted ones.
import { cast, concatenate, expandDims, reshape, type TensorLike } from '../../ops/index.js';
import type { Tensor } from '../../tensor.js';
import { batchOf } from './batch.js';
import { drawGallery, type GalleryArgs } from './gallery.js';
import { drawSegmentationMasks, type MaskDrawingArgs } from './masks.js';

/** Options of `plotSegmentationMaskGallery`. */
export interface MaskGalleryArgs extends Omit<GalleryArgs, 'rows' | 'cols'>, MaskDrawingArgs {
  /** Masks as `drawSegmentationMasks` takes them. */
  readonly yTrue?: TensorLike | null;
  readonly yPred?: TensorLike | null;
}

/**
 * A row for each image: the image, with its true masks, with the predicted ones.
 *
 * @param images - [batch, height, width, 3], or with the channels first.
 * @param numClasses - Classes 0 to numClasses − 1 are drawn.
 * @returns The text of an SVG, for notebooks and web pages.
 * @throws HornetError for other shapes, and a file that is neither `.svg` nor `.png`.
 */
export function plotSegmentationMaskGallery(
  images: TensorLike,
  numClasses: number,
  args: MaskGalleryArgs = {},
): Promise<string> {
  const where = 'plotSegmentationMaskGallery';
  const { yTrue = null, yPred = null } = args;
  const { batch, restore } = batchOf(where, images, args);
  const [count, ...size] = batch.shape;
  const original = cast(batch, 'float32');
  const masked = [yTrue, yPred]
    .filter((masks) => masks !== null)
    .map((masks) =>
      cast(
        batchOf(where, drawSegmentationMasks(restore(original), cast(masks, 'int32'), { ...args, numClasses }), args)
          .batch,
        'float32',
      ),
    );
  const columns: Tensor[] = [original, ...masked].map((x) => expandDims(x, 1));
  const all = reshape(concatenate(columns, { axis: 1 }), [count * columns.length, ...size]);
  return drawGallery(where, all, { ...args, dataFormat: 'channels_last', rows: count, cols: columns.length }, {});
}
