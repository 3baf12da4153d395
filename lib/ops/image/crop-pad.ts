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

/** What is cut off or put around along an axis, and the size that this gives. */
interface Edges {
  readonly before: number;
  readonly after: number;
  readonly target: number;
}

/** Two of [before, after, target] are given, as named; gives all three. `growth` is what an edge of 1 adds to `size`. */
function solve(
  op: string,
  names: readonly [string, string, string],
  given: Readonly<Record<string, unknown>>,
  size: number,
  growth: 1 | -1,
): Edges {
  const [before, after, target] = names.map((name) => (given[name] ?? null) as number | null);
  const text = names.map((name, i) => `${name} ${[before, after, target][i]}`).join(', ');
  if ([before, after, target].filter((each) => each === null).length !== 1) {
    throw new HornetError(op, `expected exactly two of ${names.join(', ')}, received ${text}`);
  }
  const both = target === null ? before! + after! : growth * (target - size);
  const found = { before: before ?? both - after!, after: after ?? both - before!, target: size + growth * both };
  if (Object.values(found).some((each) => !(Number.isInteger(each) && each >= 0))) {
    const outcome = `${found.before}, ${found.after} and ${found.target}`;
    throw new HornetError(
      op,
      `expected ${names.join(', ')} not to be negative, received ${text}, which gives ${outcome}`,
    );
  }
  return found;
}

/** The edges of all axes of images. */
function solveAxes(
  op: string,
  x: Tensor,
  options: CropImagesArgs | PadImagesArgs,
  edge: 'Cropping' | 'Padding',
): readonly Edges[] {
  const { height, width } = imageAxes(op, x, options.dataFormat);
  const growth = edge === 'Padding' ? 1 : -1;
  const along = (axis: number, names: readonly [string, string, string]): Edges =>
    solve(op, names, { ...options }, x.shape[axis], growth);
  const edges: Edges[] = x.shape.map((size) => ({ before: 0, after: 0, target: size }));
  edges[height] = along(height, [`top${edge}`, `bottom${edge}`, 'targetHeight']);
  edges[width] = along(width, [`left${edge}`, `right${edge}`, 'targetWidth']);
  return edges;
}

/**
 * Images without some of their edges.
 *
 * @throws HornetError unless two numbers are given for each axis and leave something that is there.
 */
export const cropImages = publicOp('image.cropImages', (images: TensorLike, options: CropImagesArgs = {}): Tensor => {
  const x = convertToTensor(images);
  const edges = solveAxes('image.cropImages', x, options, 'Cropping');
  return sliceAt(
    x,
    edges.map(({ before }) => before),
    edges.map(({ target }) => target),
  );
});

/**
 * Images with zeros around.
 *
 * @throws HornetError unless two numbers are given for each axis and leave no edge that is negative.
 */
export const padImages = publicOp('image.padImages', (images: TensorLike, options: PadImagesArgs = {}): Tensor => {
  const x = convertToTensor(images);
  const edges = solveAxes('image.padImages', x, options, 'Padding');
  return padWith(
    x,
    edges.map(({ before }) => before),
    edges.map(({ after }) => after),
  );
});
