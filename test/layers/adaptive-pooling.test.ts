// Adaptive pooling: windows that divide evenly and windows that do not.
import {
  adaptiveAveragePooling1d,
  adaptiveAveragePooling3d,
  adaptiveMaxPooling1d,
  adaptiveMaxPooling2d,
} from '../../lib/layers/adaptive-pooling.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';

const read = (x: Tensor): Promise<number[]> => (x as DeviceTensor).numbers();
const range = (shape: number[]): DeviceTensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(
    Float32Array.from({ length: size }, (_, i) => i),
    shape,
  );
};

test('windows overlap where the sizes do not divide', async () => {
  expect(await read(adaptiveAveragePooling1d(3)(range([1, 5, 1])))).toEqual([0.5, 2, 3.5]);
  expect(await read(adaptiveMaxPooling1d(3)(range([1, 5, 1])))).toEqual([1, 3, 4]);
});

test('a size for every axis, in either data format', async () => {
  const y = adaptiveMaxPooling2d([1, 2], { dataFormat: 'channels_first' })(range([1, 1, 2, 4]));
  expect(y.shape).toEqual([1, 1, 1, 2]);
  expect(await read(y)).toEqual([5, 7]);
  expect(adaptiveAveragePooling3d(2)(range([1, 4, 4, 4, 3])).shape).toEqual([1, 2, 2, 2, 3]);
});

test('refuses sizes that are not positive, and inputs of another rank', () => {
  expect(() => adaptiveMaxPooling2d([1, 2, 3] as never)).toThrow('outputSize');
  expect(() => adaptiveMaxPooling2d(2)(range([1, 4, 1]))).toThrow('rank 4');
});
