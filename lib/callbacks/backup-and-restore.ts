// Going on with a training that was interrupted.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HornetError } from '../errors.js';
import { reshape } from '../ops/index.js';
import { replaceFile } from '../saving/atomic.js';
import { globalSeedState, setGlobalSeedState } from '../seed.js';
import type { Variable } from '../variable.js';
import { Callback } from './callback.js';

export interface BackupAndRestoreArgs {
  /** After every `epoch`, or after so many batches. Default `epoch`. */
  readonly saveFreq?: 'epoch' | number;
  /** Keep the backup before the last, too, in case the last cannot be read. Default false. */
  readonly doubleCheckpoint?: boolean;
  /** Delete the backup when training ends. Default true. */
  readonly deleteCheckpoint?: boolean;
}

/** What stands beside the weights. A backup counts once this is written. */
interface Metadata {
  /** The epoch to go on with. */
  readonly epoch: number;
  /** Batches of that epoch that the weights have seen. */
  readonly batch: number;
  /** The file of the weights and the optimizer's state. */
  readonly weights: string;
  /** States of the model's seed generators. */
  readonly seeds: readonly (readonly number[])[];
  /** State of the global sequence of seeds, where one was set, before the samples of the epoch were shuffled. */
  readonly globalSeed: readonly number[] | null;
  /** Sums of the metrics over the epoch so far. */
  readonly metrics: readonly (readonly number[])[];
}

const metadataFile = 'training_metadata.json';
const previousFile = `${metadataFile}.bkp`;

/**
 * Backs a training up after every epoch. When `fit` is called again with a backup in `backupDir`, it goes on after the
 * last epoch of the backup, with the same numbers as if it had not been interrupted: weights, the optimizer's state and
 * random states come back. Seeds must have been set with `setRandomSeed`, or samples not be shuffled.
 *
 * After a backup in the midst of an epoch (`saveFreq` is a number) training goes on with the batch that follows, where Keras
 * begins the epoch again. Metrics that are made by the first batch begin anew then.
 */
export class BackupAndRestore extends Callback {
  private epoch = 0;
  private batch = 0;
  private sinceSaving = 0;
  private count = 0;
  private globalSeed: readonly number[] | null = null;
  private current: Metadata | null = null;
  private previous: Metadata | null = null;

  constructor(
    private readonly backupDir: string,
    private readonly args: BackupAndRestoreArgs = {},
  ) {
    super();
    const { saveFreq = 'epoch' } = args;
    if (!backupDir) throw new HornetError('backupAndRestore', 'expected the path of a folder, received an empty one');
    if (saveFreq !== 'epoch' && !(Number.isInteger(saveFreq) && saveFreq > 0)) {
      const received = String(saveFreq);
      throw new HornetError(
        'backupAndRestore',
        `expected saveFreq to be 'epoch' or a positive integer, received ${received}`,
      );
    }
    // The batch hook makes the loop wait for every step: only there when asked for.
    if (saveFreq !== 'epoch') {
      this.onTrainBatchEnd = async (batch) => {
        this.sinceSaving += batch + 1 - this.batch;
        this.batch = batch + 1;
        if (this.sinceSaving >= saveFreq) await this.save();
      };
    }
  }

  override async onTrainBegin(): Promise<void> {
    this.epoch = this.batch = this.sinceSaving = this.count = 0;
    this.current = this.previous = null;
    const last = await this.read(metadataFile);
    if (!last) return;
    try {
      await this.restore(last);
    } catch (error) {
      const before = await this.read(previousFile);
      if (!before) throw error;
      await this.restore(before);
    }
  }

  override onEpochBegin(epoch: number): void {
    this.epoch = epoch;
    this.batch = epoch === this.model.initialEpoch ? this.model.initialBatch : 0;
    this.globalSeed = globalSeedState();
  }

  override async onEpochEnd(epoch: number): Promise<void> {
    this.epoch = epoch + 1;
    this.batch = 0;
    this.globalSeed = globalSeedState();
    if ((this.args.saveFreq ?? 'epoch') === 'epoch') await this.save();
  }

  override async onTrainEnd(): Promise<void> {
    if (this.args.deleteCheckpoint ?? true) await rm(this.backupDir, { recursive: true, force: true });
  }

  private get seedStates(): Variable[] {
    const weights = new Set(this.model.weights);
    return this.model.variables.filter((variable) => !weights.has(variable));
  }

  private get metricStates(): Variable[] {
    return this.model.metrics.flatMap(({ variables }) => variables);
  }

  /** Writes a new file of weights, then replaces the metadata in one step: an interruption leaves the backup before. */
  private async save(): Promise<void> {
    this.sinceSaving = 0;
    await mkdir(this.backupDir, { recursive: true });
    const weights = `backup-${this.count++}.weights.h5`;
    const [seeds, metrics] = await Promise.all([this.seedStates, this.metricStates].map(numbersOf));
    // All batches of an epoch: the next one begins.
    const isWhole = this.batch === this.params.steps;
    const place = isWhole ? { epoch: this.epoch + 1, batch: 0 } : { epoch: this.epoch, batch: this.batch };
    const globalSeed = isWhole ? globalSeedState() : this.globalSeed;
    const metadata: Metadata = { ...place, weights, seeds, globalSeed, metrics };
    await this.model.saveWeights(join(this.backupDir, weights));
    if (this.args.doubleCheckpoint && this.current) await this.write(previousFile, this.current);
    await this.write(metadataFile, metadata);
    const outdated = this.args.doubleCheckpoint ? this.previous : this.current;
    if (outdated) await rm(join(this.backupDir, outdated.weights), { force: true });
    [this.previous, this.current] = [this.current, metadata];
  }

  private async restore(metadata: Metadata): Promise<void> {
    if (!this.model.built) {
      throw new HornetError('backupAndRestore', `'${this.model.name}' has no weights yet; build it before fit()`);
    }
    this.model.buildOptimizer();
    await this.model.loadWeights(join(this.backupDir, metadata.weights));
    this.seedStates.forEach((state, i) => state.assign(Uint32Array.from(metadata.seeds[i])));
    if (metadata.globalSeed) setGlobalSeedState(metadata.globalSeed);
    this.model.initialEpoch = metadata.epoch;
    this.model.initialBatch = metadata.batch;
    const metrics = this.metricStates;
    this.model.resetMetrics();
    if (metrics.length === metadata.metrics.length) {
      metrics.forEach((state, i) => state.assign(reshape(metadata.metrics[i], state.shape)));
    }
    this.current = metadata;
    this.count = Number(/\d+/.exec(metadata.weights)?.[0] ?? 0) + 1;
  }

  private async read(name: string): Promise<Metadata | null> {
    const text = await readFile(join(this.backupDir, name), 'utf8').catch(() => null);
    return text === null ? null : (JSON.parse(text) as Metadata);
  }

  private async write(name: string, metadata: Metadata): Promise<void> {
    const json = JSON.stringify(metadata);
    await replaceFile(join(this.backupDir, name), 'backupAndRestore', (beside) => writeFile(beside, json));
  }
}

const numbersOf = (states: readonly Variable[]): Promise<number[][]> =>
  Promise.all(states.map(async (state) => Array.from(await state.data(), Number)));
