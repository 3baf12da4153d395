// Boxes around objects, drawn into the pixels of images.
import { isFloat } from '../../dtype.js';
import { HornetError } from '../../errors.js';
import {
  cast,
  clip,
  convertToTensor,
  lessEqual,
  max,
  multiply,
  where as choose,
  type TensorLike,
} from '../../ops/index.js';
import { tensor, type Tensor } from '../../tensor.js';
import { convertFormat, type BoundingBoxFormat } from '../../utils/bounding-boxes/formats.js';
import { batchOf, type Color, type LayoutArgs } from './batch.js';
import { drawText } from './text.js';
import { reachOf, stroke, type Canvas, type Point } from './strokes.js';

/** Boxes of a batch of images. */
export interface BoxesOfImages {
  /** [batch, boxes, 4]. */
  readonly boxes: TensorLike;
  /** [batch, boxes]: the class of each box; −1 for no box. */
  readonly labels: TensorLike;
  /** [batch, boxes]: how sure a prediction is, told beside the name of the class. */
  readonly confidences?: TensorLike | null;
}

/** Options of `drawBoundingBoxes`. */
export interface DrawBoxesArgs extends LayoutArgs {
  /** Names of classes, which are written at their boxes. Default: none. */
  readonly classMapping?: Readonly<Record<number, string>> | null;
  /** Default [128, 128, 128]. */
  readonly color?: Color;
  /** Pixels. Default 2. */
  readonly lineThickness?: number;
  /** Pixels. Default 1. */
  readonly textThickness?: number;
  /** Size of names; 1 is 22 pixels a capital. Default 1. */
  readonly fontScale?: number;
}

/** A box on the host: corners in pixels, and what is said of it. */
export interface PlacedBox {
  readonly corners: readonly [number, number, number, number];
  readonly label: string | null;
}

/** Names farther outside than so many pixels are not written. */
const REACH = 1e5;

/** The boxes of each image as numbers, without those that are none. */
export async function placeBoxes(
  where: string,
  given: BoxesOfImages,
  format: BoundingBoxFormat,
  [count, height, width]: readonly number[],
  classMapping: Readonly<Record<number, string>> = {},
): Promise<PlacedBox[][]> {
  if (!given || typeof given !== 'object' || !('boxes' in given) || !('labels' in given)) {
    throw new HornetError(where, 'expected bounding boxes as a record of boxes and labels');
  }
  const boxes = convertFormat(convertToTensor(given.boxes), format, 'xyxy', { height, width });
  const each = boxes.shape.slice(0, 2).join();
  const numbers = async (name: 'labels' | 'confidences'): Promise<ArrayLike<number> | null> => {
    const values = given[name] ?? null;
    if (values === null) return null;
    const x = cast(values, 'float32');
    if (boxes.rank === 3 && boxes.shape[0] === count && x.shape.join() === each) {
      return (await x.data()) as ArrayLike<number>;
    }
    const shapes = `boxes [${boxes.shape.join(', ')}] and ${name} [${x.shape.join(', ')}]`;
    throw new HornetError(where, `expected boxes [${count}, n, 4] and ${name} [${count}, n], received ${shapes}`);
  };
  const labels = (await numbers('labels'))!;
  const confidences = await numbers('confidences');
  const corners = (await boxes.data()) as ArrayLike<number>;
  const perImage = boxes.shape[1];
  const place = (i: number): PlacedBox[] => {
    const box = Array.from({ length: 4 }, (_, k) => corners[4 * i + k]);
    if (Math.trunc(labels[i]) === -1 || box.some(Number.isNaN)) return [];
    const name = classMapping[Math.trunc(labels[i])] ?? null;
    const label = name === null || !confidences ? name : `${name} | ${confidences[i].toFixed(2)}`;
    return [{ corners: box as unknown as PlacedBox['corners'], label }];
  };
  return Array.from({ length: count }, (_, image) =>
    Array.from({ length: perImage }, (_, k) => place(image * perImage + k)).flat(),
  );
}

/**
 * Images with boxes drawn into them: uint8 in the shape and layout of `images`. Images of floats whose largest value is 1
 * or less are stretched to 255. Lines are those that OpenCV draws for Keras; the letters of names are others.
 *
 * @param images - [batch, height, width, channels], or with the channels first.
 * @throws HornetError for other shapes.
 */
export async function drawBoundingBoxes(
  images: TensorLike,
  boundingBoxes: BoxesOfImages,
  boundingBoxFormat: BoundingBoxFormat,
  args: DrawBoxesArgs = {},
): Promise<Tensor> {
  const where = 'drawBoundingBoxes';
  const { color = [128, 128, 128], lineThickness = 2, fontScale = 1 } = args;
  const textThickness = args.textThickness ?? 1;
  for (const [name, value] of Object.entries({ lineThickness, textThickness })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new HornetError(where, `expected ${name} to be a positive integer, received ${value}`);
    }
  }
  const { batch, restore } = batchOf(where, images, args);
  const { shape } = batch;
  const placed = await placeBoxes(where, boundingBoxes, boundingBoxFormat, shape, args.classMapping ?? {});
  const [, height, width, channels] = shape;
  const pixels = Uint8Array.from((await bytesOf(batch).data()) as Uint8Array);
  const ink = [...color, 255].slice(0, channels);
  placed.forEach((boxes, i) => {
    const size = height * width * channels;
    const canvas = { pixels: pixels.subarray(i * size, (i + 1) * size), height, width, channels };
    for (const { corners, label } of boxes) {
      const [x1, y1, x2, y2] = corners.map(Math.trunc);
      outline(canvas, [x1, y1, x2, y2], lineThickness, ink);
      if (label === null || Math.abs(x1) > REACH || Math.abs(y1) > REACH) continue;
      const high = 2 * Math.trunc(fontScale * 12);
      const [x, y] = y1 - 8 - high > 0 ? [x1, y1 - 8] : [x1 + 3, y1 + high + textThickness + 3];
      drawText(canvas, label, [x, y], fontScale, textThickness, ink);
    }
  });
  return restore(tensor(pixels, shape));
}

function bytesOf(images: Tensor): Tensor {
  if (!isFloat(images.dtype)) return cast(images, 'uint8');
  const stretched = choose(lessEqual(max(images), 1), multiply(clip(images, 0, 1), 255), clip(images, 0, 255));
  return cast(stretched, 'uint8');
}

function outline(canvas: Canvas, box: readonly number[], thickness: number, ink: readonly number[]): void {
  const beyond = reachOf(thickness) + 1;
  // What is far outside is no work.
  const [x1, y1, x2, y2] = box.map((value, i) =>
    Math.min(Math.max(value, -beyond), (i % 2 === 0 ? canvas.width : canvas.height) + beyond),
  );
  const corners: readonly Point[] = [
    [x1, y1],
    [x2, y1],
    [x2, y2],
    [x1, y2],
  ];
  corners.forEach((corner, i) => stroke(canvas, corner, corners[(i + 1) % 4], thickness, ink));
}
