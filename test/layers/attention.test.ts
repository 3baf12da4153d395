// Attention of one head: weights, masks, dropout, what it refuses.
import { additiveAttention, attention } from '../../lib/layers/attention.js';
import { getMask } from '../../lib/layers/mask.js';
import { deserialize, serialize } from '../../lib/saving/serialize.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';

const read = (x: Tensor | null): Promise<unknown> => (x as DeviceTensor).array();
const x = tensor([
  [
    [1, 1],
    [1, 1],
  ],
]);
const scored = { returnAttentionScores: true };

test('equal keys weigh the same; a causal mask hides later ones', async () => {
  const [y, weights] = attention()<[Tensor, Tensor]>([x, x], { ...scored, useCausalMask: true });
  expect(await read(weights)).toEqual([
    [
      [1, 0],
      [0.5, 0.5],
    ],
  ]);
  expect(y.shape).toEqual([1, 2, 2]);
});

test('masks hide values and zero the outputs of masked queries', async () => {
  const half = tensor([[true, false]]);
  const [, weights] = additiveAttention()<[Tensor, Tensor]>([x, x], { ...scored, mask: [null, half] });
  expect(await read(weights)).toEqual([
    [
      [1, 0],
      [1, 0],
    ],
  ]);
  const y = attention()([x, x], { mask: [half, null] });
  expect(await read(y)).toEqual([
    [
      [1, 1],
      [0, 0],
    ],
  ]);
  expect(await read(getMask(y))).toEqual([[true, false]]);
});

test('dropout acts in training only', async () => {
  const layer = attention({ dropout: 0.5, seed: 3 });
  const ones = tensor(new Float32Array(64).fill(1), [1, 64, 1]);
  expect(new Set(await (layer([ones, ones]) as DeviceTensor).numbers()).size).toBe(1);
  expect(new Set(await (layer([ones, ones], { training: true }) as DeviceTensor).numbers()).size).toBeGreaterThan(1);
});

test('learned scales are weights and come back', () => {
  const layer = attention({ useScale: true, scoreMode: 'concat' });
  layer([x, x]);
  expect(layer.weights.map(({ name }) => name)).toEqual(['scale', 'concat_score_weight']);
  expect((deserialize(serialize(layer)) as typeof layer).scoreMode).toBe('concat');
});

test('refuses other inputs and masks', () => {
  expect(() => attention()(x)).toThrow('list of inputs');
  expect(() => attention()([x, x, x, x])).toThrow('list of inputs');
  expect(() => attention()([x, x], { mask: tensor([[true, true]]) })).toThrow('mask');
  expect(() => attention({ scoreMode: 'sum' as never })).toThrow('scoreMode');
});
