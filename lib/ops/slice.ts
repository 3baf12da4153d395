// Parts of tensors: fixed, strided or at a place that is itself a tensor; and writing into parts.
import { isInteger } from '../dtype.js';
import { HornetError } from '../errors.js';
import type { Aval } from '../graph/ir.js';
import { defineOp } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import { filled } from './fill.js';
import { sliceAt } from './movement.js';
import { publicOp } from './public-op.js';
import { reshapeTo } from './reshape-core.js';

/** Checks that a block of `sizes` fits into `x` and that `start` has a number for each axis. */
function checkBlock(op: string, x: Aval, start: Aval, sizes: readonly number[]): void {
  const rank = x.shape.length;
  if (start.shape.length !== 1 || start.shape[0] !== rank || !isInteger(start.dtype)) {
    const received = `${start.dtype}[${start.shape.join(', ')}]`;
    throw new HornetError(op, `expected a start of ${rank} integers, one per axis, received ${received}`);
  }
  if (sizes.length !== rank || sizes.some((size, axis) => size > x.shape[axis])) {
    const shapes = `[${sizes.join(', ')}] in [${x.shape.join(', ')}]`;
    throw new HornetError(op, `expected a part that fits into the tensor, received ${shapes}`);
  }
}

const dynamicSliceOp = defineOp<{ sizes: readonly number[] }>({
  name: 'dynamic_slice',
  infer: ([x, start], { sizes }) => {
    checkBlock('slice', x, start, sizes);
    return [{ shape: sizes, dtype: x.dtype }];
  },
  grad: ({ inputs: [x, start], grads: [g] }) => [dynamicUpdate(filled(x.shape, 0, x.dtype), g!, start), null],
});

const dynamicUpdateSliceOp = defineOp({
  name: 'dynamic_update_slice',
  infer: ([x, update, start]) => {
    checkBlock('sliceUpdate', x, start, update.shape);
    if (update.dtype !== x.dtype) {
      throw new HornetError('sliceUpdate', `expected updates of ${x.dtype}, received ${update.dtype}`);
    }
    return [x];
  },
  grad: ({ inputs: [, update, start], grads: [g] }) => [
    dynamicUpdate(g!, filled(update.shape, 0, g!.dtype), start),
    dynamicSlice(g!, start, update.shape),
    null,
  ],
});

/** `sizes` elements from a place that is a tensor (int32 or int64, one number per axis). */
export const dynamicSlice = (x: Tensor, start: Tensor, sizes: readonly number[]): Tensor =>
  emit1(dynamicSliceOp, [x, start], { sizes: [...sizes] });

const dynamicUpdate = (x: Tensor, update: Tensor, start: Tensor): Tensor =>
  emit1(dynamicUpdateSliceOp, [x, update, start], {});

const startTensor = (indices: TensorLike): Tensor => {
  const start = convertToTensor(indices, Array.isArray(indices) ? 'int32' : undefined);
  return start.dtype === 'int32' || start.dtype === 'int64' ? start : castTo(start, 'int32');
};

const isFixed = (indices: TensorLike | readonly number[]): indices is readonly number[] =>
  Array.isArray(indices) && indices.every((index) => typeof index === 'number');

/** `shape` elements from `startIndices`; −1 in `shape` means all that follow. */
export const slice = publicOp(
  'slice',
  (inputs: TensorLike, startIndices: TensorLike | readonly number[], shape: readonly number[]): Tensor => {
    const value = convertToTensor(inputs);
    if (shape.length !== value.rank) {
      throw new HornetError('slice', `expected one size per axis (${value.rank}), received [${shape.join(', ')}]`);
    }
    if (isFixed(startIndices)) {
      if (startIndices.length !== value.rank) {
        const received = `[${startIndices.join(', ')}]`;
        throw new HornetError('slice', `expected one start per axis (${value.rank}), received ${received}`);
      }
      const sizes = shape.map((size, axis) => (size === -1 ? value.shape[axis] - startIndices[axis] : size));
      return sliceAt(value, startIndices, sizes);
    }
    return dynamicSlice(value, startTensor(startIndices), shape);
  },
);

/** `inputs` with `updates` written at `startIndices`. */
export const sliceUpdate = publicOp(
  'sliceUpdate',
  (inputs: TensorLike, startIndices: TensorLike | readonly number[], updates: TensorLike): Tensor => {
    const value = convertToTensor(inputs);
    return dynamicUpdate(value, convertToTensor(updates, value.dtype), startTensor(startIndices));
  },
);

/** A part along one axis: `[start, stop, step]` as in Python, null for the default. */
export type SliceSpec = readonly [start: number | null, stop?: number | null, step?: number | null];

/** What may stand for one axis in `getItem`: an index, a slice, all (`':'`), the rest (`'...'`) or a new axis (null). */
export type IndexSpec = number | SliceSpec | ':' | '...' | null;

/** Python's `x[...]`: `getItem(x, [0, [1, 3], ':'])` is `x[0, 1:3, :]`. */
export const getItem = publicOp('getItem', (x: TensorLike, key: IndexSpec | readonly IndexSpec[]): Tensor => {
  const value = convertToTensor(x);
  const items: readonly IndexSpec[] = Array.isArray(key) ? (key as readonly IndexSpec[]) : [key as IndexSpec];
  const named = items.filter((item) => item !== null && item !== '...').length;
  if (named > value.rank) throw new HornetError('getItem', `expected at most ${value.rank} indices, received ${named}`);
  const fill = Array<IndexSpec>(value.rank - named).fill(':');
  const at = items.indexOf('...');
  const full = at < 0 ? [...items, ...fill] : [...items.slice(0, at), ...fill, ...items.slice(at + 1)];
  const [starts, sizes, strides, shape]: number[][] = [[], [], [], []];
  for (const item of full) {
    if (item === null) {
      shape.push(1);
      continue;
    }
    const dim = value.shape[starts.length];
    const { start, size, step, drop } = resolveIndex(item, dim);
    starts.push(start);
    sizes.push(size);
    strides.push(step);
    if (!drop) shape.push(size);
  }
  return reshapeTo(sliceAt(value, starts, sizes, strides), shape);
});

function resolveIndex(
  item: Exclude<IndexSpec, null>,
  dim: number,
): { start: number; size: number; step: number; drop: boolean } {
  if (typeof item === 'number') {
    const start = item < 0 ? item + dim : item;
    if (start < 0 || start >= dim) throw new HornetError('getItem', `index ${item} is out of bounds for size ${dim}`);
    return { start, size: 1, step: 1, drop: true };
  }
  if (item === ':' || item === '...') return { start: 0, size: dim, step: 1, drop: false };
  if (!Array.isArray(item)) {
    throw new HornetError(
      'getItem',
      `expected numbers, ':', '...', null or [start, end, step]; take() looks up tensors`,
    );
  }
  const [from, to = null, by] = item;
  const step = by ?? 1;
  const limit = (index: number): number => {
    const wrapped = index < 0 ? index + dim : index;
    return step > 0 ? Math.min(Math.max(wrapped, 0), dim) : Math.min(Math.max(wrapped, -1), dim - 1);
  };
  const start = from === null ? (step > 0 ? 0 : dim - 1) : limit(from);
  const end = to === null ? (step > 0 ? dim : -1) : limit(to);
  return { start: Math.max(start, 0), size: Math.max(0, Math.ceil((end - start) / step)), step, drop: false };
}
