// TimeDistributed: the same layer at every step.
import { batchNormalization } from '../../lib/layers/batch-normalization.js';
import { dense } from '../../lib/layers/dense.js';
import { timeDistributed, type TimeDistributed } from '../../lib/layers/time-distributed.js';
import { Wrapper } from '../../lib/layers/wrapper.js';
import { deserialize, serialize } from '../../lib/saving/serialize.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';

const read = (x: Tensor): Promise<number[]> => (x as DeviceTensor).numbers();
const x = tensor(
  Float32Array.from({ length: 24 }, (_, i) => i),
  [2, 3, 4],
);

test('applies the layer to every step', async () => {
  const inner = dense(2);
  const y = timeDistributed(inner)(x);
  expect(y.shape).toEqual([2, 3, 2]);
  expect(inner.kernel!.shape).toEqual([4, 2]);
  expect(await read(y)).toEqual(await read(inner(x)));
});

test('batch statistics are those of one step', async () => {
  const layer = timeDistributed(batchNormalization());
  const y = await read(layer(x, { training: true }));
  y.forEach((value, i) => expect(value).toBeCloseTo(i < 12 ? -1 : 1, 3));
  expect((await layer.weights[2].data())[0]).toBeCloseTo(0.297806, 5);
});

test('refuses inputs without steps, masks of other steps, and what is no layer', () => {
  expect(() => timeDistributed(dense(2))(tensor([[1, 2]]))).toThrow('rank 3');
  expect(() => timeDistributed(dense(2))(x, { mask: tensor([[true], [true]]) })).toThrow('mask');
  expect(() => new Wrapper('dense' as never)).toThrow('expected a layer');
});

test('comes back with its layer', () => {
  const copy = deserialize(serialize(timeDistributed(dense(7)))) as TimeDistributed;
  expect((copy.layer as ReturnType<typeof dense>).units).toBe(7);
});
