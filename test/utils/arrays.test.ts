// padSequences and toCategorical, against what Keras gives.
import { padSequences, tensor, toCategorical } from 'hornet';

test('sequences are filled up and cut', async () => {
  const sequences = [[1], [2, 3], [4, 5, 6]];
  const padded = padSequences(sequences);
  expect(padded.dtype).toBe('int32');
  expect(await padded.array()).toEqual([
    [0, 0, 1],
    [0, 2, 3],
    [4, 5, 6],
  ]);
  expect(await padSequences(sequences, { padding: 'post', value: -1 }).array()).toEqual([
    [1, -1, -1],
    [2, 3, -1],
    [4, 5, 6],
  ]);
  expect(await padSequences(sequences, { maxlen: 2 }).array()).toEqual([
    [0, 1],
    [2, 3],
    [5, 6],
  ]);
  expect(await padSequences(sequences, { maxlen: 2, truncating: 'post' }).array()).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
  ]);
  const vectors = padSequences(
    [
      [[1, 2]],
      [],
      [
        [3, 4],
        [5, 6],
      ],
    ],
    { dtype: 'float32' },
  );
  expect(await vectors.array()).toEqual([
    [
      [0, 0],
      [1, 2],
    ],
    [
      [0, 0],
      [0, 0],
    ],
    [
      [3, 4],
      [5, 6],
    ],
  ]);
  expect(() => padSequences([[[1, 2]], [[1]]])).toThrow(
    '[padSequences] expected steps of shape [2], received [1] in sequence 1',
  );
  expect(() => padSequences([[1]], { padding: 'left' as 'pre' })).toThrow(/expected padding to be 'pre' or 'post'/);
});

test('class numbers become rows', async () => {
  expect(await toCategorical([0, 2, 1]).array()).toEqual([
    [1, 0, 0],
    [0, 0, 1],
    [0, 1, 0],
  ]);
  expect(toCategorical([[[1]], [[3]]]).shape).toEqual([2, 1, 4]);
  expect(toCategorical([1, 0], 5).shape).toEqual([2, 5]);
  expect(await toCategorical(tensor([[1], [0]]), 2).array()).toEqual([
    [0, 1],
    [1, 0],
  ]);
  expect(() => toCategorical([3], 3)).toThrow('[toCategorical] expected numbers from 0 to 2, received 3');
  expect(() => toCategorical(tensor([1]))).toThrow(/expected numClasses for a tensor/);
});
