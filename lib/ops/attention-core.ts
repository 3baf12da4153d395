// The fused attention primitive and its gradient: scores are never written out. The public op is in attention.ts.
import { HornetError } from '../errors.js';
import type { Aval } from '../graph/ir.js';
import { defineOp } from '../graph/op.js';
import { emit } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import { broadcastTensor } from './broadcast.js';
import { gradByDecomposition } from './by-decomposition.js';
import { castTo } from './convert.js';
import { add, exp, greaterEqual, log, mul, select, sub } from './elementwise.js';
import { scalar } from './fill.js';
import { multiply } from './matmul-core.js';
import { iota, transposeTo } from './movement.js';
import { reduceMax, reduceSum } from './reduce-core.js';
import { reshapeTo } from './reshape-core.js';
import { softmaxOver } from './softmax.js';

export type AttentionAttrs = { readonly scale: number; readonly causal: boolean };

/** A score that stands for a key that must not be seen. Not minus infinity: a query that sees nothing must not be NaN. */
export const unseen = (scores: Tensor): Tensor => scalar(-0.7 * 3.4028234663852886e38, scores.dtype);

const wideOf = ({ dtype }: Aval): 'float32' | 'float64' => (dtype === 'float64' ? 'float64' : 'float32');

/** [batch, length, heads, depth] → [batch, heads, length, depth], with every head repeated `times`. */
export function byHead(x: Tensor, heads: number): Tensor {
  return transposeTo(repeatHeads(x, heads), [0, 2, 1, 3]);
}

function repeatHeads(x: Tensor, heads: number): Tensor {
  const [batch, length, own, depth] = x.shape;
  if (own === heads) return x;
  const groups = [batch, length, own, heads / own, depth];
  const spread = broadcastTensor(reshapeTo(x, [batch, length, own, 1, depth]), groups);
  return reshapeTo(spread, [batch, length, heads, depth]);
}

/** Which keys a query may see when it sees none after its own position. */
export const past = (square: readonly number[]): Tensor =>
  greaterEqual(iota(square, 0, 'int32'), iota(square, 1, 'int32'));

function decompose([q, k, v]: readonly Tensor[], { scale, causal }: AttentionAttrs): Tensor[] {
  const wide = wideOf(q);
  const heads = q.shape[2];
  const raw = castTo(multiply(byHead(q, heads), byHead(k, heads), false, true), wide);
  const scaled = mul(raw, scalar(scale, wide));
  const scores = causal ? select(past(scaled.shape.slice(2)), scaled, unseen(scaled)) : scaled;
  const weights = castTo(softmaxOver(scores, 3), q.dtype);
  const y = transposeTo(multiply(weights, byHead(v, heads)), [0, 2, 1, 3]);
  const highest = reduceMax(scores, [3]);
  const column = reshapeTo(highest, [...highest.shape, 1]);
  return [y, add(highest, log(reduceSum(exp(sub(scores, column)), [3])))];
}

const attentionGradOp = defineOp<AttentionAttrs>({
  name: 'attention_grad',
  infer: ([q, k, v]) => [q, k, v].map(({ shape, dtype }) => ({ shape, dtype })),
  grad: gradByDecomposition(gradient),
  decompose: gradient,
});

/** dq, dk and dv from q, k, v, y, the logarithms of the sums, and dy. */
function gradient([q, k, v, , , dy]: readonly Tensor[], { scale, causal }: AttentionAttrs): Tensor[] {
  const wide = wideOf(q);
  const [heads, kvHeads] = [q.shape[2], k.shape[2]];
  const [queries, keys, values, g] = [q, k, v, dy].map((x) => castTo(byHead(x, heads), wide));
  const scaled = mul(multiply(queries, keys, false, true), scalar(scale, wide));
  const visible = causal ? past(scaled.shape.slice(2)) : null;
  const weights = softmaxOver(visible ? select(visible, scaled, unseen(scaled)) : scaled, 3);
  const slopes = multiply(g, values, false, true);
  const along = reduceSum(mul(slopes, weights), [3]);
  const inner = mul(mul(weights, sub(slopes, reshapeTo(along, [...along.shape, 1]))), scalar(scale, wide));
  const back = (x: Tensor, own: number): Tensor => {
    const [batch, , length, depth] = x.shape;
    const summed = own === heads ? x : reduceSum(reshapeTo(x, [batch, own, heads / own, length, depth]), [2]);
    return castTo(transposeTo(summed, [0, 2, 1, 3]), q.dtype);
  };
  return [
    back(multiply(inner, keys), heads),
    back(multiply(inner, queries, true, false), kvHeads),
    back(multiply(weights, g, true, false), kvHeads),
  ];
}

const attentionOp = defineOp<AttentionAttrs>({
  name: 'attention',
  infer: ([q, k, v]) => {
    const [batch, queries, heads, depth] = q.shape;
    const fits =
      [q, k, v].every((x) => x.shape.length === 4 && x.shape[0] === batch && x.dtype === q.dtype) &&
      k.shape[3] === depth &&
      v.shape[1] === k.shape[1] &&
      v.shape[2] === k.shape[2] &&
      v.shape[3] === depth &&
      heads % k.shape[2] === 0;
    if (!fits) {
      const shapes = [q, k, v].map(({ shape, dtype }) => `${dtype}[${shape.join(', ')}]`).join(', ');
      throw new HornetError('attention', `query, key and value ${shapes} do not fit`);
    }
    return [
      { shape: q.shape, dtype: q.dtype },
      { shape: [batch, heads, queries], dtype: wideOf(q) },
    ];
  },
  // The logarithms of the sums are for the gradient only: attend() does not hand them out.
  grad: ({ inputs: [q, k, v], outputs: [y, sums], grads: [dy], attrs }) =>
    emit(attentionGradOp, [q, k, v, y, sums, dy!], attrs),
  decompose,
});

/** Attention of q [batch, queries, heads, depth] to k and v [batch, keys, kvHeads, depth], in the shape of q. */
export const attend = (q: Tensor, k: Tensor, v: Tensor, attrs: AttentionAttrs): Tensor =>
  emit(attentionOp, [q, k, v], attrs)[0];
