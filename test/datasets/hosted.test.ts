// The data sets of Keras, from a server on this machine: small files of the same forms, and what Keras's own load_data makes
// of them (scripts/make-datasets-golden.py).
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { datasets, HornetError, layers, ops, padSequences, Sequential, setImageDataFormat, type Tensor } from 'hornet';
import { hostedFiles, type HostedFile } from '../../lib/datasets/hosted/files.js';

interface Requested {
  readonly fname: string;
  readonly origin: string;
  readonly extract: boolean;
  readonly file_hash?: string;
  readonly cache_subdir?: string;
}

interface Described {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sha256: string;
}

interface Case {
  readonly dataset: keyof typeof datasets;
  readonly dataFormat: 'channels_first' | 'channels_last';
  readonly args: object;
  readonly files: readonly Requested[];
  readonly parts: readonly (readonly [Described | number[][], Described])[];
}

type Name = keyof typeof hostedFiles;
type Part = readonly [Tensor | number[][], Tensor];

const folder = fileURLToPath(new URL('../golden/datasets', import.meta.url));
const golden = JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8')) as {
  readonly cases: readonly Case[];
  readonly wordIndexes: Record<'imdb' | 'reuters', { words: Record<string, number>; files: readonly Requested[] }>;
  readonly topics: readonly string[];
};
const original: Readonly<Record<Name, HostedFile>> = { ...hostedFiles };
const names = Object.keys(original) as Name[];
const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

let home: string;
let server: Server;
let requests: string[];
const homeBefore = process.env.KERAS_HOME;

/** Makes a file of the server's stand for a hosted one. */
async function host(name: Name, path = join(folder, name)): Promise<void> {
  const { port } = server.address() as AddressInfo;
  const hash = original[name].hash && sha256(await readFile(path));
  jest.replaceProperty(hostedFiles, name, {
    ...original[name],
    host: `http://127.0.0.1:${port}/${encodeURIComponent(path)}`,
    hash,
  });
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'hornet-datasets-'));
  process.env.KERAS_HOME = home;
  requests = [];
  server = createServer((request, response) => {
    requests.push(basename(request.url!));
    const path = decodeURIComponent(request.url!.split('/')[1]);
    readFile(path).then(
      (body) => response.setHeader('content-length', body.length).end(body),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

beforeEach(async () => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  for (const name of names) await host(name);
});

afterEach(() => {
  jest.restoreAllMocks();
  setImageDataFormat('channels_last');
});

afterAll(async () => {
  if (homeBefore === undefined) delete process.env.KERAS_HOME;
  else process.env.KERAS_HOME = homeBefore;
  await new Promise((resolve) => server.close(resolve));
  await rm(home, { recursive: true });
});

const load = (name: keyof typeof datasets, args: object = {}): Promise<readonly Part[]> =>
  (datasets[name] as { loadData: (args: object) => Promise<readonly Part[]> }).loadData(args);

async function described(x: Tensor | number[][]): Promise<Described | number[][]> {
  if (Array.isArray(x)) return x;
  const data = await x.data();
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { dtype: x.dtype, shape: x.shape, sha256: sha256(bytes) };
}

const requested = [...golden.cases, ...Object.values(golden.wordIndexes)].flatMap(({ files }) => files);

test('hosts, hashes and places are those of Keras', () => {
  const asked = requested.map((file): [string, HostedFile] => [
    basename(file.origin),
    {
      host: file.origin.slice(0, file.origin.lastIndexOf('/')),
      hash: file.file_hash ?? null,
      ...(file.cache_subdir && { folder: file.cache_subdir }),
      ...(file.extract && { directory: file.fname }),
    },
  ]);
  expect(original).toEqual(Object.fromEntries(asked));
});

test.each(golden.cases.map((one) => [`${one.dataset} ${one.dataFormat} ${JSON.stringify(one.args)}`, one] as const))(
  '%s',
  async (_, { dataset, dataFormat, args, parts }) => {
    setImageDataFormat(dataFormat);
    const loaded = await load(dataset, args);
    expect(await Promise.all(loaded.map((part) => Promise.all(part.map(described))))).toEqual(parts);
  },
);

test('words and topics', async () => {
  for (const name of ['imdb', 'reuters'] as const) {
    const words = await datasets[name].getWordIndex();
    expect(words).toEqual(golden.wordIndexes[name].words);
    expect('toString' in words).toBe(false);
  }
  expect(datasets.reuters.getLabelNames()).toEqual(golden.topics);
});

test('each file is downloaded once, to where Keras looks for it', async () => {
  for (const { dataset } of golden.cases) await load(dataset);
  await Promise.all([datasets.imdb.getWordIndex(), datasets.reuters.getWordIndex()]);
  await datasets.mnist.loadData({ path: 'digits.npz' });
  expect([...requests].sort()).toEqual([...names, 'mnist.npz'].sort());
  const kept = (await readdir(join(home, 'datasets'), { recursive: true })).sort();
  const places = requested.map(({ fname, extract, cache_subdir }) =>
    join(basename(cache_subdir ?? ''), extract ? `${fname}_archive` : fname),
  );
  expect(kept).toEqual(expect.arrayContaining([...places, 'digits.npz']));
  expect(kept).toContain('cifar-100-python-target/cifar-100-python/train');
});

test('a seed of null shuffles by chance', async () => {
  const prices = async (): Promise<unknown> => (await datasets.bostonHousing.loadData({ seed: null }))[0][1].array();
  expect(await prices()).not.toEqual(await prices());
});

test('models train on what is loaded', async () => {
  const [[images, digits]] = await datasets.mnist.loadData();
  const classifier = new Sequential([layers.flatten(), layers.dense(10, { activation: 'softmax' })]);
  classifier.compile({ loss: 'sparse_categorical_crossentropy' });
  const { history } = await classifier.fit(ops.divide(images, 255), digits, { epochs: 2, verbose: 0 });
  expect(history.loss[1]).toBeLessThan(history.loss[0]);

  const [[reviews, opinions]] = await datasets.imdb.loadData({ numWords: 100 });
  const embedding = layers.embedding(100, 4);
  const critic = new Sequential([
    embedding,
    layers.globalAveragePooling1d(),
    layers.dense(1, { activation: 'sigmoid' }),
  ]);
  critic.compile({ loss: 'binary_crossentropy' });
  const logs = await critic.fit(padSequences(reviews, { maxlen: 20 }), opinions, { verbose: 0 });
  expect(logs.history.loss[0]).toBeLessThan(1);
});

test.each([
  ['mnist', { path: 'a/b.npz' }, '[mnist.loadData] expected path to be the name of a file without folders'],
  [
    'cifar100',
    { labelMode: 'both' },
    "[cifar100.loadData] expected labelMode to be 'fine' or 'coarse', received 'both'",
  ],
  ['californiaHousing', { version: 'toString' }, "expected version to be 'large' or 'small', received 'toString'"],
  [
    'bostonHousing',
    { testSplit: 1 },
    '[bostonHousing.loadData] expected testSplit to be at least 0 and less than 1, received 1',
  ],
  ['reuters', { testSplit: NaN }, 'expected testSplit to be at least 0 and less than 1, received NaN'],
  ['bostonHousing', { seed: -1 }, 'expected seed to be an integer from 0 to 2^32 - 1 or null, received -1'],
  ['imdb', { numWords: 2.5 }, '[imdb.loadData] expected numWords to be a non-negative integer, received 2.5'],
  ['imdb', { maxlen: 2 }, '[imdb.loadData] no review is shorter than maxlen 2'],
  ['reuters', { maxlen: 1 }, '[reuters.loadData] no newswire is shorter than maxlen 1'],
] as const)('refuses %s %j', async (name, args, message) => {
  await expect(load(name, args)).rejects.toThrow(message);
});

test.each([
  ['mnist', 'mnist.npz', 'boston_housing.npz', "[mnist.loadData] hostile-mnist.npz holds no array 'x_train'"],
  ['mnist', 'mnist.npz', 'expected.json', 'hostile-mnist.npz is not a zip file, or damaged'],
  ['imdb', 'imdb.npz', 'mnist.npz', "[imdb.loadData] cannot read 'x_train' in"],
  ['reuters', 'reuters.npz', 'imdb.npz', "hostile-reuters.npz holds no array 'y'"],
  [
    'bostonHousing',
    'boston_housing.npz',
    'reuters.npz',
    '[bostonHousing.loadData] x.npy is not a .npy file of numbers',
  ],
] as const)('%s with another file than %s: %s', async (name, wanted, given, message) => {
  await host(wanted, join(folder, given));
  const loading = load(name, { path: `hostile-${wanted}` });
  await expect(loading).rejects.toThrow(message);
  await expect(loading).rejects.toThrow(HornetError);
});

describe('damaged', () => {
  test.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, 200), 'is damaged: unexpected end of file. Once removed it is'],
    ['no gzip', () => Buffer.from('<html>'), 'is damaged: incorrect header check'],
  ])('images that are %s', async (_, change, message) => {
    const path = join(home, 'datasets', 'fashion-mnist', 'train-images-idx3-ubyte.gz');
    const whole = await readFile(join(folder, basename(path)));
    await writeFile(path, change(whole));
    const loading = datasets.fashionMnist.loadData();
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toThrow(HornetError);
    await writeFile(path, whole);
  });

  test('labels in place of images, and words', async () => {
    const place = join(home, 'datasets', 'fashion-mnist');
    await writeFile(join(place, 't10k-images-idx3-ubyte.gz'), await readFile(join(place, 't10k-labels-idx1-ubyte.gz')));
    await expect(datasets.fashionMnist.loadData()).rejects.toThrow('it is no IDX file of 3 dimensions of bytes');
    await host('imdb_word_index.json', join(folder, 'mnist.npz'));
    await expect(datasets.imdb.getWordIndex()).rejects.toThrow('imdb_word_index.json is damaged');
  });
});
