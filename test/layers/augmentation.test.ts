// Layers of augmentation: what they do to images as in Keras (scripts/make-augmentation-golden.py), and what they draw.
import { readFileSync } from 'node:fs';
import * as hornet from 'hornet';
import {
  augMix,
  autoContrast,
  cutMix,
  mixUp,
  ops,
  pipeline,
  randAugment,
  randomBrightness,
  randomColorJitter,
  randomContrast,
  randomErasing,
  randomGaussianBlur,
  randomGrayscale,
  randomHue,
  randomInvert,
  randomPosterization,
  randomSaturation,
  randomSharpness,
  rescaling,
  Sequential,
  solarization,
  tensor,
  type DeviceTensor,
  type Layer,
  type LabeledImages,
  type NestedArray,
  type Tensor,
} from 'hornet';
import type { DType } from '../../lib/dtype.js';
import type { BaseImagePreprocessingLayer } from '../../lib/layers/image-preprocessing.js';
import { mapKeys, toCamel } from '../../lib/saving/config-case.js';

const numbers = async (x: unknown): Promise<number[]> => Array.from(await (x as DeviceTensor).data(), Number);
const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;

interface Case {
  readonly class: string;
  readonly args: readonly unknown[];
  readonly options: { readonly data_format: string; readonly value_range?: readonly [number, number] };
  readonly drawn: NestedArray | Record<string, NestedArray> | null;
  readonly dtype: DType | null;
  readonly result: NestedArray;
}
const golden = JSON.parse(readFileSync(new URL('../golden/augmentation.json', import.meta.url), 'utf8')) as {
  readonly images: NestedArray;
  readonly layers: readonly Case[];
};

/** What was drawn, as the layer's transformation. */
function transformationOf({ drawn, dtype }: Case): unknown {
  const one = (list: unknown): Tensor => tensor(list as NestedArray, undefined, dtype ?? undefined);
  return drawn === null || Array.isArray(drawn) ? drawn && one(drawn) : mapKeys(drawn, toCamel, one);
}

test.each([...new Set(golden.layers.map((item) => item.class))])('%s does what Keras does', async (name) => {
  for (const item of golden.layers.filter((each) => each.class === name)) {
    const make = (hornet as unknown as Record<string, new (...args: unknown[]) => BaseImagePreprocessingLayer>)[name];
    const layer = new make(...item.args, mapKeys(item.options, toCamel));
    const [low, high] = item.options.value_range ?? [0, 255];
    const isFirst = item.options.data_format === 'channels_first';
    const scaled = ops.add(ops.multiply(ops.divide(tensor(golden.images), 255), high - low), low);
    const images = isFirst ? ops.moveaxis(scaled, -1, 1) : scaled;
    const output = layer.transformImages(images, transformationOf(item));
    const got = await numbers(isFirst ? ops.moveaxis(output, 1, -1) : output);
    const want = (item.result as number[][][][]).flat(3);
    expect(got).toHaveLength(want.length);
    got.forEach((value, i) => expect(Math.abs(value - want[i])).toBeLessThan(2e-5 * (high - low)));
  }
});

const range = { valueRange: [0, 1] } as const;
/** Every layer that draws something for each image, made to do it surely. */
const drawing: readonly [string, (seed: number) => Layer][] = [
  ['RandomBrightness', (seed) => randomBrightness(0.3, { seed, ...range })],
  ['RandomContrast', (seed) => randomContrast([0.3, 0.9], { seed, ...range })],
  ['RandomColorDegeneration', (seed) => hornet.randomColorDegeneration([0.2, 0.9], { seed, ...range })],
  ['RandomSharpness', (seed) => randomSharpness([0, 0.4], { seed, ...range })],
  ['RandomHue', (seed) => randomHue([0.1, 1], { seed, ...range })],
  ['RandomSaturation', (seed) => randomSaturation([0, 0.4], { seed, ...range })],
  ['RandomColorJitter', (seed) => randomColorJitter({ brightnessFactor: 0.2, hueFactor: 0.3, seed, ...range })],
  ['RandomPosterization', (seed) => randomPosterization([1, 5], { seed, ...range })],
  ['Solarization', (seed) => solarization({ additionFactor: 0.3, thresholdFactor: [0.4, 0.8], seed, ...range })],
  ['RandomErasing', (seed) => randomErasing({ factor: [1, 1], scale: [0.2, 0.5], seed, ...range })],
  ['RandomGaussianBlur', (seed) => randomGaussianBlur({ factor: [0.4, 0.6], seed, ...range })],
  ['RandomGrayscale', (seed) => randomGrayscale({ seed })],
  ['RandomInvert', (seed) => randomInvert({ factor: [0.4, 0.6], seed, ...range })],
  ['MixUp', (seed) => mixUp({ alpha: 1, seed })],
  ['CutMix', (seed) => cutMix({ seed })],
  ['RandAugment', (seed) => randAugment({ numOps: 3, seed, ...range })],
  ['AugMix', (seed) => augMix({ seed, ...range })],
];

describe.each(drawing)('%s', (_name, make) => {
  // The same picture sixteen times, brighter each time where layers mix them.
  const picture = Float32Array.from({ length: 5 * 6 * 3 }, (_, i) => 0.1 + 0.6 * ((i * 0.618) % 1));
  const batch = ops.tile(tensor(picture, [1, 5, 6, 3]), [16, 1, 1, 1]);
  const images =
    _name === 'MixUp' || _name === 'CutMix' ? ops.add(batch, ops.reshape(ops.arange(16), [16, 1, 1, 1])) : batch;
  const draw = (layer: Layer): Promise<number[]> => numbers(layer(images));
  const pieces = (list: number[]): string[] =>
    Array.from({ length: 16 }, (_, i) => list.slice(i * picture.length, (i + 1) * picture.length).join());

  test('repeats itself for a seed, draws anew at every call and for every image', async () => {
    const layer = make(7);
    const first = await draw(layer);
    expect(await draw(make(7))).toEqual(first);
    expect(await draw(make(8))).not.toEqual(first);
    expect(await draw(layer)).not.toEqual(first);
    expect(new Set(pieces(first)).size).toBeGreaterThan(1);
    expect(first.every((value) => Number.isFinite(value))).toBe(true);
  });

  test('does nothing but in training', async () => {
    expect(await numbers(make(7)(images, { training: false }))).toEqual(await numbers(images));
  });

  test('is part of the program of a step: new numbers at every step', async () => {
    const model = new Sequential([make(7)]);
    const step = hornet.jit((x: Tensor) => model(x, { training: true }));
    const first = await numbers(step(images));
    expect(first).toEqual(await draw(make(7)));
    expect(await numbers(step(images))).not.toEqual(first);
  });
});

/** 4,000 images of one pixel. */
const pixels = (...channels: number[]): Tensor =>
  ops.tile(tensor(channels, [1, 1, 1, channels.length]), [4000, 1, 1, 1]);

test('what is drawn is uniform within its bounds', async () => {
  const isUniform = (drawn: readonly number[], low: number, high: number): void => {
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(low);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(high);
    const [middle, spread] = [(low + high) / 2, (high - low) / Math.sqrt(12)];
    expect(Math.abs(mean(drawn) - middle)).toBeLessThan(5 * (spread / Math.sqrt(drawn.length)));
    expect(Math.sqrt(mean(drawn.map((value) => (value - middle) ** 2))) / spread).toBeCloseTo(1, 1);
  };
  const options = { seed: 5, valueRange: [0, 1] } as const;
  isUniform(await numbers(randomBrightness([-0.2, 0.4], options)(pixels(0.5))), 0.3, 0.9);
  const contrast = randomContrast([0.2, 0.4], options)(ops.tile(tensor([0.4, 0.6], [1, 1, 2, 1]), [4000, 1, 1, 1]));
  const right = (await numbers(contrast)).filter((_, i) => i % 2 === 1);
  isUniform(right, 0.58, 0.64);
  // A hue of one sixth is yellow; half of a turn by one half either way is a quarter.
  const turned = await numbers(ops.image.rgbToHsv(randomHue([0, 0.2], options)(pixels(1, 1, 0))));
  isUniform(turned.filter((_, i) => i % 3 === 0), 1 / 6 - 0.1, 1 / 6 + 0.1); // prettier-ignore
  const threshold = solarization({ seed: 5, thresholdFactor: [0, 0.5] })(pixels(51));
  expect(mean((await numbers(threshold)).map((value) => Number(value === 204)))).toBeCloseTo(0.4, 1);
});

test('probabilities are those of the factor', async () => {
  const share = async (layer: Layer, value: number): Promise<number> =>
    mean((await numbers(layer(pixels(10, 10, 40)))).filter((_, i) => i % 3 === 0).map((x) => Number(x !== value)));
  for (const factor of [0, 0.3, 1]) {
    expect(Math.abs((await share(randomInvert({ factor: [factor, factor], seed: 2 }), 10)) - factor)).toBeLessThan(
      0.03,
    );
    expect(Math.abs((await share(randomGrayscale({ factor, seed: 2 }), 10)) - factor)).toBeLessThan(0.03);
  }
  // A number stands for all probabilities up to it.
  expect(Math.abs((await share(randomInvert({ seed: 2 }), 10)) - 0.5)).toBeLessThan(0.03);
});

test('posterization keeps the upper bits, each number of them as often', async () => {
  const kept = await numbers(randomPosterization([1, 4], { seed: 1 })(pixels(255)));
  for (const value of [128, 192, 224]) {
    expect(Math.abs(mean(kept.map((x) => Number(x === value))) - 1 / 3)).toBeLessThan(0.03);
  }
  expect(await numbers(randomPosterization([2, 2], { valueRange: [0, 1] })(tensor([[[[1]]]])))).toEqual([
    Math.fround(192 / 255),
  ]);
});

test('RandomErasing erases one rectangle of the wanted size', async () => {
  const images = ops.zeros([300, 20, 30, 3]);
  const layer = randomErasing({ factor: [1, 1], scale: [0.25, 0.25], fillValue: [7, 8, 9], seed: 4 });
  const erased = await numbers(layer(images));
  const tops = Array.from({ length: 300 }, (_, image) => {
    const values = erased.slice(image * 1800, (image + 1) * 1800);
    const places = Array.from({ length: 600 }, (_, place) => place).filter((place) => values[3 * place] !== 0);
    const rows = new Set(places.map((place) => Math.floor(place / 30)));
    const columns = new Set(places.map((place) => place % 30));
    expect([rows.size, columns.size, places.length]).toEqual([10, 15, 150]);
    expect(new Set(places.map((place) => values.slice(3 * place, 3 * place + 3).join()))).toEqual(new Set(['7,8,9']));
    return Math.min(...rows);
  });
  expect(Math.abs(mean(tops) - 5)).toBeLessThan(0.6);
  const first = randomErasing({ factor: [1, 1], scale: [1, 1], fillValue: [7, 8, 9], dataFormat: 'channels_first' });
  expect(await numbers(first(ops.zeros([3, 1, 2])))).toEqual([7, 7, 8, 8, 9, 9]);
  const noise = await numbers(randomErasing({ factor: [1, 1], scale: [1, 1] })(ops.zeros([100, 10, 10, 1])));
  expect(Math.abs(mean(noise.map((value) => Number(value === 0))) - 0.5)).toBeLessThan(0.03);
  expect(Math.max(...noise)).toBe(255);
});

const labeled = (batch: number): LabeledImages => {
  const own = ops.reshape(ops.arange(batch, { dtype: 'float32' }), [batch, 1, 1, 1]);
  return {
    images: ops.tile(own, [1, 8, 8, 1]),
    labels: ops.oneHot(ops.arange(batch), batch),
    segmentationMasks: ops.tile(own, [1, 8, 8, 1]),
  };
};

test('MixUp averages images, labels and masks with the same partner and weight', async () => {
  const layer = mixUp({ alpha: 1, seed: 9, boundingBoxFormat: 'xyxy' }) as Layer;
  const boxes = ops.reshape(ops.arange(24, { dtype: 'float32' }), [6, 1, 4]);
  const labels = ops.reshape(ops.arange(6), [6, 1]);
  const data = layer<LabeledImages>({ ...labeled(6), boundingBoxes: { boxes, labels } });
  const values = (await numbers(data.images)).filter((_, i) => i % 64 === 0);
  const weights = await numbers(data.labels);
  const partners = (await numbers(data.boundingBoxes!.labels)).filter((_, i) => i % 2 === 1);
  values.forEach((value, i) => {
    const row = weights.slice(6 * i, 6 * i + 6);
    expect(row.reduce((sum, weight) => sum + weight)).toBeCloseTo(1);
    expect(row[i] + (partners[i] === i ? 0 : row[partners[i]])).toBeCloseTo(1);
    expect(value).toBeCloseTo(
      row.reduce((sum, weight, j) => sum + weight * j, 0),
      4,
    );
  });
  expect([...partners].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  expect(await numbers(data.segmentationMasks)).toEqual(await numbers(data.images));
  expect(data.boundingBoxes!.boxes.shape).toEqual([6, 2, 4]);
});

test('CutMix puts a rectangle of the partner into images and masks, and mixes labels by its area', async () => {
  const data = (cutMix({ seed: 3 }) as Layer)<LabeledImages>(labeled(10));
  const images = await numbers(data.images);
  const weights = await numbers(data.labels);
  let mixed = 0;
  for (let i = 0; i < 10; i++) {
    const image = images.slice(64 * i, 64 * i + 64);
    const others = new Set(image.filter((value) => value !== i));
    expect(others.size).toBeLessThan(2);
    if (others.size === 0) continue;
    mixed++;
    const [partner] = others;
    const area = image.filter((value) => value === partner).length / 64;
    expect(Math.abs(weights[10 * i + partner] - area)).toBeLessThan(0.25);
    expect(weights[10 * i + partner] + weights[10 * i + i]).toBeCloseTo(1);
  }
  expect(mixed).toBeGreaterThan(3);
  expect(await numbers(data.segmentationMasks)).toEqual(images);
  const alone = tensor([[[1], [2]]]);
  expect(await numbers(cutMix()(alone))).toEqual([1, 2]);
  const boxed = { ...labeled(2), boundingBoxes: { boxes: ops.ones([2, 1, 4]), labels: ops.ones([2, 1]) } };
  expect(() => (cutMix({ boundingBoxFormat: 'xyxy' }) as Layer)(boxed)).toThrow(/cannot transform bounding boxes/);
});

/** What policies hold and draw. */
interface Policy {
  readonly moves: readonly BaseImagePreprocessingLayer[];
  readonly colors: readonly BaseImagePreprocessingLayer[];
}
interface Step {
  readonly chosen: Tensor;
  readonly drawn: { readonly moves: readonly unknown[]; readonly colors: readonly unknown[] };
}

test('RandAugment applies the augmentation that was picked to images, masks and boxes', async () => {
  const layer = randAugment({ numOps: 1, seed: 2, boundingBoxFormat: 'xyxy' });
  const { moves, colors } = layer as unknown as Policy;
  const images = tensor(golden.images);
  const masks = ops.cast(ops.greater(images, 128), 'float32');
  const boxes = { boxes: tensor([[[0, 1, 3, 2]], [[1, 0, 4, 3]]]), labels: tensor([[1], [2]]) };
  const [step] = layer.getRandomTransformation(images)! as unknown as Step[];
  const all = [...moves, ...colors];
  const drawn = [...step.drawn.moves, ...step.drawn.colors];
  for (const [i, augmentation] of all.entries()) {
    const steps = [{ ...step, chosen: tensor(i, [], 'int32') }] as never;
    const close = async (got: Tensor, want: Tensor): Promise<void> => {
      const [a, b] = await Promise.all([numbers(got), numbers(want)]);
      a.forEach((value, k) => expect(value).toBeCloseTo(b[k], 3));
    };
    await close(layer.transformImages(images, steps), augmentation.transformImages(images, drawn[i]));
    await close(
      layer.transformSegmentationMasks(masks, steps),
      augmentation.transformSegmentationMasks(masks, drawn[i]),
    );
    const [moved, want] = [layer.transformBoundingBoxes(boxes, steps), augmentation.transformBoundingBoxes(boxes, drawn[i])]; // prettier-ignore
    await close(moved.boxes, want.boxes);
    await close(moved.labels, want.labels);
  }
  expect(all).toHaveLength(11);
  expect(await numbers(randAugment({ numOps: 0 })(images))).toEqual(await numbers(images));
});

test('every augmentation is picked as often, in AugMix also none', async () => {
  const images = ops.zeros([1, 2, 2, 3]);
  const pick = async (layer: BaseImagePreprocessingLayer, steps: (drawn: unknown) => Step[]): Promise<Set<number>> => {
    const draw = hornet.jit(() => steps(layer.getRandomTransformation(images)).map(({ chosen }) => chosen));
    const picked = await Promise.all(Array.from({ length: 40 }, () => Promise.all(draw().map(numbers))));
    return new Set(picked.flat(2));
  };
  expect(
    [...(await pick(randAugment({ numOps: 4, seed: 1 }), (drawn) => drawn as Step[]))].sort((a, b) => a - b),
  ).toEqual([...Array(11).keys()]);
  const chains = (drawn: unknown): Step[] => (drawn as { chains: Step[][] }).chains.flat();
  expect((await pick(augMix({ seed: 1 }), chains)).size).toBe(12);
  expect((await pick(augMix({ seed: 1, allOps: false }), chains)).size).toBe(8);
});

test('AugMix is an average of images and chains', async () => {
  const images = tensor(golden.images);
  const layer = augMix({ numChains: 2, chainDepth: 1, seed: 2 });
  const drawn = layer.getRandomTransformation(images)! as unknown as {
    chains: Step[][];
    weights: Tensor[];
    own: Tensor;
  };
  const { colors } = layer as unknown as Policy;
  const [own, first, second] = (await Promise.all([drawn.own, ...drawn.weights].map(numbers))).flat();
  expect(first + second).toBeCloseTo(1);
  const given = await numbers(images);
  const withChosen = (...chosen: number[]): never =>
    ({
      ...drawn,
      chains: drawn.chains.map(([step], i) => [{ ...step, chosen: tensor(chosen[i], [], 'int32') }]),
    }) as never;
  const unchanged = await numbers(layer.transformImages(images, withChosen(11, 11)));
  unchanged.forEach((value, i) => expect(value).toBeCloseTo(given[i], 3));
  const solarized = await numbers(colors[1].transformImages(images, drawn.chains[1][0].drawn.colors[1]));
  const mixed = await numbers(layer.transformImages(images, withChosen(11, 4)));
  mixed.forEach((value, i) =>
    expect(value).toBeCloseTo(own * given[i] + (1 - own) * (first * given[i] + second * solarized[i]), 2),
  );
});

test('RandomColorJitter is what its parts are, one after the other', async () => {
  const images = tensor(golden.images);
  const options = { seed: 6 };
  const brighter = randomColorJitter({ brightnessFactor: [0.1, 0.1], ...options })(images);
  expect(await numbers(brighter)).toEqual(await numbers(randomBrightness([0.1, 0.1], options)(images)));
  const both = randomColorJitter({ brightnessFactor: [0.1, 0.1], contrastFactor: [0.5, 0.5], ...options })(images);
  expect(await numbers(both)).not.toEqual(await numbers(brighter));
  expect(await numbers(randomColorJitter()(images))).toEqual(await numbers(images));
});

test('a Pipeline applies its layers in order, comes back from its config, and is training by default', async () => {
  const layer = pipeline([rescaling(2), randomInvert({ factor: [1, 1] }), autoContrast()], { name: 'chain' });
  const images = tensor([[[[10], [20]]]]);
  expect(await numbers(layer(images))).toEqual([255, 0]);
  expect(await numbers(layer(images, { training: false }))).toEqual([0, 255]);
  const copy = hornet.deserialize(hornet.serialize(layer)) as typeof layer;
  expect(copy.name).toBe('chain');
  expect(copy.layers.map((each) => each.className)).toEqual(['Rescaling', 'RandomInvert', 'AutoContrast']);
  expect(await numbers(copy(images))).toEqual([255, 0]);
});

test('errors name the layer and what is wrong', () => {
  expect(() => randomBrightness(1.1)).toThrow(
    /^\[randomBrightness\] expected factor to be a number or a pair of numbers in \[-1, 1\], received 1.1/,
  );
  expect(() => randomContrast(-0.1)).toThrow(/in \[0, 1\]/);
  expect(() => randomPosterization(9)).toThrow(/in \[1, 8\]/);
  expect(() => solarization({ additionFactor: [-0.5, 1] })).toThrow(/additionFactor to be within \[0, 1\]/);
  expect(() => randomGrayscale({ factor: 2 })).toThrow(/\[randomGrayscale\] expected factor to be between 0 and 1/);
  expect(() => randomGaussianBlur({ kernelSize: 4 })).toThrow(/kernelSize to be an odd number/);
  expect(() => randomErasing({ fillValue: [1, 2] as never })).toThrow(/fillValue to be a number or three/);
  expect(() => randomBrightness(0.1, { valueRange: [10] as never })).toThrow(/valueRange to be a pair/);
  expect(() => hornet.equalization({ bins: 0 })).toThrow(/bins to be a positive integer/);
  expect(() => hornet.contrastLimitedAdaptiveHistogramEqualization({ tileGridSize: [8] as never })).toThrow(
    /tileGridSize to be two positive integers/,
  );
});
