// The ways to write a box as four numbers, and the conversion between them.
import type { DType } from '../../dtype.js';
import { HornetError } from '../../errors.js';
import { add, cast, concatenate, divide, multiply, split, subtract, type TensorLike } from '../../ops/index.js';
import type { Tensor } from '../../tensor.js';

/**
 * How four numbers describe a box: corners (`xyxy`: left, top, right, bottom), a corner and the size (`xywh`), or the
 * center and the size; `rel_` counts in widths and heights of the image instead of pixels.
 */
export type BoundingBoxFormat =
  'xyxy' | 'yxyx' | 'xywh' | 'center_xywh' | 'center_yxhw' | 'rel_xyxy' | 'rel_yxyx' | 'rel_xywh' | 'rel_center_xywh';

/** Boxes [.., n, 4] with the class of each, −1 where there is none. */
export type BoundingBoxes = {
  readonly boxes: Tensor;
  readonly labels: Tensor;
};

/** Size of the image to which boxes belong, in pixels. */
export interface ImageSizeArgs {
  /** Needed for relative boxes. */
  readonly height?: TensorLike | null;
  /** Needed for relative boxes. */
  readonly width?: TensorLike | null;
}

export interface ConvertFormatArgs extends ImageSizeArgs {
  /** Default `float32`. */
  readonly dtype?: DType;
}

/** The four columns of boxes, each [.., 1]. */
export type Columns = readonly [Tensor, Tensor, Tensor, Tensor];

/** The columns of a tensor of boxes. */
export const columnsOf = (boxes: TensorLike): Columns => split(boxes, 4, { axis: -1 }) as unknown as Columns;

/** A tensor of boxes from its columns. */
export const joinColumns = (columns: readonly Tensor[]): Tensor => concatenate(columns, { axis: -1 });

type Layout = 'corners' | 'size' | 'center';
interface Form {
  readonly layout: Layout;
  /** Vertical numbers come first. */
  readonly yFirst: boolean;
}

const forms: Readonly<Record<string, Form>> = {
  xyxy: { layout: 'corners', yFirst: false },
  yxyx: { layout: 'corners', yFirst: true },
  xywh: { layout: 'size', yFirst: false },
  center_xywh: { layout: 'center', yFirst: false },
  center_yxhw: { layout: 'center', yFirst: true },
};
const relative = ['rel_xyxy', 'rel_yxyx', 'rel_xywh', 'rel_center_xywh'];
const formats = [...Object.keys(forms), ...relative];

const swapAxes = ([a, b, c, d]: Columns): Columns => [b, a, d, c];

/** Between a layout and corners, in either direction. */
const layouts: Readonly<Record<Layout, { toCorners(box: Columns): Columns; fromCorners(box: Columns): Columns }>> = {
  corners: { toCorners: (box) => box, fromCorners: (box) => box },
  size: {
    toCorners: ([x, y, w, h]) => [x, y, add(x, w), add(y, h)],
    fromCorners: ([x1, y1, x2, y2]) => [x1, y1, subtract(x2, x1), subtract(y2, y1)],
  },
  center: {
    toCorners: ([x, y, w, h]) => {
      const [halfW, halfH] = [divide(w, 2), divide(h, 2)];
      return [subtract(x, halfW), subtract(y, halfH), add(x, halfW), add(y, halfH)];
    },
    fromCorners: ([x1, y1, x2, y2]) => {
      const [w, h] = [subtract(x2, x1), subtract(y2, y1)];
      return [add(x1, divide(w, 2)), add(y1, divide(h, 2)), w, h];
    },
  },
};

/** A format by its name in any case. Throws a `HornetError` in the name of `where` for others. */
export function checkFormat(where: string, name: string, format: string): BoundingBoxFormat {
  const known = format.toLowerCase();
  if (!formats.includes(known)) {
    throw new HornetError(where, `expected ${name} to be one of ${formats.join(', ')}, received '${format}'`);
  }
  return known as BoundingBoxFormat;
}

const isRelative = (format: string): boolean => format.startsWith('rel_');
const formOf = (format: string): Form => forms[format.replace('rel_', '')];

/**
 * Boxes [.., 4], alone or with their labels, in another format.
 *
 * @throws HornetError for unknown formats, boxes whose last axis is not 4, and relative boxes without the image's size.
 */
export function convertFormat<B extends TensorLike | BoundingBoxes>(
  boxes: B,
  source: BoundingBoxFormat,
  target: BoundingBoxFormat,
  options: ConvertFormatArgs = {},
): B extends BoundingBoxes ? BoundingBoxes : Tensor {
  const given: TensorLike | BoundingBoxes = boxes;
  const converted = isRecord(given)
    ? { ...given, boxes: convert(given.boxes, source, target, options) }
    : convert(given, source, target, options);
  return converted as B extends BoundingBoxes ? BoundingBoxes : Tensor;
}

const isRecord = (boxes: TensorLike | BoundingBoxes): boxes is BoundingBoxes =>
  typeof boxes === 'object' && 'boxes' in boxes;

function convert(boxes: TensorLike, source: string, target: string, options: ConvertFormatArgs): Tensor {
  const where = 'convertFormat';
  const [from, to] = [checkFormat(where, 'source', source), checkFormat(where, 'target', target)];
  const { dtype = 'float32' } = options;
  const value = cast(boxes, dtype);
  if (value.shape.at(-1) !== 4) {
    throw new HornetError(where, `expected boxes of shape [.., 4], received [${value.shape.join(', ')}]`);
  }
  const [height, width] = [options.height ?? null, options.width ?? null];
  if ((isRelative(from) || isRelative(to)) && (height === null || width === null)) {
    const missing = height === null ? 'height' : 'width';
    throw new HornetError(where, `expected height and width for '${from}' to '${to}', received no ${missing}`);
  }
  if (from === to) return value;
  const scaled = isRelative(from) !== isRelative(to);
  const size = scaled ? [width!, height!, width!, height!].map((side) => cast(side, dtype)) : [];
  const rescale = (box: Columns, by: typeof multiply): Columns =>
    box.map((column, i) => by(column, size[i])) as unknown as Columns;

  const [given, wanted] = [formOf(from), formOf(to)];
  let box = columnsOf(value);
  if (given.yFirst) box = swapAxes(box);
  box = layouts[given.layout].toCorners(box);
  if (scaled && isRelative(from)) box = rescale(box, multiply);
  box = layouts[wanted.layout].fromCorners(box);
  if (scaled && isRelative(to)) box = rescale(box, divide);
  return joinColumns(wanted.yFirst ? swapAxes(box) : box);
}
