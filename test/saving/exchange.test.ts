// The less common files, both ways: shards, weights by name, folders, safetensors, FeatureSpace. What Keras wrote is in
// test/golden/exchange, made by scripts/keras-exchange.py; what Hornet writes is read where there is a Python with keras.
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dense, input, loadModel, ops, Sequential, tensor, utils, type Layer } from 'hornet';
import { expectNear, type TensorJson } from './cases.js';
import { findPython, pythonEnv } from './python.js';

const golden = join(process.cwd(), 'test/golden/exchange');
const x = tensor(
  Float32Array.from({ length: 12 }, (_, i) => -1 + (2 * i) / 11),
  [3, 4],
);
const columns = { age: [31, 44, 58, 20], job: ['cook', 'poet', 'cook', 'smith'], rank: [3, 1, 3, 2] };

let folder: string;
let wanted: Record<'model' | 'space', TensorJson>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hornet-exchange-'));
  wanted = JSON.parse(await readFile(join(golden, 'says.json'), 'utf8')) as typeof wanted;
});
afterAll(() => rm(folder, { recursive: true }));

const network = (head = 2): Sequential =>
  new Sequential([input({ shape: [4] }), dense(3, { name: 'body' }), dense(head, { name: 'head' })]);

async function says(model: Layer, data: unknown = x): Promise<TensorJson> {
  const outputs = model(data as typeof x);
  return { dtype: outputs.dtype, shape: outputs.shape, data: await outputs.numbers() };
}

describe('what Keras wrote', () => {
  test.each(['shards.weights.json', 'model.safetensors', 'model.h5'])('weights in %s', async (file) => {
    const model = network();
    await model.loadWeights(join(golden, file), { byName: file === 'model.h5' });
    expectNear(await says(model), wanted.model, 1e-5);
  });

  test('a folder', async () => {
    const model = await loadModel(join(golden, 'folder'));
    expectNear(await says(model), wanted.model, 1e-5);
    expect(model.isCompiled).toBe(true);
  });

  test('a FeatureSpace', async () => {
    const space = await loadModel<utils.FeatureSpace>(join(golden, 'space.keras'));
    expect(space).toBeInstanceOf(utils.FeatureSpace);
    expectNear(await says(space, columns), wanted.space, 1e-5);
  });
});

test('a folder is replaced, unless there is something else in it', async () => {
  const [model, path] = [network(), join(folder, 'own')];
  await model.save(path, { zipped: false });
  await network().save(path, { zipped: false });
  await model.save(path, { zipped: false });
  expectNear(await says(await loadModel(path)), await says(model), 1e-6);
  await writeFile(join(path, 'thesis.txt'), '');
  await expect(model.save(path, { zipped: false })).rejects.toThrow(
    /own holds 'thesis.txt', which is no part of a model/,
  );
  await expect(model.save(`${path}.keras`, { zipped: false })).rejects.toThrow(/the name of a folder, not in \.keras/);
  await expect(loadModel(folder)).rejects.toThrow(/there is no 'config\.json' in/);
});

const python = findPython('keras, tensorflow');
(python ? test : test.skip)(
  'Keras reads what Hornet wrote',
  async () => {
    const model = await loadModel(join(golden, 'model.h5'));
    const at = (name: string): string => join(folder, name);
    // Weights of an earlier save that Keras made are replaced.
    for (const name of ['shards.weights.json', 'shards_00000.weights.h5']) await copyFile(join(golden, name), at(name));
    await network().saveWeights(at('shards.weights.json'), { maxShardSize: 70 / 2 ** 30 });
    await model.saveWeights(at('shards.weights.json'), { maxShardSize: 70 / 2 ** 30 });
    await model.save(at('folder'), { zipped: false });
    await model.saveWeights(at('named.h5'));
    await model.saveWeights(at('model.weights.h5'));
    await model.saveWeights(at('model.safetensors'));
    const space = utils.featureSpace(
      {
        age: utils.FeatureSpace.floatNormalized(),
        job: utils.FeatureSpace.stringCategorical({ numOovIndices: 1 }),
        rank: utils.FeatureSpace.integerCategorical(),
      },
      { crosses: [utils.FeatureSpace.cross(['job', 'rank'], 8)] },
    );
    await space.adapt(columns);
    await space.save(at('space.keras'));
    await promisify(execFile)(python!, [join(process.cwd(), 'scripts/keras-exchange.py'), 'read', folder], {
      env: pythonEnv,
    });
    const found = JSON.parse(await readFile(at('found.json'), 'utf8')) as Record<string, TensorJson>;
    for (const kind of ['shards', 'folder', 'by_name', 'safetensors']) {
      if (found[kind]) expectNear(found[kind], wanted.model, 1e-5);
    }
    const body = new Sequential(model.layers.slice(0, 1));
    expectNear(found.skip_mismatch, await says(body), 1e-5);
    expectNear(found.mismatched, { dtype: 'float32', shape: [3, 5], data: new Array<number>(15).fill(0) }, 1e-5);
    expectNear(found.space, wanted.space, 1e-5);
  },
  300_000,
);

test('weights that do not fit are left out, if that is wished', async () => {
  const model = network(5);
  for (const variable of model.weights) variable.assign(ops.zerosLike(variable));
  await model.loadWeights(join(golden, 'model.h5'), { byName: true, skipMismatch: true });
  const [kernel, , head] = await Promise.all(model.weights.map(({ value }) => value.numbers()));
  expect(kernel.some((number) => number !== 0)).toBe(true);
  expect(head.every((number) => number === 0)).toBe(true);
});
