// Bad input: an error in the user's words at the earliest point, and a model that is as it was.
import { dense, HornetError, Layer, ops, Sequential, tensor, Variable, embedding, type Tensor } from 'hornet';

const x = tensor(new Float32Array(16), [8, 2]);
const y = tensor(new Float32Array(8), [8, 1]);
const quiet = { verbose: 0 } as const;

function compiled(): Sequential {
  const model = new Sequential([dense(1, { inputShape: [2] })]);
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  return model;
}

/** Expects a clear error, and unchanged weights. */
async function fails(model: Sequential, action: () => unknown, message: RegExp): Promise<void> {
  const before = await model.getWeights();
  await expect(async () => action()).rejects.toThrow(HornetError);
  await expect(async () => action()).rejects.toThrow(message);
  expect(await model.getWeights()).toEqual(before);
}

test.each<[string, (model: Sequential) => unknown, RegExp]>([
  ['a wrong feature size', (m) => m.fit(tensor(new Float32Array(24), [8, 3]), y, quiet), /axis -1|shape|size/],
  ['a wrong rank', (m) => m.predict(tensor(new Float32Array(8), [8])), /rank|shape/],
  ['mismatched lengths', (m) => m.fit(x, tensor(new Float32Array(7), [7, 1]), quiet), /same number of samples/],
  ['empty data', (m) => m.fit(tensor(new Float32Array(0), [0, 2]), y, quiet), /at least one sample/],
  ['an empty array', (m) => m.fit([], [], quiet), /at least one sample/],
  ['NaN labels', (m) => m.fit(x, [[NaN], [0], [0], [0], [0], [0], [0], [0]], quiet), /NaN/],
  ['missing targets', (m) => m.fit(x, null, quiet), /target/],
  [
    'a batch size of 0',
    (m) => m.fit(x, y, { batchSize: 0, ...quiet }),
    /batchSize to be a positive integer, received 0/,
  ],
  ['ragged rows', (m) => m.fit([[1, 2], [3]], [[1], [2]], quiet), /equal length/],
  ['text', (m) => m.fit('data' as never, y, quiet), /x to hold numbers, received strings/],
  ['targets of another shape', (m) => m.fit(x, tensor(new Float32Array(120), [8, 5, 3]), quiet), /shape/],
  ['a bad validation split', (m) => m.fit(x, y, { validationSplit: 2, ...quiet }), /validationSplit/],
])('%s', async (_name, action, message) => {
  const model = compiled();
  await fails(model, () => action(model), message);
});

test('unknown names', () => {
  const model = new Sequential([dense(1, { inputShape: [2] })]);
  expect(() => model.compile({ optimizer: 'adamm' as never })).toThrow(/unknown optimizer 'adamm'/);
  expect(() => dense(1, { activation: 'rellu' })).toThrow(/rellu/);
  expect(() => dense(1, { kernelInitializer: 'heUnform' })).toThrow(/heUnform/);
});

test('an unknown loss or metric name is told by compile', () => {
  const model = new Sequential([dense(1, { inputShape: [2] })]);
  expect(() => model.compile({ optimizer: 'sgd', loss: 'msee' })).toThrow(/msee/);
  expect(() => model.compile({ optimizer: 'sgd', loss: 'mse', metrics: ['acuracy'] })).toThrow(/acuracy/);
});

test('a model that is not compiled', async () => {
  const model = new Sequential([dense(1, { inputShape: [2] })]);
  expect(() => model.fit(x, y)).toThrow(/not compiled/);
});

test('wrong dtypes', () => {
  expect(() => tensor([1, 2], [2], 'float12' as never)).toThrow(/float12/);
  expect(() => ops.sqrt('four' as never)).toThrow(HornetError);
});

test('a layer that is used before it is built', async () => {
  const layer = dense(3);
  expect(() => layer.countParams()).toThrow(/build/);
});

test('a disposed tensor', async () => {
  const gone = tensor([1, 2, 3]);
  gone.dispose();
  expect(() => ops.add(gone, 1)).toThrow(/dispose/);
  await expect(gone.data()).rejects.toThrow(/dispose/);
});

test('a custom layer that throws inside call names itself and harms nothing', async () => {
  class Moody extends Layer {
    angry = true;
    override call(inputs: Tensor): Tensor {
      if (this.angry) throw new Error('not today');
      return inputs;
    }
  }
  const moody = new Moody({ name: 'moody' });
  const model = new Sequential([dense(1), moody]);
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  await expect(async () => model.fit(x, y, quiet)).rejects.toThrow(/\[moody\].*not today/s);
  moody.angry = false;
  await model.fit(x, y, quiet);
});

test('a run that fails on the device rejects what it should have filled and leaves the weights', async () => {
  const model = new Sequential([embedding(4, 2, { inputShape: [3] })]);
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const before = await (model.build([null, 3]), model.getWeights());
  const far = tensor(Int32Array.of(0, 1, 9), [1, 3]);
  await expect(model.fit(far, tensor(new Float32Array(6), [1, 3, 2]), quiet)).rejects.toThrow(/out of bounds/);
  expect(await model.getWeights()).toEqual(before);
  await model.fit(tensor(Int32Array.of(0, 1, 3), [1, 3]), tensor(new Float32Array(6), [1, 3, 2]), quiet);
});

test('a variable keeps its shape', () => {
  const variable = new Variable([1, 2, 3]);
  expect(() => variable.assign([1, 2])).toThrow(/shape \[3\]/);
});

test('work that failed elsewhere is not the failure of a model', async () => {
  const model = compiled();
  const elsewhere = ops.take(tensor([1, 2]), tensor([7], [1], 'int32'), { axis: 0 });
  expect((await model.predict(x, quiet)).shape).toEqual([8, 1]);
  await expect(elsewhere.data()).rejects.toThrow(/out of bounds/);
});
