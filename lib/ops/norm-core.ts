// The fused normalization primitives and their gradients. The public ops are in norm.ts.
import { HornetError } from '../errors.js';
import type { Aval } from '../graph/ir.js';
import { defineOp } from '../graph/op.js';
import { emit } from '../graph/trace.js';
import { sizeOf } from '../graph/ir.js';
import type { Tensor } from '../tensor.js';
import { gradByDecomposition } from './by-decomposition.js';
import { castTo } from './convert.js';
import { add, div, mul, relu, rsqrt, square, sub } from './elementwise.js';
import { filled, scalar } from './fill.js';
import { reduceSum } from './reduce-core.js';
import { reshapeTo } from './reshape-core.js';

type NormAttrs = { epsilon: number };

const leading = (x: Aval): number[] => x.shape.slice(0, -1).map((_, axis) => axis);
const meanOver = (x: Tensor, axes: readonly number[]): Tensor =>
  div(reduceSum(x, axes), scalar(sizeOf(axes.map((axis) => x.shape[axis])), x.dtype));
/** One number per row as a column beside the last axis. */
const column = (x: Tensor): Tensor => reshapeTo(x, [...x.shape, 1]);

function checkChannels(name: string, x: Aval, ...perChannel: readonly Aval[]): void {
  const channels = x.shape[x.shape.length - 1];
  for (const { shape, dtype } of perChannel) {
    if (shape.length !== 1 || shape[0] !== channels || dtype !== perChannel[0].dtype) {
      throw new HornetError(name, `expected ${channels} values per channel, received ${dtype}[${shape.join(', ')}]`);
    }
  }
}

/** Statistics and normalized values over all axes but the last, in the dtype of the statistics. */
function batchParts(
  x: Tensor,
  gamma: Tensor,
  epsilon: number,
): { wide: Tensor; mean: Tensor; variance: Tensor; rstd: Tensor } {
  const wide = castTo(x, gamma.dtype);
  const mean = meanOver(wide, leading(x));
  const variance = meanOver(square(sub(wide, mean)), leading(x));
  return { wide, mean, variance, rstd: rsqrt(add(variance, scalar(epsilon, variance.dtype))) };
}

/** Inputs are x, gamma and beta; a pass puts a tensor to add, shaped like x, between them, and a ReLU behind. */
type BatchNormAttrs = NormAttrs & { activation?: 'relu' };

const batchNormOp = defineOp<BatchNormAttrs>({
  name: 'batch_norm',
  infer: (inputs) => {
    const [x, gamma, beta] = [inputs[0], ...inputs.slice(-2)];
    checkChannels('batch_norm', x, gamma, beta);
    const statistics = { shape: gamma.shape, dtype: gamma.dtype };
    return [{ shape: x.shape, dtype: x.dtype }, statistics, statistics];
  },
  grad: ({ inputs: [x, gamma], outputs: [, mean, variance], grads: [g, gMean, gVariance], attrs }) => {
    const [dx, dGamma, dBeta] = g
      ? emit(batchNormGradOp, [x, g, gamma, mean, variance], attrs)
      : [null, filled(gamma.shape, 0, gamma.dtype), filled(gamma.shape, 0, gamma.dtype)];
    const rows = scalar(sizeOf(x.shape.slice(0, -1)), gamma.dtype);
    let viaStatistics = gMean && div(gMean, rows);
    if (gVariance) {
      const slope = mul(sub(castTo(x, gamma.dtype), mean), div(mul(gVariance, scalar(2, gamma.dtype)), rows));
      viaStatistics = viaStatistics ? add(viaStatistics, slope) : slope;
    }
    if (!viaStatistics) return [dx, dGamma, dBeta];
    const own = dx ?? filled(x.shape, 0, x.dtype);
    return [add(own, castTo(add(viaStatistics, filled(x.shape, 0, gamma.dtype)), x.dtype)), dGamma, dBeta];
  },
  decompose: (inputs, { epsilon, activation }) => {
    const [x, gamma, beta] = [inputs[0], ...inputs.slice(-2)];
    const { wide, mean, variance, rstd } = batchParts(x, gamma, epsilon);
    const normal = add(mul(sub(wide, mean), mul(rstd, gamma)), beta);
    const sum = inputs.length > 3 ? add(normal, castTo(inputs[1], gamma.dtype)) : normal;
    return [castTo(activation === 'relu' ? relu(sum) : sum, x.dtype), mean, variance];
  },
});

/** The gradients of y in x, gamma and beta, with the statistics as functions of x. */
function batchNormGradient([x, dy, gamma, mean, variance]: readonly Tensor[], { epsilon }: NormAttrs): Tensor[] {
  const axes = leading(x);
  const rstd = rsqrt(add(variance, scalar(epsilon, variance.dtype)));
  const normal = mul(sub(castTo(x, gamma.dtype), mean), rstd);
  const g = castTo(dy, gamma.dtype);
  const dBeta = reduceSum(g, axes);
  const dGamma = reduceSum(mul(g, normal), axes);
  const rows = scalar(sizeOf(x.shape.slice(0, -1)), gamma.dtype);
  const centered = sub(sub(g, div(dBeta, rows)), mul(normal, div(dGamma, rows)));
  return [castTo(mul(centered, mul(gamma, rstd)), x.dtype), dGamma, dBeta];
}

const batchNormGradOp = defineOp<NormAttrs>({
  name: 'batch_norm_grad',
  infer: ([x, , gamma]) => [x, gamma, gamma].map(({ shape, dtype }) => ({ shape, dtype })),
  decompose: batchNormGradient,
  grad: gradByDecomposition(batchNormGradient),
});

const layerNormOp = defineOp<NormAttrs>({
  name: 'layer_norm',
  infer: ([x, gamma, beta]) => {
    checkChannels('layer_norm', x, gamma, beta);
    const statistics = { shape: x.shape.slice(0, -1), dtype: gamma.dtype };
    return [{ shape: x.shape, dtype: x.dtype }, statistics, statistics];
  },
  // The statistics are for the gradient only: layerNormOver() does not hand them out.
  grad: ({ inputs: [x, gamma], outputs: [, mean, rstd], grads: [g], attrs }) =>
    emit(layerNormGradOp, [x, g!, gamma, mean, rstd], attrs),
  decompose: ([x, gamma, beta], { epsilon }) => {
    const wide = castTo(x, gamma.dtype);
    const mean = meanOver(wide, [x.rank - 1]);
    const centered = sub(wide, column(mean));
    const variance = meanOver(square(centered), [x.rank - 1]);
    const rstd = rsqrt(add(variance, scalar(epsilon, variance.dtype)));
    return [castTo(add(mul(mul(centered, column(rstd)), gamma), beta), x.dtype), mean, rstd];
  },
});

function layerNormGradient([x, dy, gamma, mean, rstd]: readonly Tensor[]): Tensor[] {
  const last = [x.rank - 1];
  const normal = mul(sub(castTo(x, gamma.dtype), column(mean)), column(rstd));
  const g = castTo(dy, gamma.dtype);
  const scaled = mul(g, gamma);
  const along = column(meanOver(mul(scaled, normal), last));
  const dx = mul(sub(sub(scaled, column(meanOver(scaled, last))), mul(normal, along)), column(rstd));
  return [castTo(dx, x.dtype), reduceSum(mul(g, normal), leading(x)), reduceSum(g, leading(x))];
}

const layerNormGradOp = defineOp<NormAttrs>({
  name: 'layer_norm_grad',
  infer: ([x, , gamma]) => [x, gamma, gamma].map(({ shape, dtype }) => ({ shape, dtype })),
  decompose: layerNormGradient,
  grad: gradByDecomposition(layerNormGradientThroughStatistics),
});

/** The gradient with mean and 1/σ written out as functions of x, as the second derivative needs them. */
function layerNormGradientThroughStatistics([x, dy, gamma]: readonly Tensor[], { epsilon }: NormAttrs): Tensor[] {
  const [, mean, rstd] = layerNormOp.decompose!([x, gamma, gamma], { epsilon });
  return layerNormGradient([x, dy, gamma, mean, rstd]);
}

/**
 * Normalizes every channel (last axis) over all other axes. Statistics have the dtype of gamma.
 *
 * @returns y, the batch's mean and its biased variance.
 */
export const batchNormOver = (x: Tensor, gamma: Tensor, beta: Tensor, epsilon: number): [Tensor, Tensor, Tensor] =>
  emit(batchNormOp, [x, gamma, beta], { epsilon }) as [Tensor, Tensor, Tensor];

/** Normalizes over the last axis. */
export const layerNormOver = (x: Tensor, gamma: Tensor, beta: Tensor, epsilon: number): Tensor =>
  emit(layerNormOp, [x, gamma, beta], { epsilon })[0];
