// Sources of batches: arrays in device memory, whose rows the compiled step picks itself, and iterables.
import { HornetError } from '../errors.js';
import { onDevice } from '../device.js';
import { makeSeed } from '../seed.js';
import { shuffleInPlace } from '../shuffle.js';
import { tensor, type DeviceTensor } from '../tensor.js';
import type { Tree } from '../tree.js';
import {
  arrayDataset,
  batchData,
  isIterable,
  type ArrayDataset,
  type BatchIterable,
  type Batch,
  type DataTree,
  type SampleShapes,
} from './data.js';
import { Pace } from './pace.js';
import { rowsOf, type ArrayPass, type StepFunction } from './step.js';
import type { Trainer } from './trainer.js';
import { classWeights } from './weights.js';

/** Steps that have been queued: how many, and the results of the last. */
export interface Queued {
  readonly count: number;
  readonly results: Tree<DeviceTensor>;
}

/** One pass over a source. */
export interface Pass {
  /** How many steps it would queue at once. */
  readonly room: number;
  /** Queues the next steps, at most so many; null when there are none left. */
  next(most: number): Promise<Queued | null>;
  /** Waits for all queued work; rejects with the first error. */
  finish(): Promise<void>;
  close(): void;
}

/** Where batches come from. */
export interface BatchSource {
  /** Batches of one pass; null while unknown. */
  readonly steps: number | null;
  /** Begins a pass. */
  start(model: Trainer, step: StepFunction, args?: PassArgs): Pass;
}

/** How a pass begins. */
export interface PassArgs {
  /** Whether every step's results get memory of their own. */
  readonly fresh?: boolean;
  /** Batches that are passed over. */
  readonly done?: number;
}

export interface SourceArgs {
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly steps: number | null;
  readonly sampleWeight?: DataTree | null;
  readonly classWeight?: Readonly<Record<number, number>> | null;
}

/** The source for what a user passed; builds the model from its shapes. */
export function makeSource(
  model: Trainer,
  where: string,
  x: DataTree | BatchIterable,
  y: DataTree | null,
  shapes: SampleShapes,
  args: SourceArgs,
): BatchSource {
  if (isIterable(x) && !isDataTree(x)) {
    if (y !== null) throw new HornetError(where, 'expected no y beside an iterable, whose batches bring their own');
    return new IterableSource(where, x, shapes, args);
  }
  const dataset = arrayDataset(where, x as DataTree, y, args.sampleWeight, shapes);
  model.buildFor(dataset.data.x);
  return new ArraySource({ ...dataset, data: classWeights(where, dataset.data, args.classWeight ?? null) }, args);
}

/** Tensors and records are no iterables of batches. */
const isDataTree = (x: object): boolean => !(Symbol.iterator in x || Symbol.asyncIterator in x);

/** Arrays in device memory. */
export class ArraySource implements BatchSource {
  /** Batches in the data. */
  private readonly available: number;
  private order: DeviceTensor | null = null;
  private readonly passes = new Map<string, ArrayPass>();

  constructor(
    readonly dataset: ArrayDataset,
    private readonly args: SourceArgs,
  ) {
    this.available = Math.ceil((dataset.end - dataset.start) / args.batchSize);
  }

  get steps(): number {
    return Math.min(this.args.steps ?? Infinity, this.available);
  }

  start(_model: Trainer, step: StepFunction, { fresh = false, done = 0 }: PassArgs = {}): Pass {
    const order = onDevice(step.device, () => this.shuffledOrder());
    const { batchSize } = this.args;
    step.rewind(done * batchSize);
    const count = this.dataset.end - this.dataset.start;
    const full = Math.floor(count / batchSize);
    const pace = new Pace(step.device);
    const next = async (most: number): Promise<Queued | null> => {
      if (done >= this.steps) return null;
      const size = done < full ? batchSize : count - full * batchSize;
      const times = done < full && !fresh && !step.eager ? Math.min(most, Math.min(full, this.steps) - done) : 1;
      const results = this.queue(step, order, size, done, times, fresh);
      done += times;
      await pace.advance(times);
      return { count: times, results };
    };
    return {
      get room() {
        return pace.room;
      },
      next,
      finish: () => pace.finish(),
      close: () => undefined,
    };
  }

  private queue(
    step: StepFunction,
    order: DeviceTensor,
    size: number,
    done: number,
    times: number,
    fresh: boolean,
  ): Tree<DeviceTensor> {
    const { data } = this.dataset;
    if (step.eager) {
      const rows = this.rows(done * this.args.batchSize, size);
      return step.runBatch(onDevice(step.device, () => rowsOf(data, tensor(rows))));
    }
    const pass = this.pass(step, order, size);
    if (fresh) return pass.runFresh();
    pass.run(times);
    return pass.results;
  }

  private pass(step: StepFunction, order: DeviceTensor, size: number): ArrayPass {
    const key = String(size);
    let pass = this.passes.get(key);
    if (!pass) this.passes.set(key, (pass = step.overArrays(this.dataset.data, order, size)));
    return pass;
  }

  private indices: Int32Array = new Int32Array();

  private rows(from: number, size: number): Int32Array {
    return this.indices.slice(from, from + size);
  }

  /** The order of rows for one pass, in the device memory that compiled steps are bound to. */
  private shuffledOrder(): DeviceTensor {
    const { start, end } = this.dataset;
    this.indices = new Int32Array(end - start);
    for (let i = 0; i < this.indices.length; i++) this.indices[i] = start + i;
    if (this.args.shuffle) shuffleInPlace(this.indices, makeSeed());
    if (this.order) this.order.device.native.write(this.order.buffer, this.indices);
    else this.order = tensor(this.indices);
    return this.order;
  }
}

/** Batches that an iterable brings, one upload each. */
export class IterableSource implements BatchSource {
  private iterator: Iterator<Batch> | AsyncIterator<Batch> | null = null;

  constructor(
    private readonly where: string,
    private readonly iterable: BatchIterable,
    private readonly shapes: SampleShapes,
    private readonly args: Pick<SourceArgs, 'steps' | 'classWeight'>,
  ) {}

  get steps(): number | null {
    const { length } = this.iterable as { readonly length?: unknown };
    return this.args.steps ?? (typeof length === 'number' ? length : null);
  }

  start(model: Trainer, step: StepFunction, { done = 0 }: PassArgs = {}): Pass {
    const pace = new Pace(step.device);
    let passed = done;
    const next = async (): Promise<Queued | null> => {
      for (; passed > 0; passed--) await this.nextBatch();
      if (this.args.steps !== null && done >= this.args.steps) return null;
      const batch = await this.nextBatch();
      if (batch === null) return null;
      const results = onDevice(step.device, () => {
        const uploaded = batchData(this.where, batch, this.shapes);
        model.buildFor(uploaded.x);
        return step.runBatch(classWeights(this.where, uploaded, this.args.classWeight ?? null));
      });
      done++;
      await pace.advance(1);
      return { count: 1, results };
    };
    return { room: 1, next, finish: () => pace.finish(), close: () => undefined };
  }

  /** With a number of steps per epoch a generator goes on where the last epoch ended; otherwise each pass begins anew. */
  private async nextBatch(): Promise<Batch | null> {
    this.iterator ??=
      Symbol.asyncIterator in this.iterable ? this.iterable[Symbol.asyncIterator]() : this.iterable[Symbol.iterator]();
    const next = await this.iterator.next();
    if (!next.done) return next.value;
    this.iterator = null;
    return null;
  }
}
