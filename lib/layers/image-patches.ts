// Random rectangles within images, as masks: what RandomErasing erases and CutMix exchanges.
import type { DType } from '../dtype.js';
import { add, arange, divide, greaterEqual, less, logicalAnd, multiply, reshape, subtract } from '../ops/index.js';
import type { SeedGenerator } from '../random.js';
import type { Tensor } from '../tensor.js';
import { drawPerImage, type ImageSizes } from './image-preprocessing.js';

/** One rectangle for each image. */
export interface Patches {
  /** Whether a pixel lies in the rectangle, of the shape of the images with one channel. */
  readonly mask: Tensor;
  /** The share of the image that the rectangle covers, [batch, 1, 1, 1]. */
  readonly share: Tensor;
}

/**
 * Draws rectangles at places where they fit.
 *
 * @param shares - Height and width as shares of the image's, [batch, 1, 1, 1] each.
 * @param axes - The axes of height and width, counted from the end.
 */
export function drawPatches(
  { batch, height, width }: ImageSizes,
  shares: readonly [Tensor, Tensor],
  axes: readonly [number, number],
  seed: SeedGenerator,
  dtype: DType,
): Patches {
  const sides = [height, width].map((length, i) => {
    const size = multiply(shares[i], length);
    const start = multiply(drawPerImage(batch, [0, 1], seed, dtype), subtract(length, size));
    const shape = [1, 1, 1, 1].with(axes[i], length);
    const places = reshape(arange(length, { dtype }), shape);
    return { size, isInside: logicalAnd(greaterEqual(places, start), less(places, add(start, size))) };
  });
  const [rows, columns] = sides;
  return {
    mask: logicalAnd(rows.isInside, columns.isInside),
    share: divide(multiply(rows.size, columns.size), height * width),
  };
}
