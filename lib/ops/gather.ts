// Indexing by tensors: take, scatter and their relatives. Indices may be negative; out of range is an error.
import { HornetError } from '../errors.js';
import { isInteger } from '../dtype.js';
import { defineOp } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import { sameShape, sizeOf, type Aval } from '../graph/ir.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxis } from './axes.js';
import { broadcastShapes, broadcastTensor } from './broadcast.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import { add, div, equal, greaterEqual, less, logicalAnd, mul, select } from './elementwise.js';
import { filled, scalar } from './fill.js';
import { iota } from './movement.js';
import { publicOp } from './public-op.js';
import { reshapeTo } from './reshape-core.js';

/** Checks that indices are integers and that updates have the shape and dtype of what they go to. */
function checkIndexed(op: string, x: Aval, indices: Aval, target: readonly number[], updates?: Aval): void {
  if (indices.dtype !== 'int32' && indices.dtype !== 'int64') {
    throw new HornetError(op, `expected indices of int32 or int64, received ${indices.dtype}`);
  }
  if (updates && !(sameShape(updates.shape, target) && updates.dtype === x.dtype)) {
    const received = `${updates.dtype}[${updates.shape.join(', ')}]`;
    throw new HornetError(op, `expected updates of ${x.dtype}[${target.join(', ')}], received ${received}`);
  }
}

/** The shape of what coordinates (the last axis of `indices`) name in `x`. */
function namedShape(op: string, x: Aval, indices: Aval): number[] {
  const depth = indices.shape.at(-1);
  if (depth === undefined || depth > x.shape.length) {
    const received = `indices of shape [${indices.shape.join(', ')}]`;
    throw new HornetError(op, `expected at most ${x.shape.length} coordinates on the last axis, received ${received}`);
  }
  return [...indices.shape.slice(0, -1), ...x.shape.slice(depth)];
}

const gatheredShape = (x: Aval, indices: Aval, axis: number): number[] => [
  ...x.shape.slice(0, axis),
  ...indices.shape,
  ...x.shape.slice(axis + 1),
];

const gatherOp = defineOp<{ axis: number }>({
  name: 'gather',
  infer: ([x, indices], { axis }) => {
    checkIndexed('gather', x, indices, []);
    return [{ shape: gatheredShape(x, indices, axis), dtype: x.dtype }];
  },
  grad: ({ inputs: [x, indices], grads: [g], attrs: { axis } }) => [
    scatterAddAlong(filled(x.shape, 0, x.dtype), indices, g!, axis),
    null,
  ],
});

const scatterAddOp = defineOp<{ axis: number }>({
  name: 'scatter_add',
  infer: ([x, indices, updates], { axis }) => {
    checkIndexed('scatter', x, indices, gatheredShape(x, indices, axis), updates);
    return [x];
  },
  grad: ({ inputs: [, indices], grads: [g], attrs: { axis } }) => [g, null, gatherAlong(g!, indices, axis)],
});

const gatherNdOp = defineOp({
  name: 'gather_nd',
  infer: ([x, indices]) => {
    checkIndexed('gather', x, indices, []);
    return [{ shape: namedShape('gather', x, indices), dtype: x.dtype }];
  },
  grad: ({ inputs: [x, indices], grads: [g] }) => [scatterNd(filled(x.shape, 0, x.dtype), indices, g!, 'add'), null],
});

/** What becomes of an element that is already there. */
export type ScatterMode = 'add' | 'set' | 'max' | 'min' | 'mul';

const scatterNdOp = defineOp<{ mode: ScatterMode }>({
  name: 'scatter_nd',
  infer: ([x, indices, updates]) => {
    checkIndexed('scatter', x, indices, namedShape('scatter', x, indices), updates);
    return [x];
  },
  grad: ({ inputs: [x, indices, updates], outputs: [y], grads: [g], attrs: { mode } }) => {
    const fromUpdates = gatherNd(g!, indices);
    if (mode === 'add') return [g, null, fromUpdates];
    if (mode === 'set') return [scatterNd(g!, indices, filled(updates.shape, 0, g!.dtype), 'set'), null, fromUpdates];
    if (mode === 'mul') {
      return [div(mul(g!, y), x), null, div(mul(fromUpdates, gatherNd(y, indices)), updates)];
    }
    const wins = (chosen: Tensor, grad: Tensor, value: Tensor): Tensor =>
      select(equal(chosen, value), grad, filled(grad.shape, 0, grad.dtype));
    return [wins(y, g!, x), null, wins(gatherNd(y, indices), fromUpdates, updates)];
  },
});

/** Slices of `x` at `indices` along an axis. */
export const gatherAlong = (x: Tensor, indices: Tensor, axis: number): Tensor =>
  emit1(gatherOp, [x, indices], { axis });
/** `x` with `updates` added at `indices` along an axis. */
export const scatterAddAlong = (x: Tensor, indices: Tensor, updates: Tensor, axis: number): Tensor =>
  emit1(scatterAddOp, [x, indices, updates], { axis });
/** Elements of `x` at coordinates (last axis of `indices`). */
export const gatherNd = (x: Tensor, indices: Tensor): Tensor => emit1(gatherNdOp, [x, indices], {});
/** `x` combined with `updates` at coordinates (last axis of `indices`). */
export const scatterNd = (x: Tensor, indices: Tensor, updates: Tensor, mode: ScatterMode): Tensor =>
  emit1(scatterNdOp, [x, indices, updates], { mode });

/** Indices as int32 or int64. */
export function toIndices(op: string, indices: TensorLike): Tensor {
  const plain = typeof indices === 'number' || Array.isArray(indices);
  const tensor = convertToTensor(indices, plain ? 'int32' : undefined);
  if (tensor.dtype === 'int32' || tensor.dtype === 'int64') return tensor;
  if (!isInteger(tensor.dtype) && tensor.dtype !== 'float32' && tensor.dtype !== 'bool') {
    throw new HornetError(op, `expected indices to be integers, received ${tensor.dtype}`);
  }
  return castTo(tensor, 'int32');
}

/** Elements of `x` at `indices` along an axis (default: of the flattened tensor). */
export const take = publicOp(
  'take',
  (x: TensorLike, indices: TensorLike, options: { axis?: number | null } = {}): Tensor => {
    const source = convertToTensor(x);
    const at = toIndices('take', indices);
    if (options.axis === null || options.axis === undefined)
      return gatherAlong(reshapeTo(source, [source.size]), at, 0);
    return gatherAlong(source, at, normalizeAxis('take', options.axis, source.rank));
  },
);

/** For each position of `indices`, the element of `x` with that index along the axis and the same other indices. */
export const takeAlongAxis = publicOp(
  'takeAlongAxis',
  (x: TensorLike, indices: TensorLike, options: { axis?: number | null } = {}): Tensor => {
    const source = convertToTensor(x);
    const at = toIndices('takeAlongAxis', indices);
    if (options.axis === null) {
      return gatherAlong(reshapeTo(source, [source.size]), reshapeTo(at, [at.size]), 0);
    }
    if (source.rank !== at.rank) {
      throw new HornetError(
        'takeAlongAxis',
        `expected x and indices of one rank, received ${source.rank} and ${at.rank}`,
      );
    }
    const axis = normalizeAxis('takeAlongAxis', options.axis ?? -1, source.rank);
    const others = (shape: readonly number[], own: number): number[] => shape.map((dim, i) => (i === axis ? own : dim));
    const batch = broadcastShapes('takeAlongAxis', others(source.shape, 1), others(at.shape, 1));
    const target = others(batch, at.shape[axis]);
    const spread = broadcastTensor(source, others(batch, source.shape[axis]));
    return gatherElements(spread, broadcastTensor(at, target), axis);
  },
);

/** The gather of equal outer shapes, by one flat index per element. */
function gatherElements(x: Tensor, indices: Tensor, axis: number): Tensor {
  const size = scalar(x.shape[axis], indices.dtype);
  const wrapped = select(less(indices, scalar(0, indices.dtype)), add(indices, size), indices);
  let flat: Tensor = mul(wrapped, scalar(sizeOf(x.shape.slice(axis + 1)), indices.dtype));
  x.shape.forEach((_, i) => {
    if (i === axis) return;
    const step = scalar(sizeOf(x.shape.slice(i + 1)), indices.dtype);
    flat = add(flat, mul(iota(indices.shape, i, indices.dtype), step));
  });
  // An index out of the axis must not reach a neighbour: it is sent out of the whole tensor, where the kernel finds it.
  const inside = logicalAnd(greaterEqual(wrapped, scalar(0, indices.dtype)), less(wrapped, size));
  return gatherAlong(reshapeTo(x, [x.size]), select(inside, flat, scalar(x.size, indices.dtype)), 0);
}

/** A tensor of zeros of the given shape, with `values` added at `indices` (last axis: coordinates). */
export const scatter = publicOp(
  'scatter',
  (indices: TensorLike, values: TensorLike, shape: readonly number[]): Tensor => {
    const updates = convertToTensor(values);
    return scatterNd(filled(shape, 0, updates.dtype), toIndices('scatter', indices), updates, 'add');
  },
);

/** `inputs` with `updates` written (or combined by `reduction`) at `indices` (last axis: coordinates). */
export const scatterUpdate = publicOp(
  'scatterUpdate',
  (
    inputs: TensorLike,
    indices: TensorLike,
    updates: TensorLike,
    options: { reduction?: ScatterMode | null } = {},
  ): Tensor => {
    const target = convertToTensor(inputs);
    const mode = options.reduction ?? 'set';
    if (!['add', 'set', 'max', 'min', 'mul'].includes(mode)) {
      throw new HornetError(
        'scatterUpdate',
        `expected reduction to be 'add', 'max', 'min' or 'mul', received '${mode}'`,
      );
    }
    return scatterNd(target, toIndices('scatterUpdate', indices), convertToTensor(updates, target.dtype), mode);
  },
);
