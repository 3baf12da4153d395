// Cases of whole models: rebuilt from config, trained for an epoch, compared at every step; and of the files that Keras
// saved, read and written again.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { Callback, type Logs } from '../../../lib/callbacks/callback.js';
import type { StringLookup } from '../../../lib/layers/index.js';
import { snakeCase } from '../../../lib/layers/naming.js';
import type { Model } from '../../../lib/models/model.js';
import { loadModel, saveModel } from '../../../lib/saving/models.js';
import { deserializeValue } from '../../../lib/saving/serialize.js';
import { loadWeights, saveWeights } from '../../../lib/saving/weights.js';
import { expectEqual } from '../compare.js';
import { make, toArgument } from '../library.js';
import { Mismatch } from '../outcome.js';
import { camelCase } from '../signatures.js';
import { decodeConfig, type Value } from '../values.js';
import type { Context } from './context.js';
import { assign, matchVariables, type RecordedVariable } from './layers.js';

interface Training {
  readonly logs: readonly Record<string, number>[];
  readonly variables_after: readonly RecordedVariable[];
  readonly optimizer_variables_after: readonly { readonly value: Value }[];
  readonly backend_dependent?: boolean;
}

interface Tolerances {
  readonly predict: number;
  readonly logs: number;
  readonly weights: number;
  readonly predict_after: number;
}

class BatchLogs extends Callback {
  readonly logs: Logs[] = [];
  override onTrainBatchEnd(_batch: number, logs: Logs): void {
    this.logs.push({ ...logs });
  }
}

/** Vocabularies are neither in configs nor among the weights: the archive that Keras saved has them. */
function restoreVocabularies(model: Model, { folder, files }: Context['item']): void {
  const lookups = model.layers.filter((layer) => 'setVocabulary' in layer) as unknown as StringLookup[];
  if (lookups.length === 0) return;
  const { file } = (files as { keras: { file: string } }).keras;
  const members = unzipSync(readFileSync(join(folder as string, file)));
  for (const layer of lookups) {
    const text = members[`assets/layers/${snakeCase(layer.className)}/vocabulary.txt`];
    if (text) layer.loadAssets({ 'vocabulary.txt': Buffer.from(text).toString('utf8') });
  }
}

/** The model of a config. */
function build(item: Context['item']): Model {
  const model = make<Model>(decodeConfig(item.config));
  restoreVocabularies(model, item);
  return model;
}

/** A case of a model, or of one of its saved files. */
export async function runModel(context: Context): Promise<void> {
  const { item } = context;
  if (item.kind === 'file') return runFile(context);
  const model = build(item);
  const tol = item.tol as Tolerances;
  const recorded = context.field<RecordedVariable[]>('variables');
  const weights = matchVariables(model, recorded);
  assign(weights, recorded);
  const layers = model.layers.map((layer) => [layer.name, layer.pythonName]);
  if (JSON.stringify(layers) !== JSON.stringify(item.layers)) throw new Mismatch(`layers ${JSON.stringify(layers)}`);
  await expectEqual('count of parameters', model.countParams(), item.count_params, { tol: 0 });
  const [x, y] = ['x', 'y'].map((name) => toArgument(context.field(name)) as never);
  const batchSize = item.batch_size as number;
  const predict = (): Promise<unknown> => model.predict(x, { batchSize, verbose: 0 });
  await expectEqual('prediction', await predict(), context.field('predict'), { tol: tol.predict });

  const training = context.field<Training | null>('train');
  if (!training || training.backend_dependent) return;
  const compile = deserializeValue(decodeConfig(item.compile) as never) as Record<string, unknown>;
  model.compile(Object.fromEntries(Object.entries(compile).map(([key, value]) => [camelCase(key), value])));
  const seen = new BatchLogs();
  const sampleWeight = toArgument(context.field('sample_weight') ?? null) as never;
  const classWeight = (item.class_weight ?? null) as Record<number, number> | null;
  await model.fit(x, y, {
    batchSize,
    epochs: 1,
    shuffle: false,
    verbose: 0,
    callbacks: [seen],
    sampleWeight,
    classWeight,
  });
  await expectEqual('logs', seen.logs, training.logs, { tol: tol.logs });
  for (const [i, { path, value }] of training.variables_after.entries()) {
    if (weights[i]) await expectEqual(`weight ${path} after training`, weights[i].value, value, { tol: tol.weights });
  }
  const slots = training.optimizer_variables_after.map(({ value }) => value);
  await expectEqual('optimizer variables after training', [...model.optimizer.variables], slots, { tol: tol.weights });
  const evaluated = await model.evaluate(x, y, { batchSize, verbose: 0, sampleWeight, returnDict: true });
  await expectEqual('evaluation', evaluated, item.evaluate_after, { tol: tol.logs });
  await expectEqual('prediction after training', await predict(), context.field('predict_after'), {
    tol: tol.predict_after,
  });
}

/** One saved file: the model in it, or its weights, predict what was recorded; so does what is written from it. */
async function runFile(context: Context): Promise<void> {
  const { item } = context;
  const tol = item.tol as Tolerances;
  const isWeights = item.format === 'weights_h5';
  const load = async (path: string): Promise<Model> => {
    if (!isWeights) return loadModel(path);
    const model = build(item);
    await loadWeights(model, path);
    return model;
  };
  const check = async (what: string, model: Model): Promise<void> => {
    const recorded = context.field<RecordedVariable[]>('variables');
    const weights = matchVariables(model, recorded);
    for (const [i, { path, value }] of recorded.entries()) {
      if (weights[i]) await expectEqual(`weight ${path} ${what}`, weights[i].value, value, { tol: 0 });
    }
    const x = toArgument(context.field('x')) as never;
    const predicted = await model.predict(x, { batchSize: item.batch_size as number, verbose: 0 });
    await expectEqual(`prediction ${what}`, predicted, context.field('predict'), { tol: tol.predict });
  };
  const model = await load(join(item.folder as string, item.file as string));
  await check('of the file', model);
  const folder = await mkdtemp(join(tmpdir(), 'hornet-vectors-'));
  try {
    const copy = join(folder, item.file as string);
    await (isWeights ? saveWeights(model, copy) : saveModel(model, copy));
    await check('of the copy', await load(copy));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
