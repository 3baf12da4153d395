// The base of image preprocessing: which parts of the data are transformed, alone and in batches, when, and by which numbers.
import {
  deserialize,
  input,
  maxNumBoundingBoxes,
  Model,
  SeedGenerator,
  Sequential,
  serialize,
  setRandomSeed,
  tensor,
  type DeviceTensor,
  type Layer,
  type Tensor,
} from 'hornet';
import {
  drawPerImage,
  drawWhether,
  RandomImageLayer,
  type ImageSizes,
  type LabeledImages,
} from '../../lib/layers/image-preprocessing.js';
import { changeRange, checkValueRange, factorBounds } from '../../lib/layers/augmentation-args.js';
import { add, multiply, reshape } from '../../lib/ops/index.js';
import type { BoundingBoxes } from '../../lib/utils/bounding-boxes/formats.js';

/** Adds a number to each image, to its label and, as columns, to its boxes. */
class Shift extends RandomImageLayer<Tensor> {
  protected draw({ batch }: ImageSizes, seed: SeedGenerator): Tensor {
    return drawPerImage(batch, [1, 2], seed);
  }
  protected augment(images: Tensor, amount: Tensor): Tensor {
    return add(images, amount);
  }
  override transformLabels(labels: Tensor, amount: Tensor | null): Tensor {
    return amount ? add(labels, reshape(amount, [-1, 1])) : labels;
  }
  override transformSegmentationMasks(masks: Tensor, amount: Tensor | null): Tensor {
    return amount ? multiply(masks, amount) : masks;
  }
  override transformBoundingBoxes(boxes: BoundingBoxes, amount: Tensor | null): BoundingBoxes {
    if (!amount) return boxes;
    return this.moveBoxes(boxes, { height: 10, width: 20 }, (corners) => add(corners, reshape(amount, [-1, 1, 1])));
  }
}

const numbers = async (x: unknown): Promise<number[]> => Array.from(await (x as DeviceTensor).data(), Number);
const images = tensor(new Float32Array(2 * 3 * 4), [2, 3, 4, 1]);
const dataOf = (): LabeledImages & { readonly more: Tensor } => ({
  images,
  labels: tensor([[0, 0, 0], [0, 0, 0]]), // prettier-ignore
  boundingBoxes: { boxes: tensor([[[0.1, 0.2, 0.2, 0.5]], [[0.5, 0.5, 0.25, 0.25]]]), labels: tensor([[4], [5]]) },
  segmentationMasks: tensor(new Float32Array(2 * 3 * 4).fill(1), [2, 3, 4, 1]),
  more: tensor([7]),
});

test('every part of a batch is transformed by the same numbers, each image by its own', async () => {
  const data = (new Shift({ boundingBoxFormat: 'rel_xywh' }) as Layer)<LabeledImages>(dataOf());
  const pixels = await numbers(data.images);
  const [first, second] = [pixels[0], pixels[12]];
  expect(pixels).toEqual(pixels.map((_, i) => (i < 12 ? first : second)));
  expect(first).not.toBe(second);
  expect(Math.min(first, second)).toBeGreaterThanOrEqual(1);
  expect(Math.max(first, second)).toBeLessThan(2);
  expect(await numbers(data.labels)).toEqual([first, first, first, second, second, second]);
  expect(await numbers(data.segmentationMasks)).toEqual(pixels);
  const boxes = await numbers(data.boundingBoxes!.boxes);
  const want = [0.1 + first / 20, 0.2 + first / 10, 0.2, 0.5, 0.5 + second / 20, 0.5 + second / 10, 0.25, 0.25];
  want.forEach((value, i) => expect(boxes[i]).toBeCloseTo(value, 5));
  expect(await numbers(data.boundingBoxes!.labels)).toEqual([4, 5]);
  expect(await numbers((data as ReturnType<typeof dataOf>).more)).toEqual([7]);
});

test('parts go by the names of Keras, too', async () => {
  const { boundingBoxes, segmentationMasks, ...rest } = dataOf();
  const given = { ...rest, bounding_boxes: boundingBoxes!, segmentation_masks: segmentationMasks! };
  const data = (new Shift({ boundingBoxFormat: 'xyxy' }) as Layer)<LabeledImages>(given);
  expect(Object.keys(data)).toEqual(Object.keys(given));
  expect(await numbers(data.segmentation_masks)).toEqual(await numbers(data.images));
});

test('a single image is treated like a batch of one', async () => {
  const layer = new Shift({ boundingBoxFormat: 'xyxy' }) as Layer;
  const data = layer<LabeledImages>({
    images: tensor(new Float32Array(6), [2, 3, 1]),
    labels: tensor([0]),
    boundingBoxes: { boxes: tensor([[1, 1, 30, 30]]), labels: tensor([4]) },
    segmentationMasks: tensor(new Float32Array(6).fill(1), [2, 3, 1]),
  });
  expect(data.images.shape).toEqual([2, 3, 1]);
  const [amount] = await numbers(data.images);
  expect(await numbers(data.labels)).toEqual([amount]);
  expect(await numbers(data.boundingBoxes!.boxes)).toEqual([1 + amount, 1 + amount, 20, 10].map(Math.fround));
  expect(await numbers(data.segmentationMasks)).toEqual(new Array(6).fill(amount));
  expect(layer(tensor(new Float32Array(6), [2, 3, 1])).shape).toEqual([2, 3, 1]);
});

test('plain arrays in a record are tensors', async () => {
  const layer = new Shift({ boundingBoxFormat: 'xyxy' }) as Layer;
  const boundingBoxes = { boxes: [[[1, 1, 3, 3]], [[1, 1, 30, 30]]], labels: [[4], [5]] };
  const data = layer<LabeledImages>({ images, boundingBoxes } as never);
  expect(data.boundingBoxes!.boxes.shape).toEqual([2, 1, 4]);
});

test('a layer works unless it is told that this is no training', async () => {
  const changed = async (y: Tensor): Promise<boolean> => (await numbers(y)).some((value) => value !== 0);
  const layer = new Shift() as Layer;
  expect(await changed(layer(images))).toBe(true);
  expect(await changed(layer(images, { training: true }))).toBe(true);
  expect(await changed(layer(images, { training: false }))).toBe(false);
  const x = input({ shape: [3, 4, 1] });
  for (const model of [new Sequential([new Shift()]), new Model({ inputs: x, outputs: new Shift()(x) })]) {
    expect(await changed(model(images))).toBe(true);
    expect(await changed(model(images, { training: false }))).toBe(false);
    expect((await model.predict(images)) as unknown).toBeDefined();
    expect(await changed((await model.predict(images)) as Tensor)).toBe(false);
  }
});

test('seeds: the same numbers again, new ones at every call, also of the global seed', async () => {
  const draw = async (layer: Layer): Promise<number[]> => numbers(layer(images));
  const [one, same, other] = [new Shift({ seed: 3 }), new Shift({ seed: 3 }), new Shift({ seed: 4 })] as Layer[];
  const first = await draw(one);
  expect(await draw(same)).toEqual(first);
  expect(await draw(other)).not.toEqual(first);
  const next = await draw(one);
  expect(next).not.toEqual(first);
  expect(await draw(same)).toEqual(next);
  setRandomSeed(1);
  const global = await draw(new Shift());
  setRandomSeed(1);
  expect(await draw(new Shift() as Layer)).toEqual(global);
  const layer = new Shift();
  const amount = layer.getRandomTransformation(images, { seed: new SeedGenerator(3) })!;
  expect(await numbers(amount)).toEqual([first[0], first[12]]);
  expect(layer.getRandomTransformation(images, { training: false })).toBeNull();
});

test('probabilities are drawn within their bounds', async () => {
  const share = async (bounds: [number, number]): Promise<number> => {
    const happened = await numbers(drawWhether(4000, bounds, new SeedGenerator(5)));
    return happened.reduce((sum, value) => sum + value, 0) / happened.length;
  };
  expect(await share([0, 0])).toBe(0);
  expect(await share([1, 1])).toBe(1);
  expect(Math.abs((await share([0.2, 0.4])) - 0.3)).toBeLessThan(0.03);
});

test('images come out in the type of computation', () => {
  const layer = new Shift() as Layer;
  const bytes = tensor(new Uint8Array(12), [1, 3, 4, 1], 'uint8');
  for (const training of [true, false]) expect(layer(bytes, { training }).dtype).toBe('float32');
  expect((new Shift({ dtype: 'mixed_float16' }) as Layer)(images).dtype).toBe('float16');
});

test('configs come back', () => {
  const layer = new Shift({ seed: 3, dataFormat: 'channels_first', boundingBoxFormat: 'xywh' });
  const { config } = serialize(layer);
  expect(config).toMatchObject({ seed: 3, data_format: 'channels_first', bounding_box_format: 'xywh' });
  expect(serialize(Shift.fromConfig(layer.getConfig())).config).toEqual(config);
  expect(serialize(new Shift()).config).not.toHaveProperty('bounding_box_format');
});

test('errors name the layer and what is wrong', () => {
  const layer = new Shift() as Layer;
  expect(() => layer(tensor([[1, 2]]))).toThrow(/rank 3 or a batch of rank 4, received shape \[1, 2\]/);
  expect(() => layer(dataOf())).toThrow(/expected boundingBoxFormat for inputs with bounding boxes/);
  expect(() => layer({ pictures: images })).toThrow(/expected a record with images, received pictures/);
  expect(() => new Shift({ boundingBoxFormat: 'corners' as 'xyxy' })).toThrow(/boundingBoxFormat to be one of xyxy/);
  const boxed = new Shift({ boundingBoxFormat: 'xyxy' }) as Layer;
  expect(() => boxed({ images, boundingBoxes: { boxes: images } })).toThrow(/as \{ boxes, labels \}, received boxes/);
  expect(() => boxed({ images, boundingBoxes: { boxes: tensor([1]), labels: tensor([1]) } })).toThrow(
    /of shape \[n, 4\]/,
  );
});

test('factors and value ranges', async () => {
  expect(factorBounds('layer', 'factor', 0.2, [-1, 1])).toEqual([-0.2, 0.2]);
  expect(factorBounds('layer', 'factor', 0.2, [0, 1])).toEqual([0, 0.2]);
  expect(factorBounds('layer', 'factor', [0.5, 0.1], [0, 1])).toEqual([0.1, 0.5]);
  for (const factor of [1.1, [0.1], [2, 3], ['a', 1], Number.NaN, null]) {
    expect(() => factorBounds('layer', 'factor', factor as number, [0, 1])).toThrow(/^\[layer\] expected factor to be/);
  }
  expect(checkValueRange('layer', [255, 0])).toEqual([0, 255]);
  expect(() => checkValueRange('layer', [10] as never)).toThrow(/valueRange to be a pair of numbers, received \[10\]/);
  expect(await numbers(changeRange(tensor([20, 110, 200]), [20, 200], [0, 1]))).toEqual([0, 0.5, 1]);
});

test('MaxNumBoundingBoxes cuts off and fills up', async () => {
  const boundingBoxes = { boxes: tensor([[[1, 2, 3, 4], [5, 6, 7, 8]]]), labels: tensor([[1, 2]], [1, 2], 'int32') }; // prettier-ignore
  const data = { images: tensor(new Float32Array(4), [1, 2, 2, 1]), boundingBoxes };
  const few = (maxNumBoundingBoxes(1, { boundingBoxFormat: 'xyxy' }) as Layer)<LabeledImages>(data).boundingBoxes!;
  expect(await numbers(few.boxes)).toEqual([1, 2, 3, 4]);
  expect(await numbers(few.labels)).toEqual([1]);
  const layer = maxNumBoundingBoxes(3, { boundingBoxFormat: 'xyxy', fillValue: -2 });
  const many = (deserialize(serialize(layer)) as Layer)<LabeledImages>(data).boundingBoxes!;
  expect(await numbers(many.boxes)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, -2, -2, -2, -2]);
  expect(await numbers(many.labels)).toEqual([1, 2, -2]);
  expect(many.labels.dtype).toBe('int32');
  expect(() => maxNumBoundingBoxes(-1)).toThrow(/\[maxNumBoundingBoxes\] expected maxNumber/);
});
