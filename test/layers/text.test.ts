// Layers for text and categories: against Keras's numbers, what they learn, what they refuse.
import {
  discretization,
  Model,
  hashing,
  normalization,
  stringLookup,
  StringArray,
  tensor,
  type Layer,
  type Tensor,
} from 'hornet';
import * as layers from '../../lib/layers/index.js';
import { toCamel } from '../../lib/saving/config-case.js';
import { deserialize, serialize, type SerializedObject } from 'hornet';
import { textGolden } from '../golden-text.js';

const golden = textGolden();
const camel = (options: Readonly<Record<string, unknown>>): never =>
  Object.fromEntries(Object.entries(options).map(([key, value]) => [toCamel(key), value])) as never;
const column = (texts: readonly string[]): string[][] => texts.map((text) => [text]);
const copyOf = <L extends Layer>(layer: L): L =>
  deserialize(JSON.parse(JSON.stringify(serialize(layer))) as SerializedObject) as L;
/** Arrays that another layer can be asked to take: assets as files keep them. */
const transfer = (from: layers.StringLookup, to: layers.StringLookup): void => to.loadAssets(from.saveAssets());

async function expectNumbers(actual: Tensor, want: unknown): Promise<void> {
  const flat = (want as number[][]).flat(4);
  const numbers = await actual.numbers();
  expect(numbers).toHaveLength(flat.length);
  numbers.forEach((value, i) => expect(value).toBeCloseTo(flat[i], 5));
}

describe('against Keras', () => {
  test.each(golden.hashing.map((each) => [JSON.stringify(each.options), each] as const))(
    'Hashing %s',
    async (_name, { options, values, outputs }) => {
      const { numBins, ...rest } = camel(options) as { numBins: number };
      const booleans = typeof values[0] === 'boolean' ? tensor(values) : values;
      await expectNumbers(hashing(numBins, rest)(booleans), outputs);
    },
  );

  test.each(golden.vectorization.map((each) => [JSON.stringify(each.options), each] as const))(
    'TextVectorization %s',
    async (_name, { options, vocabulary, outputs }) => {
      const layer = layers.textVectorization(camel(options));
      await layer.adapt(golden.texts);
      expect(layer.getVocabulary()).toEqual(vocabulary);
      await expectNumbers(layer(column(golden.texts)), outputs);
      const copy = copyOf(layer);
      copy.loadAssets(layer.saveAssets());
      expect(copy.getVocabulary()).toEqual(vocabulary);
    },
  );

  test.each(golden.lookups.map((each) => [JSON.stringify(each.options), each] as const))(
    'StringLookup %s',
    async (_name, { options, batches, vocabulary, tokens, outputs }) => {
      const layer = stringLookup(camel(options));
      await layer.adapt(batches.map(column).values());
      expect(layer.getVocabulary()).toEqual(vocabulary);
      await expectNumbers(layer(tokens), outputs);
    },
  );

  test.each(golden.discretization)('Discretization into $bins bins', async ({ bins, epsilon, batches, boundaries }) => {
    const layer = discretization({ numBins: bins, epsilon });
    await layer.adapt(batches.values());
    expect(layer.binBoundaries).toHaveLength(boundaries.length);
    layer.binBoundaries!.forEach((boundary, i) => expect(boundary).toBeCloseTo(boundaries[i], 5));
    expect(copyOf(layer).binBoundaries).toEqual(layer.binBoundaries);
  });
});

describe('learning', () => {
  const data = [
    [1, 10],
    [2, 20],
    [6, 60],
  ];

  test.each<[string, () => layers.AdaptData]>([
    ['nested arrays', () => data],
    ['a tensor', () => tensor(data)],
    ['a generator', () => [data.slice(0, 1), data.slice(1)].values()],
    [
      'batches that arrive',
      async function* () {
        for (const row of data) yield Promise.resolve({ x: [row] });
      },
    ],
  ])('Normalization learns from %s', async (_name, make) => {
    const layer = normalization();
    await layer.adapt(make());
    await expectNumbers(
      layer(data),
      data.flatMap(([x]) => [x, x].map((value) => (value - 3) / Math.sqrt(14 / 3))),
    );
    const inverse = normalization({ mean: [0.3, 3], variance: [14 / 300, 14 / 3], invert: true });
    await expectNumbers(
      inverse(layer(data)),
      data.map((row) => row.map((x) => x / 10)),
    );
  });

  test('a part of a data set is enough where steps say so', async () => {
    const layer = stringLookup();
    await layer.adapt([[['a']], [['b']], [['c']]].values(), { steps: 2 });
    expect(layer.getVocabulary(false)).toEqual(['b', 'a']);
  });

  test('the event loop goes on meanwhile', async () => {
    const words = Array.from({ length: 300_000 }, (_, i) => `word${i % 50_000}`);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await stringLookup({ maxTokens: 100 }).adapt(words);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });

  test('what was given is not learned', async () => {
    const given = [
      stringLookup({ vocabulary: ['a'] }),
      discretization({ binBoundaries: [1] }),
      normalization({ mean: 0, variance: 1 }),
    ];
    for (const layer of given) await expect(layer.adapt([[1]])).rejects.toThrow('given');
    await expect(stringLookup().adapt([[1]])).rejects.toThrow('expects strings');
    await expect(normalization().adapt([['a']])).rejects.toThrow('expects numbers');
  });
});

describe('vocabularies', () => {
  test('indices come back as strings', async () => {
    const layer = stringLookup({ vocabulary: ['a', 'b'], maskToken: '' });
    const ids = layer(new StringArray(['a', 'x', '', 'b'], [2, 2]));
    expect((await layer.decode(ids)).array()).toEqual([
      ['a', '[UNK]'],
      ['', 'b'],
    ]);
  });

  test('integers are looked up in programs, unknown ones by remainder or hash', async () => {
    const vocabulary = Array.from({ length: 100 }, (_, i) => (i * 37) % 101).map((x) => x * 10);
    const ids = [370, 5, -5, 0, 1010];
    const want = (n: number, oov: (id: number) => number): number[] =>
      ids.map((id) => (vocabulary.includes(id) ? vocabulary.indexOf(id) + n : oov(id)));
    const plain = layers.integerLookup({ vocabulary });
    expect(await plain(ids).numbers()).toEqual(want(1, () => 0));
    const spread = layers.integerLookup({ vocabulary, numOovIndices: 3 });
    expect(await spread(tensor(ids, undefined, 'int32')).numbers()).toEqual(want(3, (id) => ((id % 3) + 3) % 3));
    const back = layers.integerLookup({ vocabulary, invert: true });
    expect(await back(plain(ids)).numbers()).toEqual(ids.map((id) => (vocabulary.includes(id) ? id : -1)));
  });

  test('models are made before they are there, and run when they are', async () => {
    for (const outputMode of ['int', 'tf_idf'] as const) {
      const layer = layers.integerLookup({ outputMode, vocabularySize: 3 });
      const x = layers.input({ shape: [2], dtype: 'int64' });
      const model = new Model({ inputs: x, outputs: layer(x) });
      expect(() => layer([1])).toThrow('no vocabulary yet');
      await expect(model.predict([[1, 2]], { verbose: 0 })).rejects.toThrow('out of bounds');
      await layer.adapt([[7], [5], [7]]);
      const ready = new Model({ inputs: x, outputs: layer(x) });
      expect((await ready.predict([[7, 5]])).shape).toEqual([1, outputMode === 'int' ? 2 : 3]);
    }
  });

  test('assets carry them, weights of their tokens beside', () => {
    const layer = stringLookup({ maskToken: '', outputMode: 'tf_idf' });
    layer.setVocabulary(['a', 'b'], [1, 3]);
    const copy = copyOf(layer);
    transfer(layer, copy);
    expect(copy.getVocabulary()).toEqual(layer.getVocabulary());
    expect(copy.savedWeights().map(({ name, variable }) => [name, variable.shape])).toEqual([['idf_weights', [3]]]);
    expect(stringLookup({ vocabulary: ['a'] }).saveAssets()).toEqual({});
  });

  test.each<[string, () => unknown]>([
    ['several times: a', () => stringLookup({ vocabulary: ['a', 'b', 'a'] })],
    ["the reserved token 'm'", () => stringLookup({ vocabulary: ['a', 'm'], maskToken: 'm' })],
    ['at most 2 tokens', () => stringLookup({ vocabulary: ['a', 'b'], maxTokens: 2 })],
    ['there is no vocabulary file', () => stringLookup({ vocabulary: '/nowhere/words.txt' })],
    ['no vocabulary yet', () => stringLookup()(['a'])],
    ["'x' is not in the vocabulary", () => stringLookup({ vocabulary: ['a'], numOovIndices: 0 })(['x'])],
    ["'7' is not in the vocabulary", () => layers.integerLookup({ vocabulary: [1], numOovIndices: 0 })([7])],
    [
      'outputs are 2 wide',
      () => {
        const layer = stringLookup({ vocabulary: ['a'], outputMode: 'multi_hot' });
        layer.setVocabulary(['a', 'b']);
      },
    ],
    ['sparse: true is not supported', () => hashing(3, { outputMode: 'count', sparse: true as never })],
    ['expected strings, received numbers', () => stringLookup({ vocabulary: ['a'] })([1])],
    [
      'may not name a vocabulary file',
      () => copyWith(stringLookup({ vocabulary: ['a'] }), { vocabulary: '/etc/passwd' }),
    ],
    ['received strings', () => layers.dense(2)(layers.input({ shape: [3], dtype: 'string' }))],
  ])('says: %s', (message, fn) => {
    expect(fn).toThrow(message);
  });
});

function copyWith(layer: Layer, changes: Readonly<Record<string, unknown>>): unknown {
  const json = serialize(layer);
  return deserialize({ ...json, config: { ...json.config, ...changes } } as never);
}
