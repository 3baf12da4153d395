// Public ops that join tensors and split them.
import { HornetError } from '../errors.js';
import { resultType } from '../dtype-promotion.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxis } from './axes.js';
import { convertToTensor, promotableType, type TensorLike } from './convert.js';
import { concatTensors, partOf } from './movement.js';
import { publicOp } from './public-op.js';
import { reshapeTo } from './reshape-core.js';
import { expandDims, squeeze } from './shape.js';

/** Several tensors in the dtype they promote to. */
function promoted(xs: readonly TensorLike[]): Tensor[] {
  const dtype = resultType(...xs.map(promotableType));
  return xs.map((x) => convertToTensor(x, dtype));
}

function checkList(op: string, xs: readonly TensorLike[]): void {
  if (!Array.isArray(xs)) throw new HornetError(op, 'expected a list of tensors, received one');
  if (xs.length === 0) throw new HornetError(op, 'expected at least one tensor, received none');
}

/** Tensors one after the other along an axis. */
export const concatenate = publicOp(
  'concatenate',
  (xs: readonly TensorLike[], options: { axis?: number | null } = {}): Tensor => {
    checkList('concatenate', xs);
    const values = promoted(xs);
    if (options.axis === null) return concatTensors(values.map(flattened), 0);
    return concatTensors(values, normalizeAxis('concatenate', options.axis ?? 0, values[0].rank));
  },
);

const flattened = (x: Tensor): Tensor => reshapeTo(x, [x.size]);

/** `x2` after `x1` along an axis (default: both flattened). */
export const append = publicOp(
  'append',
  (x1: TensorLike, x2: TensorLike, options: { axis?: number | null } = {}): Tensor =>
    concatenate([x1, x2], { axis: options.axis ?? null }),
);

/** Tensors of one shape along a new axis. */
export const stack = publicOp('stack', (xs: readonly TensorLike[], options: { axis?: number } = {}): Tensor => {
  checkList('stack', xs);
  const values = promoted(xs);
  const axis = normalizeAxis('stack', options.axis ?? 0, values[0].rank + 1);
  return concatTensors(
    values.map((value) => expandDims(value, axis)),
    axis,
  );
});

/** The slices along an axis, without that axis. */
export const unstack = publicOp(
  'unstack',
  (x: TensorLike, options: { num?: number | null; axis?: number } = {}): Tensor[] => {
    const value = convertToTensor(x);
    const axis = normalizeAxis('unstack', options.axis ?? 0, value.rank);
    return Array.from({ length: value.shape[axis] }, (_, i) => squeeze(partOf(value, axis, i, i + 1), { axis }));
  },
);

/** A number of parts, or the indices at which they begin. */
type Sections = number | readonly number[];

/** Equal parts (a number), or parts between the given indices. */
export const split = publicOp(
  'split',
  (x: TensorLike, indicesOrSections: Sections, options: { axis?: number } = {}): Tensor[] => {
    const value = convertToTensor(x);
    const axis = normalizeAxis('split', options.axis ?? 0, value.rank);
    const size = value.shape[axis];
    if (typeof indicesOrSections === 'number') {
      if (!(indicesOrSections > 0) || size % indicesOrSections !== 0) {
        throw new HornetError('split', `cannot split ${size} elements into ${indicesOrSections} equal parts`);
      }
      const width = size / indicesOrSections;
      return Array.from({ length: indicesOrSections }, (_, i) => partOf(value, axis, i * width, (i + 1) * width));
    }
    const limit = (index: number): number => Math.min(Math.max(index < 0 ? index + size : index, 0), size);
    const bounds = [0, ...indicesOrSections.map(limit), size];
    return bounds.slice(1).map((to, i) => partOf(value, axis, bounds[i], Math.max(bounds[i], to)));
  },
);

/** Parts of as equal a size as possible, the larger ones first; or parts between the given indices. */
export const arraySplit = publicOp(
  'arraySplit',
  (x: TensorLike, indicesOrSections: Sections, options: { axis?: number } = {}): Tensor[] => {
    if (typeof indicesOrSections !== 'number') return split(x, indicesOrSections, options);
    const value = convertToTensor(x);
    const size = value.shape[normalizeAxis('arraySplit', options.axis ?? 0, value.rank)];
    const [width, larger] = [Math.floor(size / indicesOrSections), size % indicesOrSections];
    const starts = Array.from({ length: indicesOrSections - 1 }, (_, i) => (i + 1) * width + Math.min(i + 1, larger));
    return split(value, starts, options);
  },
);

const splitAlong = (name: string, axisOf: (rank: number) => number, rank: number) =>
  publicOp(name, (x: TensorLike, indicesOrSections: Sections): Tensor[] => {
    const value = convertToTensor(x);
    if (value.rank < rank) throw new HornetError(name, `expected rank ${rank} or more, received ${value.rank}`);
    return split(value, indicesOrSections, { axis: axisOf(value.rank) });
  });
/** Parts along the first axis. */
export const vsplit = splitAlong('vsplit', () => 0, 2);
/** Parts along the second axis, of a 1-D tensor along its own. */
export const hsplit = splitAlong('hsplit', (rank) => (rank === 1 ? 0 : 1), 1);
/** Parts along the third axis. */
export const dsplit = splitAlong('dsplit', () => 2, 3);

const stackOf = (name: string, axis: number, rank: number) =>
  publicOp(name, (xs: readonly TensorLike[]): Tensor => {
    checkList(name, xs);
    const values = promoted(xs).map((value) => {
      if (rank === 3 && value.rank < 3)
        return value.rank === 2 ? reshapeTo(value, [...value.shape, 1]) : reshapeTo(value, [1, value.size, 1]);
      return value.rank < rank
        ? reshapeTo(value, [...Array<number>(rank - value.rank).fill(1), ...value.shape])
        : value;
    });
    return concatTensors(values, axis === 1 && values[0].rank === 1 ? 0 : axis);
  });
/** Tensors side by side: joined along the second axis, 1-D ones along their own. */
export const hstack = stackOf('hstack', 1, 1);
/** Tensors one above the other: joined along the first axis, 1-D ones as rows. */
export const vstack = stackOf('vstack', 0, 2);
/** Tensors one behind the other: joined along the third axis. */
export const dstack = stackOf('dstack', 2, 3);
