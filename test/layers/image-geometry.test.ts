// Layers that move pixels: what they do to images, masks and boxes compared with Keras for numbers drawn by hand; the draws
// themselves by their statistics.
import { readFileSync } from 'node:fs';
import {
  centerCrop,
  HornetError,
  input,
  Model,
  ops,
  randomCrop,
  randomElasticTransform,
  randomFlip,
  randomPerspective,
  randomRotation,
  randomShear,
  randomTranslation,
  randomZoom,
  resizing,
  Sequential,
  tensor,
  type Layer,
  type Tensor,
} from 'hornet';
import type { BaseImagePreprocessingLayer, LabeledImages } from '../../lib/layers/image-preprocessing.js';
import { deserialize } from '../../lib/saving/serialize.js';
import type { DeviceTensor, NestedArray } from '../../lib/tensor.js';

const numbers = async (x: unknown): Promise<number[]> => Array.from(await (x as DeviceTensor).data(), Number);
const flat = (list: unknown): number[] => [list].flat(Infinity) as number[];

interface Case {
  readonly class: string;
  readonly config: Record<string, unknown>;
  /** Null where nothing is drawn. */
  readonly drawn: Record<string, NestedArray> | null;
  readonly boxes: NestedArray;
  readonly result: Record<'images' | 'masks' | 'boxes' | 'labels', NestedArray>;
}
const url = new URL('../golden/geometry.json', import.meta.url);
const golden = JSON.parse(readFileSync(url, 'utf8')) as {
  readonly images: NestedArray;
  readonly masks: NestedArray;
  readonly labels: NestedArray;
  readonly cases: readonly Case[];
};

/** Drawn numbers in the shapes in which layers hold them. */
function drawnAs(drawn: NonNullable<Case['drawn']>): Record<string, unknown> {
  const perImage = (value: NestedArray): Tensor => ops.array(value);
  const shaped = Object.entries(drawn).map(([name, value]) => {
    if (name === 'flips' || name === 'applies') return [name, ops.reshape(perImage(value), [2, 1, 1, 1])];
    return [name, name.endsWith('Points') ? perImage(value) : ops.reshape(ops.cast(value, 'float32'), [2, 1, 1])];
  });
  return { ...(Object.fromEntries(shaped) as object), sizes: { batch: 2, height: 6, width: 8, channels: 2 } };
}

const nameOf = ({ class: name, config }: Case): string =>
  `${name} ${JSON.stringify(Object.fromEntries(Object.entries(config).filter(([key]) => /mode|interpol|ratio|^height$/.test(key))))}`;

test.each(golden.cases.map((row) => [nameOf(row), row] as const))('%s does what Keras does', async (_name, row) => {
  const json = { module: 'keras.layers', class_name: row.class, config: row.config, registered_name: null };
  const layer = deserialize(json as never) as BaseImagePreprocessingLayer<unknown>;
  const images = ops.array(golden.images);
  const masks = ops.array(golden.masks);
  const boundingBoxes = { boxes: ops.array(row.boxes), labels: ops.array(golden.labels, { dtype: 'int32' }) };
  const data = { images, segmentationMasks: masks, boundingBoxes };
  let result: LabeledImages;
  if (row.drawn) {
    const drawn = drawnAs(row.drawn);
    result = {
      images: layer.transformImages(images, drawn),
      segmentationMasks: layer.transformSegmentationMasks(masks, drawn),
      boundingBoxes: layer.transformBoundingBoxes(boundingBoxes, drawn),
    };
  } else {
    result = (layer as Layer)<LabeledImages>(data);
  }
  const compared: [unknown, NestedArray][] = [
    [result.images, row.result.images],
    [result.segmentationMasks, row.result.masks],
    [result.boundingBoxes!.boxes, row.result.boxes],
    [result.boundingBoxes!.labels, row.result.labels],
  ];
  for (const [got, want] of compared) {
    const [actual, expected] = [await numbers(got), flat(want)];
    expect(actual).toHaveLength(expected.length);
    actual.forEach((value, i) =>
      expect(Math.abs(value - expected[i])).toBeLessThan(2e-5 * Math.max(1, Math.abs(expected[i]))),
    );
  }
});

const photos = (batch: number, height: number, width: number): DeviceTensor =>
  tensor(
    Float32Array.from({ length: batch * height * width }, (_, i) => ((i % (height * width)) * 0.6180339887) % 1),
    [batch, height, width, 1],
  );

const makers: Record<string, (seed?: number) => Layer> = {
  RandomFlip: (seed) => randomFlip({ seed }),
  RandomTranslation: (seed) => randomTranslation(0.4, 0.3, { seed }),
  RandomRotation: (seed) => randomRotation(0.3, { seed }),
  RandomZoom: (seed) => randomZoom(0.5, { widthFactor: [0.1, 0.4], seed }),
  RandomShear: (seed) => randomShear({ xFactor: 0.5, yFactor: [0.1, 0.3], seed }),
  RandomPerspective: (seed) => randomPerspective({ factor: [1, 1], seed }),
  RandomElasticTransform: (seed) =>
    randomElasticTransform({ factor: [1, 1], scale: [0.9, 1], valueRange: [0, 1], seed }),
  RandomCrop: (seed) => randomCrop(3, 4, { seed }),
};

describe.each(Object.entries(makers))('%s', (_name, make) => {
  const x = photos(8, 10, 12);

  test('draws anew at each call, the same from the same seed, for each image its own', async () => {
    const layer = make(5);
    const [first, second] = [await numbers(layer(x)), await numbers(layer(x))];
    expect(second).not.toEqual(first);
    const again = make(5);
    expect(await numbers(again(x))).toEqual(first);
    expect(await numbers(again(x))).toEqual(second);
    expect(await numbers(make(6)(x))).not.toEqual(first);
    const size = first.length / 8;
    const images = Array.from({ length: 8 }, (_, i) => first.slice(i * size, (i + 1) * size).join());
    // One crop is drawn for a whole batch.
    const expected = _name === 'RandomCrop' ? [1, 1] : [2, 8];
    expect(new Set(images).size).toBeGreaterThanOrEqual(expected[0]);
    expect(new Set(images).size).toBeLessThanOrEqual(expected[1]);
  });

  test('does nothing in inference', async () => {
    expect(await numbers(make()(x, { training: false }))).toEqual(await numbers(x));
  });

  test('moves masks as it moves images', async () => {
    const nearest = make(3);
    Object.assign(nearest, { interpolation: 'nearest' });
    const data = nearest<LabeledImages>({ images: x, segmentationMasks: x });
    const [images, masks] = [await numbers(data.images), await numbers(data.segmentationMasks)];
    expect(images).toEqual(masks);
  });

  test('draws within the compiled steps of a model, too', async () => {
    const inputs = input({ shape: [10, 12, 1] });
    const model = new Model({ inputs, outputs: make(5)(inputs) });
    const [first, second] = [await numbers(model(x, { training: true })), await numbers(model(x, { training: true }))];
    expect(second).not.toEqual(first);
    expect(first).toEqual(await numbers(make(5)(x)));
  });
});

describe('what is drawn', () => {
  const batch = 4000;
  const images = ops.zeros([batch, 10, 20, 1]);
  const drawnBy = async (layer: BaseImagePreprocessingLayer<unknown>, part: string): Promise<number[]> =>
    numbers((layer.getRandomTransformation(images) as Record<string, unknown>)[part]);
  const spread = (values: readonly number[]): { least: number; most: number; mean: number } => ({
    least: Math.min(...values),
    most: Math.max(...values),
    mean: values.reduce((sum, x) => sum + x, 0) / values.length,
  });
  const uniform: [string, () => Promise<number[]>, number, number][] = [
    ['rows', () => drawnBy(randomTranslation([-0.2, 0.4], 0.5), 'y'), -2, 4],
    ['columns', () => drawnBy(randomTranslation([-0.2, 0.4], 0.5), 'x'), -10, 10],
    ['degrees', () => drawnBy(randomRotation([0.1, 0.25]), 'angle'), 36, 90],
    ['zoomed heights', () => drawnBy(randomZoom(-0.3), 'y'), 0.7, 1.3],
    ['zoomed widths', () => drawnBy(randomZoom(0.1, { widthFactor: [0.2, 0.6] }), 'x'), 1.2, 1.6],
    ['shears', async () => (await drawnBy(randomShear({ xFactor: [0.5, 1] }), 'x')).map(Math.abs), 0.5, 1],
    ['shears to both sides', async () => (await drawnBy(randomShear({ xFactor: [1, 1] }), 'x')).map(Math.sign), -1, 1],
  ];
  test.each(uniform)('%s fill their range', async (_name, draw, low, high) => {
    const { least, most, mean } = spread(await draw());
    const width = high - low;
    expect(least).toBeGreaterThanOrEqual(low - 1e-5);
    expect(most).toBeLessThanOrEqual(high + 1e-5);
    expect(least).toBeLessThan(low + width / 100);
    expect(most).toBeGreaterThan(high - width / 100);
    expect(Math.abs(mean - (low + high) / 2)).toBeLessThan(width / 25);
  });

  test('half of the images are mirrored', async () => {
    const { mean } = spread(await drawnBy(randomFlip(), 'flips'));
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.03);
  });

  test('perspectives apply with a probability that is itself drawn', async () => {
    const { mean } = spread(await drawnBy(randomPerspective({ factor: [0.2, 0.6] }), 'applies'));
    expect(Math.abs(mean - 0.4)).toBeLessThan(0.03);
  });

  test('crops begin at every place', async () => {
    const layer = randomCrop(2, 3, { seed: 1 });
    const grid = ops.reshape(ops.arange(12, { dtype: 'float32' }), [1, 3, 4, 1]);
    const counts = new Map<number, number>();
    for (let i = 0; i < 200; i++) {
      const [corner] = await numbers(layer(grid));
      counts.set(corner, (counts.get(corner) ?? 0) + 1);
    }
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([0, 1, 4, 5]);
    for (const count of counts.values()) expect(count).toBeGreaterThan(25);
  });
});

test('crops take boxes along', async () => {
  const layer = randomCrop(4, 6, { seed: 2, boundingBoxFormat: 'xyxy' });
  const images = ops.reshape(ops.arange(80, { dtype: 'float32' }), [1, 8, 10, 1]);
  const boundingBoxes = { boxes: ops.array([[[3, 2, 9, 7]]]), labels: ops.array([[1]], { dtype: 'int32' }) };
  const data = (layer as Layer)<LabeledImages>({ images, boundingBoxes });
  const [corner] = await numbers(data.images);
  const [top, left] = [Math.floor(corner / 10), corner % 10];
  const clamp = (x: number, most: number): number => Math.min(Math.max(x, 0), most);
  const want = [clamp(3 - left, 6), clamp(2 - top, 4), clamp(9 - left, 6), clamp(7 - top, 4)];
  expect(await numbers(data.boundingBoxes!.boxes)).toEqual(want);
});

test('images of any size come to one', async () => {
  const inputs = input({ shape: [null, null, 1] });
  const outputs = randomFlip({ seed: 1 })(centerCrop(4, 4)(resizing(6, 5)(inputs)));
  expect((outputs as unknown as { symbolicShape: unknown }).symbolicShape).toEqual([null, 4, 4, 1]);
  const model = new Model({ inputs, outputs });
  for (const [height, width] of [[7, 9], [3, 4]]) expect(model(photos(2, height, width)).shape).toEqual([2, 4, 4, 1]); // prettier-ignore
});

test('layers in a row make a model', async () => {
  const model = new Sequential([
    resizing(8, 8),
    randomFlip({ seed: 1 }),
    randomRotation(0.1, { seed: 2 }),
    randomZoom(0.2, { seed: 3 }),
    centerCrop(6, 6),
  ]);
  const photo = photos(3, 10, 12);
  expect(model(photo, { training: true }).shape).toEqual([3, 6, 6, 1]);
  const still = await numbers(model(photo, { training: false }));
  expect(await numbers(model(photo, { training: false }))).toEqual(still);
});

const refusals: [string, () => unknown][] = [
  [
    "[randomFlip] expected mode to be one of horizontal, vertical, horizontal_and_vertical, received 'diagonal'",
    () => randomFlip({ mode: 'diagonal' as 'vertical' }),
  ],
  [
    '[randomTranslation] expected heightFactor to be a number or a pair of numbers in [-1, 1], received 1.5',
    () => randomTranslation(1.5, 0),
  ],
  [
    '[randomZoom] expected heightFactor to be a number or a pair of numbers in (-1, 1], received [-1,0]',
    () => randomZoom([-1, 0]),
  ],
  [
    '[randomShear] expected xFactor to be a number or a pair of numbers in [0, 1], received -0.5',
    () => randomShear({ xFactor: -0.5 }),
  ],
  [
    "[randomRotation] expected fillMode to be one of reflect, wrap, constant, nearest, received 'mirror'",
    () => randomRotation(0.1, { fillMode: 'mirror' as 'wrap' }),
  ],
  [
    "[randomRotation] expected interpolation to be one of nearest, bilinear, received 'bicubic'",
    () => randomRotation(0.1, { interpolation: 'bicubic' as 'nearest' }),
  ],
  ['[randomPerspective] expected scale to be a number in [0, 1], received 2', () => randomPerspective({ scale: 2 })],
];
test.each(refusals)('%s', (message, call) => {
  expect(call).toThrow(HornetError);
  expect(call).toThrow(message);
});
