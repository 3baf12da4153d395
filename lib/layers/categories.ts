// Categories as numbers: the output modes that preprocessing layers share.
import type { DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import {
  add,
  broadcastTo,
  cast,
  expandDims,
  minimum,
  moveaxis,
  multiply,
  oneHot,
  reshape,
  where,
} from '../ops/index.js';
import { arange, greaterEqual, less, logicalAnd, segmentSum, squeeze } from '../ops/index.js';
import type { Tensor } from '../tensor.js';

/**
 * How categories are given out. `int`: as indices. `one_hot`: a one at the index of each. `multi_hot`: ones at all
 * indices of a sample. `count`: how often each occurs in a sample. `tf_idf`: the same, weighted by how rare it is.
 */
export type OutputMode = 'int' | 'one_hot' | 'multi_hot' | 'count' | 'tf_idf';

/** Checks an output mode; Keras's old names for two of them are known, too. */
export function checkOutputMode<M extends OutputMode>(where: string, mode: string, allowed: readonly M[]): M {
  const renamed = { binary: 'multi_hot', 'tf-idf': 'tf_idf' }[mode] ?? mode;
  if ((allowed as readonly string[]).includes(renamed)) return renamed as M;
  const wanted = allowed.map((each) => `'${each}'`).join(', ');
  throw new HornetError(where, `expected outputMode to be one of ${wanted}, received ${String(mode)}`);
}

/** Sparse and ragged tensors do not exist here: says so where somebody asks for them. */
export function refuse(where: string, options: { readonly [option: string]: boolean | undefined }): void {
  for (const [option, wanted] of Object.entries(options)) {
    if (wanted) throw new HornetError(where, `${option}: true is not supported; outputs are dense`);
  }
}

/**
 * Indices in an output mode. Indices out of range count nowhere. A sample is what lies along the second axis, or all of a
 * tensor of rank 1.
 *
 * @param weights - What each index counts for, in mode `count`; the result has their dtype.
 */
export function encodeCategories(
  indices: Tensor,
  mode: Exclude<OutputMode, 'tf_idf'>,
  depth: number,
  dtype: DType,
  weights: Tensor | null = null,
): Tensor {
  if (mode === 'int') return cast(indices, dtype);
  const x = indices.rank === 0 ? expandDims(indices, -1) : indices;
  if (mode === 'one_hot') {
    return oneHot(x.rank > 1 && x.shape.at(-1) === 1 ? squeeze(x, { axis: -1 }) : x, depth, { dtype });
  }
  const counts = countCategories(x, depth, weights ?? broadcastTo(cast(1, dtype), x.shape));
  return mode === 'multi_hot' ? minimum(counts, cast(1, dtype)) : counts;
}

/** Sums the weights of each index per sample, without ever spreading the indices. */
function countCategories(indices: Tensor, depth: number, weights: Tensor): Tensor {
  const last = (x: Tensor): Tensor => (x.rank > 2 ? moveaxis(x, 1, -1) : x);
  const x = cast(last(indices), 'int32');
  const samples = x.shape.slice(0, -1);
  const rows = sizeOf(samples);
  const first = reshape(multiply(arange(rows, { dtype: 'int32' }), depth), [...samples, 1]);
  const place = where(logicalAnd(greaterEqual(x, 0), less(x, depth)), add(x, first), -1);
  const spread = last(broadcastTo(weights, indices.shape));
  const sums = segmentSum(reshape(spread, [x.size]), reshape(place, [x.size]), { numSegments: rows * depth });
  return reshape(sums, [...samples, depth]);
}
