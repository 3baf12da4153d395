// How losses and metrics bring targets, weights and masks together and sum up.
import { HornetError } from '../errors.js';
import type { DType } from '../dtype.js';
import { epsilon } from '../config.js';
import { convertToTensor } from '../ops/convert.js';
import { add, cast, divide, divideNoNan, expandDims, multiply, squeeze, sum } from '../ops/index.js';
import type { TensorLike } from '../ops/index.js';
import type { Tensor } from '../tensor.js';

/** How the values of single samples become one. `sum_over_batch_size` is the mean over all values. */
export type Reduction = 'sum_over_batch_size' | 'sum' | 'mean' | 'mean_with_sample_weight' | 'none';

const reductions: readonly string[] = ['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none'];

/** A reduction as given; null means none. Throws a `HornetError` for anything else. */
export function checkReduction(where: string, reduction: string | null | undefined): Reduction {
  const given = reduction === undefined ? 'sum_over_batch_size' : (reduction ?? 'none');
  if (!reductions.includes(given)) {
    throw new HornetError(
      where,
      `expected reduction to be one of ${reductions.join(', ')} or null, received '${given}'`,
    );
  }
  return given as Reduction;
}

/** Where two tensors differ by a last axis of size one, drops it (or, against a vector, adds it). */
export function sameRank(x1: Tensor, x2: Tensor, expandVectors = true): [Tensor, Tensor] {
  const level = (longer: Tensor, shorter: Tensor): [Tensor, Tensor] => {
    if (longer.rank !== shorter.rank + 1 || longer.shape[longer.rank - 1] !== 1) return [longer, shorter];
    if (shorter.rank === 1 && expandVectors) return [longer, expandDims(shorter, -1)];
    return [squeeze(longer, { axis: -1 }), shorter];
  };
  if (x1.rank > x2.rank) return level(x1, x2);
  const [second, first] = level(x2, x1);
  return [first, second];
}

/** Weights with a mask in them: what is masked weighs nothing, and a mean is over what is left. */
export function maskedWeights(
  sampleWeight: Tensor | null,
  mask: Tensor | null,
  reduction: Reduction,
  dtype: DType,
): Tensor | null {
  if (!mask) return sampleWeight;
  let factor = cast(mask, dtype);
  if (reduction === 'mean' || reduction === 'sum_over_batch_size') {
    factor = multiply(factor, divide(mask.size, add(sum(factor), epsilon())));
  }
  if (!sampleWeight) return factor;
  const [weights, kept] = sameRank(sampleWeight, factor);
  return multiply(weights, kept);
}

/** Weighs and reduces the values of single samples. */
export function reduceWeighted(
  values: Tensor,
  sampleWeight: TensorLike | null,
  mask: Tensor | null,
  reduction: Reduction,
  dtype: DType,
): Tensor {
  let weighted = cast(values, dtype);
  const given = sampleWeight === null ? null : convertToTensor(sampleWeight, dtype);
  let weights = maskedWeights(given, mask, reduction, dtype);
  if (weights) {
    [weighted, weights] = sameRank(weighted, weights);
    weighted = multiply(weighted, weights);
  }
  // A batch without samples has no values that could become one.
  const hasNone = weighted.rank === 1 && weighted.size === 0;
  if (reduction === 'none' || weighted.rank === 0 || hasNone) return weighted;
  const total = sum(weighted);
  if (reduction === 'sum') return total;
  if (reduction === 'mean_with_sample_weight' && weights) return divideNoNan(total, sum(weights));
  return weighted.size === 0 ? total : divide(total, weighted.size);
}
