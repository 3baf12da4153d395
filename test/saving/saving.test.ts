// keras.saving on its own: names of classes, JSON, safetensors of others, shards.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dense, input, Layer, saving, Sequential, type Config, type Shape, type Tensor, type Variable } from 'hornet';
import { parsePythonJson, toPythonJson } from '../../lib/saving/python-json.js';

class Scale extends Layer {
  static readonly className = 'Scale';
  factor!: Variable;
  constructor(readonly by = 2) {
    super();
  }
  override build(shape: Shape): void {
    this.factor = this.addWeight({ name: 'factor', shape: [shape.at(-1)!], initializer: 'ones' });
  }
  override call(x: Tensor): Tensor {
    return x;
  }
  override getConfig(): Config {
    return { ...super.getConfig(), by: this.by };
  }
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hornet-saving-'));
});
afterAll(() => rm(folder, { recursive: true }));

const network = (): Sequential => new Sequential([input({ shape: [4] }), dense(3), new Scale(), dense(2)]);

test('classes of the user are found when they are named', async () => {
  const path = join(folder, 'own.keras');
  const model = network();
  await model.save(path);
  await expect(saving.loadModel(path)).rejects.toThrow(/class 'Scale' is not known; pass it in customObjects/);
  const loaded = await saving.loadModel(path, { customObjects: { Scale } });
  expect(await loaded.getWeights()).toEqual(await model.getWeights());
  expect(saving.getRegisteredName(Scale)).toBe('Scale');
  saving.registerKerasSerializable(Scale, { package: 'Mine' });
  expect(saving.getRegisteredName(Scale)).toBe('Mine>Scale');
  expect(saving.getRegisteredObject('Mine>Scale')).toBe(Scale);
  await model.save(path);
  expect(await (await saving.loadModel(path)).getWeights()).toEqual(await model.getWeights());
});

test('several files of limited size', async () => {
  const [model, other] = [network(), network()];
  await other.saveWeights(join(folder, 'shards.weights.json'), { maxShardSize: 64 / 2 ** 30 });
  const shards = async (): Promise<string[]> =>
    (await readdir(folder)).filter((name) => /^shards-.*_\d{5}\.weights\.h5$/.test(name));
  const before = await shards();
  expect(before.length).toBeGreaterThan(1);
  await model.saveWeights(join(folder, 'shards.weights.json'), { maxShardSize: 64 / 2 ** 30 });
  expect(await shards()).toHaveLength(before.length);
  expect((await shards()).filter((name) => before.includes(name))).toEqual([]);
  await other.loadWeights(join(folder, 'shards.weights.json'));
  expect(await other.getWeights()).toEqual(await model.getWeights());
  const tooSmall = model.saveWeights(join(folder, 'small.weights.json'), { maxShardSize: 8 / 2 ** 30 });
  await expect(tooSmall).rejects.toThrow(/has 48 bytes, maxShardSize allows 8/);
  await writeFile(join(folder, 'out.weights.json'), '{"weight_map": {"/vars": "../shards_00000.weights.h5"}}');
  await expect(other.loadWeights(join(folder, 'out.weights.json'))).rejects.toThrow(/not the name of a file beside it/);
});

test('older .h5 files of weights, by order and by name', async () => {
  const path = join(folder, 'weights.h5');
  const make = (name: string): Sequential =>
    new Sequential([input({ shape: [4] }), dense(4, { name }), dense(4, { name: 'head' })]);
  const model = make('first');
  await model.saveWeights(path);
  const byOrder = make('renamed');
  await byOrder.loadWeights(path);
  expect(await byOrder.getWeights()).toEqual(await model.getWeights());
  const byName = make('renamed');
  const before = await byName.getWeights();
  await byName.loadWeights(path, { byName: true });
  const after = await byName.getWeights();
  expect(after[0]).toEqual(before[0]);
  expect(after[2]).toEqual((await model.getWeights())[2]);
});

test("Python's floats, NaN and infinities", () => {
  const json = {
    learning_rate: 1,
    units: 1,
    list: [NaN, Infinity, -Infinity, -0],
    text: 'NaN "Infinity"',
    rate: [0, 0.5],
  };
  const text = toPythonJson(json);
  expect(text).toBe(
    '{"learning_rate": 1.0, "units": 1, "list": [NaN, Infinity, -Infinity, -0.0], "text": "NaN \\"Infinity\\"", "rate": [0.0, 0.5]}',
  );
  expect(parsePythonJson(text, 'test', 'json')).toEqual(json);
});
