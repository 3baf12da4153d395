// Ops that give promises because the shape of their result depends on the numbers.
import { jit, ops, tensor, type Tensor } from 'hornet';
import type { DeviceTensor } from '../../lib/tensor.js';

const arrays = (results: Tensor | Tensor[]): Promise<unknown[]> =>
  Promise.all((Array.isArray(results) ? results : [results]).map((x) => (x as DeviceTensor).array()));

test('nonzero gives coordinates', async () => {
  expect(
    await arrays(
      await ops.nonzero([
        [0, 2],
        [3, 0],
      ]),
    ),
  ).toEqual([
    [0, 1],
    [1, 0],
  ]);
});

test('bincount counts, weighs and fills up', async () => {
  expect(await arrays(await ops.bincount([1, 2, 2, 4]))).toEqual([[0, 1, 2, 0, 1]]);
  expect(
    await arrays(
      await ops.bincount(
        [
          [0, 1],
          [1, 1],
        ],
        { minlength: 3 },
      ),
    ),
  ).toEqual([
    [
      [1, 1, 0],
      [0, 2, 0],
    ],
  ]);
  expect(await arrays(await ops.bincount([1, 1], { weights: [0.5, 2] }))).toEqual([[0, 2.5]]);
});

test('unique gives values, first places, inverse and counts', async () => {
  const options = { returnIndex: true, returnInverse: true, returnCounts: true };
  expect(await arrays(await ops.unique([3, 1, 2, 1], options))).toEqual([
    [1, 2, 3],
    [1, 2, 0],
    [2, 0, 1, 0],
    [2, 1, 1],
  ]);
  expect(
    await arrays(
      await ops.unique(
        [
          [1, 0],
          [0, 1],
          [1, 0],
        ],
        { axis: 0 },
      ),
    ),
  ).toEqual([
    [
      [0, 1],
      [1, 0],
    ],
  ]);
  expect(await arrays(await ops.unique([3, 1, 3], { sorted: false, size: 4 }))).toEqual([[3, 1, 0, 0]]);
});

test('they cannot be part of a program', async () => {
  let inner: Promise<unknown> | undefined;
  jit((x: Tensor) => {
    inner = ops.nonzero(x);
    inner.catch(() => undefined);
    return x;
  })(tensor([1, 0]));
  await expect(inner).rejects.toThrow('[nonzero] the shape of the result depends on the numbers');
});
