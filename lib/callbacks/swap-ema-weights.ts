// Evaluating with the averages of the weights.
import { HornetError } from '../errors.js';
import type { Variable } from '../variable.js';
import { Callback } from './callback.js';

export interface SwapEMAWeightsArgs {
  /** Swap at the end of each epoch and back at the beginning of the next, for callbacks that save the model. Default false. */
  readonly swapOnEpoch?: boolean;
}

/**
 * Puts the moving averages that an optimizer with `useEma` keeps in place of the weights during validation, evaluation and
 * prediction, and the weights back afterwards.
 */
export class SwapEMAWeights extends Callback {
  private swapped = false;

  constructor(private readonly args: SwapEMAWeightsArgs = {}) {
    super();
  }

  override onEpochBegin(): void {
    if (this.args.swapOnEpoch) this.swapTo(false);
  }

  override onEpochEnd(epoch: number): void {
    if (!this.args.swapOnEpoch) return;
    this.swapTo(true);
    // At the end `fit` writes the averages into the weights, where they are already.
    const isLast = epoch === this.params.epochs - 1 || this.model.stopTraining;
    if (isLast) for (const [weight, average] of this.pairs()) average.assign(weight);
  }

  override onTestBegin(): void {
    this.swapTo(true);
  }

  override onTestEnd(): void {
    this.swapTo(false);
  }

  override onPredictBegin(): void {
    this.swapTo(true);
  }

  override onPredictEnd(): void {
    this.swapTo(false);
  }

  private swapTo(averages: boolean): void {
    if (this.swapped === averages) return;
    for (const [weight, average] of this.pairs()) {
      const { value } = weight;
      weight.assign(average);
      average.assign(value);
    }
    this.swapped = averages;
  }

  /** Weights with their averages. */
  private pairs(): [Variable, Variable][] {
    const { optimizer, trainableVariables } = this.model;
    const pairs = trainableVariables.flatMap((weight): [Variable, Variable][] => {
      const average = optimizer.averageOf(weight);
      return average ? [[weight, average]] : [];
    });
    if (pairs.length > 0) return pairs;
    throw new HornetError('swapEMAWeights', 'expected an optimizer that keeps averages; make it with useEma: true');
  }
}
