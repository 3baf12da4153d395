// What goes wrong on a device while a model trains: the error reaches JavaScript, the weights stay as they were and can be
// read, and training goes on. On the default device: the CPU, or the GPU where HORNET_DEVICE says so.
import {
  currentDevice,
  dense,
  embedding,
  flatten,
  ops,
  optimizers,
  Sequential,
  setRandomSeed,
  tensor,
  type DeviceTensor,
} from 'hornet';

const good = Int32Array.from({ length: 64 }, (_, i) => i % 10);
const bad = good.map((x, i) => (i === 37 ? 10 : x));
const labels = Float32Array.from({ length: 16 }, (_, i) => i % 2);

function makeModel(): Sequential {
  setRandomSeed(1);
  const model = new Sequential([embedding(10, 6, { inputShape: [4] }), flatten(), dense(1)]);
  model.compile({ optimizer: new optimizers.Adam({ learningRate: 0.01 }), loss: 'mse' });
  return model;
}

const state = async (model: Sequential): Promise<number[][]> =>
  Promise.all([...model.weights, ...model.optimizer.variables].map((variable) => variable.value.numbers()));

const x = (values: Int32Array): DeviceTensor => tensor(values, [16, 4]);
const y = tensor(labels, [16, 1]);

test('an index out of bounds in training is an error, and nothing of the model has changed', async () => {
  const model = makeModel();
  for (let i = 0; i < 3; i++) await model.trainOnBatch(x(good), y);
  const before = await state(model);
  await expect(model.trainOnBatch(x(bad), y)).rejects.toThrow(/\[gather\] index 10 is out of bounds .*10/);
  expect(await state(model)).toEqual(before);
  const [loss] = await model.trainOnBatch(x(good), y);
  expect(Number.isFinite(loss)).toBe(true);
  expect(await state(model)).not.toEqual(before);
});

test('it is one in the midst of an epoch, too', async () => {
  const model = makeModel();
  const many = new Int32Array(64 * 50);
  for (let i = 0; i < 50; i++) many.set(i === 31 ? bad : good, 64 * i);
  const targets = tensor(
    Float32Array.from({ length: 16 * 50 }, (_, i) => i % 2),
    [16 * 50, 1],
  );
  const inputs = tensor(many, [16 * 50, 4]);
  await expect(model.fit(inputs, targets, { batchSize: 16, shuffle: false, verbose: 0 })).rejects.toThrow('index 10');
  expect((await state(model)).flat().every(Number.isFinite)).toBe(true);
  await model.fit(x(good), y, { batchSize: 16, verbose: 0 });
});

test('more memory than there is: an error with sizes, and the model trains on', async () => {
  const model = makeModel();
  await model.trainOnBatch(x(good), y);
  const before = await state(model);
  for (let i = 0; i < 3; i++) {
    expect(() => ops.zeros([2 ** 20, 2 ** 22])).toThrow(/\[memory\] cannot allocate .*\d/);
  }
  expect(await state(model)).toEqual(before);
  await model.trainOnBatch(x(good), y);
});

test('what fails is what depends on it: other results are there', async () => {
  const [table, places] = [tensor([1, 2, 3]), tensor(Int32Array.of(0, 3))];
  const [failing, other] = [ops.take(table, places), ops.multiply(table, 2)];
  await expect(ops.add(failing, 1).numbers()).rejects.toThrow('[gather] index 3 is out of bounds');
  expect(await other.numbers()).toEqual([2, 4, 6]);
  await currentDevice()
    .sync()
    .catch(() => undefined);
  expect(await ops.take(table, tensor(Int32Array.of(2))).numbers()).toEqual([3]);
});
