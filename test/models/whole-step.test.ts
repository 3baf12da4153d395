// A small network with batch normalization against Keras: the loss, every gradient, ten Adam steps, with a tolerance per
// tensor. The golden is made by scripts/make-goldens.py.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { add, sum } from '../../lib/ops/index.js';
import { valueAndGrad } from '../../lib/graph/transforms.js';
import { SparseCategoricalCrossentropy } from '../../lib/losses/index.js';
import { Adam } from '../../lib/optimizers/index.js';
import type { Sequential } from '../../lib/models/sequential.js';
import type { DeviceTensor, Tensor } from '../../lib/tensor.js';
import { expectEqual } from '../vectors/compare.js';
import { make, upload } from '../vectors/library.js';
import { decode, type HostTensor } from '../vectors/values.js';

interface Recorded {
  readonly path: string;
  readonly value: HostTensor;
  readonly tol: number;
}

interface Golden {
  readonly config: unknown;
  readonly x: HostTensor;
  readonly y: HostTensor;
  readonly variables: readonly Recorded[];
  readonly gradients: readonly Recorded[];
  readonly losses: HostTensor;
  readonly loss_tol: number;
  readonly variables_after: readonly Recorded[];
  readonly optimizer_variables_after: readonly Recorded[];
  readonly learning_rate: number;
}

const file = (name: string): Buffer => readFileSync(new URL(`../golden/whole-step/${name}`, import.meta.url));
const bytes = new Uint8Array(gunzipSync(file('data.bin.gz')));
const golden = decode(JSON.parse(file('case.json').toString()), bytes) as Golden;
const crossentropy = new SparseCategoricalCrossentropy({ fromLogits: true });

function restore(): Sequential {
  const model = make<Sequential>(golden.config);
  golden.variables.forEach(({ value }, i) => model.weights[i].assign(upload(value)));
  return model;
}

test('loss and every gradient', async () => {
  const model = restore();
  const variables = model.trainableVariables;
  const [x, y] = [upload(golden.x), upload(golden.y)];
  const lossOf = (): Tensor => {
    const outputs: Tensor = model(x, { training: true });
    return model.losses.reduce((total, loss) => add(total, sum(loss)), crossentropy(y, outputs));
  };
  const { value, grads } = valueAndGrad(lossOf, { variables })();
  // Keras builds the layers of a restored model on their own, without the model's name in front.
  expect(variables.map(({ path }) => `sequential/${path}`)).toEqual(golden.gradients.map(({ path }) => path));
  const first = (golden.losses.data as Float32Array)[0];
  await expectEqual('loss', await (value as DeviceTensor).item(), first, { tol: golden.loss_tol });
  for (const [i, { path, value: want, tol }] of golden.gradients.entries()) {
    await expectEqual(`gradient of ${path}`, grads[i], want, { tol });
  }
});

test('ten Adam steps', async () => {
  const model = restore();
  const optimizer = new Adam({ learningRate: golden.learning_rate });
  model.compile({ optimizer, loss: crossentropy });
  const [x, y] = [upload(golden.x), upload(golden.y)];
  const losses: number[] = [];
  for (let step = 0; step < 10; step++) {
    model.resetMetrics();
    losses.push((await model.trainOnBatch(x, y))[0]);
  }
  await expectEqual('losses', losses, [...(golden.losses.data as Float32Array)], { tol: golden.loss_tol });
  for (const [i, { path, value, tol }] of golden.variables_after.entries()) {
    await expectEqual(path, model.weights[i].value, value, { tol });
  }
  for (const [i, { path, value, tol }] of golden.optimizer_variables_after.entries()) {
    await expectEqual(path, optimizer.variables[i].value, value, { tol });
  }
});
