// Layers that use a kernel in ways of their own: normalized, rounded to signs, backwards, adapted by low rank.
import { conv1d } from '../../lib/layers/conv.js';
import { dense } from '../../lib/layers/dense.js';
import { einsumDense } from '../../lib/layers/einsum-dense.js';
import { embedding } from '../../lib/layers/embedding.js';
import { getMask } from '../../lib/layers/mask.js';
import { reversibleEmbedding } from '../../lib/layers/reversible-embedding.js';
import { spectralNormalization } from '../../lib/layers/spectral-normalization.js';
import { ternaryDense } from '../../lib/layers/ternary-dense.js';
import * as ops from '../../lib/ops/index.js';
import { normal } from '../../lib/random.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';

const read = (x: Tensor): Promise<number[]> => (x as DeviceTensor).numbers();

async function expectClose(actual: Tensor, wanted: Tensor): Promise<void> {
  const [a, b] = await Promise.all([read(actual), read(wanted)]);
  a.forEach((value, i) => expect(value).toBeCloseTo(b[i], 4));
}

test('training brings the largest singular value of a kernel to one; inference leaves it', async () => {
  const inner = dense(4, { useBias: false });
  const layer = spectralNormalization(inner, { powerIterations: 30 });
  const x = normal([2, 6], { seed: 1 });
  layer(x, { training: false });
  inner.kernel!.assign(ops.multiply(normal([6, 4], { seed: 2 }), 5));
  const before = await read(inner.kernel!.value);
  layer(x, { training: false });
  expect(await read(inner.kernel!.value)).toEqual(before);
  layer(x, { training: true });
  const kernel = inner.kernel!.value;
  let v = normal([4, 1], { seed: 3 });
  for (let i = 0; i < 60; i++)
    v = ops.normalize(ops.matmul(ops.transpose(kernel), ops.matmul(kernel, v)), { axis: null });
  const [largest] = await read(ops.sqrt(ops.sum(ops.square(ops.matmul(kernel, v)))));
  expect(largest).toBeCloseTo(1, 3);
  inner.kernel!.assign(ops.zeros([6, 4]));
  expect(await read(layer(x, { training: true }))).toEqual(Array(8).fill(0));
  expect(() => spectralNormalization(dense(2), { powerIterations: 0 })).toThrow('powerIterations');
});

test('a ternary kernel holds signs of what exceeds the threshold', async () => {
  const layer = ternaryDense(2, { useBias: false });
  layer.build([null, 2]);
  layer.setWeights([
    [
      [3, -0.1],
      [-2, 0.5],
    ],
  ]);
  expect(await read(layer(tensor([[1, 10]])))).toEqual([-9, 0]);
  const all = ternaryDense(2, { useBias: false, threshold: 0 });
  all.build([null, 2]);
  all.setWeights(await layer.getWeights());
  expect(await read(all(tensor([[1, 10]])))).toEqual([-9, 9]);
});

test('an embedding leads back to scores, softly limited', async () => {
  const words = tensor([[1, 0, 2]], undefined, 'int32');
  const layer = reversibleEmbedding(4, 3, { maskZero: true, logitSoftCap: 2 });
  const vectors = layer(words);
  expect(await read(getMask(vectors)!)).toEqual([1, 0, 1]);
  const scores = ops.matmul(vectors, ops.transpose(layer.embeddings!));
  await expectClose(layer(vectors, { reverse: true }), ops.multiply(ops.tanh(ops.divide(scores, 2)), 2));
  const untied = reversibleEmbedding(4, 3, { tieWeights: false, reverseDtype: 'float16' });
  untied(words);
  expect(untied.weights.map(({ name }) => name)).toEqual(['embeddings', 'reverse_embeddings']);
  expect(untied(vectors, { reverse: true }).dtype).toBe('float16');
});

test('adaptations add their product; the weight is frozen, the product trains in float32', async () => {
  const x = normal([2, 5, 3], { seed: 4 });
  for (const make of [
    () => dense(4, { dtype: 'mixed_bfloat16' }),
    () => dense(4),
    () => einsumDense('abc,cde->abde', [null, 2, 2]),
    () => conv1d(4, 2),
  ]) {
    const layer = make();
    const plain = layer(x);
    layer.enableLora(2, { loraAlpha: 6, bInitializer: 'ones' });
    const [a, b] = layer.weights.filter(({ name }) => name.startsWith('lora_kernel'));
    expect([a, b].map(({ dtype, trainable }) => [dtype, trainable])).toEqual(Array(2).fill(['float32', true]));
    expect(layer.trainableWeights).not.toContain(layer.kernel);
    const change = ops.multiply(ops.matmul(a, b), 3);
    const bare = make();
    bare(x);
    bare.setWeights(layer.weights.flatMap((weight) => (weight === a || weight === b ? [] : [weight.value])));
    bare.kernel!.assign(ops.add(layer.kernel!.value, change));
    if (plain.dtype === 'float32') await expectClose(layer(x), bare(x));
    else expect(layer(x).dtype).toBe('bfloat16');
    expect(() => layer.enableLora(2)).toThrow('adapted already');
  }
  const constrained = dense(2, { kernelConstraint: 'nonNeg' });
  constrained.build([1, 2]);
  expect(() => constrained.enableLora(1)).toThrow('constraint');
  const vectors = normal([4, 3], { seed: 6 });
  const words = embedding(4, 3, { loraRank: 1, weights: vectors });
  await expectClose(words(tensor([2], undefined, 'int32')), ops.getItem(vectors, [[2, 3]]));
  expect(words.weights.map(({ name }) => name)).toEqual(['embeddings', 'lora_embeddings_a', 'lora_embeddings_b']);
});
