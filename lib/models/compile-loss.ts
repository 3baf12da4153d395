// The losses of a compiled model: weighted and summed over all outputs.
import { HornetError } from '../errors.js';
import { getMask } from '../layers/mask.js';
import { getLoss, type Loss, type LossLike } from '../losses/index.js';
import { Mean } from '../metrics/index.js';
import { add, cast, multiply } from '../ops/index.js';
import type { Tensor } from '../tensor.js';
import type { Outputs, PerOutput } from './outputs.js';
import { fitting } from './target-kind.js';

/**
 * A loss for all outputs, or losses in the structure of the outputs, in their order or by their names; null for outputs
 * without one. A list for a single output is a sum of losses.
 */
export type LossSpec = PerOutput<LossLike>;

/** Factors of the losses, in the same structure. */
export type LossWeights = PerOutput<number>;

interface OutputLoss {
  readonly index: number;
  readonly loss: Loss;
  readonly weight: number | null;
  /** The mean of this loss alone; only where there are several. */
  readonly metric: Mean | null;
}

const isLoss = (item: unknown): boolean =>
  typeof item === 'string' ||
  typeof item === 'function' ||
  (item !== null && typeof item === 'object' && 'reduction' in item);

/** What `compile` says of the losses of each output. */
export function lossesPerOutput(spec: LossSpec, outputs: Outputs): LossLike[][] {
  return outputs.assign('compile', 'loss', spec, isLoss);
}

/** Computes the total of all losses. Made at the first step, when outputs and targets are known. */
export class CompileLoss {
  private readonly losses: OutputLoss[];

  constructor(
    given: readonly (readonly LossLike[])[],
    weights: LossWeights,
    outputs: Outputs,
    yTrue: readonly (Tensor | null)[],
    yPred: readonly Tensor[],
  ) {
    const count = given.reduce((sum, losses) => sum + losses.length, 0);
    if (count === 0) throw new HornetError('compile', 'expected a loss for at least one output');
    const factors = outputs.assign('compile', 'lossWeights', weights, (item) => typeof item === 'number');
    this.losses = given.flatMap((losses, index) => {
      const own = factors[index];
      if (losses.length > 0 && own.length > 0 && own.length !== losses.length) {
        const message = `expected one entry of lossWeights per loss of output '${outputs.names[index]}' (${losses.length}), received ${own.length}`;
        throw new HornetError('compile', message);
      }
      return losses.map((like, i) => {
        const target = yTrue[index];
        if (!target) throw new HornetError('fit', `output ${index} has a loss but no target; pass y for it`);
        const loss = getLoss(fitting(like, target, yPred[index]));
        const name = `${outputs.lossName(outputs.list[index])}_loss`;
        return { index, loss, weight: own[i] ?? null, metric: count > 1 ? new Mean({ name }) : null };
      });
    });
  }

  /** Means of the single losses, where there are several. */
  get metrics(): Mean[] {
    return this.losses.flatMap(({ metric }) => (metric ? [metric] : []));
  }

  /** The weighted sum of all losses. */
  call(yTrue: readonly (Tensor | null)[], yPred: readonly Tensor[], sampleWeight: readonly (Tensor | null)[]): Tensor {
    const values = this.losses.map(({ index, loss, weight, metric }) => {
      const target = yTrue[index];
      if (!target) throw new HornetError('fit', `output ${index} has a loss but no target; pass y for it`);
      const value = loss(target, yPred[index], { sampleWeight: weightsWithMask(sampleWeight[index], yPred[index]) });
      metric?.updateState(value, { sampleWeight: yPred[index].shape[0] });
      return weight === null ? value : multiply(value, weight);
    });
    return values.reduce((total, value) => add(total, value));
  }
}

/** Where an output carries a mask, what it leaves out has no weight: losses read the mask themselves. */
function weightsWithMask(weights: Tensor | null, yPred: Tensor): Tensor | null {
  const mask = getMask(yPred);
  return weights && mask ? cast(weights, yPred.dtype) : weights;
}
