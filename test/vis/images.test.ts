// What is drawn into images, against what keras.visualization draws (scripts/goldens/drawings.py), and galleries of them.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { loadImg, ops, tensor, visualization } from 'hornet';
import { toCamel } from '../../lib/saving/config-case.js';

const { drawBoundingBoxes, drawSegmentationMasks, plotBoundingBoxGallery, plotImageGallery } = visualization;
const { plotSegmentationMaskGallery } = visualization;

interface Golden {
  boxes: {
    shape: number[];
    images: number[];
    boxes: number[][][];
    labels: number[][];
    format: 'xyxy';
    options: Record<string, unknown>;
    drawn: number[];
  }[];
  masks: { images: number[]; masks: number[]; options: Record<string, unknown>; dtype: string; drawn: number[] }[];
}

const golden = JSON.parse(await readFile(new URL('../golden/drawings.json', import.meta.url), 'utf8')) as Golden;
const camel = (options: Record<string, unknown>): object =>
  Object.fromEntries(Object.entries(options).map(([key, value]) => [toCamel(key), value]));

test('boxes are drawn as in Keras', async () => {
  for (const { shape, images, boxes, labels, format, options, drawn } of golden.boxes) {
    const x = tensor(Float32Array.from(images), shape);
    const y = await drawBoundingBoxes(x, { boxes, labels: tensor(labels, undefined, 'int32') }, format, camel(options));
    expect(y.dtype).toBe('uint8');
    const pixels = Array.from(await y.data(), Number);
    expect({ options, off: pixels.filter((value, i) => value !== drawn[i]).length }).toEqual({ options, off: 0 });
    const first = ops.transpose(x, { axes: [0, 3, 1, 2] });
    const other = await drawBoundingBoxes(first, { boxes, labels }, format, {
      ...camel(options),
      dataFormat: 'channels_first',
    });
    expect(Array.from(await ops.transpose(other, { axes: [0, 2, 3, 1] }).data(), Number)).toEqual(pixels);
  }
});

test('names of classes stand at their boxes', async () => {
  const images = ops.zeros([1, 60, 120, 3], { dtype: 'uint8' });
  const boxes = { boxes: [[[4, 40, 110, 55]]], labels: [[1]], confidences: [[0.537]] };
  const draw = async (classMapping: Record<number, string>): Promise<number> =>
    Number(
      await ops
        .sum(ops.cast(await drawBoundingBoxes(images, boxes, 'xyxy', { classMapping, fontScale: 0.5 }), 'int32'))
        .array(),
    );
  const [none, named, longer] = [await draw({}), await draw({ 1: 'a' }), await draw({ 1: 'a tree' })];
  expect(named).toBeGreaterThan(none);
  expect(longer).toBeGreaterThan(named);
});

test('what boxes must be is told', async () => {
  const images = ops.zeros([1, 4, 4, 3]);
  await expect(drawBoundingBoxes(ops.zeros([4, 4, 3]), { boxes: [], labels: [] }, 'xyxy')).rejects.toThrow(
    '[drawBoundingBoxes] expected images to be a batch of rank 4, received shape [4, 4, 3]',
  );
  await expect(drawBoundingBoxes(images, { boxes: [[[0, 0, 1, 1]]] } as never, 'xyxy')).rejects.toThrow(
    'a record of boxes and labels',
  );
  await expect(drawBoundingBoxes(images, { boxes: [[[0, 0, 1, 1]]], labels: [[1, 2]] }, 'xyxy')).rejects.toThrow(
    'expected boxes [1, n, 4] and labels [1, n], received boxes [1, 1, 4] and labels [1, 2]',
  );
  const far = {
    boxes: [
      [
        [NaN, 0, 1, 1],
        [-1e9, -1e9, 1e9, Infinity],
      ],
    ],
    labels: [[0, 1]],
  };
  const untouched = await drawBoundingBoxes(images, far, 'xyxy', { classMapping: { 1: 'far' } });
  expect(Number(await ops.max(untouched).array())).toBe(0);
});

test('masks are drawn as in Keras', async () => {
  for (const { images, masks, options, dtype, drawn } of golden.masks) {
    const x = tensor(Float32Array.from(images), [2, 3, 4, 3]);
    const classes = tensor(masks, undefined, 'int32');
    const y = drawSegmentationMasks(x, classes, camel(options));
    expect(y.dtype).toBe(dtype);
    // A fraction that is cut off may be one more or less.
    const off = Array.from(await y.data(), Number).map((value, i) => Math.abs(value - drawn[i]));
    expect(Math.max(...off)).toBeLessThanOrEqual(dtype === 'uint8' ? 1 : 1e-4);
    expect(off.filter((value) => value > 1e-4).length).toBeLessThan(3);
    const flat = drawSegmentationMasks(x, ops.squeeze(classes, { axis: -1 }), camel(options));
    expect(await flat.array()).toEqual(await y.array());
  }
  const image = ops.zeros([1, 1, 1, 3]);
  expect(() => drawSegmentationMasks(image, ops.zeros([1, 1, 1]))).toThrow('whole numbers, received dtype float32');
  expect(() => drawSegmentationMasks(image, [[[1, 2]]])).toThrow('expected segmentationMasks of shape [1, 1, 1]');
  expect(() => drawSegmentationMasks(image, [[[1]]], { numClasses: 2, colorMapping: { 1: [1, 1, 1] } })).toThrow(
    'the colors of classes 0 to 1, not of 0',
  );
});

describe('galleries', () => {
  const images = ops.multiply(ops.reshape(ops.arange(5 * 4 * 6 * 3), [5, 4, 6, 3]), 0.7);
  let folder = '';
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'hornet-gallery-'))));
  afterAll(() => rm(folder, { recursive: true }));

  test('of images', async () => {
    const path = join(folder, 'images.svg');
    const args = { yTrue: [0, 1, 1, 0, 2], yPred: [0, 1, 1, 1, 1], labelMap: { 0: 'a <b>', 1: 'c' } };
    const svg = await plotImageGallery(images, { ...args, path, legendHandles: [{ label: 'why', color: [1, 2, 3] }] });
    expect(await readFile(path, 'utf8')).toBe(svg);
    expect(svg.match(/<image/g)).toHaveLength(5);
    expect(svg).toContain('Label: a &lt;b&gt;  Pred: c');
    expect(svg).toContain('Label: Unknown  Pred: c');
    expect(svg).toContain('fill="rgb(1,2,3)"');
    const { width, height } = new Resvg(svg).render();
    expect([width, height]).toEqual([240, 3 * (80 + 16) + 28]);
  });

  test('show the pixels', async () => {
    const path = join(folder, 'images.png');
    await plotImageGallery(ops.divide(images, 255), { path, valueRange: [0, 1], rows: 1, cols: 2, scale: 0.1 });
    const png = await loadImg(path, { colorMode: 'rgba' });
    expect(png.shape).toEqual([4, 12, 4]);
    const own = (await ops.cast(images, 'uint8').data()) as Uint8Array;
    expect([...((await png.data()) as Uint8Array).subarray(0, 4)]).toEqual([...own.subarray(0, 3), 255]);
  });

  test('of boxes and masks', async () => {
    const two = ops.take(images, [0, 1], { axis: 0 });
    const boxes = { boxes: [[[1, 1, 3, 3]], [[0, 0, 2, 2]]], labels: [[0], [-1]], confidences: [[0.25], [1]] };
    const svg = await plotBoundingBoxGallery(two, 'xyxy', {
      yTrue: boxes,
      yPred: boxes,
      predictionMapping: { 0: 'cat' },
      legend: true,
    });
    expect(svg.match(/<rect x="1" y="1" width="2" height="2"/g)).toHaveLength(2);
    expect(svg.match(/cat \| 0\.25/g)).toHaveLength(2); // with its edges
    expect(svg).toContain('Ground Truth');
    expect(new Resvg(svg).render().height).toBeGreaterThan(100);
    const masks = ops.ones([2, 4, 6], { dtype: 'int32' });
    const path = join(folder, 'masks.svg');
    expect((await plotSegmentationMaskGallery(two, 2, { yTrue: masks, path })).match(/<image/g)).toHaveLength(4);
  });

  test('take what they can draw', async () => {
    await expect(plotImageGallery(images, { yTrue: [1] })).rejects.toThrow('[plotImageGallery] expected labelMap');
    await expect(plotImageGallery(images, { path: 'x.pdf' })).rejects.toThrow('to end in one of .svg, .png');
    await expect(plotImageGallery(images, { rows: 0 })).rejects.toThrow('expected rows to be a positive integer');
    await expect(plotImageGallery(ops.zeros([1, 2, 2, 2]))).rejects.toThrow('1, 3 or 4 channels, received 2');
  });
});
