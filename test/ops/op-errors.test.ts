// Arguments that do not fit: errors in the user's words, before anything reaches a kernel.
import { HornetError, ops, random, type Tensor } from 'hornet';

const x = (): Tensor => ops.reshape(ops.arange(6, { dtype: 'float32' }), [2, 3]);
const int = (...values: number[]): Tensor => ops.array(values, { dtype: 'int32' });

const refusals: [string, () => unknown][] = [
  ['[add] shapes [2] and [3] do not broadcast', () => ops.add([1, 2], [1, 2, 3])],
  ['[sum] expected axis to be an integer in [-2, 2), received 2', () => ops.sum(x(), { axis: 2 })],
  ['[sum] an axis is named twice in [0,-2]', () => ops.sum(x(), { axis: [0, -2] })],
  ['[max] there is nothing to reduce, and no initial value', () => ops.max(ops.zeros([0]))],
  ['[reshape] cannot reshape [2, 3] into [4, -1]', () => ops.reshape(x(), [4, -1])],
  ['[transpose] expected a permutation of 2 axes, received [0]', () => ops.transpose(x(), { axes: [0] })],
  ['[slice] 3 elements from 2 exceed axis 1 of size 3', () => ops.slice(x(), [0, 2], [2, 3])],
  ['[slice] expected one start per axis (2), received [0]', () => ops.slice(x(), [0], [2, 1])],
  [
    '[slice] expected a part that fits into the tensor, received [2, 9] in [2, 3]',
    () => ops.slice(x(), int(0, 1), [2, 9]),
  ],
  ['[slice] expected a start of 2 integers, one per axis, received int32[1]', () => ops.slice(x(), int(0), [2, 1])],
  [
    '[sliceUpdate] expected a part that fits into the tensor, received [1, 4] in [2, 3]',
    () => ops.sliceUpdate(x(), [0, 0], [[1, 2, 3, 4]]),
  ],
  ['[getItem] index 2 is out of bounds for size 2', () => ops.getItem(x(), [2])],
  [
    '[scatter] expected updates of float32[2, 3], received float32[1, 2]',
    () => ops.scatterUpdate(x(), [[0], [1]], [[1, 2]]),
  ],
  [
    '[scatter] expected at most 2 coordinates on the last axis, received indices of shape [1, 3]',
    () => ops.scatterUpdate(x(), [[0, 0, 0]], [1]),
  ],
  [
    '[concatenate] expected equal shapes but for axis 0, and one dtype; received float32[2, 3], float32[3, 2]',
    () => ops.concatenate([x(), ops.ones([3, 2])]),
  ],
  ['[split] cannot split 3 elements into 2 equal parts', () => ops.split(x(), 2, { axis: 1 })],
  [
    '[image.resize] expected size to be two positive integers, received 3',
    () => ops.image.resize(ops.ones([2, 3, 1]), 3 as never),
  ],
  ['[stack] expected a list of tensors, received one', () => ops.stack(x() as never)],
  [
    '[repeat] expected repeats to be numbers: the shape of the result cannot depend on those of a tensor',
    () => ops.repeat(x(), int(1, 2) as never),
  ],
  [
    "[getItem] expected numbers, ':', '...', null or [start, end, step]; take() looks up tensors",
    () => ops.getItem(x(), [int(0)] as never),
  ],
  ['[tile] expected repeats to be non-negative integers, received [-1]', () => ops.tile(x(), [-1])],
  [
    '[repeat] expected one count, or one per element of the axis, received 2 for 3 elements',
    () => ops.repeat(x(), [1, 2], { axis: 1 }),
  ],
  [
    '[pad] expected padWidth for 2 axes, received 3',
    () =>
      ops.pad(x(), [
        [1, 1],
        [1, 1],
        [1, 1],
      ]),
  ],
  ['[pad] expected pairs of non-negative integers in padWidth, received [-1, 1]', () => ops.pad(x(), [[-1, 1]])],
  ['[topK] expected k to be an integer of at most 3, received 9', () => ops.topK(x(), 9)],
  ['[zeros] expected sizes to be non-negative integers, received [2, -1]', () => ops.zeros([2, -1])],
  ['[where] expected x1 and x2', () => (ops.where as (condition: Tensor) => Tensor)(x())],
  ['[uniform] expected sizes to be non-negative integers, received [2, -1]', () => random.uniform([2, -1])],
  ['[randint] expected integers minval < maxval, received 3 and 3', () => random.randint([2], 3, 3)],
  ['[image.resize] expected images of rank 3 or 4, received shape [2, 3]', () => ops.image.resize(x(), [1, 1])],
  [
    '[image.cropImages] expected exactly two of topCropping, bottomCropping, targetHeight, received topCropping 1, bottomCropping null, targetHeight null',
    () => ops.image.cropImages(ops.ones([4, 4, 1]), { topCropping: 1 }),
  ],
  [
    '[image.padImages] expected leftPadding, rightPadding, targetWidth not to be negative, received leftPadding 3, rightPadding null, targetWidth 5, which gives 3, -2 and 5',
    () => ops.image.padImages(ops.ones([4, 4, 1]), { topPadding: 0, bottomPadding: 0, leftPadding: 3, targetWidth: 5 }),
  ],
  [
    '[image.affineTransform] expected transform of shape [8] or [N, 8], received [2]',
    () => ops.image.affineTransform(ops.ones([4, 4, 1]), [1, 2]),
  ],
  [
    '[image.mapCoordinates] expected coordinates [2, …] for each axis of the inputs, received [2, 3] and 1 of shape [2]',
    () => ops.image.mapCoordinates(x(), [[1, 2]], 1),
  ],
  ['[image.rgbToHsv] expected 3 channels, received shape [4, 4, 1]', () => ops.image.rgbToHsv(ops.ones([4, 4, 1]))],
  ['[dropout] expected rate to be between 0 and 1, received 2', () => random.dropout(x(), 2)],
];

test.each(refusals)('%s', (message, call) => {
  expect(call).toThrow(HornetError);
  expect(call).toThrow(message);
});

const lateRefusals: [string, () => Tensor][] = [
  ['[gather] index 7 is out of bounds for axis 1 with size 3', () => ops.take(x(), [7], { axis: 1 })],
  ['[scatter_nd] index 5 is out of bounds for axis 0 with size 2', () => ops.scatterUpdate(x(), [[5, 0]], [1])],
  ['[gather] index 6 is out of bounds', () => ops.takeAlongAxis(x(), [[3], [0]], { axis: 1 })],
];

test.each(lateRefusals)('%s, once the numbers are read', async (message, call) => {
  const result = call() as Tensor & { data(): Promise<unknown> };
  await expect(result.data()).rejects.toThrow(message);
});
