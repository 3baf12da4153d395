// Scaled dot-product attention: fused where scores are only scaled or causal, else scores, softmax and weighted sum.
import { HornetError } from '../errors.js';
import { resultType } from '../dtype-promotion.js';
import type { Tensor } from '../tensor.js';
import { attend, byHead, past, unseen } from './attention-core.js';
import { castTo, convertToTensor, promotableType, type TensorLike } from './convert.js';
import { add, logicalAnd, mul, select, tanh } from './elementwise.js';
import { scalar } from './fill.js';
import { multiply } from './matmul-core.js';
import { transposeTo } from './movement.js';
import { publicOp } from './public-op.js';
import { softmaxOver } from './softmax.js';

export interface AttentionArgs {
  /** Added to the scores; broadcasts to [batch, heads, queries, keys]. */
  readonly bias?: TensorLike | null;
  /** Which keys a query may see (bool); broadcasts to [batch, heads, queries, keys]. */
  readonly mask?: TensorLike | null;
  /** Factor on the scores. Default 1 / √depth. */
  readonly scale?: number | null;
  /** Whether a query sees only keys up to its own position. Default false. */
  readonly isCausal?: boolean;
  /** Accepted for Keras's sake: whether scores are written out follows from the other options. */
  readonly flashAttention?: boolean | null;
  /** Limits the scores smoothly to ± this number. Default none. */
  readonly attnLogitsSoftCap?: number | null;
}

/**
 * Attention of queries [batch, queries, heads, depth] to keys and values [batch, keys, kvHeads, depth]; the number of
 * heads is a multiple of `kvHeads`. Scores are softmaxed in float32 at least. Result: the shape of the queries.
 *
 * @throws HornetError when the shapes do not fit.
 */
export const dotProductAttention = publicOp(
  'dotProductAttention',
  (query: TensorLike, key: TensorLike, value: TensorLike, options: AttentionArgs = {}): Tensor => {
    const dtype = resultType(...[query, key, value].map(promotableType), 'float');
    const [q, k, v] = [query, key, value].map((x) => convertToTensor(x, dtype));
    const fits = [q, k, v].every((x) => x.rank === 4) && k.shape[3] === q.shape[3] && v.shape[1] === k.shape[1];
    if (!fits || q.shape[2] % k.shape[2] !== 0 || v.shape[2] !== k.shape[2]) {
      const shapes = [q, k, v].map((x) => `[${x.shape.join(', ')}]`).join(', ');
      throw new HornetError('dotProductAttention', `query, key and value of shapes ${shapes} do not fit`);
    }
    const heads = q.shape[2];
    const scale = options.scale ?? 1 / Math.sqrt(q.shape[3]);
    const { bias = null, mask = null, isCausal = false, attnLogitsSoftCap } = options;
    if (bias === null && mask === null && !attnLogitsSoftCap && v.shape[3] === q.shape[3]) {
      return attend(q, k, v, { scale, causal: isCausal });
    }
    const wide = dtype === 'float16' || dtype === 'bfloat16' ? 'float32' : dtype;
    const raw = castTo(multiply(byHead(q, heads), byHead(k, heads), false, true), wide);
    const scores = masked(limited(mul(raw, scalar(scale, wide)), options.attnLogitsSoftCap), options);
    const weights = castTo(softmaxOver(scores, 3), dtype);
    return transposeTo(multiply(weights, byHead(v, heads)), [0, 2, 1, 3]);
  },
);

function limited(scores: Tensor, cap: number | null | undefined): Tensor {
  if (!cap) return scores;
  return mul(tanh(mul(scores, scalar(1 / cap, scores.dtype))), scalar(cap, scores.dtype));
}

function masked(scores: Tensor, { bias = null, mask = null, isCausal = false }: AttentionArgs): Tensor {
  const biased = bias === null ? scores : add(scores, convertToTensor(bias, scores.dtype));
  let visible = mask === null ? null : convertToTensor(mask, 'bool');
  if (isCausal) {
    const earlier = past(scores.shape.slice(2));
    visible = visible ? logicalAnd(visible, earlier) : earlier;
  }
  return visible ? select(visible, biased, unseen(scores)) : biased;
}
