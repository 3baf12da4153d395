// The progress of fit, evaluate and predict on the terminal.
import { canRedraw, printLine } from '../messages.js';
import { Progbar } from '../utils/progbar.js';
import { Callback, type BatchPhase, type Logs } from './callback.js';

/** Milliseconds between two drawings. */
const INTERVAL = 50;

/** Keeps a progress bar current (verbose 1), or writes a line per epoch (2). */
export class ProgbarLogger extends Callback {
  private bar: Progbar | null = null;
  private drawn = 0;
  /** Steps of a pass: what the loop says, or what the pass before took. */
  private total: number | null = null;

  override onEpochBegin(epoch: number): void {
    if (this.params.verbose && this.params.epochs > 1) printLine(`Epoch ${epoch + 1}/${this.params.epochs}`);
    this.begin();
  }

  override onTrainBatchEnd(batch: number, logs: Logs): void {
    this.draw(batch + 1, logs);
  }

  override onEpochEnd(_epoch: number, logs: Logs): void {
    this.finish('Train', logs);
  }

  override onTestBegin(): void {
    this.begin();
  }

  override onTestBatchEnd(batch: number, logs: Logs): void {
    this.draw(batch + 1, logs);
  }

  override onTestEnd(logs: Logs): void {
    this.finish('Test', logs);
  }

  override onPredictBegin(): void {
    this.begin();
  }

  override onPredictBatchEnd(batch: number): void {
    this.draw(batch + 1, {});
  }

  override onPredictEnd(): void {
    this.finish('Predict', {});
  }

  override wantsBatch(): boolean {
    return this.params.verbose === 1 && canRedraw() && performance.now() - this.drawn >= INTERVAL;
  }

  private begin(): void {
    this.drawn = performance.now();
    this.total ??= this.params.steps;
    this.bar = new Progbar(this.total, { verbose: this.params.verbose, interval: 0, statefulMetrics: 'all' });
  }

  private draw(step: number, values: Logs): void {
    this.drawn = performance.now();
    this.bar?.update(step, { values, finalize: false });
  }

  private finish(phase: BatchPhase, values: Logs): void {
    const steps = Math.max(this.batches[phase], 1);
    this.total = steps;
    this.bar?.update(steps, { values, finalize: true });
  }
}
