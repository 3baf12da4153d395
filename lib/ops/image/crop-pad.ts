// cropImages and padImages: edges cut off, or zeros put around.
import { HornetError } from '../../errors.js';
import type { Tensor } from '../../tensor.js';
import { convertToTensor, type TensorLike } from '../convert.js';
import { padWith, sliceAt } from '../movement.js';
import { publicOp } from '../public-op.js';
import { imageAxes, type ImageArgs } from './layout.js';

interface TargetArgs extends ImageArgs {
  /** Height of the result. */
  readonly targetHeight?: number | null;
  /** Width of the result. */
  readonly targetWidth?: number | null;
}

/** Exactly two of top, bottom and target height, and two of left, right and target width; the third follows. */
export interface CropImagesArgs extends TargetArgs {
  readonly topCropping?: number | null;
  readonly leftCropping?: number | null;
  readonly bottomCropping?: number | null;
  readonly rightCropping?: number | null;
}

/** Exactly two of top, bottom and target height, and two of left, right and target width; the third follows. */
export interface PadImagesArgs extends TargetArgs {
  readonly topPadding?: number | null;
  readonly leftPadding?: number | null;
  readonly bottomPadding?: number | null;
  readonly rightPadding?: number | null;
}

/** Two of [before, after, target], as named; `before + after` is `gap(target)`. Gives all three. */
function solve(
  op: string,
  names: readonly [string, string, string],
  given: Readonly<Record<string, unknown>>,
  excess: (target: number) => number,
  target: (excess: number) => number,
): { before: number; after: number; target: number } {
  const [before, after, size] = names.map((name) => (given[name] ?? null) as number | null);
  const text = names.map((name, i) => `${name} ${[before, after, size][i]}`).join(', ');
  if ([before, after, size].filter((each) => each === null).length !== 1) {
    throw new HornetError(op, `expected exactly two of ${names.join(', ')}, received ${text}`);
  }
  const found =
    size === null
      ? { before: before!, after: after!, target: target(before! + after!) }
      : { before: before ?? excess(size) - after!, after: after ?? excess(size) - before!, target: size };
  if (Object.values(found).some((each) => !(Number.isInteger(each) && each >= 0))) {
    const outcome = `${found.before}, ${found.after} and ${found.target}`;
    throw new HornetError(
      op,
      `expected ${names.join(', ')} not to be negative, received ${text}, which gives ${outcome}`,
    );
  }
  return found;
}

/**
 * Images without some of their edges.
 *
 * @throws HornetError unless two numbers are given for each axis and leave something that is there.
 */
export const cropImages = publicOp('image.cropImages', (images: TensorLike, options: CropImagesArgs = {}): Tensor => {
  const op = 'image.cropImages';
  const x = convertToTensor(images);
  const { height, width } = imageAxes(op, x, options.dataFormat);
  const along = (axis: number, names: readonly [string, string, string]) => {
    const size = x.shape[axis];
    return solve(
      op,
      names,
      { ...options },
      (target) => size - target,
      (excess) => size - excess,
    );
  };
  const rows = along(height, ['topCropping', 'bottomCropping', 'targetHeight']);
  const columns = along(width, ['leftCropping', 'rightCropping', 'targetWidth']);
  const part = (of: (edges: typeof rows) => number, others: readonly number[]): number[] =>
    others.map((other, axis) => (axis === height ? of(rows) : axis === width ? of(columns) : other));
  const starts = part(
    (edges) => edges.before,
    x.shape.map(() => 0),
  );
  return sliceAt(
    x,
    starts,
    part((edges) => edges.target, x.shape),
  );
});

/**
 * Images with zeros around.
 *
 * @throws HornetError unless two numbers are given for each axis and leave no edge that is negative.
 */
export const padImages = publicOp('image.padImages', (images: TensorLike, options: PadImagesArgs = {}): Tensor => {
  const op = 'image.padImages';
  const x = convertToTensor(images);
  const { height, width } = imageAxes(op, x, options.dataFormat);
  const along = (axis: number, names: readonly [string, string, string]) => {
    const size = x.shape[axis];
    return solve(
      op,
      names,
      { ...options },
      (target) => target - size,
      (excess) => size + excess,
    );
  };
  const rows = along(height, ['topPadding', 'bottomPadding', 'targetHeight']);
  const columns = along(width, ['leftPadding', 'rightPadding', 'targetWidth']);
  const edge = (side: 'before' | 'after'): number[] =>
    x.shape.map((_, axis) => (axis === height ? rows[side] : axis === width ? columns[side] : 0));
  return padWith(x, edge('before'), edge('after'));
});
