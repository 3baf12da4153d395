// The progress bar on the terminal, in the look of Keras's. Callbacks use it for fit, loops of one's own directly.
import { isInteractiveLoggingEnabled, printLine } from '../messages.js';

/** Text of a number as Keras prints it: four decimals, or an exponent for tiny ones. */
const format = (value: number): string =>
  Math.abs(value) > 1e-3 || value === 0 ? value.toFixed(4) : value.toExponential(4);

/** Time per step with the unit that suits it. */
function perUnit(milliseconds: number, unit: string): string {
  if (milliseconds >= 1000 || milliseconds === 0) return `${(milliseconds / 1000).toFixed(0)}s/${unit}`;
  return milliseconds >= 1 ? `${milliseconds.toFixed(0)}ms/${unit}` : `${(milliseconds * 1000).toFixed(0)}us/${unit}`;
}

/** A duration as `12s`, `3:05` or `1:02:03`. */
function duration(seconds: number): string {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), Math.floor(seconds % 60)];
  const pad = (n: number): string => String(n).padStart(2, '0');
  if (h > 0) return `${h}:${pad(m)}:${pad(s)}`;
  return m > 0 ? `${m}:${pad(s)}` : `${s}s`;
}

export interface ProgbarArgs {
  /** Characters of the bar. Default 20. */
  readonly width?: number;
  /** 1 a bar, 2 a line at the end, 0 nothing. Default 1. */
  readonly verbose?: 0 | 1 | 2;
  /** Seconds between two drawings. Default 0.05. */
  readonly interval?: number;
  /** Quantities that are shown as they are given; all others as means over the steps. */
  readonly statefulMetrics?: readonly string[] | 'all' | null;
  /** What a step is called. Default `step`. */
  readonly unitName?: string;
}

/** What `update` takes beside the step. */
export interface ProgbarUpdate {
  /** Quantities to show. */
  readonly values?: Readonly<Record<string, number>>;
  /** Whether this is the end. Default: when the target is reached. */
  readonly finalize?: boolean;
}

/** Draws `12/45 ━━━━━─── 3s 7ms/step - loss: 0.1` and keeps the line current. */
export class Progbar {
  private readonly started = performance.now();
  private drawn = -Infinity;
  private seen = 0;
  private lineLength = 0;
  /** Sums of quantities and their weights. */
  private readonly sums = new Map<string, readonly [number, number]>();

  /** @param target - Number of steps; null while unknown. */
  constructor(
    readonly target: number | null,
    private readonly args: ProgbarArgs = {},
  ) {}

  /** Shows that `current` steps are done. */
  update(
    current: number,
    { values = {}, finalize = this.target !== null && current >= this.target }: ProgbarUpdate = {},
  ): void {
    const { verbose = 1, interval = 0.05 } = this.args;
    this.gather(values, Math.max(current - this.seen, 1));
    this.seen = current;
    const now = performance.now();
    if (verbose === 0 || (!finalize && (verbose === 2 || now - this.drawn < interval * 1000))) return;
    this.drawn = now;
    const elapsed = now - this.started;
    const average = elapsed / Math.max(current, 1);
    const shown = [...this.sums].map(([name, [sum, weight]]) => ` - ${name}: ${format(sum / weight)}`).join('');
    const unit = this.args.unitName ?? 'step';
    const left = this.target === null ? elapsed : (this.target - current) * average;
    const times = `${duration((finalize ? elapsed : left) / 1000)} ${perUnit(average, unit)}`;
    if (verbose === 2) printLine(`${current}/${this.target ?? current} - ${times}${shown}`);
    else if (!isInteractiveLoggingEnabled()) {
      if (finalize) printLine(`${this.bar(current, finalize)} ${times}${shown}`);
    } else {
      this.rewrite(`${this.bar(current, finalize)} ${times}${shown}`);
      if (finalize) process.stdout.write('\n');
    }
  }

  /** Shows that `n` more steps are done. */
  add(n: number, values?: Readonly<Record<string, number>>): void {
    this.update(this.seen + n, { values });
  }

  private gather(values: Readonly<Record<string, number>>, steps: number): void {
    const { statefulMetrics = null } = this.args;
    for (const [name, value] of Object.entries(values)) {
      const isState = statefulMetrics === 'all' || statefulMetrics?.includes(name);
      const [sum, weight] = isState ? [0, 0] : (this.sums.get(name) ?? [0, 0]);
      this.sums.set(name, [sum + value * steps, weight + steps]);
    }
  }

  private bar(step: number, finalize: boolean): string {
    const target = this.target ?? (finalize ? step : null);
    if (target === null) return `${String(step).padStart(7)}/Unknown`;
    const { width = 20 } = this.args;
    const filled = Math.min(Math.round((width * step) / Math.max(target, 1)), width);
    return `${String(step).padStart(String(target).length)}/${target} ${'━'.repeat(filled)}${'─'.repeat(width - filled)}`;
  }

  private rewrite(line: string): void {
    const start = process.stdout.isTTY ? '\r' : '';
    process.stdout.write(`${start}${line.padEnd(this.lineLength)}`);
    this.lineLength = line.length;
  }
}
