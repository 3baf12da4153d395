// Data sets that are read as they are used.
import {
  Dataset,
  Sequential,
  dense,
  setRandomSeed,
  splitDataset,
  timeseriesDatasetFromArray,
  tensor,
  type Tensor,
} from 'hornet';

const numbers = (count: number): Dataset<number> => Dataset.from(Array.from({ length: count }, (_, i) => i));

test('items go through steps, anew in each pass', async () => {
  const even = numbers(10)
    .filter((n) => n % 2 === 0)
    .map(async (n) => n * 10);
  expect(await even.toArray()).toEqual([0, 20, 40, 60, 80]);
  expect(await even.toArray()).toEqual([0, 20, 40, 60, 80]);
  expect(await numbers(5).skip(1).take(2).repeat(2).toArray()).toEqual([1, 2, 1, 2]);
  expect(numbers(5).skip(1).take(2).repeat(2).length).toBe(4);
  expect((await numbers(4).repeat().take(9).toArray()).at(-1)).toBe(0);
});

test('a shuffled pass holds every item, in an order of its own that a seed repeats', async () => {
  const seeded = (): Dataset<number> => numbers(100).shuffle(10, { seed: 3 });
  const once = seeded();
  const [first, second] = [await once.toArray(), await once.toArray()];
  expect(first).not.toEqual(second);
  expect([...first].sort((a, b) => a - b)).toEqual(await numbers(100).toArray());
  expect(await seeded().toArray()).toEqual(first);
});

test('a cached data set reads its source once', async () => {
  let reads = 0;
  const cached = numbers(3)
    .map((n) => (reads++, n))
    .cache();
  await cached.toArray();
  await cached.toArray();
  expect(reads).toBe(3);
});

test('prefetching runs ahead, keeps the order and passes errors on where they belong', async () => {
  let started = 0;
  const slow = numbers(6).map(async (n) => {
    started++;
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (n === 4) throw new Error('four');
    return n;
  });
  const seen: number[] = [];
  const pass = async (): Promise<void> => {
    for await (const n of slow.prefetch(3)) seen.push(n);
  };
  await expect(pass()).rejects.toThrow('four');
  expect(seen).toEqual([0, 1, 2, 3]);
  expect(started).toBe(5);
});

test('sizes that make no sense are refused', async () => {
  expect(() => numbers(3).take(-1)).toThrow('[take] expected a non-negative integer, received -1');
  await expect(splitDataset([1, 2, 3], {})).rejects.toThrow(/expected leftSize, rightSize or both/);
  await expect(splitDataset([1, 2, 3], { leftSize: 3 })).rejects.toThrow(
    /expected leftSize to be an integer from 1 to 2/,
  );
});

test('a data set in two parts', async () => {
  const read = async (parts: Promise<[Dataset<number>, Dataset<number>]>): Promise<number[][]> =>
    Promise.all((await parts).map((part) => part.toArray()));
  expect(await read(splitDataset(numbers(5), { leftSize: 0.6 }))).toEqual([
    [0, 1, 2],
    [3, 4],
  ]);
  expect(await read(splitDataset(numbers(5), { leftSize: 1, rightSize: 2 }))).toEqual([[0], [3, 4]]);
  const [left, right] = await read(splitDataset(numbers(50), { rightSize: 10, shuffle: true, seed: 1 }));
  expect([...left, ...right].sort((a, b) => a - b)).toEqual(await numbers(50).toArray());
  expect(right).not.toEqual([40, 41, 42, 43, 44, 45, 46, 47, 48, 49]);
});

const series = tensor(Float32Array.from({ length: 20 }, (_, i) => i));
const arrays = async (dataset: Dataset<[Tensor] | [Tensor, Tensor]>): Promise<unknown[]> =>
  Promise.all((await dataset.toArray()).map((batch) => Promise.all(batch.map((x) => x.array()))));

// What keras.utils.timeseries_dataset_from_array gives (3.15, TensorFlow).
test('windows of a series', async () => {
  const options = { sequenceStride: 3, samplingRate: 2, batchSize: 2 };
  expect(await arrays(timeseriesDatasetFromArray(series, null, 4, options))).toEqual([
    [
      [
        [0, 2, 4, 6],
        [3, 5, 7, 9],
      ],
    ],
    [
      [
        [6, 8, 10, 12],
        [9, 11, 13, 15],
      ],
    ],
    [[[12, 14, 16, 18]]],
  ]);
  const targets = Float32Array.from({ length: 20 }, (_, i) => 100 + i);
  const between = { ...options, startIndex: 4, endIndex: 15 };
  expect(await arrays(timeseriesDatasetFromArray(series, targets, 4, between))).toEqual([
    [
      [
        [4, 6, 8, 10],
        [7, 9, 11, 13],
      ],
      [104, 107],
    ],
  ]);
  const [first] = await arrays(timeseriesDatasetFromArray(series, targets, 2, { batchSize: null }));
  expect(first).toEqual([[0, 1], 100]);
});

test('shuffled windows keep their targets, and a model learns from them', async () => {
  setRandomSeed(1);
  const dataset = timeseriesDatasetFromArray(series, series, 1, { batchSize: 4, shuffle: true, seed: 5 });
  const [first, second] = [await arrays(dataset), await arrays(dataset)];
  expect(first).not.toEqual(second);
  const pairs = (first as [number[][], number[]][]).flatMap(([x, y]) => x.map(([value], i) => [value, y[i]]));
  expect(pairs.every(([x, y]) => x === y)).toBe(true);
  const model = new Sequential([dense(1, { inputShape: [1] })]);
  model.compile({ optimizer: 'adam', loss: 'mse' });
  const { history } = await model.fit(dataset, null, { epochs: 2, verbose: 0 });
  expect(history.loss).toHaveLength(2);
});

test('windows that do not fit are refused', () => {
  const name = 'timeseriesDatasetFromArray';
  expect(() => timeseriesDatasetFromArray(series, null, 30)).toThrow(
    `[${name}] expected sequenceLength to be an integer`,
  );
  expect(() => timeseriesDatasetFromArray(series, null, 11, { samplingRate: 2 })).toThrow('spans 21 steps');
  expect(() => timeseriesDatasetFromArray(series, null, 2, { startIndex: 20 })).toThrow('expected startIndex');
});
