// What happens to boxes when their image is cropped, padded or transformed. Boxes are corners (`xyxy`) in pixels.
import { HornetError } from '../../errors.js';
import {
  add,
  amax,
  amin,
  cast,
  clip,
  convertToTensor,
  cos,
  divide,
  expandDims,
  greater,
  multiply,
  negative,
  sin,
  squeeze,
  stack,
  subtract,
  tan,
  where,
  type TensorLike,
} from '../../ops/index.js';
import type { Tensor } from '../../tensor.js';
import {
  checkFormat,
  columnsOf,
  joinColumns,
  type BoundingBoxes,
  type BoundingBoxFormat,
  type ImageSizeArgs,
} from './formats.js';

/** Which format boxes are in, where only corners will do. */
export interface CornersArgs {
  /** Only `xyxy`. */
  readonly boundingBoxFormat?: BoundingBoxFormat;
}

function expectCorners(op: string, format: BoundingBoxFormat, allowed: readonly string[] = ['xyxy']): void {
  const known = checkFormat(op, 'boundingBoxFormat', format);
  if (!allowed.includes(known)) {
    throw new HornetError(op, `expected boundingBoxFormat to be ${allowed.join(' or ')}, received '${format}'`);
  }
}

export interface ClipArgs extends ImageSizeArgs {
  /** `xyxy` or `rel_xyxy`. Default `xyxy`. */
  readonly boundingBoxFormat?: BoundingBoxFormat;
}

/**
 * Boxes cut off at the edges of the image; a label whose box has no area left becomes −1.
 *
 * @throws HornetError for other formats, and `xyxy` without the size of the image.
 */
export function clipToImageSize<B extends { readonly boxes: Tensor; readonly labels?: Tensor | null }>(
  boundingBoxes: B,
  options: ClipArgs = {},
): B {
  const op = 'clipToImageSize';
  const { boundingBoxFormat = 'xyxy', height = null, width = null } = options;
  expectCorners(op, boundingBoxFormat, ['xyxy', 'rel_xyxy']);
  const inPixels = boundingBoxFormat.toLowerCase() === 'xyxy';
  if (inPixels && (height === null || width === null)) {
    throw new HornetError(
      op,
      `expected height and width for boxes in pixels, received no ${height === null ? 'height' : 'width'}`,
    );
  }
  const within = inPixels ? clipTo(boundingBoxes.boxes, height!, width!) : clip(boundingBoxes.boxes, 0, 1);
  const { labels = null } = boundingBoxes;
  if (labels === null) return { ...boundingBoxes, boxes: within };
  const [x1, y1, x2, y2] = columnsOf(within);
  const area = squeeze(multiply(subtract(x2, x1), subtract(y2, y1)), { axis: -1 });
  return { ...boundingBoxes, boxes: within, labels: where(greater(area, 0), labels, cast(-1, labels.dtype)) };
}

function clipTo(boxes: TensorLike, height: TensorLike, width: TensorLike): Tensor {
  return joinColumns(columnsOf(boxes).map((column, i) => clip(column, 0, cast(i % 2 ? height : width, column.dtype))));
}

/** Boxes seen from the part of the image that begins at `top`, `left`, cut off at its edges. */
export function crop(
  boxes: TensorLike,
  top: TensorLike,
  left: TensorLike,
  height: TensorLike,
  width: TensorLike,
  options: CornersArgs = {},
): Tensor {
  expectCorners('boundingBoxes.crop', options.boundingBoxFormat ?? 'xyxy');
  const moved = columnsOf(boxes).map((column, i) => subtract(column, i % 2 ? top : left));
  return clipTo(joinColumns(moved), height, width);
}

/** Boxes seen from an image with more rows above and more columns at the left. */
export function pad(boxes: TensorLike, top: TensorLike, left: TensorLike, options: CornersArgs = {}): Tensor {
  expectCorners('boundingBoxes.pad', options.boundingBoxFormat ?? 'xyxy');
  return joinColumns(columnsOf(boxes).map((column, i) => add(column, i % 2 ? top : left)));
}

export interface AffineArgs extends CornersArgs {
  /** Center of the transformation as a fraction of the width. Default 0.5. */
  readonly centerX?: TensorLike | null;
  /** Center of the transformation as a fraction of the height. Default 0.5. */
  readonly centerY?: TensorLike | null;
}

/**
 * The smallest upright boxes around boxes [batch, n, 4] that are rotated, sheared, scaled and moved. The parameters have
 * one number for each image, [batch].
 *
 * @param angle - In degrees.
 * @param translateX - As a fraction of the width.
 * @param translateY - As a fraction of the height.
 * @param shearX - In degrees.
 * @param shearY - In degrees.
 */
export function affineTransform(
  boxes: TensorLike,
  angle: TensorLike,
  translateX: TensorLike,
  translateY: TensorLike,
  scale: TensorLike,
  shearX: TensorLike,
  shearY: TensorLike,
  height: TensorLike,
  width: TensorLike,
  options: AffineArgs = {},
): Tensor {
  expectCorners('boundingBoxes.affineTransform', options.boundingBoxFormat ?? 'xyxy');
  const turn = convertToTensor(angle);
  // Columns of boxes are [batch, n, 1].
  const perImage = (x: TensorLike): Tensor => {
    const value = cast(x, turn.dtype);
    return value.rank === 0 ? value : expandDims(value, [1, 2]);
  };
  const radians = (degrees: TensorLike): Tensor => multiply(perImage(degrees), Math.PI / 180);
  const [lastX, lastY] = [subtract(perImage(width), 1), subtract(perImage(height), 1)];
  const [centerX, centerY] = [
    multiply(perImage(options.centerX ?? 0.5), lastX),
    multiply(perImage(options.centerY ?? 0.5), lastY),
  ];

  // The matrix of the image maps places of the result to places of the source; corners take the inverse way.
  const rotation = negative(radians(turn));
  const [tanX, shear] = [negative(tan(radians(shearX))), negative(radians(shearY))];
  const sheared = subtract(rotation, shear);
  const a = divide(cos(sheared), cos(shear));
  const b = add(multiply(a, tanX), sin(rotation));
  const c = negative(divide(sin(sheared), cos(shear)));
  const d = subtract(cos(rotation), multiply(c, tanX));

  const map = (x: Tensor, y: Tensor): [Tensor, Tensor] => {
    const dx = subtract(x, subtract(centerX, multiply(perImage(translateX), lastX)));
    const dy = subtract(y, subtract(centerY, multiply(perImage(translateY), lastY)));
    const along = (p: Tensor, q: Tensor): Tensor => multiply(perImage(scale), add(multiply(p, dx), multiply(q, dy)));
    return [add(centerX, along(d, negative(b))), add(centerY, along(negative(c), a))];
  };
  const [x1, y1, x2, y2] = columnsOf(cast(boxes, turn.dtype));
  const corners = [map(x1, y1), map(x2, y1), map(x2, y2), map(x1, y2)];
  const [xs, ys] = [stack(corners.map(([x]) => x)), stack(corners.map(([, y]) => y))];
  return joinColumns([amin(xs, { axis: 0 }), amin(ys, { axis: 0 }), amax(xs, { axis: 0 }), amax(ys, { axis: 0 })]);
}

/** Boxes with labels, checked. Throws a `HornetError` in the name of `where` for anything else. */
export function checkBoundingBoxes(place: string, given: unknown): BoundingBoxes {
  const { boxes, labels } = (given ?? {}) as Partial<BoundingBoxes>;
  if (!boxes || !labels) {
    const keys = given !== null && typeof given === 'object' ? Object.keys(given).join(', ') : String(given);
    throw new HornetError(place, `expected bounding boxes as { boxes, labels }, received ${keys}`);
  }
  const [rank, labelRank] = [boxes.rank, labels.rank];
  if (rank !== 2 && rank !== 3) {
    const shape = `[${boxes.shape.join(', ')}]`;
    throw new HornetError(place, `expected boxes of shape [n, 4] or [batch, n, 4], received ${shape}`);
  }
  if (labelRank !== rank - 1 && labelRank !== rank) {
    throw new HornetError(place, `expected labels of rank ${rank - 1} or ${rank}, received rank ${labelRank}`);
  }
  return given as BoundingBoxes;
}
