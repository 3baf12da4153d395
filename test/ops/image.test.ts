// Images in both layouts, alone and in batches; the random field of elasticTransform; image ops in configs of models.
import { input, Model, ops, setRandomSeed, tensor, type Tensor } from 'hornet';
import type { DeviceTensor } from '../../lib/tensor.js';
import { sample } from '../op-cases.js';

const { image } = ops;
const numbers = (x: Tensor): Promise<number[]> => (x as DeviceTensor).numbers();
const upload = (shape: readonly number[], low = 0.1, high = 0.9): DeviceTensor => {
  return tensor([...sample(shape, low, high).values], shape, 'float32');
};

type Format = { dataFormat: 'channels_last' | 'channels_first' };
const layoutFree: Record<string, (x: Tensor, format: Format) => Tensor> = {
  affineTransform: (x, format) => image.affineTransform(x, [0.9, 0.2, 0.1, -0.1, 1.1, 0.3, 0, 0], format),
  cropImages: (x, format) =>
    image.cropImages(x, { topCropping: 1, targetHeight: 2, leftCropping: 0, rightCropping: 3, ...format }),
  padImages: (x, format) =>
    image.padImages(x, { topPadding: 1, targetHeight: 7, leftPadding: 0, rightPadding: 3, ...format }),
  elasticTransform: (x, format) => image.elasticTransform(x, { alpha: 2, sigma: 1, seed: 3, ...format }),
  extractPatches: (x, format) => image.extractPatches(x, [2, 3], { strides: 1, padding: 'same', ...format }),
  gaussianBlur: (x, format) => image.gaussianBlur(x, { kernelSize: [3, 5], sigma: [0.5, 2], ...format }),
  hsvToRgb: (x, format) => image.hsvToRgb(x, format),
  perspectiveTransform: (x, format) =>
    image.perspectiveTransform(
      x,
      [
        [0, 0],
        [5, 0],
        [0, 4],
        [5, 4],
      ],
      [
        [1, 0],
        [5, 1],
        [0, 3],
        [4, 4],
      ],
      format,
    ),
  resize: (x, format) => image.resize(x, [7, 4], { interpolation: 'bicubic', antialias: true, ...format }),
  rgbToGrayscale: (x, format) => image.rgbToGrayscale(x, format),
  rgbToHsv: (x, format) => image.rgbToHsv(x, format),
};

describe.each(Object.entries(layoutFree))('%s', (_name, op) => {
  const photos = upload([2, 5, 6, 3]);
  const last = op(photos, { dataFormat: 'channels_last' });

  test('gives the same with channels first', async () => {
    const first = op(ops.transpose(photos, { axes: [0, 3, 1, 2] }), { dataFormat: 'channels_first' });
    const [got, want] = [await numbers(ops.transpose(first, { axes: [0, 2, 3, 1] })), await numbers(last)];
    got.forEach((value, i) => expect(value).toBeCloseTo(want[i], 5));
  });

  test('takes a single image', async () => {
    const alone = op(ops.getItem(photos, 0), { dataFormat: 'channels_last' });
    expect(alone.shape).toEqual(last.shape.slice(1));
    const [got, want] = [await numbers(alone), await numbers(ops.getItem(last, 0))];
    got.forEach((value, i) => expect(value).toBeCloseTo(want[i], 5));
  });
});

test('integers stay integers, rounded', async () => {
  const x = ops.array(
    [
      [[1], [2]],
      [[4], [8]],
    ],
    { dtype: 'uint8' },
  );
  const half = image.affineTransform(x, [1, 0, 0.5, 0, 1, 0, 0, 0], { fillMode: 'nearest' });
  expect(half.dtype).toBe('uint8');
  expect(await numbers(half)).toEqual([2, 2, 6, 8]);
  const sampled = image.mapCoordinates(ops.array([1, 2, 4], { dtype: 'int32' }), [[0.75, 5]], 1, { fillValue: 7.9 });
  expect(await numbers(sampled)).toEqual([2, 7]);
});

test('coordinates that are no numbers read the fill value', async () => {
  const x = ops.array([1, 2, 4]);
  const places = ops.array([[NaN, Infinity, -Infinity, 1e30]]);
  expect(await numbers(image.mapCoordinates(x, places, 0, { fillValue: 9 }))).toEqual([9, 9, 9, 9]);
  for (const fillMode of ['nearest', 'wrap', 'mirror', 'reflect'] as const) {
    const read = await numbers(image.mapCoordinates(x, ops.array([[NaN, 1e30]]), 0, { fillMode }));
    for (const value of read) expect([1, 2, 4]).toContain(value);
  }
});

test('a perspective takes its end points to its start points', async () => {
  const ramp = ops.stack(ops.meshgrid(ops.arange(9), ops.arange(7)), { axis: -1 });
  const from = [
    [0, 0],
    [8, 0],
    [0, 6],
    [8, 6],
  ];
  const to = [
    [1, 1],
    [7, 0],
    [1, 5],
    [8, 6],
  ];
  const seen = image.perspectiveTransform(ops.cast(ramp, 'float32'), from, to);
  for (const [i, [x, y]] of to.entries()) {
    const place = await numbers(ops.getItem(seen, [y, x]));
    place.forEach((value, axis) => expect(value).toBeCloseTo(from[i][axis], 4));
  }
});

describe('elasticTransform', () => {
  const width = 64;
  /** Every pixel holds its own column, so that the result tells how far pixels moved. */
  const ramp = ops.broadcastTo(ops.reshape(ops.arange(width, { dtype: 'float32' }), [1, 1, width, 1]), [
    4,
    width,
    width,
    1,
  ]);
  const shifts = async (options: Parameters<typeof image.elasticTransform>[1]): Promise<number[]> => {
    const moved = ops.subtract(image.elasticTransform(ramp, { alpha: 2, sigma: 3, ...options }), ramp);
    return numbers(ops.getItem(moved, [':', [10, -10], [10, -10]]));
  };

  test('moves pixels as far as a blurred field does', async () => {
    const moved = await shifts({ seed: 1 });
    const mean = moved.reduce((sum, x) => sum + x, 0) / moved.length;
    const deviation = Math.sqrt(moved.reduce((sum, x) => sum + (x - mean) ** 2, 0) / moved.length);
    // A Gaussian of deviation s over noise of deviation s leaves 1 / (2 √π).
    expect(deviation).toBeCloseTo(2 / (2 * Math.sqrt(Math.PI)), 1);
    expect(Math.abs(mean)).toBeLessThan(0.1);
  });

  test('moves each image differently, a seed always in the same way', async () => {
    const moved = await shifts({ seed: 1 });
    expect(await shifts({ seed: 1 })).toEqual(moved);
    expect(await shifts({ seed: 2 })).not.toEqual(moved);
    expect(moved.slice(0, moved.length / 4)).not.toEqual(moved.slice(moved.length / 4, moved.length / 2));
    setRandomSeed(5);
    const [first, second] = [await shifts({}), await shifts({})];
    expect(second).not.toEqual(first);
  });
});

test('image ops stand in the configs of models', async () => {
  const x = input({ shape: [6, 6, 3] });
  const small = image.resize(x, [4, 4], { interpolation: 'nearest' });
  const patches = image.extractPatches(image.rgbToHsv(small), [2, 2]);
  const model = new Model({ inputs: x, outputs: patches });
  const config = model.getConfig();
  for (const name of ['Resize', 'RGBToHSV', 'ExtractPatches']) expect(JSON.stringify(config)).toContain(`"${name}"`);
  const photo = upload([1, 6, 6, 3]);
  expect(await numbers(Model.fromConfig(config)(photo))).toEqual(await numbers(model(photo)));
});
