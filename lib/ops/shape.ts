// Public ops that change shapes and order: reshape, transpose, joining, splitting, repeating, padding.
import { HornetError } from '../errors.js';
import { resultType } from '../dtype-promotion.js';
import { sizeOf } from '../graph/ir.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxes, normalizeAxis, type AxisArg } from './axes.js';
import { broadcastShapes, broadcastTensor } from './broadcast.js';
import { convertToTensor, promotableType, type TensorLike } from './convert.js';
import { gatherAlong } from './gather.js';
import { concatTensors, flipAxes, padWith, sliceAt, stop, transposeTo } from './movement.js';
import { publicOp } from './public-op.js';
import { reshapeTo } from './reshape-core.js';
import { tensor } from '../tensor.js';
import { currentTrace } from '../graph/trace.js';

/** The same elements in another shape; one dimension may be −1 (computed) . */
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
    const perm = value.shape.map((_, i) => i).filter((axis) => !from.includes(axis));
    to.map((place, i) => ({ place, axis: from[i] }))
      .sort((a, b) => a.place - b.place)
      .forEach(({ place, axis }) => perm.splice(place, 0, axis));
    return transposeTo(value, perm);
  },
);

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

/** Several tensors in the dtype they promote to. */
function promoted(xs: readonly TensorLike[]): Tensor[] {
  const dtype = resultType(...xs.map(promotableType));
  return xs.map((x) => convertToTensor(x, dtype));
}

function checkList(op: string, xs: readonly TensorLike[]): void {
  if (xs.length === 0) throw new HornetError(op, 'expected at least one tensor, received none');
}

/** Tensors one after the other along an axis. */
export const concatenate = publicOp(
  'concatenate',
  (xs: readonly TensorLike[], options: { axis?: number | null } = {}): Tensor => {
    checkList('concatenate', xs);
    const values = promoted(xs);
    if (options.axis === null)
      return concatTensors(
        values.map((value) => reshapeTo(value, [value.size])),
        0,
      );
    return concatTensors(values, normalizeAxis('concatenate', options.axis ?? 0, values[0].rank));
  },
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
    return Array.from({ length: value.shape[axis] }, (_, i) => squeeze(part(value, axis, i, i + 1), { axis }));
  },
);

/** Elements `from` to `to` along an axis. */
function part(x: Tensor, axis: number, from: number, to: number): Tensor {
  const starts = x.shape.map((_, i) => (i === axis ? from : 0));
  return sliceAt(
    x,
    starts,
    x.shape.map((dim, i) => (i === axis ? to - from : dim)),
  );
}

/** Equal parts (a number), or parts between the given indices. */
export const split = publicOp(
  'split',
  (x: TensorLike, indicesOrSections: number | readonly number[], options: { axis?: number } = {}): Tensor[] => {
    const value = convertToTensor(x);
    const axis = normalizeAxis('split', options.axis ?? 0, value.rank);
    const size = value.shape[axis];
    if (typeof indicesOrSections === 'number') {
      if (!(indicesOrSections > 0) || size % indicesOrSections !== 0) {
        throw new HornetError('split', `cannot split ${size} elements into ${indicesOrSections} equal parts`);
      }
      const width = size / indicesOrSections;
      return Array.from({ length: indicesOrSections }, (_, i) => part(value, axis, i * width, (i + 1) * width));
    }
    const limit = (index: number): number => Math.min(Math.max(index < 0 ? index + size : index, 0), size);
    const bounds = [0, ...indicesOrSections.map(limit), size];
    return bounds.slice(1).map((to, i) => part(value, axis, bounds[i], Math.max(bounds[i], to)));
  },
);

/** The tensor repeated as a whole along each axis. */
export const tile = publicOp('tile', (x: TensorLike, repeats: number | readonly number[]): Tensor => {
  const value = convertToTensor(x);
  const given = typeof repeats === 'number' ? [repeats] : repeats;
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
    if (typeof repeats === 'number' || repeats.length === 1) {
      const count = typeof repeats === 'number' ? repeats : repeats[0];
      const paired = [...value.shape.slice(0, along + 1), 1, ...value.shape.slice(along + 1)];
      const spread = paired.map((dim, i) => (i === along + 1 ? count : dim));
      const shape = value.shape.map((dim, i) => (i === along ? dim * count : dim));
      return reshapeTo(broadcastTensor(reshapeTo(value, paired), spread), shape);
    }
    const indices = repeats.flatMap((count, i) => Array<number>(count).fill(i));
    return gatherAlong(value, constantIndices(indices), along);
  },
);

/** Indices known now. */
const constantIndices = (indices: readonly number[]): Tensor => {
  const data = Int32Array.from(indices);
  return currentTrace()?.constant(data, [data.length], 'int32') ?? tensor(data);
};

/** Axes (default all) in reverse order. */
export const flip = publicOp('flip', (x: TensorLike, options: { axis?: AxisArg } = {}): Tensor => {
  const value = convertToTensor(x);
  return flipAxes(value, normalizeAxes('flip', options.axis, value.rank));
});

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
      return cut === 0 ? value : concatTensors([part(value, along, cut, size), part(value, along, 0, cut)], along);
    }, source);
  },
);

/** How `pad` fills: with a value, or by what is at and near the edge. */
export type PadMode = 'constant' | 'reflect' | 'symmetric' | 'edge' | 'wrap';

/** `padWidth`: `[before, after]` per axis, one pair for all, or one number. */
export const pad = publicOp(
  'pad',
  (
    x: TensorLike,
    padWidth: number | readonly number[] | readonly (readonly number[])[],
    options: { mode?: PadMode; constantValues?: number | null } = {},
  ): Tensor => {
    const value = convertToTensor(x);
    const { mode = 'constant', constantValues = null } = options;
    const pairs = padPairs(padWidth, value.rank);
    if (mode === 'constant') {
      return padWith(
        value,
        pairs.map(([lo]) => lo),
        pairs.map(([, hi]) => hi),
        constantValues ?? 0,
      );
    }
    if (constantValues !== null)
      throw new HornetError('pad', `constantValues goes with mode 'constant', received mode '${mode}'`);
    return pairs.reduce<Tensor>((padded, [lo, hi], axis) => {
      if (lo === 0 && hi === 0) return padded;
      const size = padded.shape[axis];
      const indices = Array.from({ length: lo + size + hi }, (_, i) => borderIndex(mode, i - lo, size));
      return gatherAlong(padded, constantIndices(indices), axis);
    }, value);
  },
);

function padPairs(
  width: number | readonly number[] | readonly (readonly number[])[],
  rank: number,
): (readonly number[])[] {
  const list: readonly (number | readonly number[])[] = typeof width === 'number' ? [width] : width;
  const pair = (item: number | readonly number[]): readonly number[] => {
    if (typeof item === 'number') return [item, item];
    return item.length === 1 ? [item[0], item[0]] : item;
  };
  if (list.length === 2 && typeof list[0] === 'number' && rank !== 2)
    return Array.from({ length: rank }, () => list as number[]);
  if (list.length === 2 && list.every((item) => typeof item === 'number'))
    return Array.from({ length: rank }, () => list as number[]);
  if (list.length === 1) return Array.from({ length: rank }, () => pair(list[0]));
  if (list.length !== rank) throw new HornetError('pad', `expected padWidth for ${rank} axes, received ${list.length}`);
  return list.map(pair);
}

/** Which element stands at position `i`, outside of [0, size) continued by the mode. */
function borderIndex(mode: Exclude<PadMode, 'constant'>, i: number, size: number): number {
  if (mode === 'edge') return Math.min(Math.max(i, 0), size - 1);
  if (mode === 'wrap') return ((i % size) + size) % size;
  const period = mode === 'reflect' ? Math.max(2 * size - 2, 1) : 2 * size;
  const at = ((i % period) + period) % period;
  return at < size ? at : (mode === 'reflect' ? period : period - 1) - at;
}

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
export const hstack = stackOf('hstack', 1, 1);
export const vstack = stackOf('vstack', 0, 2);
export const dstack = stackOf('dstack', 2, 3);

/** The tensor itself, but no gradient flows through it. */
export const stopGradient = publicOp('stopGradient', (variable: TensorLike): Tensor => stop(convertToTensor(variable)));

/** The size of every dimension. */
export const shape = publicOp('shape', (x: TensorLike): readonly number[] => convertToTensor(x).shape);

/** A copy. */
export const copy = publicOp('copy', (x: TensorLike): Tensor => convertToTensor(x));
