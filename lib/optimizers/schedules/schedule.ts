// The base of learning rate schedules.
import type { TensorLike } from '../../ops/index.js';
import { cast } from '../../ops/index.js';
import { type Tensor } from '../../tensor.js';
import type { Variable } from '../../variable.js';

/** A learning rate as a function of the optimizer's iteration, computed in the training program itself. */
export abstract class LearningRateSchedule {
  /** The learning rate (float32 scalar) at `step`, a float32 scalar. */
  protected abstract rateAt(step: Tensor): Tensor;

  /** The learning rate at a step; `step` is a number, a tensor or the optimizer's iteration. */
  call(step: TensorLike | Variable): Tensor {
    return cast(this.rateAt(cast(step, 'float32')), 'float32');
  }

  /** The options, as the constructor takes them. */
  abstract getConfig(): Record<string, unknown>;
}
