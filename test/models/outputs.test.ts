// What users may say of a model's outputs, and what they are told when it does not fit. Numbers are in the goldens of models.
import { dense, input, Model, Sequential } from 'hornet';
import { Outputs } from '../../lib/models/outputs.js';

const isOne = (item: unknown): boolean => typeof item === 'string';
const assign = (form: unknown, names: string[], spec: unknown): unknown =>
  new Outputs(form as never, names).assign('compile', 'loss', spec as never, isOne);

test.each<[string, unknown, string[], unknown, unknown]>([
  ['one for all', [0, 0], ['a', 'b'], 'mse', [['mse'], ['mse']]],
  ['in order', [0, 0], ['a', 'b'], ['mse', null], [['mse'], []]],
  ['by name', [0, 0], ['a', 'b'], { b: 'mse' }, [[], ['mse']]],
  ['several for one output', [0, 0], ['a', 'b'], [['mse', 'mae'], 'mae'], [['mse', 'mae'], ['mae']]],
  ['several for the only output', 0, ['a'], ['mse', 'mae'], [['mse', 'mae']]],
  ['by the name of the only output', 0, ['a'], { a: 'mse' }, [['mse']]],
  ['a record, in the order of its keys', { b: 0, a: 0 }, ['a', 'b'], { b: 'mse', a: 'mae' }, [['mae'], ['mse']]],
  ['nested', { b: [0, 0], a: 0 }, ['a', 'x', 'y'], { a: 'mse', b: ['mae', null] }, [['mse'], ['mae'], []]],
  ['nested, one for a part', { b: [0, 0], a: 0 }, ['a', 'x', 'y'], { b: 'mse' }, [[], ['mse'], ['mse']]],
  ['nested, in order', { b: [0, 0], a: 0 }, ['a', 'x', 'y'], ['mse', 'mae', null], [['mse'], ['mae'], []]],
  ['nothing', [0, 0], ['a', 'b'], [], [[], []]],
])('%s', (_, form, names, spec, expected) => {
  expect(assign(form, names, spec)).toEqual(expected);
});

test.each<[string, unknown, string[], unknown, string]>([
  [
    'unknown name',
    [0, 0],
    ['a', 'b'],
    { c: 'mse' },
    "[compile] there is no output 'c' for loss; the outputs are 'a', 'b'",
  ],
  [
    'unknown key',
    { p: [0], q: 0 },
    ['a', 'b'],
    { r: 'mse' },
    "[compile] there is no output 'r' for loss; there are 'p', 'q'",
  ],
  ['wrong count', [0, 0], ['a', 'b'], ['mse', 'mse', 'mse'], 'a list of 2, received a list of 3'],
  ['list for a record', { p: [0, 0], q: 0 }, ['a', 'b', 'c'], { p: { x: 'mse' } }, "at 'p', a list of 2, received"],
])('%s is an error', (_, form, names, spec, message) => {
  expect(() => assign(form, names, spec)).toThrow(message);
});

test('names of losses go by the place, with the name of the layer for a position', () => {
  const outputs = new Outputs({ b: [0, { c: 0 }], a: 0 }, ['x', 'y', 'z']);
  expect(outputs.list.map((output) => outputs.lossName(output))).toEqual(['a', 'b/y', 'b/1/c']);
});

test('inputs may be nested, and flat arrays are cut by the input of their name', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name, i) => input({ shape: [i + 1], name }));
  const joined = [a, b, c].map((x) => dense(1, { kernelInitializer: 'ones' })(x));
  const nested = new Model({ inputs: { first: [a, c], then: b }, outputs: joined });
  const [x, y, z] = [[[1]], [[1, 2]], [[1, 2, 3]]];
  const predicted = await nested.predict<[never, never, never]>({ then: y, first: [x, z] } as never);
  expect(await Promise.all(predicted.map((each: { numbers(): Promise<number[]> }) => each.numbers()))).toEqual([
    [1],
    [3],
    [6],
  ]);
  const listed = new Model({ inputs: [c, a, b], outputs: joined });
  const flat = { a: Float32Array.of(1, 2), b: Float32Array.of(1, 2, 3, 4), c: Float32Array.of(1, 2, 3, 4, 5, 6) };
  const [first, , last] = await listed.predict<[never, never, never]>(flat);
  expect(await (first as { numbers(): Promise<number[]> }).numbers()).toEqual([1, 2]);
  expect(await (last as { numbers(): Promise<number[]> }).numbers()).toEqual([6, 15]);
});

test('the config of a compilation makes the same again, from objects and from JSON', async () => {
  const model = new Sequential([dense(1, { inputShape: [2] })]);
  model.compile({ optimizer: 'adam', loss: ['mse'], lossWeights: 0.5, metrics: ['mae'], stepsPerExecution: 3 });
  const config = model.getCompileConfig()!;
  const copy = new Sequential([dense(1, { inputShape: [2] })]);
  copy.compileFromConfig({ ...config, optimizer: 'sgd' });
  expect(copy.getCompileConfig()).toMatchObject({
    loss: ['mse'],
    lossWeights: 0.5,
    metrics: ['mae'],
    stepsPerExecution: 3,
  });
  expect(copy.optimizer.built).toBe(true);
  copy.compileFromConfig({
    optimizer: { module: 'keras.optimizers', class_name: 'SGD', config: { learning_rate: 0.5 }, registered_name: null },
    loss: 'mse',
  });
  expect(copy.optimizer.getConfig().learningRate).toBe(0.5);
});

test('metrics of the same name are numbered', async () => {
  const model = new Sequential([dense(1, { inputShape: [1] })]);
  model.compile({ optimizer: 'sgd', loss: 'mse', metrics: ['mae', 'mae'], weightedMetrics: ['mae', 'mae'] });
  const logs = await model.testOnBatch([[1]], [[1]], { returnDict: true, sampleWeight: [2] });
  expect(Object.keys(logs)).toEqual(['loss', 'mae', 'mae_1', 'weighted_mae', 'weighted_mae_1']);
});

test('a subclass may replace the metrics, and is warned when what is trainable has changed', async () => {
  const warnings: string[] = [];
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (text: string | Error) => void warnings.push(String(text));
  class Own extends Sequential {
    override get metrics(): [] {
      return [];
    }
  }
  const model = new Own([dense(1, { inputShape: [1] })]);
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  expect(await model.testOnBatch([[1]], [[1]])).toEqual([]);
  model.layers[0].trainable = false;
  await model.testOnBatch([[1]], [[1]]);
  await model.testOnBatch([[1]], [[1]]);
  process.emitWarning = emitWarning;
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/trainable has changed since compile\(\).*dense/);
});
