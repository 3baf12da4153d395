// Reductions, scans and sorts of shapes that backends divide: long axes, many rows, odd sizes. Against plain loops.
import { ops, tensor, type DType, type Tensor } from 'hornet';
import { opTable } from '../../lib/graph/op.js';
import { emit, emit1 } from '../../lib/graph/trace.js';

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Small integers that are exact in every dtype, a few of them often. */
function integers(count: number, low: number, high: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return low + ((state >>> 8) % (high - low + 1));
  });
}

const run = (name: string, x: Tensor, attrs: Record<string, unknown>): Tensor =>
  emit1(opTable.get(name)!, [x], attrs as never);

const folds: Record<string, (a: number, b: number) => number> = {
  sum: (a, b) => a + b,
  prod: (a, b) => a * b,
  max: (a, b) => Math.max(a, b),
  min: (a, b) => Math.min(a, b),
};

/** Splits a tensor into columns along one axis: calls visit with the places of each. */
function columns(shape: readonly number[], axis: number, visit: (places: number[]) => void): void {
  const [length, inner] = [shape[axis], size(shape.slice(axis + 1))];
  for (let outer = 0; outer < size(shape.slice(0, axis)); outer++) {
    for (let i = 0; i < inner; i++) {
      visit(Array.from({ length }, (_, k) => (outer * length + k) * inner + i));
    }
  }
}

/** Compares without the cost of a report on long arrays. */
function expectSame(actual: ArrayLike<number | bigint>, expected: readonly number[], what: string): void {
  let wrong = actual.length === expected.length ? -1 : 0;
  for (let i = 0; i < expected.length && wrong < 0; i++) {
    if (!Object.is(Number(actual[i]), expected[i]) && !(Number(actual[i]) === 0 && expected[i] === 0)) wrong = i;
  }
  if (wrong >= 0) {
    throw new Error(
      `${what}: at ${wrong} of ${expected.length} received ${actual[wrong]}, expected ${expected[wrong]}`,
    );
  }
}

function reduced(values: number[], shape: readonly number[], axes: readonly number[], fold: string): number[] {
  let left = values;
  const dims = [...shape];
  for (const axis of [...axes].sort((a, b) => b - a)) {
    const result: number[] = [];
    columns(dims, axis, (places) => result.push(places.map((at) => left[at]).reduce(folds[fold])));
    left = result;
    dims.splice(axis, 1);
  }
  return left;
}

const reductions: [number[], number[]][] = [
  [[40_003], [0]],
  [[3, 17_000], [1]],
  [[7, 4097], [1]],
  [[60, 333], [1]],
  [[1000, 12], [1]],
  [[2000, 3], [1]],
  [[2000, 3], [0]],
  [[900, 40], [0]],
  [[300, 257], [0]],
  [[70, 700], [0]],
  [[2, 400, 70], [1]],
  [[90, 20, 30], [1]],
  [
    [9, 5, 7, 11, 3],
    [0, 2, 4],
  ],
  [
    [9, 5, 7, 11, 4],
    [1, 3],
  ],
  [
    [40, 3, 300],
    [0, 2],
  ],
];
const [someReductions, alongOne] = [
  reductions.filter((_, i) => [1, 4, 7, 10, 14].includes(i)),
  reductions.filter(([, axes]) => axes.length === 1),
];
const allTypes: DType[] = ['float32', 'bfloat16', 'float16', 'float64', 'int32', 'uint8', 'int64', 'bool'];
const someTypes: DType[] = ['float32', 'float16', 'float64', 'int32', 'bool'];

test.each(allTypes)('reductions of %s', async (dtype) => {
  const isBool = dtype === 'bool';
  for (const [shape, axes] of dtype === 'float32' ? reductions : someReductions) {
    const signed = integers(size(shape), dtype === 'uint8' ? 0 : -1, 1);
    const values = isBool ? signed.map((v) => Number(v > 0)) : signed;
    const x = tensor(dtype === 'int64' ? values.map(BigInt) : values, shape, dtype);
    for (const fold of isBool ? ['max', 'min'] : ['sum', 'max']) {
      const expected = reduced(values, shape, axes, fold);
      const y = await run(`reduce_${fold}`, x, { axes }).numbers();
      const narrow = dtype === 'uint8' ? expected.map((v) => v & 255) : await roundTo(expected, dtype);
      expectSame(y, narrow, `${fold} of ${dtype} [${shape}] over [${axes}]`);
    }
  }
});

async function roundTo(values: number[], dtype: DType): Promise<number[]> {
  if (dtype !== 'float16' && dtype !== 'bfloat16') return values;
  return tensor(values, [values.length], dtype).numbers();
}

test('products, and NaN in maxima and minima', async () => {
  for (const [shape, axes] of someReductions) {
    const ones = integers(size(shape), 0, 1).map((v) => 1 - 2 * v);
    const y = await run('reduce_prod', tensor(ones, shape), { axes }).numbers();
    expectSame(y, reduced(ones, shape, axes, 'prod'), `prod of [${shape}] over [${axes}]`);
    const values = integers(size(shape), -50, 50);
    values[Math.floor(values.length * 0.7)] = NaN;
    for (const fold of ['max', 'min']) {
      const z = await run(`reduce_${fold}`, tensor(values, shape), { axes }).numbers();
      expectSame(z, reduced(values, shape, axes, fold), `${fold} of [${shape}] over [${axes}]`);
    }
  }
});

test('long sums stay accurate', async () => {
  const values = Float32Array.from({ length: 1 << 20 }, (_, i) => 0.1 + 1e-3 * (i % 7));
  const exact = values.reduce((a, b) => a + b, 0);
  for (const shape of [[1 << 20], [1 << 10, 1 << 10]]) {
    const x = tensor(values, shape);
    const [rows, all] = [await ops.sum(x, { axis: 0 }).numbers(), await ops.sum(x).item()];
    expect(Math.abs(Number(all) - exact) / exact).toBeLessThan(2e-7);
    expect(Math.abs(rows.reduce((a, b) => a + b, 0) - exact) / exact).toBeLessThan(2e-7);
  }
});

test.each(someTypes)('argmax and argmin of %s take the first, NaN before all', async (dtype) => {
  for (const [shape, axes] of dtype === 'float32' ? alongOne : alongOne.slice(1, 4)) {
    const [low, high] = dtype === 'bool' ? [0, 1] : [dtype === 'uint8' ? 0 : -9, 9];
    const values = integers(size(shape), low, high, 7);
    if (dtype.startsWith('float')) values[Math.floor(values.length * 0.6)] = NaN;
    const x = tensor(values, shape, dtype);
    for (const isMax of [true, false]) {
      const expected: number[] = [];
      columns(shape, axes[0], (places) => {
        let best = 0;
        for (let k = 1; k < places.length && !Number.isNaN(values[places[best]]); k++) {
          const [a, b] = [values[places[k]], values[places[best]]];
          if (Number.isNaN(a) || (isMax ? a > b : a < b)) best = k;
        }
        expected.push(best);
      });
      const name = isMax ? 'argmax' : 'argmin';
      const y = await run(name, x, { axis: axes[0] }).numbers();
      expectSame(y, expected, `${name} of ${dtype} [${shape}] along ${axes[0]}`);
    }
  }
});

const scans: [number[], number][] = [
  [[30_001], 0],
  [[2, 9000], 1],
  [[20, 700], 1],
  [[300, 16], 1],
  [[3000, 5], 0],
  [[3, 300, 30], 1],
  [[2, 40, 500], 1],
];

test.each(someTypes)('scans of %s', async (dtype) => {
  for (const [shape, axis] of scans) {
    const isBool = dtype === 'bool';
    const low = isBool || dtype === 'uint8' ? 0 : -1;
    for (const name of ['cumsum', 'cummax', 'cummin', 'cumprod']) {
      const count = size(shape);
      // Signs with a rare zero for products; halfs must count no further than they are exact.
      const values =
        name === 'cumprod'
          ? integers(count, 0, 1).map((v, i) => (i % 997 === 996 ? 0 : low ? 1 - 2 * v : 1))
          : integers(count, low, 1);
      const x = tensor(values, shape, dtype);
      const fold = folds[name.slice(3)];
      for (const reverse of [false, true]) {
        const expected = new Array<number>(count);
        columns(shape, axis, (places) => {
          let total = NaN;
          for (const at of reverse ? [...places].reverse() : places) {
            total = Number.isNaN(total) ? values[at] : fold(total, values[at]);
            expected[at] = isBool ? Number(total !== 0) : dtype === 'uint8' ? total & 255 : total;
          }
        });
        const y = await run(name, x, { axis, reverse }).numbers();
        expectSame(y, await roundTo(expected, dtype), `${name} of ${dtype} [${shape}] along ${axis}, ${reverse}`);
      }
    }
  }
});

test('a NaN stays in all later maxima', async () => {
  const values: number[] = integers(9000, -100, 100);
  values[5000] = NaN;
  const y = await run('cummax', tensor(values, [9000]), { axis: 0, reverse: false }).numbers();
  expect(y.findIndex((v) => Number.isNaN(v))).toBe(5000);
  expect(y.slice(5000).every((v) => Number.isNaN(v))).toBe(true);
});

const sorts: [number[], number][] = [
  [[2, 2048], 1],
  [[2, 2049], 1],
  [[20_000], 0],
  [[500, 10], 1],
  [[300, 33], 0],
  [[40, 1], 1],
  [[2, 2100, 5], 1],
];
const order = (a: number, b: number): number =>
  Number.isNaN(a) || Number.isNaN(b) ? Number(Number.isNaN(a)) - Number(Number.isNaN(b)) : a - b;

test.each(['float32', 'float16', 'bfloat16', 'float64', 'int8', 'int32', 'int64', 'uint16', 'bool'] as DType[])(
  'sorts of %s are stable, NaN last',
  async (dtype) => {
    for (const [shape, axis] of sorts) {
      const [low, high] = dtype === 'bool' ? [0, 1] : dtype === 'uint16' ? [0, 60_000] : [-100, 100];
      const values = integers(size(shape), low, high, 3);
      if (dtype.includes('float')) {
        for (let i = 5; i < values.length; i += 501) values[i] = [NaN, Infinity, -Infinity, 0][i % 4];
      }
      const x = tensor(dtype === 'int64' ? values.map(BigInt) : values, shape, dtype);
      for (const descending of [false, true]) {
        const [expectedValues, expectedIndices] = [new Array<number>(values.length), new Array<number>(values.length)];
        columns(shape, axis, (places) => {
          const sorted = places.map((_, k) => k);
          sorted.sort((i, j) => {
            const [a, b] = [values[places[i]], values[places[j]]];
            return (descending && !Number.isNaN(a) && !Number.isNaN(b) ? order(b, a) : order(a, b)) || i - j;
          });
          sorted.forEach((from, k) => {
            expectedValues[places[k]] = values[places[from]];
            expectedIndices[places[k]] = from;
          });
        });
        const [y, indices] = emit(opTable.get('sort')!, [x], { axis, descending });
        const what = `sort of ${dtype} [${shape}] along ${axis}, ${descending}`;
        expectSame(await indices.numbers(), expectedIndices, `${what}, indices`);
        expectSame(await y.numbers(), await roundTo(expectedValues, dtype), what);
      }
    }
  },
);

test.each([
  [[2, 40_000], 5],
  [[1, 20_000], 512],
  [[2, 5000], 600],
  [[20, 100], 10],
  [[20, 3000], 1],
])('the largest of %j: %i', async (shape, k) => {
  for (const sign of [0, 1, -1]) {
    // Random, and in the two orders in which most and fewest values are better than all before.
    const random = integers(size(shape), -3000, 3000);
    const values = sign === 0 ? random : random.map((_, i) => sign * Math.floor(i / 2));
    values[17] = NaN;
    const [y, indices] = ops.topK(tensor(values, shape), k);
    const [expectedValues, expectedIndices]: number[][] = [[], []];
    columns(shape, 1, (places) => {
      const sorted = places.map((_, i) => i);
      sorted.sort((i, j) => {
        const [a, b] = [values[places[i]], values[places[j]]];
        return (Number.isNaN(a) || Number.isNaN(b) ? order(a, b) : b - a) || i - j;
      });
      for (const i of sorted.slice(0, k)) {
        expectedIndices.push(i);
        expectedValues.push(values[places[i]]);
      }
    });
    expectSame(await indices.numbers(), expectedIndices, 'indices');
    expectSame(await y.numbers(), expectedValues, 'values');
  }
});
