// The loops behind fit, evaluate and predict: batches, callbacks, logs. What a step does is the trainer's.
import { type Callback, CallbackList, type Logs } from '../callbacks/callback.js';
import { History } from '../callbacks/history.js';
import { ProgbarLogger } from '../callbacks/progbar.js';
import { maxEpochs, maxStepsPerEpoch } from '../config.js';
import { onDevice } from '../device.js';
import { HornetError } from '../errors.js';
import type { DeviceTensor, Tensor } from '../tensor.js';
import { flatten, unflatten, type Tree } from '../tree.js';
import { finish } from '../turns.js';
import { ArraySource, makeSource, type BatchSource, type SourceArgs } from './batches.js';
import {
  arrayDataset,
  isIterable,
  splitDataset,
  type Batch,
  type BatchIterable,
  type DataTree,
  type StepData,
} from './data.js';
import { encodeBatch, encodeData } from './encoded-data.js';
import { joinRows } from './join.js';
import type { Trainer } from './trainer.js';
import { classWeights } from './weights.js';

/** How much is printed: nothing, a progress bar, a line per epoch; `auto` is the bar. */
export type Verbosity = 'auto' | 0 | 1 | 2;

/** Data for validation: `[x, y]`, `[x, y, sampleWeight]`, a record of these, or batches. */
export type ValidationData = Batch | BatchIterable;

/** What `fit` takes beside the data. */
export interface FitArgs {
  /** Samples per step. Default 32. Not for iterables, which bring their batches. */
  readonly batchSize?: number;
  /** Passes over the data. Default 1. */
  readonly epochs?: number;
  readonly verbose?: Verbosity;
  readonly callbacks?: readonly Callback[];
  /** Share of the samples, taken from the end before shuffling, to validate on. */
  readonly validationSplit?: number;
  readonly validationData?: ValidationData | null;
  /** Whether samples come in another order in every epoch. Default true. */
  readonly shuffle?: boolean;
  /** Weights of the classes in the loss. */
  readonly classWeight?: Readonly<Record<number, number>> | null;
  /** Weights of the samples in the loss. */
  readonly sampleWeight?: DataTree | null;
  /** Number of the first epoch, to continue an earlier training. Default 0. */
  readonly initialEpoch?: number;
  /** Steps per epoch. Default: all data. */
  readonly stepsPerEpoch?: number | null;
  readonly validationSteps?: number | null;
  readonly validationBatchSize?: number | null;
  /** Validate every so many epochs, or after those listed. Default 1. */
  readonly validationFreq?: number | readonly number[];
}

/** What `evaluate` takes beside the data. */
export interface EvaluateArgs {
  readonly batchSize?: number;
  readonly verbose?: Verbosity;
  readonly sampleWeight?: DataTree | null;
  /** Batches to use. Default all. */
  readonly steps?: number | null;
  readonly callbacks?: readonly Callback[];
  /** Give a record of names instead of a list. Default false. */
  readonly returnDict?: boolean;
}

/** What `predict` takes beside the data. */
export type PredictArgs = Pick<EvaluateArgs, 'batchSize' | 'verbose' | 'steps' | 'callbacks'>;

const verbosity = (verbose: Verbosity | undefined): 0 | 1 | 2 =>
  verbose === undefined || verbose === 'auto' ? 1 : verbose;

function checkCount(where: string, name: string, value: number | null | undefined, least = 1): void {
  if (value !== undefined && value !== null && !(Number.isInteger(value) && value >= least)) {
    const kind = least === 0 ? 'a non-negative' : 'a positive';
    throw new HornetError(where, `expected ${name} to be ${kind} integer, received ${value}`);
  }
}

/** A number of steps within the limit that holds for all. */
const limited = (steps: number | null | undefined): number | null => {
  const limit = maxStepsPerEpoch();
  return limit === null ? (steps ?? null) : Math.min(steps ?? Infinity, limit);
};

/** The shapes that data is brought into for this model. */
const sampleShapes = (model: Trainer): Parameters<typeof arrayDataset>[4] => {
  const shapes = model.inputShapes;
  const known = shapes?.every((shape) => shape !== null) ? shapes.map((shape) => shape.slice(1)) : null;
  return { x: known, names: model.inputNames, inputs: model.inputForm, outputs: model.outputForm };
};

/** One batch of user data on the device, its class weights applied; builds the model if need be. */
export function batchOf(
  model: Trainer,
  where: string,
  x: DataTree,
  y: DataTree | null,
  args: { sampleWeight?: DataTree | null; classWeight?: Readonly<Record<number, number>> | null },
): StepData<DeviceTensor> {
  return onDevice(model.device, () => {
    const encoded = finish(model.encodeInputs(where, x));
    const { data } = arrayDataset(where, encoded, y, args.sampleWeight, sampleShapes(model));
    model.buildFor(data.x);
    return classWeights(where, data, args.classWeight ?? null);
  });
}

/** Copies logs from the device. */
export async function readLogs(logs: Tree<DeviceTensor>): Promise<Logs> {
  const entries = Object.entries(logs as Record<string, DeviceTensor>);
  const values = await Promise.all(entries.map(async ([, tensor]) => (tensor.size === 1 ? tensor.item() : NaN)));
  return Object.fromEntries(entries.map(([name], i) => [name, values[i]]));
}

/** Callbacks of one run; those built in come last, as the history must see what others add to the logs. */
function callbackList(
  model: Trainer,
  callbacks: readonly Callback[],
  verbose: 0 | 1 | 2,
  epochs: number,
  steps: number | null,
): CallbackList {
  const bar =
    verbose > 0 && !callbacks.some((callback) => callback instanceof ProgbarLogger) ? [new ProgbarLogger()] : [];
  return new CallbackList([...bar, ...callbacks], model as never, { epochs, steps, verbose });
}

/** Behind `fit`. */
export async function fitModel(
  model: Trainer,
  x: DataTree | BatchIterable,
  y: DataTree | null,
  args: FitArgs,
): Promise<History> {
  const { initialEpoch = 0, callbacks = [], shuffle = true } = args;
  checkCount('fit', 'epochs', args.epochs);
  const epochs = Math.min(args.epochs ?? 1, maxEpochs() ?? Infinity);
  checkCount('fit', 'batchSize', args.batchSize);
  checkCount('fit', 'stepsPerEpoch', args.stepsPerEpoch);
  checkCount('fit', 'initialEpoch', initialEpoch, 0);
  const encoded = await encodeData(model, 'fit', x);
  const validationData = args.validationData && (await encodeBatch(model, 'fit', args.validationData));
  const sources = (): Sources => fitSources(model, encoded, y, { ...args, validationData, shuffle });
  const { training, validation } = onDevice(model.device, sources);
  const history = callbacks.find((callback): callback is History => callback instanceof History) ?? new History();
  const others = callbacks.filter((callback) => callback !== history);
  const list = callbackList(model, [...others, history], verbosity(args.verbose), epochs, training.steps);
  model.stopTraining = false;
  model.initialEpoch = null;
  model.initialBatch = 0;
  await list.call('onTrainBegin');
  let logs: Logs = {};
  let done: number = model.initialBatch;
  for (let epoch = model.initialEpoch ?? initialEpoch; epoch < epochs && !model.stopTraining; epoch++) {
    if (done === 0) model.resetMetrics();
    await list.call('onEpochBegin', epoch);
    logs = await runSteps(model, 'train', training, list, done);
    done = 0;
    if (validation && validatesAfter(epoch, args.validationFreq ?? 1)) {
      const results = await runEvaluation(
        model,
        validation,
        new CallbackList(others.filter(watchesTests), model as never, list.callbacks[0].params),
      );
      for (const [name, value] of Object.entries(results)) logs[`val_${name}`] = value;
    }
    await list.call('onEpochEnd', epoch, logs);
  }
  model.asCompiled(() => model.optimizer.finalizeVariableValues(model.trainableVariables));
  await list.call('onTrainEnd', logs);
  return history;
}

const watchesTests = (callback: Callback): boolean => !(callback instanceof ProgbarLogger);

const validatesAfter = (epoch: number, frequency: number | readonly number[]): boolean =>
  typeof frequency === 'number' ? (epoch + 1) % frequency === 0 : frequency.includes(epoch + 1);

/** Where `fit` takes its batches from. */
interface Sources {
  readonly training: BatchSource;
  readonly validation: BatchSource | null;
}

/** Training and validation data as sources of batches. */
function fitSources(
  model: Trainer,
  x: DataTree | BatchIterable,
  y: DataTree | null,
  args: FitArgs & { shuffle: boolean },
): Sources {
  const { validationSplit = 0, validationData = null, batchSize = 32, shuffle } = args;
  const source = (data: DataTree | BatchIterable, targets: DataTree | null, rest: SourceArgs): BatchSource =>
    makeSource(model, 'fit', data, targets, sampleShapes(model), rest);
  const own = {
    batchSize,
    shuffle,
    steps: limited(args.stepsPerEpoch),
    sampleWeight: args.sampleWeight ?? null,
    classWeight: args.classWeight ?? null,
  };
  let training = source(x, y, own);
  let validation: BatchSource | null = null;
  const after = {
    batchSize: args.validationBatchSize ?? batchSize,
    shuffle: false,
    steps: limited(args.validationSteps),
  };
  if (validationData !== null) {
    if (isIterable(validationData) && !('x' in validationData)) validation = source(validationData, null, after);
    else {
      const [vx, vy, vw] = (
        Array.isArray(validationData)
          ? validationData
          : [
              (validationData as { x: DataTree }).x,
              (validationData as { y?: DataTree }).y,
              (validationData as { sampleWeight?: DataTree }).sampleWeight,
            ]
      ) as DataTree[];
      validation = source(vx, vy ?? null, { ...after, sampleWeight: vw ?? null });
    }
  } else if (validationSplit !== 0) {
    if (!(training instanceof ArraySource))
      throw new HornetError('fit', 'validationSplit needs arrays, received an iterable; pass validationData');
    const [head, tail] = splitDataset(training.dataset, validationSplit);
    training = new ArraySource(head, { ...own, classWeight: null });
    validation = new ArraySource(tail, after);
  }
  return { training, validation };
}

/** Behind `evaluate`. */
export async function evaluateModel(
  model: Trainer,
  x: DataTree | BatchIterable,
  y: DataTree | null,
  args: EvaluateArgs,
): Promise<number[] | Record<string, number>> {
  checkCount('evaluate', 'batchSize', args.batchSize);
  checkCount('evaluate', 'steps', args.steps);
  const { batchSize = 32, callbacks = [], sampleWeight = null } = args;
  const steps = limited(args.steps);
  const sourceArgs = { batchSize, shuffle: false, steps, sampleWeight };
  const data = await encodeData(model, 'evaluate', x);
  const source = onDevice(model.device, () => makeSource(model, 'evaluate', data, y, sampleShapes(model), sourceArgs));
  const list = callbackList(model, callbacks, verbosity(args.verbose), 1, source.steps);
  const logs = await runEvaluation(model, source, list);
  return args.returnDict ? logs : logsInOrder(model, logs);
}

/** Logs as a list, in Keras's order: metrics that appear under their own name, then everything else by its name. */
export function logsInOrder(model: Trainer, logs: Logs): number[] {
  const names = model.metrics.map(({ name }) => name).filter((name) => name in logs);
  const others = Object.keys(logs).filter((name) => !names.includes(name));
  return [...new Set(names), ...others.sort()].map((name) => logs[name]);
}

async function runEvaluation(model: Trainer, source: BatchSource, list: CallbackList): Promise<Logs> {
  model.resetMetrics();
  await list.call('onTestBegin');
  const logs = await runSteps(model, 'test', source, list);
  await list.call('onTestEnd', logs);
  return logs;
}

/** Runs one pass of training or test steps, without those that have been done before, and gives the logs of the last. */
async function runSteps(
  model: Trainer,
  kind: 'train' | 'test',
  source: BatchSource,
  list: CallbackList,
  done = 0,
): Promise<Logs> {
  const phase = kind === 'train' ? 'Train' : 'Test';
  const step = model.stepFunction(kind);
  const watchesBegin = list.watchesBegin(phase);
  const stride = model.stepsPerExecution;
  let last: Tree<DeviceTensor> | null = null;
  let batch = done;
  const run = source.start(model, step, { done });
  try {
    for (;;) {
      if (watchesBegin) await list.call(`on${phase}BatchBegin`, batch);
      const queued = await run.next(list.quietBatches(phase, batch, stride, run.room));
      if (queued === null) break;
      batch += queued.count;
      last = queued.results;
      if (list.wantsBatch(phase, batch - 1)) await list.batchEnd(phase, batch - 1, await readLogs(last));
      if (kind === 'train' && model.stopTraining) break;
    }
    await run.finish();
    list.passEnded(phase, batch);
    if (last === null)
      throw new HornetError(kind === 'train' ? 'fit' : 'evaluate', 'expected at least one batch, received none');
    return await readLogs(last);
  } finally {
    run.close();
  }
}

/** Behind `predict`. */
export async function predictModel(
  model: Trainer,
  x: DataTree | BatchIterable,
  args: PredictArgs,
): Promise<Tree<Tensor>> {
  checkCount('predict', 'batchSize', args.batchSize);
  checkCount('predict', 'steps', args.steps);
  const { batchSize = 32, callbacks = [] } = args;
  const steps = limited(args.steps);
  const sourceArgs = { batchSize, shuffle: false, steps };
  const data = await encodeData(model, 'predict', x);
  const source = onDevice(model.device, () =>
    makeSource(model, 'predict', data, null, sampleShapes(model), sourceArgs),
  );
  const list = callbackList(model, callbacks, verbosity(args.verbose ?? 0), 1, source.steps);
  const step = model.stepFunction('predict');
  const outputs: Promise<Uint8Array>[][] = [];
  let form: Tree<DeviceTensor> | null = null;
  let batch = 0;
  await list.call('onPredictBegin');
  const run = source.start(model, step, { fresh: true });
  try {
    for (let queued = await run.next(1); queued !== null; queued = await run.next(1)) {
      form ??= queued.results;
      const rows = flatten(queued.results).map(async (leaf) => {
        const bytes = await leaf.data();
        leaf.dispose();
        return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      });
      // A step that fails is told by `finish`; nobody then waits for its rows.
      for (const row of rows) row.catch(() => undefined);
      outputs.push(rows);
      if (list.wantsBatch('Predict', batch)) await list.batchEnd('Predict', batch, {});
      batch++;
    }
    await run.finish();
    list.passEnded('Predict', batch);
  } finally {
    run.close();
  }
  if (form === null) throw new HornetError('predict', 'expected at least one batch, received none');
  const leaves = flatten(form);
  const joined = await Promise.all(
    leaves.map(async (leaf, i) => {
      const rows = await Promise.all(outputs.map((batchOutputs) => batchOutputs[i]));
      return onDevice(step.device, () => joinRows(leaf, rows));
    }),
  );
  await list.call('onPredictEnd');
  return unflatten(form, joined);
}
