// Arguments of layers that are particular: what is refused, what is not, what counts from where.
import { ops } from '../../lib/index.js';
import * as layers from '../../lib/layers/index.js';
import { KerasTensor } from '../../lib/models/keras-tensor.js';

test('the target of a reshape is sizes that hold a sample', () => {
  expect(() => layers.reshape([-2, 5])).toThrow(/expected sizes, or -1 for what is left, in targetShape/);
  const layer = layers.reshape([3, 7]);
  expect(() => layer(ops.zeros([0, 4, 5]))).toThrow(/cannot reshape samples of shape \[4, 5\] into \[3, 7\]/);
});

test('shared axes of a PReLU count from the batch, and around the sample', () => {
  const shapeOf = (sharedAxes: number[]): readonly number[] => {
    const layer = new layers.PReLU({ sharedAxes });
    layer.build([null, 3, 4]);
    return layer.alpha.shape;
  };
  expect([[1], [0], [-1]].map(shapeOf)).toEqual([
    [1, 4],
    [3, 1],
    [1, 4],
  ]);
  expect(() => shapeOf([5])).toThrow(/expected axis/);
});

test('depthwise convolutions take strides and dilation together, and are never causal', () => {
  const layer = new layers.DepthwiseConv1D(3, { strides: 2, dilationRate: 2 });
  expect(layer(ops.ones([1, 9, 2])).shape).toEqual([1, 3, 2]);
  expect(() => new layers.DepthwiseConv1D(3, { padding: 'causal' })).toThrow(/expected padding to be 'valid', 'same'/);
  expect(() => new layers.Conv1D(2, 3, { strides: 2, dilationRate: 2 })).toThrow(/cannot both be above 1/);
});

test('batch normalization has one axis', () => {
  expect(() => new layers.BatchNormalization({ axis: [1, 2] as never })).toThrow(/expected axis to be an integer/);
});

test('an unknown size that has to be a known one is that', () => {
  const shapeOf = (x: unknown): unknown => (x as KerasTensor).symbolicShape;
  const some = new KerasTensor([null, null, 4], 'float32');
  expect(shapeOf(layers.concatenate([some, new KerasTensor([null, 3, 4], 'float32')]))).toEqual([null, 3, 8]);
  expect(() => ops.add(new KerasTensor([null, 2], 'float32'), new KerasTensor([null, 3], 'float32'))).toThrow(
    /do not broadcast/,
  );
  expect(() => ops.unstack(some)).toThrow(/how many results there are depends on a size that is unknown/);
  expect(ops.unstack(some, { axis: -1 })).toHaveLength(4);
});
