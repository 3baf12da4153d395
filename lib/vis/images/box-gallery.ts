// A gallery of images with boxes, true and predicted ones.
import type { TensorLike } from '../../ops/index.js';
import type { BoundingBoxFormat } from '../../utils/bounding-boxes/formats.js';
import { textElement } from '../svg.js';
import { batchOf, type Color } from './batch.js';
import { placeBoxes, type BoxesOfImages, type PlacedBox } from './boxes.js';
import { drawGallery, rgb, type GalleryArgs } from './gallery.js';

/** Options of `plotBoundingBoxGallery`. */
export interface BoxGalleryArgs extends GalleryArgs {
  readonly yTrue?: BoxesOfImages | null;
  readonly yPred?: BoxesOfImages | null;
  /** Default [0, 188, 212]. */
  readonly trueColor?: Color;
  /** Default [255, 235, 59]. */
  readonly predColor?: Color;
  /** Pixels of the drawing. Default 2. */
  readonly lineThickness?: number;
  /** Size of names, beside the usual one. Default 1. */
  readonly fontScale?: number;
  /** Names of classes, which are written at their boxes. Default: none. */
  readonly classMapping?: Readonly<Record<number, string>> | null;
  /** Names for true boxes. Default: `classMapping`. */
  readonly groundTruthMapping?: Readonly<Record<number, string>> | null;
  /** Names for predicted boxes. Default: `classMapping`. */
  readonly predictionMapping?: Readonly<Record<number, string>> | null;
  /** Whether the legend tells the two colors. Default false. */
  readonly legend?: boolean;
}

/**
 * Images in rows and columns with the boxes around what they show and what was predicted. Boxes and names are lines and text
 * of the drawing, so that they stay sharp at any size.
 *
 * @param images - [batch, height, width, channels] of 1, 3 or 4 channels, or with the channels first.
 * @returns The text of an SVG, for notebooks and web pages.
 * @throws HornetError for other shapes, and a file that is neither `.svg` nor `.png`.
 */
export async function plotBoundingBoxGallery(
  images: TensorLike,
  boundingBoxFormat: BoundingBoxFormat,
  args: BoxGalleryArgs = {},
): Promise<string> {
  const where = 'plotBoundingBoxGallery';
  const { trueColor = [0, 188, 212], predColor = [255, 235, 59], lineThickness = 2, fontScale = 1 } = args;
  const { classMapping = null, groundTruthMapping = classMapping, predictionMapping = classMapping } = args;
  const { batch } = batchOf(where, images, args);
  const [, height, width] = batch.shape;
  const layers = [
    { boxes: args.yTrue ?? null, color: trueColor, mapping: groundTruthMapping },
    { boxes: args.yPred ?? null, color: predColor, mapping: predictionMapping },
  ];
  const placed: { color: Color; boxes: PlacedBox[][] }[] = [];
  for (const { boxes, color, mapping } of layers) {
    if (boxes === null) continue;
    placed.push({ color, boxes: await placeBoxes(where, boxes, boundingBoxFormat, batch.shape, mapping ?? {}) });
  }
  const { scale = 2, dpi = 60 } = args;
  const unit = Math.max(height, width) / (scale * dpi);
  const both = [
    { label: 'Ground Truth', color: trueColor },
    { label: 'Prediction', color: predColor },
  ];
  const { legendHandles = args.legend ? both : null } = args;
  return drawGallery(
    where,
    batch,
    { ...args, dataFormat: 'channels_last', legendHandles },
    {
      overlay: (image) =>
        placed.flatMap(({ color, boxes }) =>
          boxes[image].map((box) => boxElement(box, rgb(color), lineThickness * unit, 9 * fontScale * unit)),
        ),
    },
  );
}

/** @param font - Its size in pixels of the image. */
function boxElement(
  { corners: [x1, y1, x2, y2], label }: PlacedBox,
  color: string,
  line: number,
  font: number,
): string {
  const [left, top] = [Math.min(x1, x2), Math.min(y1, y2)];
  const size = `x="${left}" y="${top}" width="${Math.abs(x2 - x1)}" height="${Math.abs(y2 - y1)}"`;
  const rect = `<rect ${size} fill="none" stroke="${color}" stroke-width="${line}"/>`;
  if (label === null) return rect;
  const y = top > font * 1.3 ? top - font * 0.3 : top + font * 1.1;
  // Dark edges let it stand out from what is behind.
  const looks = [`stroke="#000000" stroke-width="${font / 5}"`, `fill="${color}"`];
  return rect + looks.map((look) => textElement(left + line, y, label, `font-size="${font}" ${look}`)).join('');
}
