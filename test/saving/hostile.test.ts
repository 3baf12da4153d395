// Files that are damaged, or made to do harm: an error that says what is wrong, nothing else.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dense, HornetError, input, lambda, loadModel, Sequential, type Model } from 'hornet';
import { toPythonJson } from '../../lib/saving/python-json.js';
import { serialize, type Json } from '../../lib/saving/serialize.js';
import type { Member } from '../../lib/saving/archive.js';
import { writeZip } from '../../lib/saving/zip.js';
import { fuzz, membersOf } from './mutate.js';

const golden = join(process.cwd(), 'test/golden/files');
const hostile = join(process.cwd(), 'test/golden/hostile');
const keras = join(golden, 'jax/mlp.keras');
let folder: string;
let model: Model;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hornet-hostile-'));
  model = new Sequential([input({ shape: [3] }), dense(2)]);
});
afterAll(() => rm(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);

/** An archive with another config. */
async function withConfig(name: string, config: string): Promise<string> {
  await writeZip(at(name), new Map<string, Member>([...(await membersOf(keras)), ['config.json', config]]));
  return at(name);
}

const layerOf = (layer: Json): string =>
  toPythonJson({
    module: 'keras',
    class_name: 'Sequential',
    config: { name: 'm', layers: [layer] },
    registered_name: null,
  });

test('truncated files', async () => {
  const bytes = await readFile(keras);
  for (const share of [0, 0.01, 0.3, 0.7, 0.99]) {
    await writeFile(at('short.keras'), bytes.subarray(0, bytes.length * share));
    await expect(loadModel(at('short.keras'))).rejects.toThrow(/short\.keras is not a zip file, or damaged/);
  }
  const weights = await readFile(join(golden, 'jax/mlp.h5'));
  for (const share of [0, 0.01, 0.5]) {
    await writeFile(at('short.h5'), weights.subarray(0, weights.length * share));
    await expect(loadModel(at('short.h5'))).rejects.toThrow(HornetError);
  }
});

test('something else under a name', async () => {
  for (const name of ['text.keras', 'text.h5']) {
    await writeFile(at(name), 'PK is what zip files begin with');
    await expect(loadModel(at(name))).rejects.toThrow(/is not/);
  }
  await expect(loadModel(at('missing.keras'))).rejects.toThrow(/cannot open/);
  await expect(loadModel(at('model.txt'))).rejects.toThrow("expected a path that ends in .keras or .h5, received '");
});

test('a wrong checksum', async () => {
  const bytes = await readFile(keras);
  const place = bytes.indexOf('"sequential"');
  bytes.write('"sequentiaL"', place);
  await writeFile(at('checksum.keras'), bytes);
  await expect(loadModel(at('checksum.keras'))).rejects.toThrow(/config\.json.* its checksum is wrong/);
});

test('names in archives that lead elsewhere', async () => {
  for (const name of ['../../evil.jsn', '/etc/evil.jsn1', 'a\\..\\evil.json']) {
    const members = new Map<string, Member>([...(await membersOf(keras)), ['x'.repeat(name.length), 'evil']]);
    await writeZip(at('plain.keras'), members);
    const text = (await readFile(at('plain.keras'))).toString('latin1').replaceAll('x'.repeat(name.length), name);
    await writeFile(at('names.keras'), text, 'latin1');
    await expect(loadModel(at('names.keras'))).rejects.toThrow(/names\.keras is damaged: (invalid|absolute)/);
  }
  expect((await readdir(folder)).filter((name) => name.includes('evil'))).toEqual([]);
});

test('datasets that claim to be huge, links to other files', async () => {
  await expect(model.loadWeights(join(hostile, 'huge.weights.h5'))).rejects.toThrow(/it has shape \[1099511627776\]/);
  await expect(model.loadWeights(join(hostile, 'links.weights.h5'))).rejects.toThrow(HornetError);
});

test('configs that nest too deep, name unknown classes, or are none', async () => {
  const deep = '['.repeat(50_000) + ']'.repeat(50_000);
  await expect(loadModel(await withConfig('deep.keras', deep))).rejects.toThrow(/nested more than 1000 levels/);
  const nameless: [string, RegExp][] = [
    ['null', /holds no model|expected|Cannot/],
    ['{"class_name": "Sequential"}', /./],
    [
      layerOf({ module: 'os', class_name: 'system', config: { command: 'rm' }, registered_name: 'os>system' }),
      /'os>system' of os is not known/,
    ],
    [
      layerOf({ module: null, class_name: 'constructor', config: {}, registered_name: null }),
      /'constructor' is not known/,
    ],
    [
      layerOf({
        module: 'keras.layers',
        class_name: 'Dense',
        config: { units: 1e15 },
        registered_name: null,
        build_config: { input_shape: [null, 4] },
      }),
      /./,
    ],
  ];
  for (const [config, message] of nameless) {
    const loading = loadModel(await withConfig('unknown.keras', config));
    await expect(loading).rejects.toThrow(HornetError);
    await expect(loading).rejects.toThrow(message);
  }
});

test('an object within itself', async () => {
  const self = {
    module: 'keras',
    class_name: 'Sequential',
    config: { name: 'm', layers: [] as Json[] },
    shared_object_id: 1,
  };
  const inner = { ...self, config: { name: 'inner', layers: [] } };
  self.config.layers.push(inner);
  const loaded = await loadModel(await withConfig('self.keras', toPythonJson(self)));
  expect(loaded.layers.map(({ name }) => name)).toEqual(['inner']);
});

test('Python code is not run; a function of the same name takes its place', async () => {
  const code = { class_name: '__lambda__', config: { value: { code: '4wEAAAA=', defaults: null, closure: null } } };
  const config = { name: 'twice', trainable: true, dtype: 'float32', function: code };
  const layer = { module: 'keras.layers', class_name: 'Lambda', config, registered_name: null };
  const json = serialize(new Sequential([input({ shape: [3] }), dense(2)])) as unknown as {
    config: { layers: Json[] };
  };
  json.config.layers.splice(1, 0, layer);
  await model.save(at('lambda.keras'));
  const members = await membersOf(at('lambda.keras'));
  await writeZip(at('lambda.keras'), new Map<string, Member>([...members, ['config.json', toPythonJson(json)]]));
  const message = /holds Python code \(a lambda\), which is not run; pass a function of your own as 'twice'/;
  await expect(loadModel(at('lambda.keras'))).rejects.toThrow(message);
  await expect(loadModel(at('lambda.keras'), { safeMode: false })).rejects.toThrow(message);
  const loaded = await loadModel(at('lambda.keras'), { customObjects: { twice: (x: never) => x } });
  expect(loaded.layers[0]).toBeInstanceOf(lambda((x) => x).constructor);
});

test('what does not fit changes nothing', async () => {
  const other = new Sequential([input({ shape: [3] }), dense(2), dense(4)]);
  await other.saveWeights(at('other.weights.h5'));
  const before = await model.getWeights();
  await expect(model.loadWeights(at('other.weights.h5'))).resolves.toBeUndefined();
  const wide = new Sequential([input({ shape: [3] }), dense(5)]);
  await expect(wide.loadWeights(at('other.weights.h5'))).rejects.toThrow(
    /kernel' has shape \[3, 5\], in .*other\.weights\.h5 it has shape \[3, 2\]/,
  );
  expect(await model.getWeights()).not.toEqual(before);
  await wide.loadWeights(at('other.weights.h5'), { skipMismatch: true });
});

test('damaged files by the hundred', async () => {
  const counts = await fuzz(join(golden, 'jax'), 5_000, 1);
  expect(counts.refused).toBeGreaterThan(5);
});
