// Graphs of ONNX: onnxruntime computes from them what the model predicts, whatever the number of rows.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearSession, input, layers, Model, ops, random, Sequential, tensor, type KerasTensor } from 'hornet';
import { layerCases } from '../layers/layer-cases.js';
import {
  actsInInference,
  computed,
  graphs,
  modelOf,
  network,
  numbers,
  refusedLayers,
  subclassed,
  type OnnxCase,
} from './onnx-cases.js';
import { expectSameOnnx, runOnnx } from './onnx-runtime.js';

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hornet-onnx-'));
  path = join(folder, 'model.onnx');
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(clearSession);
afterEach(async () => {
  for (const name of await readdir(folder)) await rm(join(folder, name));
});

const same = ({ model, x, args }: OnnxCase): Promise<void> => expectSameOnnx(path, model, x, args);

/** How many nodes of an op are in the file. */
async function countNodes(op: string): Promise<number> {
  const bytes = await readFile(path, 'latin1');
  return bytes.split(`\x22${String.fromCharCode(op.length)}${op}`).length - 1;
}

const isRefused = ([name]: readonly [string, unknown]): boolean => refusedLayers.includes(name);

test.each(layerCases.filter((each) => actsInInference(each) && !isRefused(each)))('%s', (...layer) =>
  same(modelOf(layer)),
);

test.each(layerCases.filter(isRefused))('%s has no form in ONNX', async (...layer) => {
  const { model } = modelOf(layer);
  await expect(model.export(path)).rejects.toThrow(
    /^\[export\] layer 'hash\w+': op 'hash\w*' cannot be written to ONNX/,
  );
  expect(await readdir(folder)).toEqual([]);
});

test.each(Object.entries(graphs))('%s', (_name, make) => same(make()));

test('a network has its axes exchanged once, at its end or beginning', async () => {
  await same(network('mobileNetV2', { alpha: 0.35 }, 32));
  expect(await countNodes('Transpose')).toBe(1);
});

test('nodes and weights are called after the layers, unknown sizes after the inputs', async () => {
  const x = input({ shape: [null, 4], name: 'words' });
  await new Model({ inputs: x, outputs: layers.dense(3, { name: 'head' })(x) }).export(path, {
    verbose: false,
  });
  const bytes = await readFile(path, 'latin1');
  for (const name of ['words', 'head/kernel', 'head/MatMul', 'batch', 'words.1']) expect(bytes).toContain(name);
});

test('weights that are used in two ways are in the file once', async () => {
  const x = input({ shape: [3], dtype: 'int32' });
  const embed = layers.reversibleEmbedding(500, 64);
  const y = embed<KerasTensor>(embed<KerasTensor>(x), { reverse: true });
  await same({ model: new Model({ inputs: x, outputs: y }), x: numbers([4, 3], 'int32') });
  expect((await stat(path)).size).toBeLessThan(1.1 * 4 * 500 * 64);
});

test('an output may be an input, or the same as another', async () => {
  const x = input({ shape: [4], name: 'x' });
  const y = layers.activation('tanh')<KerasTensor>(x);
  const model = new Model({ inputs: x, outputs: [x, y, y] });
  await model.export(path, { verbose: false });
  const { outputs } = await runOnnx(path, { x: numbers([2, 4]) });
  expect([...outputs.keys()]).toEqual(['x_1', 'activation', 'activation_1']);
  expect(outputs.get('activation_1')).toEqual(outputs.get('activation'));
});

test('a subclassed model knows its inputs once it was called', async () => {
  const model = subclassed();
  await expect(model.export(path)).rejects.toThrow(
    /does not know its inputs yet; call it on data, or give inputSignature/,
  );
  await model.predict(numbers([2, 4]));
  await same({ model, x: numbers([5, 4]) });
});

test('the weights are those of the moment, the file is replaced as a whole', async () => {
  const model = new Sequential([input({ shape: [2] }), layers.dense(1, { useBias: false, name: 'head' })]);
  await model.export(path, { verbose: false });
  const before = await readFile(path);
  model.layers[0].setWeights([tensor([[1], [2]])]);
  await model.export(path, { verbose: false });
  const { outputs } = await runOnnx(path, { [model.inputNames[0]]: tensor([[3, 4]]) });
  expect(outputs.get('head')!.values).toEqual([11]);
  expect((await readFile(path)).equals(before)).toBe(false);
  expect(await readdir(folder)).toEqual(['model.onnx']);
});

describe('errors', () => {
  const dense = (): Model => new Sequential([input({ shape: [4] }), layers.dense(2)]);
  const cases: Readonly<Record<string, readonly [() => Model, object, RegExp]>> = {
    'another format': [
      dense,
      { format: 'tf_saved_model' },
      /expected format to be 'onnx', received 'tf_saved_model'; SavedModel/,
    ],
    'an unknown set of operators': [
      dense,
      { opsetVersion: 12 },
      /expected opsetVersion to be an integer from 18 to 26, received 12/,
    ],
    'no shape': [
      dense,
      { inputSignature: 'image' },
      /expected inputSignature to hold shapes as \{ shape, dtype \}, received image/,
    ],
    'random numbers': [
      () => computed([4], (x) => ops.add(x, random.normal([4], { seed: 1 }))),
      {},
      /layer 'computed': op 'random_normal'/,
    ],
    'linear algebra': [
      () => computed([4, 4], (x) => ops.det(x)),
      {},
      /layer 'computed': op 'lu' cannot be written to ONNX: ONNX has no such op/,
    ],
    state: [
      () => new Sequential([input({ batchShape: [3, 5, 4] }), layers.lstm(3, { stateful: true })]),
      {},
      /the model changes .* when it predicts, and a graph of ONNX keeps no state/,
    ],
    'bfloat16 for an old runtime': [
      () => new Sequential([input({ shape: [4] }), layers.dense(2, { dtype: 'mixed_bfloat16', name: 'half' })]),
      { opsetVersion: 21 },
      /layer 'half' computes in bfloat16, which needs opsetVersion 22 or more, received 21/,
    ],
    strings: [
      () => new Sequential([input({ shape: [1], dtype: 'string' }), layers.stringLookup({ vocabulary: ['a', 'b'] })]),
      {},
      /takes strings/,
    ],
    'tables of an unknown size': [
      () => new Sequential([input({ shape: [null, null, 3] }), layers.resizing(5, 6)]),
      {},
      /layer 'resizing' makes numbers of a size that is unknown; give all sizes but the batch in inputSignature/,
    ],
  };

  test.each(Object.entries(cases))('%s', async (_name, [make, args, message]) => {
    await expect(make().export(path, args)).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual([]);
  });

  test('another ending', async () => {
    await expect(dense().export(join(folder, 'model.pb'))).rejects.toThrow(
      /expected a path that ends in .onnx, received/,
    );
  });

  test('a size fixed by the signature', async () => {
    const model = new Sequential([input({ shape: [null, null, 3] }), layers.resizing(5, 6)]);
    await same({
      model,
      x: numbers([2, 7, 8, 3]),
      args: { inputSignature: { shape: [null, 7, 8, 3], dtype: 'float32' } },
    });
  });
});
