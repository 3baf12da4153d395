// Images beside each other in one drawing: an SVG with the images inside, or a PNG of it.
import { HornetError } from '../../errors.js';
import { cast, clip, divide, multiply, subtract, type TensorLike } from '../../ops/index.js';
import { pngFile } from '../png.js';
import { checkEnding, svgText, textElement, writeDrawing } from '../svg.js';
import { batchOf, type Color, type LayoutArgs } from './batch.js';

/** A line of the legend. */
export interface LegendHandle {
  readonly label: string;
  readonly color: Color;
}

/** How a gallery is drawn. */
export interface GalleryArgs extends LayoutArgs {
  /** Default: as many as the columns need; where they are not given either, as many as columns. */
  readonly rows?: number | null;
  /** Default: as many as the rows need. */
  readonly cols?: number | null;
  /** The values of black and white. Default [0, 255]. */
  readonly valueRange?: readonly [number, number];
  /** The longer side of an image in inches. Default 2. */
  readonly scale?: number;
  /** Pixels of an inch. Default 60. */
  readonly dpi?: number;
  /** The file to write, `.svg` or `.png`. Default: none. */
  readonly path?: string | null;
  /** Whether there is nothing behind the images, or white. Default true. */
  readonly transparent?: boolean;
  /** What colors mean, told below the images. Default: nothing. */
  readonly legendHandles?: readonly LegendHandle[] | null;
}

/** Options of `plotImageGallery`. */
export interface ImageGalleryArgs extends GalleryArgs {
  /** [batch]: classes. */
  readonly yTrue?: TensorLike | null;
  /** [batch]: predicted classes. */
  readonly yPred?: TensorLike | null;
  /** Names of the classes. */
  readonly labelMap?: Readonly<Record<number, string>> | null;
}

/**
 * Images in rows and columns, with what they show and what was predicted above them. The letters of a PNG are those of the
 * system's fonts.
 *
 * @param images - [batch, height, width, channels] of 1, 3 or 4 channels, or with the channels first.
 * @returns The text of an SVG, for notebooks and web pages.
 * @throws HornetError for other shapes, labels without `labelMap`, and a file that is neither `.svg` nor `.png`.
 */
export async function plotImageGallery(images: TensorLike, args: ImageGalleryArgs = {}): Promise<string> {
  const where = 'plotImageGallery';
  const { yTrue = null, yPred = null, labelMap = null } = args;
  if ((yTrue !== null || yPred !== null) && labelMap === null) {
    throw new HornetError(where, 'expected labelMap where yTrue or yPred are given');
  }
  const read = async (labels: TensorLike | null): Promise<number[]> =>
    labels === null ? [] : Array.from((await cast(labels, 'int32').data()) as Int32Array);
  const [truth, predicted] = [await read(yTrue), await read(yPred)];
  const name = (what: string, label: number | undefined): string[] =>
    label === undefined ? [] : [`${what}: ${labelMap?.[label] ?? 'Unknown'}`];
  return drawGallery(where, images, args, {
    titles: (i) => [...name('Label', truth[i]), ...name('Pred', predicted[i])].join('  '),
  });
}

/** What a gallery shows beside the images. */
export interface Decoration {
  /** Above an image. */
  readonly titles?: (image: number) => string;
  /** Over an image, in pixels of its own. */
  readonly overlay?: (image: number) => readonly string[];
}

const FONT = 11;
const TITLE = 16;
const LEGEND = 28;

/** Draws a gallery, and writes its file. */
export async function drawGallery(
  where: string,
  images: TensorLike,
  args: GalleryArgs,
  { titles, overlay }: Decoration,
): Promise<string> {
  const { valueRange = [0, 255], scale = 2, dpi = 60, path = null, transparent = true, legendHandles = null } = args;
  if (path !== null) checkEnding(where, 'path', path, ['svg', 'png']);
  const { batch } = batchOf(where, images, args);
  const [count, height, width, channels] = batch.shape;
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new HornetError(where, `expected images with 1, 3 or 4 channels, received ${channels}`);
  }
  const { rows, cols } = layOut(where, count, args);
  const [black, white] = valueRange;
  const stretched = multiply(divide(subtract(cast(batch, 'float32'), black), white - black), 255);
  const pixels = (await cast(clip(stretched, 0, 255), 'uint8').data()) as Uint8Array;
  const zoom = (scale * dpi) / Math.max(height, width);
  const [high, wide] = [height * zoom, width * zoom];
  const shown = Array.from({ length: Math.min(count, rows * cols) }, (_, i) => i);
  const texts = shown.map((i) => titles?.(i) ?? '');
  const head = texts.some((text) => text !== '') ? TITLE : 0;
  const bytes = height * width * channels;
  const cells = shown.map((i) => {
    const [x, y] = [(i % cols) * wide, Math.floor(i / cols) * (high + head)];
    const png = pngFile(pixels.subarray(i * bytes, (i + 1) * bytes), width, height, channels);
    return [
      texts[i] && textElement(x + wide / 2, y + TITLE - 5, texts[i], `font-size="${FONT}" text-anchor="middle"`),
      `<svg x="${x}" y="${y + head}" width="${wide}" height="${high}" viewBox="0 0 ${width} ${height}">`,
      `<image width="${width}" height="${height}" href="data:image/png;base64,${png.toString('base64')}"`,
      ' style="image-rendering:pixelated"/>',
      ...(overlay?.(i) ?? []),
      '</svg>',
    ].join('');
  });
  const size = [Math.ceil(cols * wide), Math.ceil(rows * (high + head))];
  const text = svgText(
    size[0],
    size[1] + (legendHandles ? LEGEND : 0),
    [...cells, ...legend(legendHandles ?? [], size[0], size[1])],
    transparent ? 'none' : '#ffffff',
  );
  if (path !== null) await writeDrawing(where, path, text);
  return text;
}

function layOut(where: string, count: number, args: GalleryArgs): { rows: number; cols: number } {
  for (const name of ['rows', 'cols'] as const) {
    const value = args[name] ?? 1;
    if (!Number.isInteger(value) || value < 1) {
      throw new HornetError(where, `expected ${name} to be a positive integer, received ${value}`);
    }
  }
  const rows = args.rows ?? (args.cols ? Math.ceil(count / args.cols) : Math.ceil(Math.sqrt(count)));
  return { rows, cols: args.cols ?? Math.max(Math.ceil(count / rows), 1) };
}

/** A color as SVG has it. */
export const rgb = (color: Color): string => `rgb(${color.join(',')})`;

/** Colors and what they mean, one beside the other in the middle. */
function legend(handles: readonly LegendHandle[], width: number, top: number): string[] {
  const widthOf = ({ label }: LegendHandle): number => 28 + label.length * 6.2;
  let x = (width - handles.reduce((sum, handle) => sum + widthOf(handle), 0)) / 2;
  return handles.map((handle) => {
    const square = `<rect x="${x.toFixed(1)}" y="${top + 8}" width="12" height="12" fill="${rgb(handle.color)}"/>`;
    const label = textElement(x + 17, top + 18, handle.label, `font-size="${FONT}"`);
    x += widthOf(handle);
    return square + label;
  });
}
