// extractPatches: the windows of images or volumes, each laid out along the channels.
import { HornetError } from '../../errors.js';
import { sizeOf } from '../../graph/ir.js';
import type { Tensor } from '../../tensor.js';
import { convertToTensor, type TensorLike } from '../convert.js';
import { gatherAlong } from '../gather.js';
import { padWith, partOf, transposeTo } from '../movement.js';
import { publicOp } from '../public-op.js';
import { reshapeTo } from '../reshape-core.js';
import { perAxis, windowPadding, windowPlaces, withChannelsLast, type PerAxis } from '../window.js';
import type { ImageArgs } from './layout.js';

export interface ExtractPatchesArgs extends ImageArgs {
  /** Distance of neighbouring patches. Default: their size, so that they lie side by side. */
  readonly strides?: PerAxis | null;
  /** Distance of neighbouring elements of a patch. Default 1. */
  readonly dilationRate?: PerAxis;
  /** `valid` (default): whole patches only; `same`: zeros around, so that every stride has one. */
  readonly padding?: 'valid' | 'same';
}

/**
 * Patches of images [H, W, C] or [N, H, W, C], or with three numbers in `size` of volumes [D, H, W, C] or [N, D, H, W, C]
 * (or channels first): one place for each patch, its elements one after the other as channels.
 *
 * @throws HornetError for other ranks, and sizes that do not fit.
 */
export const extractPatches = publicOp(
  'image.extractPatches',
  (images: TensorLike, size: PerAxis, options: ExtractPatchesArgs = {}): Tensor => {
    const dims = Array.isArray(size) && size.length === 3 ? 3 : 2;
    return patchesOf('image.extractPatches', images, size, dims, options);
  },
);

/**
 * Patches of volumes [D, H, W, C] or [N, D, H, W, C] (or channels first).
 *
 * @throws HornetError for other ranks, and sizes that do not fit.
 */
export const extractPatches3d = publicOp(
  'image.extractPatches3d',
  (volumes: TensorLike, size: PerAxis, options: ExtractPatchesArgs = {}): Tensor =>
    patchesOf('image.extractPatches3d', volumes, size, 3, options),
);

function patchesOf(op: string, images: TensorLike, size: PerAxis, dims: 2 | 3, options: ExtractPatchesArgs): Tensor {
  const x = convertToTensor(images);
  if (x.rank !== dims + 1 && x.rank !== dims + 2) {
    throw new HornetError(op, `expected a rank of ${dims + 1} or ${dims + 2}, received shape [${x.shape.join(', ')}]`);
  }
  const window = perAxis(op, 'size', size, dims);
  const strides = perAxis(op, 'strides', options.strides ?? window, dims);
  const dilation = perAxis(op, 'dilationRate', options.dilationRate ?? 1, dims);
  const batch = x.rank === dims + 2 ? x : reshapeTo(x, [1, ...x.shape]);
  const patches = withChannelsLast(op, options.dataFormat, batch, (last) => {
    const sizes = last.shape.slice(1, -1);
    const around = windowPadding(op, options.padding ?? 'valid', sizes, window, strides, dilation);
    const places = windowPlaces(op, sizes, window, strides, around, dilation);
    let parts = padWith(last, [0, ...around.lo, 0], [0, ...around.hi, 0]);
    // [N, s0, s1, …, C] → [N, places0, window0, places1, window1, …, C], one axis at a time.
    places.forEach((count, i) => (parts = windowsAlong(parts, 1 + 2 * i, count, window[i], strides[i], dilation[i])));
    const axes = places.map((_, i) => 1 + 2 * i);
    const apart = transposeTo(parts, [0, ...axes, ...axes.map((axis) => axis + 1), parts.rank - 1]);
    return reshapeTo(apart, [last.shape[0], ...places, sizeOf(window) * last.shape[last.rank - 1]]);
  });
  return x.rank === dims + 2 ? patches : reshapeTo(patches, patches.shape.slice(1));
}

/** One axis as two: the windows along it, and the elements of a window. */
function windowsAlong(x: Tensor, axis: number, places: number, size: number, stride: number, dilation: number): Tensor {
  const isTiled = stride === size && dilation === 1;
  if (isTiled) {
    const used = partOf(x, axis, 0, places * size);
    return reshapeTo(used, [...x.shape.slice(0, axis), places, size, ...x.shape.slice(axis + 1)]);
  }
  const at = Array.from({ length: places }, (_, place) =>
    Array.from({ length: size }, (_, i) => place * stride + i * dilation),
  );
  return gatherAlong(x, convertToTensor(at, 'int32'), axis);
}
