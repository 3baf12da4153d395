// Models of which a part is frozen: what the training program does not do, what compile() fixes, and going on later.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import {
  BackupAndRestore,
  batchNormalization,
  callbacks,
  clearSession,
  conv2d,
  dense,
  dropout,
  globalAveragePooling2d,
  input,
  loadModel,
  Model,
  ModelCheckpoint,
  optimizers,
  random,
  Sequential,
  setRandomSeed,
  type DeviceTensor,
  type Layer,
  type Tensor,
} from 'hornet';
import type { Graph } from '../../lib/graph/ir.js';
import { lower } from '../../lib/graph/lower.js';
import { optimize } from '../../lib/graph/passes/index.js';
import { planMemory } from '../../lib/graph/plan.js';
import { trace } from '../../lib/graph/trace.js';
import { flatten } from '../../lib/tree.js';

beforeEach(() => {
  clearSession();
  setRandomSeed(3);
});

/** Convolutions of one shape with normalizations, `depth` of each: conv0, norm0, conv1 … */
function makeBase(depth: number): Model {
  const inputs = input({ shape: [8, 8, 4] });
  let x: Tensor = inputs;
  for (let i = 0; i < depth; i++) {
    x = conv2d(4, 3, { padding: 'same', activation: 'relu', name: `conv${i}` })(x);
    x = batchNormalization({ name: `norm${i}`, momentum: 0.5 })(x);
  }
  return new Model({ inputs, outputs: x, name: 'base' });
}

const headed = (base: Layer): Sequential => new Sequential([base, globalAveragePooling2d(), dense(3)]);
const mse = { optimizer: 'adam', loss: 'mse' } as const;

const x = (): DeviceTensor => random.uniform([6, 8, 8, 4]) as DeviceTensor;
const y = (): DeviceTensor => random.uniform([6, 3]) as DeviceTensor;

/** What a training step of a compiled model becomes. */
function program(model: Model): Graph {
  const step = (images: Tensor, targets: Tensor): Tensor[] =>
    flatten(model.asCompiled(() => model.trainStep({ x: images, y: targets, sampleWeight: null })));
  const avals = [
    { shape: [6, 8, 8, 4], dtype: 'float32' },
    { shape: [6, 3], dtype: 'float32' },
  ] as const;
  return lower(optimize(trace(step, avals).graph));
}

const count = (graph: Graph, op: string): number => graph.nodes.filter((node) => node.op.name === op).length;
const gradients = (graph: Graph): Record<string, number> =>
  Object.fromEntries(
    ['conv_input_grad', 'conv_kernel_grad', 'batch_norm_grad'].map((name) => [name, count(graph, name)]),
  );
/** Slots of Adam: two per weight, beside the iteration and the learning rate. */
const slots = (model: Model): number => model.optimizer.variables.length - 2;

type Numbers = Record<string, string>;
async function numbers({ weights }: Model): Promise<Numbers> {
  const texts = (await Promise.all(weights.map((weight) => weight.data()))).map(String);
  return Object.fromEntries(weights.map(({ path }, i) => [path, texts[i]]));
}

/** Names of the weights that `fn` changes. */
async function changedBy(model: Model, fn: () => Promise<unknown>): Promise<string[]> {
  const before = await numbers(model);
  await fn();
  const after = await numbers(model);
  return Object.keys(after).filter((path) => after[path] !== before[path]);
}

const last = (paths: readonly string[]): string[] => paths.map((path) => path.split('/').slice(-2).join('/'));

/** What is warned of meanwhile. */
async function warningsOf(fn: () => Promise<unknown>): Promise<string[]> {
  const emit = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  try {
    await fn();
    return emit.mock.calls.map(([message]) => String(message));
  } finally {
    emit.mockRestore();
  }
}

describe('the training program', () => {
  test('has no gradient below the cut, and nothing of the optimizer', () => {
    const model = headed(makeBase(3));
    model.compile(mse);
    expect(gradients(program(model))).toEqual({ conv_input_grad: 2, conv_kernel_grad: 3, batch_norm_grad: 3 });
    expect(slots(model)).toBe(2 * 14);
    model.layers[0].trainable = false;
    model.compile(mse);
    const frozen = program(model);
    expect(gradients(frozen)).toEqual({ conv_input_grad: 0, conv_kernel_grad: 0, batch_norm_grad: 0 });
    expect(count(frozen, 'batch_norm')).toBe(0);
    expect(slots(model)).toBe(2 * 2);
    // Kernel, bias, two slots of each, the iteration, and two sums for the loss.
    expect(frozen.updates).toHaveLength(2 + 4 + 1 + 2);
  });

  test('goes down to the lowest layer that is trained', () => {
    const base = makeBase(3);
    const model = headed(base);
    for (const layer of base.layers.slice(0, -2)) layer.trainable = false;
    model.compile(mse);
    expect(gradients(program(model))).toEqual({ conv_input_grad: 0, conv_kernel_grad: 1, batch_norm_grad: 1 });
    expect(slots(model)).toBe(2 * 6);
  });

  test('leads through frozen layers to trained ones, without gradients of their weights', () => {
    const base = makeBase(3);
    const model = headed(base);
    base.trainable = false;
    base.getLayer('conv0').trainable = true;
    model.compile(mse);
    expect(gradients(program(model))).toEqual({ conv_input_grad: 2, conv_kernel_grad: 1, batch_norm_grad: 0 });
    expect(slots(model)).toBe(2 * 4);
  });

  test('keeps no activation of frozen layers', () => {
    const arena = (depth: number, trainable: boolean): number => {
      const base = makeBase(depth);
      const model = headed(base);
      base.trainable = trainable;
      model.compile(mse);
      return planMemory(program(model)).arenaBytes;
    };
    const activation = 6 * 8 * 8 * 4 * 4;
    expect(arena(4, true) - arena(2, true)).toBeGreaterThan(2 * activation);
    expect(arena(4, false)).toBe(arena(2, false));
    expect(arena(4, false)).toBeLessThan(3 * activation);
  });
});

describe('normalization', () => {
  test('infers while it is frozen, and trains again after compile()', async () => {
    const base = makeBase(1);
    const model = headed(base);
    const [images, targets] = [x(), y()];
    const fit = (): Promise<unknown> => model.fit(images, targets, { verbose: 0, shuffle: false });
    base.trainable = false;
    model.compile(mse);
    const inferred: Tensor = model(images, { training: false });
    const trained: Tensor = model(images, { training: true });
    expect(await (trained as DeviceTensor).array()).toEqual(await (inferred as DeviceTensor).array());
    expect(last(await changedBy(model, fit))).toEqual(['dense/kernel', 'dense/bias']);
    base.trainable = true;
    model.compile({ ...mse, optimizer: optimizers.adam({ learningRate: 1e-3 }) });
    expect(await changedBy(model, fit)).toHaveLength(model.weights.length);
  });

  test('infers where the call says so, trainable or not', async () => {
    const base = makeBase(1);
    const inputs = input({ shape: [8, 8, 4] });
    const features: Tensor = base(inputs, { training: false });
    const model = new Model({ inputs, outputs: dense(3)(globalAveragePooling2d()(features)) });
    model.compile(mse);
    expect(gradients(program(model))).toEqual({ conv_input_grad: 0, conv_kernel_grad: 1, batch_norm_grad: 0 });
    const changed = last(await changedBy(model, () => model.fit(x(), y(), { verbose: 0 })));
    expect(changed).toContain('norm0/gamma');
    expect(changed.filter((path) => path.includes('moving'))).toEqual([]);
  });
});

describe('what a call was recorded with', () => {
  const images = [1, 1, 1, 1];
  const dropped = async (model: Model, training?: boolean): Promise<boolean> =>
    (await (model([images], { training }) as DeviceTensor).numbers()).includes(0);

  test('holds where it is inference; else what the model is called with does', async () => {
    const inputs = input({ shape: [4] });
    const always = new Model({ inputs, outputs: dropout(0.9)(inputs, { training: true }) });
    const never = new Model({ inputs, outputs: dropout(0.9)(inputs, { training: false }) });
    const asked = new Model({ inputs, outputs: dropout(0.9)(inputs) });
    const answers = (model: Model): Promise<boolean[]> =>
      Promise.all([true, false, undefined].map((training) => dropped(model, training)));
    expect(await answers(always)).toEqual([true, false, true]);
    expect(await answers(never)).toEqual([false, false, false]);
    expect(await answers(asked)).toEqual([true, false, false]);
  });

  test('holds as inference for all layers inside, and in copies', async () => {
    const ends = [input({ shape: [4] }), input({ shape: [4] })];
    const inner = new Model({ inputs: ends[0], outputs: dropout(0.9)(ends[0]) });
    const outer = new Model({ inputs: ends[1], outputs: inner(ends[1], { training: false }) });
    expect(await dropped(outer, true)).toBe(false);
    expect(await dropped(inner, true)).toBe(true);
    const folder = await mkdtemp(join(tmpdir(), 'hornet-'));
    await outer.save(join(folder, 'outer.keras'));
    expect(await dropped(await loadModel(join(folder, 'outer.keras')), true)).toBe(false);
    await rm(folder, { recursive: true });
  });
});

describe('compile()', () => {
  test('fixes what is trained, for batches of any size, and fit() warns of changes once', async () => {
    const base = makeBase(1);
    const model = headed(base);
    const [images, targets] = [x(), y()];
    base.trainable = false;
    model.compile(mse);
    // Changed before and after the first step.
    for (const trainable of [true, false, true]) {
      base.trainable = trainable;
      for (const batchSize of [6, 3]) {
        const changed = await changedBy(model, async () => {
          await warningsOf(() => model.fit(images, targets, { verbose: 0, batchSize }));
        });
        expect(last(changed)).toEqual(['dense/kernel', 'dense/bias']);
      }
    }
    expect(base.trainable && base.getLayer('norm0').trainable).toBe(true);
    model.compile(mse);
    base.getLayer('conv0').trainable = false;
    const warnings = await warningsOf(async () => {
      await model.trainOnBatch(images, targets);
      await model.evaluate(images, targets, { verbose: 0 });
    });
    expect(warnings).toEqual([
      '[sequential] trainable has changed since compile(); call it again. Changed layers: conv0',
    ]);
    expect(slots(model)).toBe(2 * 6);
  });

  test('fixes each of two models that share layers', async () => {
    // As generative adversarial networks are often written: the judge learns by itself, not in the pair.
    const judge = new Sequential([input({ shape: [2] }), dense(1, { name: 'judge' })]);
    judge.compile(mse);
    judge.trainable = false;
    const pair = new Sequential([input({ shape: [2] }), dense(2, { name: 'maker' }), judge]);
    pair.compile(mse);
    const [a, b] = [random.uniform([4, 2]), random.uniform([4, 1])];
    const learnsAlone = await changedBy(pair, () => warningsOf(() => judge.trainOnBatch(a, b)));
    expect(last(learnsAlone)).toEqual(['judge/kernel', 'judge/bias']);
    expect(last(await changedBy(pair, () => pair.trainOnBatch(a, b)))).toEqual(['maker/kernel', 'maker/bias']);
  });

  test('takes a model that is not built as it is when it is built', async () => {
    const model = new Sequential([dense(2, { name: 'below' }), dense(1, { name: 'above' })]);
    model.compile(mse);
    model.layers[0].trainable = false;
    const fit = (): Promise<unknown> => model.fit(random.uniform([4, 2]), random.uniform([4, 1]), { verbose: 0 });
    expect(await warningsOf(fit)).toEqual([]);
    expect(slots(model)).toBe(2 * 2);
    model.layers[0].trainable = true;
    expect(await warningsOf(fit)).toEqual([expect.stringContaining('Changed layers: below')]);
  });

  test('of a model that has nothing to train warns in fit()', async () => {
    const model = headed(makeBase(1));
    model.trainable = false;
    model.compile(mse);
    let changed: string[] = [];
    const warnings = await warningsOf(async () => {
      changed = await changedBy(model, () => model.fit(x(), y(), { verbose: 0, epochs: 2 }));
    });
    expect(warnings).toEqual(['[sequential] this model has no trainable weights']);
    expect(changed).toEqual([]);
  });
});

describe('an interrupted training of a partly frozen model', () => {
  const [epochs, batchSize] = [4, 3];

  /** The model as a script that is started again makes it. */
  function make(): Sequential {
    clearSession();
    setRandomSeed(7);
    const base = makeBase(2);
    for (const layer of base.layers.slice(0, 3)) layer.trainable = false;
    const model = new Sequential([base, globalAveragePooling2d(), dropout(0.3), dense(3)]);
    model.compile({ optimizer: optimizers.adam({ learningRate: 0.05, useEma: true }), loss: 'mse' });
    return model;
  }

  const interruption = new callbacks.LambdaCallback({
    onEpochBegin: (epoch) => {
      if (epoch === 2) throw new Error('interrupted');
    },
  });
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'hornet-'))));
  afterEach(() => rm(folder, { recursive: true }));

  /** The losses and the weights of a training without interruption. */
  async function whole(images: Tensor, targets: Tensor): Promise<{ losses: number[]; weights: Numbers }> {
    const model = make();
    const { history } = await model.fit(images, targets, { epochs, batchSize, verbose: 0 });
    return { losses: history.loss, weights: await numbers(model) };
  }

  test('goes on from a backup with the same numbers', async () => {
    const [images, targets] = [x(), y()];
    const { losses, weights } = await whole(images, targets);
    const fit = (model: Model, ...more: callbacks.Callback[]): ReturnType<Model['fit']> => {
      const backup = new BackupAndRestore(join(folder, 'backup'));
      return model.fit(images, targets, { epochs, batchSize, verbose: 0, callbacks: [backup, ...more] });
    };
    await expect(fit(make(), interruption)).rejects.toThrow('interrupted');
    const resumed = make();
    const { history } = await fit(resumed);
    expect(history.loss).toEqual(losses.slice(2));
    expect(await numbers(resumed)).toEqual(weights);
  });

  test('goes on from a checkpoint with the same numbers', async () => {
    const [images, targets] = [x(), y()];
    // Neither the order of samples nor dropout is part of a checkpoint.
    const options = { epochs, batchSize, verbose: 0, shuffle: false } as const;
    const compiled = (): Sequential => {
      const model = headed(make().layers[0]);
      model.compile({ optimizer: optimizers.adam({ learningRate: 0.05 }), loss: 'mse' });
      return model;
    };
    const model = compiled();
    const { history } = await model.fit(images, targets, options);
    const path = join(folder, 'checkpoint.keras');
    const checkpoint = new ModelCheckpoint(path);
    await expect(
      compiled().fit(images, targets, { ...options, callbacks: [checkpoint, interruption] }),
    ).rejects.toThrow('interrupted');
    const resumed = await loadModel(path);
    expect(resumed.trainableWeights.map(({ name }) => name)).toEqual(model.trainableWeights.map(({ name }) => name));
    const rest = await resumed.fit(images, targets, { ...options, initialEpoch: 2 });
    expect(rest.history.loss).toEqual(history.loss.slice(2));
    expect(Object.values(await numbers(resumed))).toEqual(Object.values(await numbers(model)));
  });
});
