// Whole models in half precision, and which gradients a program computes when layers are frozen.
import {
  batchNormalization,
  conv2d,
  dense,
  dtypePolicy,
  flatten,
  maxPooling2d,
  Sequential,
  setDtypePolicy,
  setRandomSeed,
  tensor,
} from 'hornet';

const rows = 32;
const pixels = Float32Array.from({ length: rows * 64 }, (_, i) => Math.sin(i * 0.7) / 4 + (i % 128 < 64 ? 0 : 0.8));
const x = tensor(pixels, [rows, 8, 8, 1]);
const y = tensor(Int32Array.from({ length: rows }, (_, i) => i % 2));

afterEach(() => setDtypePolicy('float32'));

function net(): Sequential {
  return new Sequential([
    conv2d(4, 3, { inputShape: [8, 8, 1], activation: 'relu' }),
    batchNormalization(),
    maxPooling2d({ poolSize: 2 }),
    flatten(),
    dense(2, { activation: 'softmax', dtype: 'float32' }),
  ]);
}

test.each(['mixed_bfloat16', 'mixed_float16', 'float64'] as const)('%s trains a small network', async (policy) => {
  setRandomSeed(3);
  setDtypePolicy(policy);
  const computed = dtypePolicy().computeDtype;
  const model = net();
  model.compile({ optimizer: 'adam', loss: 'sparse_categorical_crossentropy', metrics: ['accuracy'] });
  model.optimizer.learningRate = 0.02;
  const { history } = await model.fit(x, y, { epochs: 12, batchSize: 16, verbose: 0 });
  expect(model.layers[0].computeDtype).toBe(computed);
  expect(model.layers[0].trainableVariables[0].dtype).toBe(policy === 'float64' ? 'float64' : 'float32');
  expect(history.loss.at(-1)).toBeLessThan(0.3 * history.loss[0]);
  expect(history.accuracy.at(-1)).toBe(1);
});

test('frozen layers keep their weights, the others learn', async () => {
  setRandomSeed(3);
  const model = net();
  model.layers[0].trainable = false;
  model.compile({ optimizer: 'adam', loss: 'sparse_categorical_crossentropy' });
  const before = await Promise.all(model.variables.map((v) => v.value.numbers()));
  await model.fit(x, y, { epochs: 1, verbose: 0 });
  const after = await Promise.all(model.variables.map((v) => v.value.numbers()));
  const changed = model.variables.filter((_, i) => String(before[i]) !== String(after[i]));
  expect(changed.length).toBe(model.variables.length - model.layers[0].variables.length);
});
