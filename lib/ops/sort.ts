// Sorting and selection along an axis.
import { HornetError } from '../errors.js';
import { defineOp } from '../graph/op.js';
import { emit } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxis } from './axes.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import { scatterNd, takeAlongAxis } from './gather.js';
import { greaterEqual } from './elementwise.js';
import { filled } from './fill.js';
import { concatTensors, iota, sliceAt } from './movement.js';
import { publicOp } from './public-op.js';
import { reshapeTo } from './reshape-core.js';

/** Puts gradients back to where the sorted values came from. */
function unsort(g: Tensor, indices: Tensor, shape: readonly number[], axis: number): Tensor {
  const coordinates = shape.map((_, i) => {
    const along = i === axis ? indices : iota(indices.shape, i, 'int32');
    return reshapeTo(along, [...indices.shape, 1]);
  });
  return scatterNd(filled(shape, 0, g.dtype), concatTensors(coordinates, indices.rank), g, 'add');
}

const sortOp = defineOp<{ axis: number; descending: boolean }>({
  name: 'sort',
  infer: ([x]) => [x, { shape: x.shape, dtype: 'int32' }],
  grad: ({ inputs: [x], outputs: [, indices], grads: [g], attrs: { axis } }) => [
    g && unsort(g, indices, x.shape, axis),
  ],
});

const topKOp = defineOp<{ k: number }>({
  name: 'top_k',
  infer: ([x], { k }) => {
    const size = x.shape[x.shape.length - 1];
    if (!(Number.isInteger(k) && k >= 0 && k <= size)) {
      throw new HornetError('topK', `expected k to be an integer of at most ${size}, received ${k}`);
    }
    const shape = [...x.shape.slice(0, -1), k];
    return [
      { shape, dtype: x.dtype },
      { shape, dtype: 'int32' },
    ];
  },
  grad: ({ inputs: [x], outputs: [, indices], grads: [g] }) => [g && unsort(g, indices, x.shape, x.rank - 1)],
});

/** Sorted values and the indices they had, along a non-negative axis; stable, NaN last. */
export const sortWithIndices = (x: Tensor, axis: number, descending = false): [Tensor, Tensor] =>
  emit(sortOp, [x], { axis, descending }) as [Tensor, Tensor];

const flatOr = (op: string, x: TensorLike, axis: number | null | undefined): [Tensor, number] => {
  const tensor = convertToTensor(x);
  if (axis === null || tensor.rank === 0) return [reshapeTo(tensor, [tensor.size]), 0];
  return [tensor, normalizeAxis(op, axis ?? -1, tensor.rank)];
};

/** Values in ascending order along an axis (default the last; null: flattened). */
export const sort = publicOp('sort', (x: TensorLike, options: { axis?: number | null } = {}): Tensor => {
  const [tensor, axis] = flatOr('sort', x, options.axis);
  return sortWithIndices(tensor, axis)[0];
});

/** The indices (int32) that would sort along an axis (default the last; null: flattened). */
export const argsort = publicOp('argsort', (x: TensorLike, options: { axis?: number | null } = {}): Tensor => {
  const [tensor, axis] = flatOr('argsort', x, options.axis);
  return sortWithIndices(tensor, axis)[1];
});

/** The indices (int32) that put the `kth` element in its sorted place, smaller ones before it and larger ones after it. */
export const argpartition = publicOp(
  'argpartition',
  (x: TensorLike, kth: number, options: { axis?: number | null } = {}): Tensor => {
    const [tensor, axis] = flatOr('argpartition', x, options.axis);
    const size = tensor.shape[axis];
    if (!(Number.isInteger(kth) && kth >= -size && kth < size)) {
      throw new HornetError('argpartition', `expected kth to be an integer in [${-size}, ${size}), received ${kth}`);
    }
    return sortWithIndices(tensor, axis)[1];
  },
);

/** The `k` largest values along the last axis, in descending order, and their indices (int32). */
export const topK = publicOp(
  'topK',
  (x: TensorLike, k: number, _options: { sorted?: boolean } = {}): [Tensor, Tensor] => {
    return emit(topKOp, [convertToTensor(x)], { k }) as [Tensor, Tensor];
  },
);

/** Whether each target class is among the `k` largest predictions of its row. */
export const inTopK = publicOp('inTopK', (targets: TensorLike, predictions: TensorLike, k: number): Tensor => {
  const scores = convertToTensor(predictions);
  const classes = castTo(convertToTensor(targets), 'int32');
  const own = takeAlongAxis(scores, reshapeTo(classes, [...classes.shape, 1]), { axis: -1 });
  const [values] = topK(scores, Math.min(k, scores.shape[scores.rank - 1]));
  return thresholdReached(own, values);
});

function thresholdReached(own: Tensor, values: Tensor): Tensor {
  const last = values.shape[values.rank - 1] - 1;
  const smallest = sliceAt(
    values,
    [...values.shape.slice(0, -1).map(() => 0), last],
    [...values.shape.slice(0, -1), 1],
  );
  return reshapeTo(greaterEqual(own, smallest), own.shape.slice(0, -1));
}
