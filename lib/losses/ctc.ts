// The loss of labels whose times are not known.
import { HornetError } from '../errors.js';
import { cast, ctcLoss, full, notEqual, sum, type TensorLike } from '../ops/index.js';
import { convertToTensor } from '../ops/convert.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { Loss, named, type LossArgs } from './loss.js';

/**
 * The CTC loss of labels [batch, N], where 0 is the blank and fills rows up, and scores [batch, time, classes] before softmax.
 *
 * @throws HornetError for other ranks.
 */
export const ctc = named('ctc', (yTrue: TensorLike, yPred: TensorLike): Tensor => {
  const [labels, scores] = [convertToTensor(yTrue), convertToTensor(yPred)];
  if (labels.rank !== 2 || scores.rank !== 3) {
    throw new HornetError(
      'ctc',
      `expected labels [batch, N] and scores [batch, time, classes], received ranks ${labels.rank} and ${scores.rank}`,
    );
  }
  const [batch, time] = scores.shape;
  const lengths = sum(cast(notEqual(labels, 0), 'int32'), { axis: -1 });
  return ctcLoss(labels, scores, lengths, full([batch], time, { dtype: 'int32' }));
});

/** Connectionist temporal classification: labels in order, whose times are not known. 0 is the blank. */
export class CTC extends Loss {
  constructor(args: LossArgs = {}) {
    super({ name: 'ctc', ...args });
  }
  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return ctc(yTrue, yPred);
  }
}
registerSerializable('keras.losses', CTC);
