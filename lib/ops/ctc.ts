// Connectionist temporal classification: the loss of labels whose times are not known, and the labels that scores stand for.
import { resultType } from '../dtype-promotion.js';
import { HornetError } from '../errors.js';
import type { Aval } from '../graph/ir.js';
import { defineOp } from '../graph/op.js';
import { emit } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { filled, fullLike, scalar } from './fill.js';
import { concatTensors, iota, partOf, transposeTo } from './movement.js';
import { toFloat } from './promote.js';
import { publicOp } from './public-op.js';
import { argmax } from './reduce.js';
import { reduceMax, reduceSum } from './reduce-core.js';
import { reshapeTo } from './reshape-core.js';
import { takeAlongAxis } from './gather.js';
import { logSoftmaxOver } from './softmax.js';
import { sortWithIndices } from './sort.js';

const lossOp = defineOp<{ blank: number }>({
  name: 'ctc_loss',
  infer: ([logits]) => [{ shape: logits.shape.slice(0, 1), dtype: 'float64' }, logits],
  grad: ({ outputs: [, gradient], grads: [g, further] }) => {
    if (further || !g) throw new HornetError('ctcLoss', 'there is no second derivative of this op');
    return [e.mul(gradient, reshapeTo(g, [...g.shape, 1, 1])), null, null, null];
  },
});

const beamSearchOp = defineOp<{ blank: number; width: number; paths: number }>({
  name: 'ctc_beam_search',
  infer: ([{ shape }], { paths }): Aval[] => [
    { shape: [shape[0], paths, shape[1]], dtype: 'int32' },
    { shape: [shape[0], paths], dtype: 'float64' },
  ],
  grad: null,
});

/** Scores [batch, times, classes] in at least float32. */
function scoresOf(op: string, x: TensorLike): Tensor {
  const scores = toFloat(x);
  if (scores.rank !== 3) {
    throw new HornetError(op, `expected scores [batch, times, classes], received shape [${scores.shape.join(', ')}]`);
  }
  return castTo(scores, resultType(scores.dtype, 'float32'));
}

/** Integers, one of each sample. */
function perSample(op: string, name: string, x: TensorLike, batch: number): Tensor {
  const values = castTo(convertToTensor(x), 'int32');
  if (values.rank === 1 && values.size === batch) return values;
  throw new HornetError(op, `expected ${name} of shape [${batch}], received [${values.shape.join(', ')}]`);
}

function checkClass(op: string, index: number, classes: number): void {
  if (Number.isInteger(index) && index >= 0 && index < classes) return;
  throw new HornetError(op, `expected maskIndex to be one of ${classes} classes, received ${index}`);
}

const logProbabilities = (scores: Tensor): Tensor => castTo(logSoftmaxOver(scores, scores.rank - 1), 'float64');

/**
 * For each sample −log of the probability that scores of classes at successive times spell the target: labels may be repeated and
 * blanks put between them, all ways together. Infinite where the target does not fit into the time; there is no gradient then.
 *
 * @param target - Labels [batch, N].
 * @param output - Scores before softmax [batch, times, classes].
 * @param targetLength - How many labels of each row count, [batch].
 * @param outputLength - How many times of each row count, [batch].
 * @param options.maskIndex - The blank class. Default 0.
 */
export const ctcLoss = publicOp(
  'ctcLoss',
  (
    target: TensorLike,
    output: TensorLike,
    targetLength: TensorLike,
    outputLength: TensorLike,
    options: { maskIndex?: number } = {},
  ): Tensor => {
    const { maskIndex = 0 } = options;
    const scores = scoresOf('ctcLoss', output);
    const [batch, , classes] = scores.shape;
    checkClass('ctcLoss', maskIndex, classes);
    const labels = castTo(convertToTensor(target), 'int32');
    if (labels.rank !== 2 || labels.shape[0] !== batch) {
      throw new HornetError('ctcLoss', `expected labels [${batch}, N], received shape [${labels.shape.join(', ')}]`);
    }
    const lengths = [
      perSample('ctcLoss', 'targetLength', targetLength, batch),
      perSample('ctcLoss', 'outputLength', outputLength, batch),
    ];
    const [loss] = emit(lossOp, [logProbabilities(scores), labels, ...lengths], { blank: maskIndex });
    return castTo(loss, scores.dtype);
  },
);

/** How labels are found. */
export interface CtcDecodeArgs {
  /** The best class of each time, or the best labels by all of their ways. Default `greedy`. */
  readonly strategy?: 'greedy' | 'beam_search';
  /** Of `beam_search`: how many beginnings are followed. Default 100. */
  readonly beamWidth?: number;
  /** Of `beam_search`: how many results are wanted. Default 1. */
  readonly topPaths?: number;
  /** Of `greedy`: whether equal classes in a row are one label. Default true. */
  readonly mergeRepeated?: boolean;
  /** The blank class. Default 0. */
  readonly maskIndex?: number;
}

/**
 * The labels that scores [batch, times, classes] stand for: [paths, batch, times] (int32), filled up with −1, and [batch, paths]:
 * with `beam_search` the logarithm of their probability, with `greedy` minus the sum of the largest scores.
 *
 * @param sequenceLengths - How many times of each row count, [batch].
 */
export const ctcDecode = publicOp(
  'ctcDecode',
  (inputs: TensorLike, sequenceLengths: TensorLike, options: CtcDecodeArgs = {}): [Tensor, Tensor] => {
    const { strategy = 'greedy', beamWidth = 100, topPaths = 1, mergeRepeated = true, maskIndex = 0 } = options;
    const scores = scoresOf('ctcDecode', inputs);
    checkClass('ctcDecode', maskIndex, scores.shape[2]);
    const lengths = perSample('ctcDecode', 'sequenceLengths', sequenceLengths, scores.shape[0]);
    if (strategy === 'greedy') return greedy(scores, lengths, mergeRepeated, maskIndex);
    if (strategy !== 'beam_search') {
      throw new HornetError(
        'ctcDecode',
        `expected strategy to be 'greedy' or 'beam_search', received '${String(strategy)}'`,
      );
    }
    if (![beamWidth, topPaths].every((n) => Number.isInteger(n) && n > 0) || topPaths > beamWidth) {
      const received = `${topPaths} and ${beamWidth}`;
      throw new HornetError('ctcDecode', `expected 1 ≤ topPaths ≤ beamWidth, received ${received}`);
    }
    const attrs = { blank: maskIndex, width: beamWidth, paths: topPaths };
    const [paths, likelihoods] = emit(beamSearchOp, [logProbabilities(scores), lengths], attrs);
    return [transposeTo(paths, [1, 0, 2]), castTo(likelihoods, scores.dtype)];
  },
);

function greedy(scores: Tensor, lengths: Tensor, mergeRepeated: boolean, blank: number): [Tensor, Tensor] {
  const [batch, times] = scores.shape;
  const time = iota([batch, times], 1, 'int32');
  const counts = e.less(time, reshapeTo(lengths, [batch, 1]));
  const best = e.select(counts, argmax(scores, { axis: -1 }), scalar(blank, 'int32'));
  const largest = reduceMax(scores, [2]);
  const total = reduceSum(e.select(counts, largest, fullLike(largest, 0)), [1]);
  let isBlank = e.equal(best, scalar(blank, 'int32'));
  if (mergeRepeated && times > 1) {
    const repeats = e.equal(partOf(best, 1, 1, times), partOf(best, 1, 0, times - 1));
    isBlank = e.logicalOr(isBlank, concatTensors([filled([batch, 1], 0, 'bool'), repeats], 1));
  }
  // Blanks move behind the labels.
  const [, order] = sortWithIndices(e.select(isBlank, scalar(times, 'int32'), time), 1);
  const labels = takeAlongAxis(e.select(isBlank, scalar(-1, 'int32'), best), order, { axis: 1 });
  return [reshapeTo(labels, [1, batch, times]), reshapeTo(e.neg(total), [batch, 1])];
}
