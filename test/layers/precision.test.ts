// Whole models in half precision, also beside Keras, and which gradients a program computes when layers are frozen. The
// golden is made by scripts/make-goldens.py; single layers, losses and metrics are in test/golden/mixed.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import {
  batchNormalization,
  conv2d,
  dense,
  dtypePolicy,
  flatten,
  maxPooling2d,
  optimizers,
  Sequential,
  setDtypePolicy,
  setRandomSeed,
  tensor,
  type Optimizer,
} from 'hornet';
import { expectEqual } from '../vectors/compare.js';
import { make, upload } from '../vectors/library.js';
import { decode, type HostTensor } from '../vectors/values.js';

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

interface Training {
  readonly config: object;
  readonly optimizer: object;
  readonly x: HostTensor;
  readonly y: HostTensor;
  readonly variables: readonly { readonly path: string; readonly value: HostTensor }[];
  readonly output_dtypes: readonly string[];
  readonly logs: readonly Readonly<Record<'loss' | 'accuracy' | 'iterations' | 'scale' | 'step_counter', number>>[];
  readonly loss_tol: number;
  readonly variables_after: readonly Recorded[];
  readonly optimizer_variables_after: readonly Recorded[];
}
type Recorded = { readonly path: string; readonly value: HostTensor; readonly tol: number };

test.each(['mixed_float16', 'mixed_bfloat16'])('%s trains as in Keras, step by step', async (policy) => {
  const file = (name: string): Buffer =>
    readFileSync(new URL(`../golden/mixed-training/${policy}/${name}`, import.meta.url));
  const bytes = new Uint8Array(gunzipSync(file('data.bin.gz')));
  const golden = decode(JSON.parse(file('case.json').toString()), bytes) as Training;
  const model = make<Sequential>(golden.config);
  golden.variables.forEach(({ value }, i) => model.weights[i].assign(upload(value)));
  expect(model.layers.map(({ computeDtype }) => computeDtype)).toEqual(golden.output_dtypes);
  const optimizer = make<Optimizer>(golden.optimizer);
  model.compile({ optimizer, loss: 'sparse_categorical_crossentropy', metrics: ['accuracy'] });
  for (const log of golden.logs) {
    model.resetMetrics();
    const { loss, accuracy } = await model.trainOnBatch(upload(golden.x), upload(golden.y), { returnDict: true });
    await expectEqual('loss', loss, log.loss, { tol: golden.loss_tol });
    const [iterations] = await optimizer.iterations.numbers();
    // Of sixteen samples one may be a close call.
    expect(Math.abs(accuracy - log.accuracy)).toBeLessThanOrEqual(1 / 16);
    const state: Record<string, number> = { iterations };
    if (optimizer instanceof optimizers.LossScaleOptimizer) {
      [state.scale] = await optimizer.dynamicScale.value.numbers();
      [state.step_counter] = await optimizer.stepCounter.value.numbers();
    }
    expect({ ...log, ...state }).toEqual(log);
  }
  for (const [i, { path, value, tol }] of golden.variables_after.entries()) {
    expect(model.weights[i].dtype).toBe('float32');
    await expectEqual(path, model.weights[i].value, value, { tol });
  }
  for (const [i, { path, value, tol }] of golden.optimizer_variables_after.entries()) {
    await expectEqual(path, optimizer.variables[i].value, value, { tol });
  }
});
