// Saving the model while training goes on.
import { printLine } from '../messages.js';
import { HornetError } from '../errors.js';
import { Callback, type Logs } from './callback.js';
import { Monitor, type MonitorMode } from './monitor.js';

export interface ModelCheckpointArgs {
  /** Quantity to watch. Default `val_loss`. */
  readonly monitor?: string;
  readonly verbose?: 0 | 1;
  /** Save the weights (and the optimizer's state) without the model's config. Default false. */
  readonly saveWeightsOnly?: boolean;
  /** Save only when the quantity has improved. Default false. */
  readonly saveBestOnly?: boolean;
  readonly mode?: MonitorMode;
  /** After every `epoch`, or after so many batches. Default `epoch`. */
  readonly saveFreq?: 'epoch' | number;
  /** Only better values than this are saved. */
  readonly initialValueThreshold?: number | null;
}

/**
 * Writes the model to a file whose name may hold `{epoch}` and logged quantities: `model-{epoch:02d}-{val_loss:.2f}.keras`.
 * A file is replaced as a whole: who is interrupted while it is written finds the one before.
 */
export class ModelCheckpoint extends Callback {
  private readonly watched: Monitor;
  private seen = 0;
  private epoch = 0;

  constructor(
    private readonly filepath: string,
    private readonly args: ModelCheckpointArgs = {},
  ) {
    super();
    const { monitor = 'val_loss', mode = 'auto', initialValueThreshold, saveFreq = 'epoch' } = args;
    const endings = args.saveWeightsOnly ? ['.weights.h5', '.safetensors'] : ['.keras', '.h5'];
    if (!endings.some((ending) => filepath.endsWith(ending))) {
      const what = `a path that ends in ${endings.join(' or ')}`;
      throw new HornetError('modelCheckpoint', `expected ${what}, received '${filepath}'`);
    }
    if (saveFreq !== 'epoch' && !(Number.isInteger(saveFreq) && saveFreq > 0)) {
      throw new HornetError(
        'modelCheckpoint',
        `expected saveFreq to be 'epoch' or a positive integer, received ${String(saveFreq)}`,
      );
    }
    this.watched = new Monitor('modelCheckpoint', monitor, mode, 0, initialValueThreshold);
    // The batch hook makes the loop wait for every step: only there when asked for.
    if (saveFreq !== 'epoch') {
      this.onTrainBatchEnd = async (_batch, logs) => {
        this.seen++;
        if (this.seen % saveFreq === 0) await this.save(this.epoch, logs);
      };
    }
  }

  override onEpochBegin(epoch: number): void {
    this.epoch = epoch;
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    if ((this.args.saveFreq ?? 'epoch') === 'epoch') await this.save(epoch, logs);
  }

  private async save(epoch: number, logs: Logs): Promise<void> {
    const path = this.pathFor(epoch, logs);
    if (this.args.saveBestOnly) {
      const value = this.watched.read(this.model, logs);
      if (value === undefined || !this.watched.improves(value)) return;
      if (this.args.verbose) {
        printLine(
          `\nEpoch ${epoch + 1}: ${this.watched.quantity} improved from ${this.watched.best} to ${value}, saving to ${path}`,
        );
      }
      this.watched.best = value;
    }
    await (this.args.saveWeightsOnly ? this.model.saveWeights(path) : this.model.save(path));
  }

  /** The file name with its fields filled in; `{epoch:02d}` and `{val_loss:.2f}` as in Python. */
  private pathFor(epoch: number, logs: Logs): string {
    const values: Record<string, number> = { ...logs, epoch: epoch + 1 };
    return this.filepath.replace(
      /\{(\w+)(?::0?(\d*)(?:\.(\d+))?[df])?\}/g,
      (_, name: string, width?: string, digits?: string) => {
        const value = values[name];
        if (value === undefined)
          throw new HornetError('modelCheckpoint', `'${name}' of the file name is not in the logs`);
        const text = digits === undefined ? String(value) : value.toFixed(Number(digits));
        return text.padStart(Number(width || 0), '0');
      },
    );
  }
}
