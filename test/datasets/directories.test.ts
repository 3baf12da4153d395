// Data sets from directories, against what Keras reads from the same files (scripts/goldens/directories.py).
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  PyDataset,
  Sequential,
  audioDatasetFromDirectory,
  conv2d,
  dense,
  globalAveragePooling2d,
  imageDatasetFromDirectory,
  loadImg,
  ops,
  rescaling,
  saveImg,
  tensor,
  textDatasetFromDirectory,
  type AudioDirectoryArgs,
  type Batch,
  type Dataset,
  type ImageDirectoryArgs,
  type Tensor,
} from 'hornet';

interface Golden {
  readonly options: Record<string, unknown>;
  readonly shape: number[];
  readonly x: number[];
  readonly y: unknown;
}

const root = fileURLToPath(new URL('../golden/directories', import.meta.url));
const { images, sounds } = JSON.parse(await readFile(join(root, 'keras.json'), 'utf8')) as Record<
  'images' | 'sounds',
  Record<string, Golden>
>;
const camel = (options: Record<string, unknown>): object =>
  Object.fromEntries(
    Object.entries(options).map(([key, value]) => [
      key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
const quiet = { shuffle: false, verbose: false };

async function matches(dataset: Dataset<[Tensor] | [Tensor, Tensor]>, golden: Golden, tolerance: number) {
  const [[x, y]] = await dataset.toArray();
  expect(x.shape).toEqual(golden.shape);
  const values = Array.from(await x.data(), Number);
  expect(Math.max(...values.map((value, i) => Math.abs(value - golden.x[i])))).toBeLessThan(tolerance);
  expect(await y!.array()).toEqual(golden.y);
}

describe('images', () => {
  test.each(Object.entries(images))('%s', async (name, golden) => {
    const args = { imageSize: [8, 6], batchSize: 4, ...quiet, ...camel(golden.options) } as ImageDirectoryArgs;
    const dataset = await imageDatasetFromDirectory(join(root, 'images'), args);
    expect(dataset.classNames).toEqual(['cats', 'dogs']);
    // float32 sums in another order. TensorFlow takes cubic weights from a table of 1,024 and rounds gray in its own way.
    const tolerances: Record<string, number> = { bicubic: 0.2, gray: 1.01 };
    await matches(dataset, golden, tolerances[name] ?? 1e-3);
  });

  test('train a model, in another order in each pass', async () => {
    const dataset = await imageDatasetFromDirectory(join(root, 'images'), {
      imageSize: 8,
      batchSize: 1,
      seed: 3,
      verbose: false,
    });
    const order = async (): Promise<string> => {
      const batches = await dataset.toArray();
      return (await Promise.all(batches.map(async ([x]) => Number(await ops.sum(x).array())))).join();
    };
    const orders = new Set([await order(), await order(), await order(), await order()]);
    expect(orders.size).toBeGreaterThan(1);
    const model = new Sequential([rescaling(1 / 255), conv2d(4, 3), globalAveragePooling2d(), dense(2)]);
    model.compile({ optimizer: 'adam', loss: 'mse' });
    const one = await imageDatasetFromDirectory(join(root, 'images'), {
      imageSize: 8,
      labelMode: 'categorical',
      verbose: false,
    });
    const { history } = await model.fit(one, null, { epochs: 2, verbose: 0 });
    expect(history.loss.every(Number.isFinite)).toBe(true);
  });

  test('two parts of one directory share no file', async () => {
    const split = { validationSplit: 0.5, seed: 1, imageSize: 8, verbose: false } as const;
    const [training, validation] = await imageDatasetFromDirectory(join(root, 'images'), { ...split, subset: 'both' });
    const alone = await imageDatasetFromDirectory(join(root, 'images'), { ...split, subset: 'training' });
    expect(alone.filePaths).toEqual(training.filePaths);
    expect(new Set([...training.filePaths, ...validation.filePaths]).size).toBe(4);
  });

  test('a single file, and one that was written', async () => {
    const image = await loadImg(join(root, 'images/cats/a.png'));
    expect(image.shape).toEqual([9, 12, 3]);
    expect(
      (await loadImg(join(root, 'images/cats/a.png'), { targetSize: [4, 4], colorMode: 'grayscale' })).shape,
    ).toEqual([4, 4, 1]);
    const folder = await mkdtemp(join(tmpdir(), 'hornet-image-'));
    await saveImg(join(folder, 'copy.png'), image, { scale: false });
    expect(await (await loadImg(join(folder, 'copy.png'))).array()).toEqual(await image.array());
    await rm(folder, { recursive: true });
  });
});

test.each(Object.entries(sounds))('sounds: %s', async (_, golden) => {
  const args = { batchSize: 2, ...quiet, ...camel(golden.options) } as AudioDirectoryArgs;
  await matches(await audioDatasetFromDirectory(join(root, 'sounds'), args), golden, 1e-6);
});

describe('files of all sorts', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hornet-texts-'));
    for (const [name, text] of Object.entries({
      'good/1.txt': 'fine',
      'good/2.txt': 'schön',
      'bad/deep/3.txt': 'poor',
      'bad/4.md': 'no',
    })) {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), text);
    }
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('texts in folders, also deep ones', async () => {
    const dataset = await textDatasetFromDirectory(folder, { ...quiet, maxLength: 3 });
    const [[texts, labels]] = await dataset.toArray();
    expect(texts).toEqual(['poo', 'fin', 'sch']);
    expect(await labels!.array()).toEqual([0, 1, 1]);
  });

  test('labels may be given, or left out', async () => {
    const [[, labels]] = await (await textDatasetFromDirectory(folder, { ...quiet, labels: [4, 5, 6] })).toArray();
    expect(await labels!.array()).toEqual([4, 5, 6]);
    const [batch] = await (await textDatasetFromDirectory(folder, { ...quiet, labels: null })).toArray();
    expect(batch).toEqual([['poor', 'fine', 'schön']]);
    const reversed = await textDatasetFromDirectory(folder, { ...quiet, classNames: ['good', 'bad'] });
    expect(await (await reversed.toArray())[0][1]!.array()).toEqual([0, 0, 1]);
  });

  test('links to folders are followed where that is wanted', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'hornet-linked-'));
    await writeFile(join(outside, '5.txt'), 'linked');
    await symlink(outside, join(folder, 'good', 'more'));
    expect((await textDatasetFromDirectory(folder, quiet)).filePaths).toHaveLength(3);
    expect((await textDatasetFromDirectory(folder, { ...quiet, followLinks: true })).filePaths).toHaveLength(4);
    await rm(outside, { recursive: true });
  });

  test('mistakes are told', async () => {
    await expect(imageDatasetFromDirectory(folder, quiet)).rejects.toThrow(
      /^\[imageDatasetFromDirectory\] found no images in/,
    );
    await expect(textDatasetFromDirectory(join(folder, 'none'))).rejects.toThrow('cannot read the directory');
    await expect(textDatasetFromDirectory(folder, { labels: [1] })).rejects.toThrow(
      'expected a label for each of 3 texts, received 1',
    );
    await expect(textDatasetFromDirectory(folder, { validationSplit: 0.5 })).rejects.toThrow(
      'expected validationSplit and subset together',
    );
    const half = { validationSplit: 0.5, subset: 'training' } as const;
    await expect(textDatasetFromDirectory(folder, half)).rejects.toThrow('expected a seed');
    await writeFile(join(folder, 'good', 'broken.png'), 'not an image');
    const broken = await imageDatasetFromDirectory(folder, { ...quiet, imageSize: 8 });
    await expect(broken.toArray()).rejects.toThrow(/\[imageDatasetFromDirectory\] cannot decode .*broken\.png/);
    await writeFile(join(folder, 'good', 'broken.wav'), 'RIFF');
    const sound = await audioDatasetFromDirectory(folder, quiet);
    await expect(sound.toArray()).rejects.toThrow(/cannot read .*broken\.wav: not a WAV file/);
  });
});

test('batches by number, several at work at once', async () => {
  let [working, most, epochs] = [0, 0, 0];
  class Numbers extends PyDataset {
    get length(): number {
      return 6;
    }
    async getItem(index: number): Promise<Batch> {
      most = Math.max(most, ++working);
      await new Promise((resolve) => setTimeout(resolve, 5 * (6 - index)));
      working--;
      return [tensor([[index]]), tensor([[2 * index]])];
    }
    override onEpochEnd(): void {
      epochs++;
    }
  }
  const dataset = new Numbers({ workers: 3 });
  const seen: number[] = [];
  for await (const batch of dataset) seen.push(Number(((await (batch as [Tensor])[0].array()) as number[][])[0][0]));
  expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
  expect(most).toBe(3);
  const model = new Sequential([dense(1, { inputShape: [1] })]);
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  await model.fit(dataset, null, { epochs: 2, verbose: 0 });
  expect(epochs).toBe(3);
});
