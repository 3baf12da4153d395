// Logs for TensorBoard: scalars of batches and epochs, histograms and images of weights, the model as a graph.
import { join } from 'node:path';
import { HornetError } from '../errors.js';
import { serialize } from '../saving/serialize.js';
import type { DeviceTensor } from '../tensor.js';
import { EventWriter } from '../vis/tensorboard/event-file.js';
import { histogram, kerasModel, scalar, type Summary } from '../vis/tensorboard/summary.js';
import { weightImages } from '../vis/tensorboard/weight-images.js';
import { Callback, type Logs } from './callback.js';
import { readRates } from './rates.js';

export interface TensorBoardArgs {
  /** Folder of the event files. Default `logs`. */
  readonly logDir?: string;
  /** Histograms of the weights every so many epochs; 0 for none. Default 0. */
  readonly histogramFreq?: number;
  /** Write the config of a functional model, which TensorBoard draws. Default true. */
  readonly writeGraph?: boolean;
  /** Write weights as images where there are histograms. Default false. */
  readonly writeImages?: boolean;
  /** Write how many steps a second training makes. Default false. */
  readonly writeStepsPerSecond?: boolean;
  /** Write scalars after every `epoch`, every `batch`, or every so many batches. The loop waits for these. Default `epoch`. */
  readonly updateFreq?: 'epoch' | 'batch' | number;
}

/**
 * Writes event files that `tensorboard --logdir logs` shows, into the folders `train` and `validation` below `logDir`:
 * `epoch_loss`, `batch_loss`, `evaluation_loss_vs_iterations` and so on, as Keras calls them.
 */
export class TensorBoard extends Callback {
  private readonly train: EventWriter;
  private readonly validation: EventWriter;
  private training = false;
  /** Batches since training began. */
  private trained = 0;
  private epochStart = { time: 0, batches: 0 };
  private batchStart = 0;

  constructor(private readonly args: TensorBoardArgs = {}) {
    super();
    const { logDir = 'logs', updateFreq = 'epoch', histogramFreq = 0, writeStepsPerSecond = false } = args;
    this.train = new EventWriter(join(logDir, 'train'));
    this.validation = new EventWriter(join(logDir, 'validation'));
    const every = updateFreq === 'batch' ? 1 : updateFreq;
    if (every !== 'epoch' && !(Number.isInteger(every) && every > 0)) {
      const received = String(updateFreq);
      throw new HornetError(
        'tensorBoard',
        `expected updateFreq to be 'epoch', 'batch' or a positive integer, received ${received}`,
      );
    }
    if (!(Number.isInteger(histogramFreq) && histogramFreq >= 0)) {
      throw new HornetError(
        'tensorBoard',
        `expected histogramFreq to be a non-negative integer, received ${histogramFreq}`,
      );
    }
    // The batch hooks make the loop wait for every step: only there when asked for.
    if (every !== 'epoch') {
      this.onTrainBatchEnd = (batch, logs) => this.writeBatch(batch, logs);
      this.wantsBatch = (batch) => (this.epochStart.batches + batch + 1) % every === 0;
      if (writeStepsPerSecond) this.onTrainBatchBegin = () => void (this.batchStart = performance.now());
    }
  }

  override async onTrainBegin(): Promise<void> {
    this.trained = 0;
    this.training = true;
    const { writeGraph = true } = this.args;
    if (writeGraph && this.model.graph) await this.train.write(0, ...this.graphSummary());
  }

  override onEpochBegin(): void {
    this.epochStart = { time: performance.now(), batches: this.trained };
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const { histogramFreq = 0, writeStepsPerSecond = false } = this.args;
    this.trained = this.epochStart.batches + this.batches.Train;
    const [own, validated]: [Logs, Logs] = [{}, {}];
    for (const [name, value] of Object.entries(logs)) {
      if (name.startsWith('val_')) validated[name.slice('val_'.length)] = value;
      else own[name] = value;
    }
    Object.assign(own, await readRates(this.model));
    if (writeStepsPerSecond)
      own.steps_per_second = (this.batches.Train * 1000) / (performance.now() - this.epochStart.time);
    await this.train.write(epoch, ...scalars(own, (name) => `epoch_${name}`));
    await this.validation.write(epoch, ...scalars(validated, (name) => `epoch_${name}`));
    if (histogramFreq > 0 && epoch % histogramFreq === 0) await this.writeWeights(epoch);
  }

  override async onTestEnd(logs: Logs): Promise<void> {
    const step = Number(await (this.model.optimizer.iterations as DeviceTensor).item());
    await this.validation.write(step, ...scalars(logs, (name) => `evaluation_${name}_vs_iterations`));
    if (!this.training) await this.validation.close();
  }

  override async onTrainEnd(): Promise<void> {
    this.training = false;
    await this.train.close();
    await this.validation.close();
  }

  private async writeBatch(batch: number, logs: Logs): Promise<void> {
    const step = this.epochStart.batches + batch + 1;
    const all = { ...logs };
    if (this.args.writeStepsPerSecond) all.steps_per_second = 1000 / (performance.now() - this.batchStart);
    await this.train.write(step, ...scalars(all, (name) => `batch_${name}`));
  }

  private async writeWeights(epoch: number): Promise<void> {
    for (const weight of this.model.weights) {
      const values = await weight.value.numbers();
      const picture = this.args.writeImages ? weightImages(`${weight.path}/image`, weight.shape, values) : null;
      await this.train.write(epoch, histogram(`${weight.path}/histogram`, values), ...(picture ? [picture] : []));
    }
  }

  /** The model's config; nothing, with a warning, for a model that cannot be written as JSON. */
  private graphSummary(): Summary[] {
    try {
      return [kerasModel('keras', JSON.stringify(serialize(this.model)))];
    } catch (error) {
      process.emitWarning(`[tensorBoard] the model cannot be written as JSON: ${(error as Error).message}`);
      return [];
    }
  }
}

const scalars = (logs: Logs, tag: (name: string) => string): Summary[] =>
  Object.entries(logs).map(([name, value]) => scalar(tag(name), value));
