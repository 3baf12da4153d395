// Public ops that change shapes and order: reshape, transpose, flip, roll, repeat. Joining and splitting are in join.ts.
import { checkDType, type DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import { Tensor } from '../tensor.js';
import { normalizeAxes, normalizeAxis, type AxisArg } from './axes.js';
import { broadcastShapes, broadcastTensor } from './broadcast.js';
import { convertToTensor, type TensorLike } from './convert.js';
import { vector } from './fill.js';
import { gatherAlong } from './gather.js';
import { concatTensors, flipAxes, partOf, stop, transposeTo } from './movement.js';
import { publicOp } from './public-op.js';
import { bitcastTo, reshapeTo } from './reshape-core.js';

/** The same elements in another shape; one dimension may be −1 (computed). */
export const reshape = publicOp('reshape', (x: TensorLike, newshape: readonly number[] | number): Tensor => {
  const value = convertToTensor(x);
  const wanted = typeof newshape === 'number' ? [newshape] : newshape;
  const unknown = wanted.filter((dim) => dim === -1).length;
  if (unknown > 1 || !wanted.every((dim) => Number.isInteger(dim) && dim >= -1)) {
    throw new HornetError(
      'reshape',
      `expected non-negative integers and at most one -1, received [${wanted.join(', ')}]`,
    );
  }
  const known = sizeOf(wanted.filter((dim) => dim !== -1));
  if (unknown === 1 && value.size % Math.max(known, 1) !== 0) {
    throw new HornetError('reshape', `cannot reshape [${value.shape.join(', ')}] into [${wanted.join(', ')}]`);
  }
  return reshapeTo(
    value,
    wanted.map((dim) => (dim === -1 ? value.size / Math.max(known, 1) : dim)),
  );
});

/** All elements in one dimension. */
export const ravel = publicOp('ravel', (x: TensorLike): Tensor => reshapeOf(x, (shape) => [sizeOf(shape)]));

const reshapeOf = (x: TensorLike, fn: (shape: readonly number[]) => readonly number[]): Tensor => {
  const value = convertToTensor(x);
  return reshapeTo(value, fn(value.shape));
};

/** Axes in another order; default reversed. */
export const transpose = publicOp(
  'transpose',
  (x: TensorLike, options: { axes?: readonly number[] | null } = {}): Tensor => {
    const value = convertToTensor(x);
    const axes = options.axes ?? value.shape.map((_, i) => value.rank - 1 - i);
    const perm = axes.map((axis) => normalizeAxis('transpose', axis, value.rank));
    if (perm.length !== value.rank || new Set(perm).size !== value.rank) {
      throw new HornetError('transpose', `expected a permutation of ${value.rank} axes, received [${axes.join(', ')}]`);
    }
    return transposeTo(value, perm);
  },
);

/** Axes moved to other places, the rest in order. */
export const moveaxis = publicOp(
  'moveaxis',
  (x: TensorLike, source: number | readonly number[], destination: number | readonly number[]): Tensor => {
    const value = convertToTensor(x);
    const list = (axes: number | readonly number[]): number[] =>
      (typeof axes === 'number' ? [axes] : axes).map((axis) => normalizeAxis('moveaxis', axis, value.rank));
    const [from, to] = [list(source), list(destination)];
    if (from.length !== to.length || new Set(from).size !== from.length || new Set(to).size !== to.length) {
      throw new HornetError(
        'moveaxis',
        `expected as many different sources as destinations, received [${String(source)}] and [${String(destination)}]`,
      );
    }
    const perm = value.shape.map((_, i) => i).filter((axis) => !from.includes(axis));
    to.map((place, i) => ({ place, axis: from[i] }))
      .sort((a, b) => a.place - b.place)
      .forEach(({ place, axis }) => perm.splice(place, 0, axis));
    return transposeTo(value, perm);
  },
);

/** Two axes exchanged. */
export const swapaxes = publicOp('swapaxes', (x: TensorLike, axis1: number, axis2: number): Tensor => {
  const value = convertToTensor(x);
  const perm = value.shape.map((_, i) => i);
  const [a, b] = [axis1, axis2].map((axis) => normalizeAxis('swapaxes', axis, value.rank));
  [perm[a], perm[b]] = [perm[b], perm[a]];
  return transposeTo(value, perm);
});

/** New axes of size one at the given places of the result. */
export const expandDims = publicOp('expandDims', (x: TensorLike, axis: number | readonly number[]): Tensor => {
  const value = convertToTensor(x);
  const places = typeof axis === 'number' ? [axis] : axis;
  const axes = normalizeAxes('expandDims', places, value.rank + places.length);
  const shape = [...value.shape];
  for (const place of axes) shape.splice(place, 0, 1);
  return reshapeTo(value, shape);
});

/** Without axes of size one: all of them, or those named. */
export const squeeze = publicOp('squeeze', (x: TensorLike, options: { axis?: AxisArg } = {}): Tensor => {
  const value = convertToTensor(x);
  const { axis = null } = options;
  const axes =
    axis === null
      ? value.shape.flatMap((dim, i) => (dim === 1 ? [i] : []))
      : normalizeAxes('squeeze', axis, value.rank);
  const bad = axes.find((i) => value.shape[i] !== 1);
  if (bad !== undefined) throw new HornetError('squeeze', `axis ${bad} has size ${value.shape[bad]}, expected 1`);
  return reshapeTo(
    value,
    value.shape.filter((_, i) => !axes.includes(i)),
  );
});

/** Axes of size one repeated, and new ones added in front, to reach a shape. */
export const broadcastTo = publicOp('broadcastTo', (x: TensorLike, shape: readonly number[]): Tensor => {
  const value = convertToTensor(x);
  const joint = broadcastShapes('broadcastTo', value.shape, shape);
  if (joint.length !== shape.length || joint.some((dim, i) => dim !== shape[i])) {
    throw new HornetError(
      'broadcastTo',
      `shape [${value.shape.join(', ')}] does not broadcast to [${shape.join(', ')}]`,
    );
  }
  return broadcastTensor(value, shape);
});

/** Repeat counts as a list. Throws a `HornetError` unless they are non-negative integers. */
function checkCounts(op: string, repeats: number | readonly number[]): readonly number[] {
  if ((repeats as unknown) instanceof Tensor) {
    throw new HornetError(
      op,
      'expected repeats to be numbers: the shape of the result cannot depend on those of a tensor',
    );
  }
  const counts = typeof repeats === 'number' ? [repeats] : repeats;
  if (!counts.every((count) => Number.isInteger(count) && count >= 0)) {
    throw new HornetError(op, `expected repeats to be non-negative integers, received [${counts.join(', ')}]`);
  }
  return counts;
}

/** The tensor repeated as a whole along each axis. */
export const tile = publicOp('tile', (x: TensorLike, repeats: number | readonly number[]): Tensor => {
  const value = convertToTensor(x);
  const given = checkCounts('tile', repeats);
  const rank = Math.max(given.length, value.rank);
  const shape = [...Array<number>(rank - value.rank).fill(1), ...value.shape];
  const counts = [...Array<number>(rank - given.length).fill(1), ...given];
  const paired = reshapeTo(
    value,
    shape.flatMap((dim) => [1, dim]),
  );
  const spread = broadcastTensor(
    paired,
    shape.flatMap((dim, i) => [counts[i], dim]),
  );
  return reshapeTo(
    spread,
    shape.map((dim, i) => dim * counts[i]),
  );
});

/** Each element repeated along an axis (default: of the flattened tensor), by one count or one per element. */
export const repeat = publicOp(
  'repeat',
  (x: TensorLike, repeats: number | readonly number[], options: { axis?: number | null } = {}): Tensor => {
    const { axis = null } = options;
    const source = convertToTensor(x);
    const value = axis === null ? reshapeTo(source, [source.size]) : source;
    const along = normalizeAxis('repeat', axis ?? 0, value.rank);
    const counts = checkCounts('repeat', repeats);
    if (counts.length === 1) {
      const [count] = counts;
      const paired = [...value.shape.slice(0, along + 1), 1, ...value.shape.slice(along + 1)];
      const spread = paired.map((dim, i) => (i === along + 1 ? count : dim));
      const shape = value.shape.map((dim, i) => (i === along ? dim * count : dim));
      return reshapeTo(broadcastTensor(reshapeTo(value, paired), spread), shape);
    }
    if (counts.length !== value.shape[along]) {
      const received = `${counts.length} for ${value.shape[along]} elements`;
      throw new HornetError('repeat', `expected one count, or one per element of the axis, received ${received}`);
    }
    const indices = counts.flatMap((count, i) => Array<number>(count).fill(i));
    return gatherAlong(value, vector(indices, 'int32'), along);
  },
);

/** Axes (default all) in reverse order. */
export const flip = publicOp('flip', (x: TensorLike, options: { axis?: AxisArg } = {}): Tensor => {
  const value = convertToTensor(x);
  return flipAxes(value, normalizeAxes('flip', options.axis, value.rank));
});

/** The order of the first axis reversed. */
export const flipud = publicOp('flipud', (x: TensorLike): Tensor => flip(x, { axis: 0 }));

/** The order of the second axis reversed. */
export const fliplr = publicOp('fliplr', (x: TensorLike): Tensor => flip(x, { axis: 1 }));

/** Turned by 90° `k` times, from the first of two axes to the second. */
export const rot90 = publicOp(
  'rot90',
  (array: TensorLike, options: { k?: number; axes?: readonly number[] } = {}): Tensor => {
    const value = convertToTensor(array);
    const { k = 1, axes = [0, 1] } = options;
    if (axes.length !== 2 || value.rank < 2) {
      throw new HornetError('rot90', `expected two axes of a tensor of rank 2 or more, received [${axes.join(', ')}]`);
    }
    const [from, to] = axes.map((axis) => normalizeAxis('rot90', axis, value.rank));
    if (from === to) throw new HornetError('rot90', `expected two different axes, received [${axes.join(', ')}]`);
    const turns = ((k % 4) + 4) % 4;
    if (turns === 0) return value;
    if (turns === 2) return flipAxes(value, [from, to]);
    return turns === 1 ? swapaxes(flipAxes(value, [to]), from, to) : flipAxes(swapaxes(value, from, to), [to]);
  },
);

/** Elements moved along axes, those that leave come in on the other side. */
export const roll = publicOp(
  'roll',
  (
    x: TensorLike,
    shift: number | readonly number[],
    options: { axis?: number | readonly number[] | null } = {},
  ): Tensor => {
    const source = convertToTensor(x);
    const { axis = null } = options;
    if (axis === null) return reshapeTo(roll(reshapeTo(source, [source.size]), shift, { axis: 0 }), source.shape);
    const axes = typeof axis === 'number' ? [axis] : axis;
    const shifts = typeof shift === 'number' ? axes.map(() => shift) : shift;
    return axes.reduce<Tensor>((value, one, i) => {
      const along = normalizeAxis('roll', one, value.rank);
      const size = value.shape[along];
      const cut = size === 0 ? 0 : ((-shifts[i] % size) + size) % size;
      return cut === 0 ? value : concatTensors([partOf(value, along, cut, size), partOf(value, along, 0, cut)], along);
    }, source);
  },
);

/** The tensor itself, but no gradient flows through it. */
export const stopGradient = publicOp('stopGradient', (variable: TensorLike): Tensor => stop(convertToTensor(variable)));

/** Number of dimensions. */
export const ndim = (x: TensorLike): number => convertToTensor(x).rank;

/** The data type. */
export const dtype = (x: TensorLike): DType => convertToTensor(x).dtype;

/** Whether something is a tensor: real, traced or symbolic. */
export const isTensor = (x: unknown): x is Tensor => x instanceof Tensor;

/** Number of elements; null where a dimension of a symbolic tensor is unknown. */
export function size(x: TensorLike): number | null {
  const value = convertToTensor(x);
  return value.shape.includes(-1) ? null : value.size;
}

/** The size of every dimension; −1, which `reshape` understands, where that of a symbolic tensor is unknown. */
export const shape = (x: TensorLike): readonly number[] => convertToTensor(x).shape;

/** The same bytes as elements of another dtype. The last axis grows or shrinks where their sizes differ. */
export const view = publicOp('view', (x: TensorLike, options: { dtype?: DType | null } = {}): Tensor => {
  const value = convertToTensor(x);
  return options.dtype ? bitcastTo(value, checkDType(options.dtype, 'view')) : value;
});

/** A copy. */
export const copy = publicOp('copy', (x: TensorLike): Tensor => convertToTensor(x));
