// Recurrent layers without a kernel of their own: the loop against straight code, what is drawn in it, training.
import * as layers from '../../lib/layers/index.js';
import { Layer, type CallArgs } from '../../lib/layers/index.js';
import { Sequential } from '../../lib/models/sequential.js';
import { Adam } from '../../lib/optimizers/index.js';
import { valueAndGrad } from '../../lib/graph/transforms.js';
import * as ops from '../../lib/ops/index.js';
import * as random from '../../lib/random.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';
import { flatten, type Tree } from '../../lib/tree.js';

const read = (x: unknown): Promise<number[]> => (x as DeviceTensor).numbers();
const steps = 12;
const x = random.normal([3, steps, 2], { seed: 1 });
const mask = ops.greater(random.uniform([3, steps], { seed: 2 }), 0.3);

async function expectClose(got: readonly Tensor[], want: readonly Tensor[]): Promise<void> {
  expect(got.map(({ shape }) => shape)).toEqual(want.map(({ shape }) => shape));
  for (const [i, each] of got.entries()) {
    const [a, b] = await Promise.all([read(each), read(want[i])]);
    a.forEach((value, j) => expect(Math.abs(value - b[j])).toBeLessThan(1e-5));
  }
}

const kinds = {
  lstm: (o: layers.LSTMArgs) => layers.lstm(3, { ...o, activation: 'softsign' }),
  gru: (o: layers.GRUArgs) => layers.gru(3, { ...o, resetAfter: false }),
  stacked: (o: layers.RNNArgs) => layers.rnn([layers.simpleRnnCell(2, { activation: 'elu' }), layers.gruCell(3)], o),
};
const variants: layers.LSTMArgs[] = [
  { returnState: true },
  { returnSequences: true, goBackwards: true },
  { returnSequences: true, zeroOutputForMask: true, returnState: true },
];

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])('%s', (kind) => {
  test.each(variants)('%j: the loop gives what straight code gives', async (options) => {
    const loop = kinds[kind](options);
    const straight = kinds[kind]({ ...options, unroll: true });
    for (const layer of [loop, straight]) layer.build([3, steps, 2]);
    straight.setWeights(await loop.getWeights());
    for (const given of [null, mask]) {
      const [a, b] = [loop, straight].map((layer) => {
        const loss = (inputs: Tensor): Tree<Tensor> => {
          const results = flatten(layer<Tree<Tensor>>(inputs, { mask: given }));
          const sums = results.map((result) => ops.sum(ops.square(result)));
          return [sums.reduce((sum, one) => ops.add(sum, one)), ...results];
        };
        const { value, argGrads, grads } = valueAndGrad(loss, { argnums: [0], variables: layer.trainableVariables })(x);
        return [...flatten(value), ...flatten(argGrads as Tree<Tensor>), ...(grads as Tensor[])];
      });
      await expectClose(a, b);
    }
  });
});

test('dropout of inputs and states is the same in every step', async () => {
  const layer = layers.simpleRnn(64, {
    activation: 'elu',
    dropout: 0.5,
    recurrentDropout: 0.5,
    kernelInitializer: 'identity',
    recurrentInitializer: 'zeros',
    returnSequences: true,
  });
  const drawn = await read(layer(ops.ones([1, steps, 64]), { training: true }));
  expect(new Set(drawn)).toEqual(new Set([0, 2]));
  for (let step = 1; step < steps; step++) expect(drawn.slice(64 * step, 64 * (step + 1))).toEqual(drawn.slice(0, 64));
});

test('a layer within a cell draws anew in every step', async () => {
  class Noisy extends Layer {
    readonly stateSize = 8;
    readonly noise = layers.dropout(0.5);
    override call(inputs: Tensor, states: readonly Tensor[], { training }: CallArgs): Tree<Tensor> {
      return [this.noise(inputs, { training }), states];
    }
  }
  const drawn = await read(
    layers.rnn(new Noisy(), { returnSequences: true })(ops.ones([1, steps, 8]), { training: true }),
  );
  const patterns = Array.from({ length: steps }, (_, step) => drawn.slice(8 * step, 8 * (step + 1)).join());
  expect(new Set(patterns).size).toBeGreaterThan(steps - 4);
});

test('trains under fit, and keeps the states of a stateful layer', async () => {
  random.setRandomSeed(1);
  const model = new Sequential([
    layers.input({ batchShape: [8, steps, 1] }),
    layers.lstm(6, { activation: 'softsign', recurrentDropout: 0.05, stateful: true }),
    layers.dense(1),
  ]);
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'mse' });
  const inputs = random.uniform([64, steps, 1], { seed: 5 });
  const history = await model.fit(inputs, ops.mean(inputs, { axis: 1 }), { batchSize: 8, epochs: 12, verbose: 0 });
  const losses = history.history.loss;
  expect(losses.at(-1)!).toBeLessThan(losses[0] / 4);
  const [layer] = model.layers as [layers.LSTM];
  expect((await read(flatten(layer.states!)[0].value)).some((value) => value !== 0)).toBe(true);
});

describe('ConvLSTM', () => {
  test('a kernel of one element is an LSTM at every place', async () => {
    const conv = layers.convLstm1d(3, 1, { returnSequences: true });
    const plain = layers.lstm(3, { returnSequences: true });
    conv.build([2, 4, 5, 2]);
    plain.build([10, 4, 2]);
    const weights = await conv.getWeights();
    plain.setWeights([ops.reshape(weights[0], [2, 12]), ops.reshape(weights[1], [3, 12]), weights[2]]);
    const images = random.normal([2, 4, 5, 2], { seed: 3 });
    const places = ops.reshape(ops.swapaxes(images, 1, 2), [10, 4, 2]);
    const want = ops.swapaxes(ops.reshape(plain(places), [2, 5, 4, 3]), 1, 2);
    await expectClose([conv(images)], [want]);
  });

  test('channels first is channels last of the same images', async () => {
    const [last, first] = (['channels_last', 'channels_first'] as const).map((dataFormat) =>
      layers.convLstm2d(2, 3, { dataFormat, returnSequences: true, padding: 'same' }),
    );
    const images = random.normal([1, 3, 5, 4, 2], { seed: 4 });
    last.build(images.shape);
    first.build([1, 3, 2, 5, 4]);
    first.setWeights(await last.getWeights());
    const turned = first(ops.transpose(images, { axes: [0, 1, 4, 2, 3] }));
    await expectClose([ops.transpose(turned, { axes: [0, 1, 3, 4, 2] })], [last(images)]);
  });

  test('each gate has a pattern of dropout', () => {
    const { cell } = layers.convLstm2d(2, 3, { dropout: 0.5 });
    expect(cell.getDropoutMask(ops.ones([1, 4, 4, 3]))!.shape).toEqual([4, 1, 4, 4, 3]);
    expect(cell.getRecurrentDropoutMask(ops.ones([1, 4, 4, 3]))).toBeNull();
  });

  test('refuses what does not fit', () => {
    expect(() => layers.convLstm2d(0, 3)).toThrow('expected filters to be a positive integer, received 0');
    expect(() => layers.convLstm2d(2, 3, { strides: 2, dilationRate: 2 })).toThrow('expected strides or dilationRate');
    expect(() => layers.convLstm1d(2, 3, { padding: 'causal' as 'same' })).toThrow("received 'causal'");
    const unknown = layers.input({ shape: [null, null, 3] });
    expect(() => layers.convLstm1d(2, 3)(unknown)).toThrow('expected known sizes but for the batch');
  });
});

test('a step of training with a loop of its own', async () => {
  // Three steps of gradient descent within one call, on weights that the loop carries.
  const dense = layers.dense(1, { kernelInitializer: 'zeros' });
  dense.build([4, 2]);
  const inputs = tensor([[1, 0], [0, 1], [1, 1], [2, 1]]); // prettier-ignore
  const targets = ops.sum(inputs, { axis: 1, keepdims: true });
  const losses: number[] = [];
  for (let round = 0; round < 2; round++) {
    const [, values] = ops.scan(
      () => {
        const loss = (): Tensor => ops.mean(ops.square(ops.subtract(dense(inputs), targets)));
        const { value, grads } = valueAndGrad(loss, { variables: dense.trainableVariables })();
        dense.trainableVariables.forEach((v, i) => v.assign(ops.subtract(v, ops.multiply(grads[i]!, 0.1))));
        return [null, value];
      },
      null,
      null,
      { length: 100 },
    );
    losses.push(...(await read(values)));
  }
  expect(losses).toHaveLength(200);
  expect(losses.every((loss, i) => i === 0 || loss < losses[i - 1])).toBe(true);
  expect(losses.at(-1)!).toBeLessThan(1e-3);
});
