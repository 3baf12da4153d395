// The progress bar on the terminal, in the look of Keras's.
import { Callback, type BatchPhase, type Logs } from './callback.js';

const WIDTH = 20;
/** Milliseconds between two drawings. */
const INTERVAL = 50;

/** Text of a number as Keras prints it: four decimals, or an exponent for tiny ones. */
const format = (value: number): string =>
  Math.abs(value) > 1e-3 || value === 0 ? value.toFixed(4) : value.toExponential(4);

const formatLogs = (logs: Logs): string =>
  Object.entries(logs)
    .map(([name, value]) => ` - ${name}: ${format(value)}`)
    .join('');

/** Time per step with the unit that suits it. */
function perStep(milliseconds: number): string {
  if (milliseconds >= 1000 || milliseconds === 0) return `${(milliseconds / 1000).toFixed(0)}s/step`;
  return milliseconds >= 1 ? `${milliseconds.toFixed(0)}ms/step` : `${(milliseconds * 1000).toFixed(0)}us/step`;
}

/** A duration as `12s`, `3:05` or `1:02:03`. */
function duration(seconds: number): string {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), Math.floor(seconds % 60)];
  const pad = (n: number): string => String(n).padStart(2, '0');
  if (h > 0) return `${h}:${pad(m)}:${pad(s)}`;
  return m > 0 ? `${m}:${pad(s)}` : `${s}s`;
}

/** Draws `12/45 ━━━━━─── 3s 7ms/step - loss: 0.1` and keeps the line current (verbose 1), or a line per epoch (2). */
export class ProgbarLogger extends Callback {
  private started = 0;
  private drawn = 0;
  private total: number | null = null;
  private lineLength = 0;

  override onEpochBegin(epoch: number): void {
    if (this.params.verbose && this.params.epochs > 1)
      process.stdout.write(`Epoch ${epoch + 1}/${this.params.epochs}\n`);
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
    return this.params.verbose === 1 && process.stdout.isTTY === true && performance.now() - this.drawn >= INTERVAL;
  }

  private begin(): void {
    this.started = performance.now();
    this.drawn = this.started;
    this.lineLength = 0;
    this.total ??= this.params.steps;
  }

  private draw(step: number, logs: Logs): void {
    this.drawn = performance.now();
    const elapsed = this.drawn - this.started;
    const average = elapsed / step;
    const left = this.total === null ? elapsed / 1000 : ((this.total - step) * average) / 1000;
    this.rewrite(`${this.bar(step)} ${duration(left)} ${perStep(average)}${formatLogs(logs)}`);
  }

  private finish(phase: BatchPhase, logs: Logs): void {
    if (!this.params.verbose) return;
    const steps = Math.max(this.batches[phase], 1);
    this.total = steps;
    const elapsed = performance.now() - this.started;
    const times = `${duration(elapsed / 1000)} ${perStep(elapsed / steps)}`;
    if (this.params.verbose === 2) process.stdout.write(`${steps}/${steps} - ${times}${formatLogs(logs)}\n`);
    else {
      this.rewrite(`${this.bar(steps)} ${times}${formatLogs(logs)}`);
      process.stdout.write('\n');
    }
  }

  private bar(step: number): string {
    if (this.total === null) return `${String(step).padStart(7)}/Unknown`;
    const digits = String(this.total).length;
    const filled = Math.round((WIDTH * step) / Math.max(this.total, 1));
    return `${String(step).padStart(digits)}/${this.total} ${'━'.repeat(filled)}${'─'.repeat(WIDTH - filled)}`;
  }

  private rewrite(line: string): void {
    const start = process.stdout.isTTY ? '\r' : '';
    process.stdout.write(`${start}${line.padEnd(this.lineLength)}`);
    this.lineLength = line.length;
  }
}
