// Attention of several heads: masks of all kinds, folded axes, which path runs, dropout, what it refuses.
import { embedding } from '../../lib/layers/embedding.js';
import { input } from '../../lib/layers/input.js';
import { getMask } from '../../lib/layers/mask.js';
import { groupQueryAttention, multiHeadAttention } from '../../lib/layers/multi-head-attention.js';
import { trace } from '../../lib/graph/trace.js';
import { Model } from '../../lib/models/model.js';
import * as ops from '../../lib/ops/index.js';
import { normal } from '../../lib/random.js';
import { deserialize, serialize, type SerializedObject } from '../../lib/saving/serialize.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';

const read = (x: Tensor): Promise<number[]> => (x as DeviceTensor).numbers();
const x = normal([2, 4, 6], { seed: 1 });
const y = normal([2, 3, 6], { seed: 2 });
const scored = { returnAttentionScores: true } as const;

/** Numbers up to what two orders of summation may differ by. */
async function expectClose(actual: Tensor, expected: Tensor): Promise<void> {
  const [a, b] = await Promise.all([read(actual), read(expected)]);
  expect(a).toHaveLength(b.length);
  a.forEach((value, i) => expect(value).toBeCloseTo(b[i], 5));
}

test('attention without written scores gives what the one with scores gives', async () => {
  const lower = ops.tril(ops.ones([4, 4], { dtype: 'bool' }));
  for (const [layer, value] of [
    [multiHeadAttention(3, 4), y],
    [groupQueryAttention(4, 6, 2), y],
    [multiHeadAttention(2, 4, { valueDim: 3, slidingWindow: 2, useGate: true }), x],
  ] as const) {
    const options = [{}, { useCausalMask: true }, value === x ? { attentionMask: ops.expandDims(lower, 0) } : {}];
    for (const each of options) {
      const [scores, weights] = layer<[Tensor, Tensor]>(x, value, { ...each, ...scored });
      await expectClose(layer(x, value, each), scores);
      await expectClose(ops.sum(weights, { axis: -1 }), ops.ones(weights.shape.slice(0, -1)));
    }
  }
});

test('axes between the batch and the attended ones are a batch of their own', async () => {
  const images = normal([2, 3, 4, 6], { seed: 3 });
  const layer = multiHeadAttention(2, 3, { attentionAxes: 2 });
  const whole = layer(images, images);
  const flat = ops.reshape(images, [6, 4, 6]);
  const rows = multiHeadAttention(2, 3);
  rows.build(flat.shape, flat.shape);
  rows.setWeights(await layer.getWeights());
  await expectClose(ops.reshape(whole, [6, 4, 6]), rows(flat, flat));
});

test('the fused primitive runs where nothing needs scores', () => {
  const ran = (training: boolean, options: object = {}): string[] => {
    const layer = multiHeadAttention(2, 3, { dropout: 0.5 });
    layer.build(x.shape, x.shape);
    const { graph } = trace((q) => [layer<Tensor>(q, q, { training, ...options })], [x]);
    return graph.nodes.map(({ op }) => op.name);
  };
  expect(ran(false, { useCausalMask: true })).toContain('attention');
  expect(ran(true)).not.toContain('attention');
});

test('masks that the inputs carry count, and the mask of the query is passed on', async () => {
  const words = tensor([[3, 1, 2, 0]], undefined, 'int32');
  const embedded = embedding(4, 6, { maskZero: true })(words);
  const layer = multiHeadAttention(2, 3);
  const [outputs, weights] = layer<[Tensor, Tensor]>(embedded, embedded, scored);
  expect(await read(getMask(outputs)!)).toEqual([1, 1, 1, 0]);
  const lastColumn = await read(ops.getItem(weights, ['...', 3]));
  expect(lastColumn.slice(0, 3)).toEqual([0, 0, 0]);
  const explicit = layer<[Tensor, Tensor]>(ops.multiply(embedded, 1), ops.multiply(embedded, 1), {
    ...scored,
    queryMask: getMask(embedded),
    valueMask: getMask(embedded),
  });
  await expectClose(explicit[1], weights);
});

test('a functional model hands masks over, and so does its config', async () => {
  const words = input({ shape: [4], dtype: 'int32' });
  const embedded = embedding(5, 6, { maskZero: true })(words);
  const outputs = multiHeadAttention(2, 3)(embedded, embedded, { key: embedded, useCausalMask: true });
  const model = new Model({ inputs: words, outputs: outputs as never });
  const json = JSON.parse(JSON.stringify(serialize(model))) as SerializedObject;
  const node = JSON.stringify(json);
  expect(node).toContain('query_mask');
  expect(node).toContain('key_mask');
  const copy = deserialize(json) as Model;
  copy.setWeights(await model.getWeights());
  const data = tensor([[1, 2, 0, 0]], undefined, 'int32');
  await expectClose(copy(data), model(data));
});

test('dropout acts in training only, and a seed repeats it', async () => {
  const weightsOf = async (): Promise<number[][]> => {
    const layer = multiHeadAttention(2, 3, { dropout: 0.5, seed: 7, kernelInitializer: 'ones' });
    return Promise.all([false, true, true].map(async (training) => read(layer<Tensor>(x, x, { training }))));
  };
  const [calm, first, second] = await weightsOf();
  expect(first).not.toEqual(calm);
  expect(second).not.toEqual(first);
  expect(await weightsOf()).toEqual([calm, first, second]);
});

test('refuses what makes no sense', () => {
  expect(() => multiHeadAttention(0, 3)).toThrow('numHeads to be a positive integer');
  expect(() => groupQueryAttention(4, 3, 2)).toThrow('multiple of numKeyValueHeads');
  expect(() => multiHeadAttention(2, 3, { flashAttention: true, dropout: 0.1 })).toThrow('dropout');
  const flash = multiHeadAttention(2, 3, { flashAttention: true });
  expect(() => flash(x, x, scored)).toThrow('no scores');
  expect(() => multiHeadAttention(2, 3)(x, x, { key: y })).toThrow('differ in the last axis');
});
