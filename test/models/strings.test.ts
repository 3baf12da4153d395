// Models that take strings: what is encoded on the host, and the compiled steps behind it.
import {
  Callback,
  concatenate,
  dense,
  deserialize,
  embedding,
  flatten,
  globalAveragePooling1d,
  hashing,
  input,
  Model,
  Sequential,
  serialize,
  stringLookup,
  StringArray,
  tensor,
  textVectorization,
  utils,
  type DeviceTensor,
  type KerasTensor,
  type Layer,
  type SerializedObject,
  type Tensor,
} from 'hornet';

const texts = ['good film', 'bad film', 'good', 'bad bad film', 'a good film', 'bad'];
const labels = [1, 0, 1, 0, 1, 0].map((label) => [label]);
const words = { vocabulary: ['good', 'bad', 'film'] };

/** From texts to one number. */
function classifier(): Model {
  const x = input({ shape: [1], dtype: 'string' });
  const ids = textVectorization({ ...words, outputSequenceLength: 4 })(x);
  const pooled = globalAveragePooling1d()(embedding(5, 4)(ids));
  return new Model({ inputs: x, outputs: dense(1, { activation: 'sigmoid' })(pooled) });
}

const copyOf = <M extends Layer>(layer: M): M =>
  deserialize(JSON.parse(JSON.stringify(serialize(layer))) as SerializedObject) as M;
const numbers = (x: Tensor): Promise<number[]> => (x as DeviceTensor).numbers();
/** Compiled steps and single ops round differently. */
const expectClose = (actual: readonly number[], want: readonly number[]): void => {
  expect(actual).toHaveLength(want.length);
  actual.forEach((value, i) => expect(value).toBeCloseTo(want[i], 4));
};

/** One batch per text, as often as somebody begins. */
const pairs = {
  *[Symbol.iterator]() {
    for (const [i, text] of texts.entries()) yield { x: [[text]], y: [labels[i]] };
  },
};

test('fit, evaluate and predict take strings', async () => {
  const model = classifier();
  model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics: ['accuracy'] });
  const { history } = await model.fit(texts, labels, { epochs: 60, batchSize: 2, verbose: 0 });
  expect(history.loss.at(-1)!).toBeLessThan(history.loss[0]);
  const { accuracy } = await model.evaluate(texts, labels, { verbose: 0, returnDict: true });
  expect(accuracy).toBe(1);
  const predicted = await numbers(await model.predict(texts));
  expect(predicted.map(Math.round)).toEqual(labels.flat());
  expectClose(await numbers(model.predictOnBatch(texts)), predicted);
  expectClose(await numbers(model(new StringArray(texts, [6, 1]) as never)), predicted);
});

test('batches of an iterable are encoded as they come, validation data, too', async () => {
  const model = classifier();
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const validationData = [texts, labels] as const;
  const { history } = await model.fit(pairs, null, { epochs: 2, verbose: 0, validationData });
  expect(history.val_loss).toHaveLength(2);
  const lazily = (async function* () {
    for (const pair of pairs) yield Promise.resolve(pair);
  })();
  const [loss] = await model.evaluate(lazily, null, { verbose: 0 });
  expect(loss).toBeCloseTo((await model.evaluate(texts, labels, { batchSize: 1, verbose: 0 }))[0], 5);
});

test('a stack may begin with text, with and without a known shape', async () => {
  const make = (first: object): Sequential =>
    new Sequential([textVectorization({ ...words, outputMode: 'multi_hot', ...first }), dense(2)]);
  for (const model of [make({ inputShape: [1] }), make({})]) {
    const outputs = await model.predict(texts);
    expect(outputs.shape).toEqual([6, 2]);
    const copy = copyOf(model);
    copy.setWeights(await model.getWeights());
    expectClose(await numbers(await copy.predict(texts)), await numbers(outputs));
  }
});

/** Numbers, strings and a model of strings within a model. */
function mixed(): Model {
  const inner = (() => {
    const x = input({ shape: [1], dtype: 'string' });
    return new Model({ inputs: x, outputs: flatten()(embedding(4, 3)(stringLookup(words)(x))) });
  })();
  const [text, code, size] = [
    input({ shape: [1], dtype: 'string', name: 'text' }),
    input({ shape: [1], dtype: 'string', name: 'code' }),
    input({ shape: [2], name: 'size' }),
  ];
  // One layer called twice, on strings that are encoded apart from each other.
  const bins = hashing(5, { outputMode: 'one_hot' });
  const parts: KerasTensor[] = [inner(text), inner(code), bins(text), bins(code), size];
  return new Model({ inputs: { text, code, size }, outputs: dense(2)(concatenate(parts)) });
}

test('models of strings nest, and stand beside numbers', async () => {
  const model = mixed();
  const data = { text: ['good', 'bad', 'x'], code: ['film', 'y', 'bad'], size: [1, 2, 3, 4, 5, 6] };
  const x = { ...data, size: Float32Array.from(data.size) };
  const outputs = await numbers(await model.predict(x, { batchSize: 2 }));
  const size = tensor(Float32Array.from(data.size), [3, 2]);
  expectClose(await numbers(model({ ...data, size } as never)), outputs);
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  await model.fit(
    x,
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    { verbose: 0, batchSize: 3 },
  );
  expect(await numbers(await model.predict(x))).not.toEqual(outputs);
  const copy = copyOf(model);
  copy.setWeights(await model.getWeights());
  expectClose(await numbers(await copy.predict(x)), await numbers(await model.predict(x)));
});

test('a step of your own sees numbers, and the model takes them', async () => {
  const shapes: (readonly number[])[] = [];
  class Watched extends Model {
    override trainStep(data: Parameters<Model['trainStep']>[0]): ReturnType<Model['trainStep']> {
      shapes.push(...Object.values(data.x as Record<string, Tensor>).map(({ shape }) => shape));
      return super.trainStep(data);
    }
  }
  const { inputs, outputs } = classifier();
  const model = new Watched({ inputs: inputs[0], outputs: outputs[0] });
  model.compile({ loss: 'mse' });
  await model.fit(texts, labels, { batchSize: 3, verbose: 0, stepsPerEpoch: 2 });
  expect(shapes).toEqual([[3, 4]]);
});

test('large data is encoded in turns with the event loop', async () => {
  const model = new Sequential([textVectorization({ ...words, outputMode: 'count', inputShape: [1] }), dense(1)]);
  const many = Array.from({ length: 60_000 }, (_, i) => `${texts[i % 6]} ${'film '.repeat(20)}`);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  class Begun extends Callback {
    override onPredictBegin(): void {
      clearInterval(timer);
    }
  }
  await model.predict(many, { batchSize: 60_000, callbacks: [new Begun()] });
  expect(turns).toBeGreaterThan(3);
});

test('what does not fit is said', async () => {
  const model = classifier();
  await expect(model.predict([[1, 2]])).rejects.toThrow('expected strings for input');
  await expect(model.predict([['a', 'b']])).rejects.toThrow('of shape [null, 1], received [1, 2]');
  await expect(new Sequential([dense(1, { inputShape: [1] })]).predict(texts)).rejects.toThrow('no input for them');
  const x = input({ shape: [1], dtype: 'string' });
  expect(() => new Model({ inputs: x, outputs: x })).toThrow('expected outputs of numbers, received strings');
});

describe('FeatureSpace', () => {
  const { FeatureSpace } = utils;
  const data = { a: [1, 2, 3], b: ['x', 'y', 'x'], c: [1, 2, 3], d: [0.1, 0.5, 0.9], e: [1, 2, 6] };
  const make = (outputMode: 'concat' | 'dict'): utils.FeatureSpace =>
    new FeatureSpace(
      {
        a: 'float',
        b: 'string_categorical',
        c: 'integer_hashed',
        d: 'floatDiscretized' as never,
        e: 'float_normalized',
      },
      { crosses: [['b', 'c']], crossingDim: 8, numDiscretizationBins: 3, hashingDim: 4, outputMode },
    );
  // What Keras gives for the same data.
  const want = [
    [1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, -0.92582011, 0, 1, 0, 0, 0, 0, 0, 0],
    [2, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, -0.46291006, 1, 0, 0, 0, 0, 0, 0, 0],
    [3, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 1.38873017, 0, 1, 0, 0, 0, 0, 0, 0],
  ];

  test.each<[string, () => Parameters<utils.FeatureSpace['adapt']>[0]]>([
    ['columns', () => data],
    ['batches', () => [data].values()],
  ])('learns from %s and encodes as Keras does', async (_name, source) => {
    const space = make('concat');
    expect(() => space(data)).toThrow('call adapt() first');
    await space.adapt(source());
    const encoded = space(data);
    expect(encoded.shape).toEqual([3, 20]);
    expectClose(await numbers(encoded), want.flat());
    const single = space({ a: 2, b: 'y', c: 2, d: 0.5, e: 2 });
    expect(single.shape).toEqual([20]);
    expectClose(await numbers(single), want[1]);
  });

  test('is the beginning of a model', async () => {
    const space = make('concat');
    await space.adapt(data);
    const outputs = dense(1)(space.getEncodedFeatures() as KerasTensor);
    const model = new Model({ inputs: space.getInputs(), outputs });
    model.compile({ optimizer: 'adam', loss: 'mse' });
    const { history } = await model.fit(data, [[1], [2], [3]], { epochs: 5, verbose: 0 });
    expect(history.loss.at(-1)!).toBeLessThan(history.loss[0]);
    // A model may also be given what the space has encoded.
    const head = new Model({ inputs: space.getEncodedFeatures(), outputs });
    expectClose(await numbers(await head.predict(space(data))), await numbers(await model.predict(data)));
  });

  test('gives features by name, in its configuration as well', async () => {
    const space = make('dict');
    await space.adapt(data);
    const encoded = space<Record<string, Tensor>>(data);
    expect(Object.keys(encoded)).toEqual(['a', 'b', 'c', 'd', 'e', 'b_X_c']);
    const copy = copyOf(space);
    expect(serialize(copy)).toEqual(serialize(space));
  });

  test.each<[string, () => unknown]>([
    ['at least one feature', () => new FeatureSpace({})],
    ["expected the kind of 'a'", () => new FeatureSpace({ a: 'number' as never })],
    ["received 'z', which is none", () => new FeatureSpace({ a: 'float' }, { crosses: [['a', 'z']] })],
    ["expected a column 'b'", () => new FeatureSpace({ a: 'float', b: 'float' })({ a: [1] })],
    [
      "feature 'a' is not encoded",
      () => {
        const space = new FeatureSpace({ a: FeatureSpace.integerHashed(3, { outputMode: 'int' }) });
        space.getEncodedFeatures();
      },
    ],
  ])('says: %s', (message, fn) => {
    expect(fn).toThrow(message);
  });
});
