// EinsumDense: the shapes that follow from an equation, the product, and what it refuses.
import { dense } from '../../lib/layers/dense.js';
import { einsumDense, EinsumDense } from '../../lib/layers/einsum-dense.js';
import type { Shape } from '../../lib/layers/input-spec.js';
import { deserialize, serialize } from '../../lib/saving/serialize.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';

const read = (x: Tensor): Promise<number[]> => (x as DeviceTensor).numbers();

test.each<[string, Shape, Shape, string, Shape, Shape]>([
  ['ab,bc->ac', [2, 3], [4], 'c', [3, 4], [4]],
  ['abc,cde->abde', [null, 5, 3], [null, 4, 2], 'e', [3, 4, 2], [2]],
  ['...x,xyz->...yz', [2, 5, 4], [3, 7], 'y', [4, 3, 7], [3, 1]],
  ['ab...,bde->ade...', [2, 3, 5, 6], [4, 7], 'e', [3, 4, 7], [7, 1, 1]],
])('%s: shapes of kernel and bias', (equation, input, output, biasAxes, kernel, bias) => {
  const layer = einsumDense(equation, output, { biasAxes });
  layer.build(input);
  expect(layer.weights.map(({ shape }) => shape)).toEqual([kernel, bias]);
});

test('computes what a dense layer computes', async () => {
  const x = tensor([
    [
      [1, 2],
      [3, 4],
    ],
  ]);
  const one = dense(3, { activation: 'relu' });
  const other = einsumDense('abc,cd->abd', [null, 3], { biasAxes: 'd', activation: 'relu' });
  const wanted = one(x);
  other.build([1, 2, 2]);
  other.kernel!.assign(one.kernel!.value);
  expect(await read(other(x))).toEqual(await read(wanted));
});

test('an adaptation of low rank starts at zero and comes back', () => {
  const layer = einsumDense('ab,bcd->acd', [4, 2], { loraRank: 2 });
  layer.build([null, 3]);
  expect(layer.trainableWeights.map(({ shape }) => shape)).toEqual([
    [3, 4, 2],
    [2, 2],
  ]);
  expect(deserialize(serialize(layer))).toBeInstanceOf(EinsumDense);
});

test.each<[string, string]>([
  ['ab,bc', 'form'],
  ['ab,bc->ad', 'axis d'],
  ['ab,cd->ac', 'axis d'],
  ['ab,bb->ab', 'sizes 3 and 4'],
])('refuses %s', (equation, message) => {
  expect(() => einsumDense(equation, 4).build([2, 3])).toThrow(message);
});
