// Random numbers: moments of the distributions, and which draws repeat.
import { jit, random, SeedGenerator, setRandomSeed, type Tensor } from 'hornet';
import type { DeviceTensor } from '../../lib/tensor.js';

const numbers = (x: Tensor): Promise<number[]> => (x as DeviceTensor).numbers();
const shape = [40_000];

/** Name, draw, mean, variance, lower and upper bound. */
const distributions: [string, () => Tensor, number, number, number, number][] = [
  ['uniform', () => random.uniform(shape, { minval: -1, maxval: 2 }), 0.5, 0.75, -1, 2],
  ['normal', () => random.normal(shape, { mean: 1, stddev: 2 }), 1, 4, -12, 14],
  ['truncatedNormal', () => random.truncatedNormal(shape), 0, 0.7737, -2, 2],
  ['randint', () => random.randint(shape, 3, 9), 5.5, 35 / 12, 3, 8],
  ['bernoulli', () => random.bernoulli(shape, 0.3), 0.3, 0.21, 0, 1],
  ['gamma of a small shape', () => random.gamma(shape, 0.4), 0.4, 0.4, 0, 20],
  ['gamma of a large shape', () => random.gamma(shape, 50), 50, 50, 10, 110],
  ['beta', () => random.beta(shape, 2, 3), 0.4, 0.04, 0, 1],
  ['binomial of a small mean', () => random.binomial(shape, 100, 0.05), 5, 4.75, 0, 100],
  ['binomial of a large mean', () => random.binomial(shape, 1000, 0.7), 700, 210, 500, 900],
];

test.each(distributions)('%s has its mean and variance', async (_name, draw, mean, variance, low, high) => {
  setRandomSeed(7);
  const drawn = await numbers(draw());
  const average = drawn.reduce((a, b) => a + b) / drawn.length;
  const spread = drawn.reduce((a, b) => a + (b - average) ** 2, 0) / drawn.length;
  expect(Math.abs(average - mean)).toBeLessThan(5 * Math.sqrt(variance / drawn.length));
  expect(Math.abs(spread / variance - 1)).toBeLessThan(0.06);
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(low);
  expect(Math.max(...drawn)).toBeLessThanOrEqual(high);
});

test('a number as seed repeats the draw, a generator goes on', async () => {
  const draw = (seed: number | SeedGenerator): Promise<number[]> => numbers(random.normal([4], { seed }));
  expect(await draw(3)).toEqual(await draw(3));
  expect(await draw(3)).not.toEqual(await draw(4));
  const generator = new SeedGenerator(3);
  const first = await draw(generator);
  expect(first).toEqual(await draw(3));
  expect(await draw(generator)).not.toEqual(first);
});

test('the global seed repeats everything that follows', async () => {
  const draws = async (): Promise<number[][]> => {
    setRandomSeed(11);
    return [await numbers(random.uniform([3])), await numbers(random.uniform([3]))];
  };
  const [first, second] = await draws();
  expect(second).not.toEqual(first);
  expect(await draws()).toEqual([first, second]);
});

test('a compiled function draws anew at every call', async () => {
  const generator = new SeedGenerator(5);
  const draw = jit((x: Tensor) => random.dropout(x, 0.5, { seed: generator }));
  const ones = random.uniform([64], { minval: 1, maxval: 1 });
  expect(await numbers(draw(ones))).not.toEqual(await numbers(draw(ones)));
});

test('shuffling keeps what is there', async () => {
  const shuffled = await numbers(random.shuffle([1, 2, 3, 4, 5, 6, 7, 8], { seed: 1 }));
  expect(shuffled).not.toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect([...shuffled].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test('categorical draws classes by their probabilities', async () => {
  const drawn = await numbers(random.categorical([[0, Math.log(3)]], 20_000, { seed: 2 }));
  expect(drawn.reduce((a, b) => a + b) / drawn.length).toBeCloseTo(0.75, 1);
});
