// unfold and fold: the patches of images as columns, and the sum of such columns as images. Channels first, as in Keras.
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { toFloat } from './promote.js';
import type { TensorLike } from './convert.js';
import { add } from './elementwise.js';
import { concatTensors, padWith, sliceAt } from './movement.js';
import { publicOp } from './public-op.js';
import { reshapeTo } from './reshape-core.js';
import { perAxis, windowPlaces, type PerAxis } from './window.js';

export interface FoldArgs {
  /** Distance of neighbouring elements of a patch. Default 1. */
  readonly dilation?: PerAxis;
  /** Zeros around the image. Default 0. */
  readonly padding?: PerAxis;
  /** Distance of neighbouring patches. Default 1. */
  readonly stride?: PerAxis;
}

/** Where every element of the patches lies in the padded image. */
function geometry(op: string, sizes: readonly number[], kernelSize: PerAxis, options: FoldArgs) {
  const kernel = perAxis(op, 'kernelSize', kernelSize, 2);
  const dilation = perAxis(op, 'dilation', options.dilation ?? 1, 2);
  const padding = perAxis(op, 'padding', options.padding ?? 0, 2, 0);
  const strides = perAxis(op, 'stride', options.stride ?? 1, 2);
  const places = windowPlaces(op, sizes, kernel, strides, { lo: padding, hi: padding }, dilation);
  const offsets = Array.from({ length: kernel[0] * kernel[1] }, (_, i) => [
    Math.floor(i / kernel[1]) * dilation[0],
    (i % kernel[1]) * dilation[1],
  ]);
  return { padding, strides, places, offsets };
}

/** Patches of images [N, C, H, W] as columns: [N, C · kernel elements, patches]. */
export const unfold = publicOp('unfold', (input: TensorLike, kernelSize: PerAxis, options: FoldArgs = {}): Tensor => {
  const x = toFloat(input);
  if (x.rank !== 4)
    throw new HornetError('unfold', `expected images [N, C, H, W], received shape [${x.shape.join(', ')}]`);
  const [n, c] = x.shape;
  const { padding, strides, places, offsets } = geometry('unfold', x.shape.slice(2), kernelSize, options);
  const padded = padWith(x, [0, 0, ...padding], [0, 0, ...padding]);
  const parts = offsets.map((offset) => {
    const part = sliceAt(padded, [0, 0, ...offset], [n, c, ...places], [1, 1, ...strides]);
    return reshapeTo(part, [n, c, 1, ...places]);
  });
  return reshapeTo(concatTensors(parts, 2), [n, c * offsets.length, places[0] * places[1]]);
});

/** The sum of patches at their places: columns [N, C · kernel elements, patches] as images [N, C, H, W]. */
export const fold = publicOp(
  'fold',
  (input: TensorLike, outputSize: PerAxis, kernelSize: PerAxis, options: FoldArgs = {}): Tensor => {
    const x = toFloat(input);
    const size = perAxis('fold', 'outputSize', outputSize, 2);
    const { padding, strides, places, offsets } = geometry('fold', size, kernelSize, options);
    const [n, rows, columns] = x.shape;
    const c = rows / offsets.length;
    if (x.rank !== 3 || !Number.isInteger(c) || columns !== places[0] * places[1]) {
      const wanted = `[N, C · ${offsets.length}, ${places[0] * places[1]}]`;
      throw new HornetError('fold', `expected columns of shape ${wanted}, received [${x.shape.join(', ')}]`);
    }
    const patches = reshapeTo(x, [n, c, offsets.length, ...places]);
    const full = size.map((dim, i) => dim + 2 * padding[i]);
    const images = offsets.map((offset, i) => {
      const part = reshapeTo(sliceAt(patches, [0, 0, i, 0, 0], [n, c, 1, ...places]), [n, c, ...places]);
      const after = full.map((dim, axis) => dim - offset[axis] - (places[axis] - 1) * strides[axis] - 1);
      return padWith(part, [0, 0, ...offset], [0, 0, ...after], 0, [0, 0, strides[0] - 1, strides[1] - 1]);
    });
    const total = images.reduce((a, b) => add(a, b));
    return sliceAt(total, [0, 0, ...padding], [n, c, ...size]);
  },
);
