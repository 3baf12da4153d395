// Weights as gray images: a row for a vector, a picture for a matrix, one per channel for small stacks of matrices.
import { pngFile } from '../png.js';
import { images, type Summary } from './summary.js';

interface Layout {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3 | 4;
  /** Where the value of an image's pixel and channel is. */
  readonly at: (image: number, y: number, x: number, channel: number) => number;
}

/** How a weight becomes images; null for what has no form of one. Axes of size one do not count. */
function layoutOf(full: readonly number[]): Layout | null {
  const shape = full.filter((size) => size !== 1);
  if (shape.length === 1) return { count: 1, height: shape[0], width: 1, channels: 1, at: (_, y) => y };
  if (shape.length === 2) {
    const [rows, columns] = shape;
    if (rows <= columns)
      return { count: 1, height: rows, width: columns, channels: 1, at: (_, y, x) => y * columns + x };
    return { count: 1, height: columns, width: rows, channels: 1, at: (_, y, x) => x * columns + y };
  }
  if (shape.length === 3) {
    const [height, width, count] = shape;
    return { count, height, width, channels: 1, at: (image, y, x) => (y * width + x) * count + image };
  }
  const channels = shape.at(-1);
  if (shape.length !== 4 || (channels !== 1 && channels !== 3 && channels !== 4)) return null;
  const [count, height, width] = shape;
  return { count, height, width, channels, at: (image, y, x, c) => ((image * height + y) * width + x) * channels + c };
}

/** The images of a weight, its values from 0 (black) to 1; null where it has no form of one. */
export function weightImages(tag: string, shape: readonly number[], values: ArrayLike<number>): Summary | null {
  const layout = layoutOf(shape);
  if (!layout) return null;
  const { count, height, width, channels, at } = layout;
  const files = Array.from({ length: count }, (_, image) => {
    const pixels = new Uint8ClampedArray(height * width * channels);
    let next = 0;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < channels; c++) pixels[next++] = values[at(image, y, x, c)] * 255;
    return pngFile(new Uint8Array(pixels.buffer), width, height, channels);
  });
  return images(tag, width, height, files);
}
