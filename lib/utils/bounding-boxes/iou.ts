// How far boxes overlap.
import { epsilon } from '../../config.js';
import { HornetError } from '../../errors.js';
import {
  add,
  arctan,
  convertToTensor,
  divide,
  less,
  logicalOr,
  max,
  maximum,
  minimum,
  multiply,
  square,
  squeeze,
  subtract,
  swapaxes,
  where,
  type TensorLike,
} from '../../ops/index.js';
import type { Tensor } from '../../tensor.js';
import { columnsOf, convertFormat, type BoundingBoxFormat } from './formats.js';

export interface CiouArgs {
  /** [height, width, channels]. Default: not known. */
  readonly imageShape?: readonly number[] | null;
}

export interface IouArgs extends CiouArgs {
  /** Whether pairs with a box of negative numbers only give `maskVal`. Default false. */
  readonly useMasking?: boolean;
  /** Default −1. */
  readonly maskVal?: number;
}

const sizeOf = (imageShape: readonly number[] | null | undefined): { height?: number; width?: number } =>
  imageShape ? { height: imageShape[0], width: imageShape[1] } : {};

/** Length that two stretches share. */
const overlap = (from1: Tensor, to1: Tensor, from2: Tensor, to2: Tensor): Tensor =>
  maximum(subtract(minimum(to1, to2), maximum(from1, from2)), 0);

/**
 * Intersection over union of every box of the first with every box of the second: [n, 4] and [m, 4] give [n, m]; either
 * may have a batch in front.
 *
 * @throws HornetError for other ranks, and relative boxes without `imageShape`.
 */
export function computeIou(
  boxes1: TensorLike,
  boxes2: TensorLike,
  boundingBoxFormat: BoundingBoxFormat,
  options: IouArgs = {},
): Tensor {
  const { useMasking = false, maskVal = -1, imageShape = null } = options;
  const [first, second] = [boxes1, boxes2].map((boxes, i) => {
    const { rank, shape } = convertToTensor(boxes);
    if (rank !== 2 && rank !== 3) {
      const received = `[${shape.join(', ')}]`;
      throw new HornetError('computeIou', `expected boxes${i + 1} of rank 2 or 3, received shape ${received}`);
    }
    return convertFormat(boxes, boundingBoxFormat, 'xyxy', sizeOf(imageShape));
  });
  // Columns of the first are [.., n, 1], of the second rows [.., 1, m].
  const [left1, top1, right1, bottom1] = columnsOf(first);
  const [left2, top2, right2, bottom2] = columnsOf(second).map((column) => swapaxes(column, -1, -2));
  const shared = multiply(overlap(left1, right1, left2, right2), overlap(top1, bottom1, top2, bottom2));
  const area1 = multiply(subtract(right1, left1), subtract(bottom1, top1));
  const area2 = multiply(subtract(right2, left2), subtract(bottom2, top2));
  const iou = divide(shared, add(subtract(add(area1, area2), shared), epsilon()));
  if (!useMasking) return iou;
  const isAbsent = (boxes: Tensor): Tensor => less(max(boxes, { axis: -1, keepdims: true }), 0);
  return where(logicalOr(isAbsent(first), swapaxes(isAbsent(second), -1, -2)), maskVal, iou);
}

/**
 * Complete IoU of boxes in pairs, [.., 4] and [.., 4] to [..]: also counts how far apart the centers are and how the
 * aspect ratios differ. Source: Zheng et al. 2020.
 *
 * @throws HornetError for relative boxes.
 */
export function computeCiou(
  boxes1: TensorLike,
  boxes2: TensorLike,
  boundingBoxFormat: BoundingBoxFormat,
  options: CiouArgs = {},
): Tensor {
  if (boundingBoxFormat.toLowerCase().startsWith('rel')) {
    throw new HornetError('computeCiou', `expected boxes in pixels, received format '${boundingBoxFormat}'`);
  }
  const size = sizeOf(options.imageShape);
  const [left1, top1, right1, bottom1] = columnsOf(convertFormat(boxes1, boundingBoxFormat, 'xyxy', size));
  const [left2, top2, right2, bottom2] = columnsOf(convertFormat(boxes2, boundingBoxFormat, 'xyxy', size));
  const fuzz = epsilon();
  const [width1, height1] = [subtract(right1, left1), add(subtract(bottom1, top1), fuzz)];
  const [width2, height2] = [subtract(right2, left2), add(subtract(bottom2, top2), fuzz)];

  const shared = multiply(overlap(left1, right1, left2, right2), overlap(top1, bottom1, top2, bottom2));
  const union = add(subtract(add(multiply(width1, height1), multiply(width2, height2)), shared), fuzz);
  const iou = divide(shared, add(union, fuzz));

  const hullWidth = subtract(maximum(right1, right2), minimum(left1, left2));
  const hullHeight = subtract(maximum(bottom1, bottom2), minimum(top1, top2));
  const diagonal = add(add(square(hullWidth), square(hullHeight)), fuzz);
  const apart = (from1: Tensor, to1: Tensor, from2: Tensor, to2: Tensor): Tensor =>
    square(subtract(divide(add(from1, to1), 2), divide(add(from2, to2), 2)));
  const distance = add(apart(left1, right1, left2, right2), apart(top1, bottom1, top2, bottom2));

  const angles = square(subtract(arctan(divide(width2, height2)), arctan(divide(width1, height1))));
  const aspect = multiply(angles, 4 / Math.PI ** 2);
  const weight = divide(aspect, add(subtract(aspect, iou), 1 + fuzz));
  const ciou = subtract(iou, add(divide(distance, diagonal), multiply(aspect, weight)));
  return squeeze(ciou, { axis: -1 });
}
