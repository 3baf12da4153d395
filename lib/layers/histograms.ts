// Histograms of rows of numbers.
import { add, arange, multiply, ones, ravel, reshape, segmentSum } from '../ops/index.js';
import type { Tensor } from '../tensor.js';

/** How often each number below `bins` occurs in each row: int32 [rows, n] to int32 [rows, bins]. */
export function histogramRows(indices: Tensor, bins: number): Tensor {
  const rows = indices.shape[0];
  const own = add(indices, multiply(reshape(arange(rows), [rows, 1]), bins));
  const counts = segmentSum(ones([indices.size], { dtype: 'int32' }), ravel(own), { numSegments: rows * bins });
  return reshape(counts, [rows, bins]);
}
