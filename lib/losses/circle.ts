// Circle loss: embeddings of one class come together, those of different classes are driven apart.
import { setMask } from '../layers/mask.js';
import { convertToTensor } from '../ops/convert.js';
import * as ops from '../ops/index.js';
import type { TensorLike } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { Loss, named, type LossArgs } from './loss.js';

const { add, cast, equal, expandDims, logicalAnd, logicalNot, matmul, maximum, multiply, subtract } = ops;

export interface CircleOptions {
  /** Classes of `refEmbeddings`. Default: `yTrue`. */
  readonly refLabels?: TensorLike | null;
  /** Embeddings to compare with. Default: `yPred` itself. */
  readonly refEmbeddings?: TensorLike | null;
  /** Whether a sample is not compared with itself. Default true. */
  readonly removeDiagonal?: boolean;
  /** Scale of the similarities. Default 80. */
  readonly gamma?: number;
  /** How far from perfect a pair may be. Default 0.4. */
  readonly margin?: number;
}

/** The circle loss of embeddings of length one, a value per sample; `yTrue` are class numbers [batch]. */
export const circle = named('circle', (yTrue: TensorLike, yPred: TensorLike, options: CircleOptions = {}): Tensor => {
  const { gamma = 80, margin = 0.4, removeDiagonal = true } = options;
  const embeddings = convertToTensor(yPred);
  const references = convertToTensor(options.refEmbeddings ?? embeddings, embeddings.dtype);
  const labels = ops.ravel(convertToTensor(yTrue, 'int32'));
  const others = ops.ravel(convertToTensor(options.refLabels ?? yTrue, 'int32'));
  const same = equal(expandDims(labels, 1), expandDims(others, 0));
  const isSelf = cast(ops.eye(labels.size, { M: others.size }), 'bool');
  const positive = removeDiagonal ? logicalAnd(same, logicalNot(isSelf)) : same;
  const distance = maximum(subtract(1, matmul(embeddings, ops.transpose(references))), 0);
  // Pairs far from their optimum weigh more.
  const pull = multiply(multiply(-gamma, add(distance, margin)), subtract(margin, distance));
  const push = multiply(multiply(gamma, maximum(subtract(1 + margin, distance), 0)), subtract(1 - margin, distance));
  const values = ops.softplus(add(logSumWhere(positive, pull), logSumWhere(logicalNot(same), push)));
  // A sample that is alone in its class says nothing.
  setMask(values, ops.any(positive, { axis: 1 }));
  return values;
});

/** log Σ eˣ of the elements of each row for which the condition holds; −∞, without a slope, where it never does. */
function logSumWhere(condition: Tensor, x: Tensor): Tensor {
  const lowest = convertToTensor(-Infinity, x.dtype);
  const some = ops.any(condition, { axis: 1, keepdims: true });
  const sums = ops.logsumexp(ops.where(ops.logicalOr(condition, logicalNot(some)), x, lowest), { axis: 1 });
  return ops.where(ops.squeeze(some, { axis: 1 }), sums, lowest);
}

/** Circle loss over the pairs of a batch. Targets are class numbers, predictions embeddings of length one. */
export class Circle extends Loss {
  readonly gamma: number;
  readonly margin: number;
  readonly removeDiagonal: boolean;
  constructor(args: LossArgs & Pick<CircleOptions, 'gamma' | 'margin' | 'removeDiagonal'> = {}) {
    super({ name: 'circle', ...args });
    this.gamma = args.gamma ?? 80;
    this.margin = args.margin ?? 0.4;
    this.removeDiagonal = args.removeDiagonal ?? true;
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    const { gamma, margin, removeDiagonal } = this;
    return circle(yTrue, yPred, { gamma, margin, removeDiagonal });
  }
  override getConfig(): Record<string, unknown> {
    const { gamma, margin, removeDiagonal } = this;
    return { ...super.getConfig(), gamma, margin, removeDiagonal };
  }
}
registerSerializable('keras.losses', Circle);
