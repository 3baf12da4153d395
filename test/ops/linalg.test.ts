// Linear algebra, Fourier transforms and CTC: what goes wrong, and what other ways of computing give.
import { ops, tensor, type DeviceTensor, type Tensor } from 'hornet';

const read = (x: Tensor): Promise<number[]> => (x as DeviceTensor).numbers();
const scattered = (count: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(7 * i * i + i + 1));

test('a matrix that is not positive definite has no Cholesky factor, and the one after it still does', async () => {
  const bad = ops.cholesky([[1, 2], [2, 1]]); // prettier-ignore
  await expect(read(bad)).rejects.toThrow('[cholesky] expected a positive definite matrix, which this is not at row 1');
  expect(await read(ops.cholesky([[4]]))).toEqual([2]);
});

test.each([
  ['[inv] expected square matrices, received shape [2, 3]', () => ops.inv(ops.ones([2, 3]))],
  ['[det] expected matrices, received shape [3]', () => ops.det(ops.ones([3]))],
  ['[solve] expected b to have as many rows as a', () => ops.solve(ops.ones([2, 2]), ops.ones([3]))],
  ["[qr] expected mode to be 'reduced' or 'complete', received 'r'", () => ops.qr(ops.ones([2, 2]), { mode: 'r' as never })],
  ['[norm] expected one or two axes, received 3', () => ops.norm(ops.ones([2, 2, 2]), { ord: 1 })],
  ['[norm] expected a number as ord of vectors', () => ops.norm(ops.ones([2]), { ord: 'fro' })],
  ['[fft] expected real and imaginary part to be floats of one shape', () => ops.fft([ops.ones([2]), ops.ones([3])])],
  ['[stft] expected positive lengths', () => ops.stft(ops.ones([9]), 8, 0, 8)],
  ['[ctcDecode] expected 1 ≤ topPaths', () => ops.ctcDecode(ops.ones([1, 2, 3]), [2], { strategy: 'beam_search', topPaths: 101 })],
] as const)('%s', (message, fn) => {
  expect(fn).toThrow(message);
}); // prettier-ignore

test('empty matrices and batches', async () => {
  expect(await read(ops.det(ops.zeros([2, 0, 0])))).toEqual([1, 1]);
  expect(ops.svd(ops.zeros([0, 3, 2]))[2].shape).toEqual([0, 2, 2]);
  expect(ops.cholesky(ops.zeros([0, 0])).shape).toEqual([0, 0]);
});

test.each([2, 30, 31, 97, 210, 1009])('a transform of %i numbers is the sum that defines it', async (size) => {
  const values = scattered(2 * size);
  const [re, im] = [values.slice(0, size), values.slice(size)];
  const [actualRe, actualIm] = await Promise.all(ops.fft([tensor(re, [size]), tensor(im, [size])]).map(read));
  for (const k of [0, 1, Math.floor(size / 2), size - 1]) {
    let [wantRe, wantIm] = [0, 0];
    for (let j = 0; j < size; j++) {
      const angle = (-2 * Math.PI * ((j * k) % size)) / size;
      wantRe += re[j] * Math.cos(angle) - im[j] * Math.sin(angle);
      wantIm += re[j] * Math.sin(angle) + im[j] * Math.cos(angle);
    }
    expect(Math.hypot(actualRe[k] - wantRe, actualIm[k] - wantIm)).toBeLessThan(1e-5 * size);
  }
});

/** The probability of every labelling, from all paths through the classes. 0 is blank. */
function labellings(scores: readonly number[], times: number, classes: number): Map<string, number> {
  const found = new Map<string, number>();
  const rows = Array.from({ length: times }, (_, t) => scores.slice(t * classes, (t + 1) * classes).map(Math.exp));
  const sums = rows.map((row) => row.reduce((a, b) => a + b, 0));
  for (let path = 0; path < classes ** times; path++) {
    const steps = Array.from({ length: times }, (_, t) => Math.floor(path / classes ** t) % classes);
    const labels = steps.filter((label, t) => label !== 0 && label !== steps[t - 1]).join();
    const probability = steps.reduce((product, label, t) => (product * rows[t][label]) / sums[t], 1);
    found.set(labels, (found.get(labels) ?? 0) + probability);
  }
  return found;
}

test('CTC counts every path, and beam search with room for all finds the best labels', async () => {
  const [times, classes] = [5, 3];
  const scores = scattered(times * classes).map((x) => 2 * x);
  const all = labellings(scores, times, classes);
  const x = tensor(scores, [1, times, classes], 'float64');
  for (const labels of [[1], [2, 2], [1, 2, 1]]) {
    const loss = ops.ctcLoss([labels], x, [labels.length], [times]);
    expect((await read(loss))[0]).toBeCloseTo(-Math.log(all.get(labels.join())!), 10);
  }
  expect(await read(ops.ctcLoss([[1, 1, 1, 1]], x, [4], [times]))).toEqual([Infinity]);
  const best = [...all].sort(([, a], [, b]) => b - a).slice(0, 4);
  const [paths, likelihoods] = ops.ctcDecode(x, [times], { strategy: 'beam_search', beamWidth: 200, topPaths: 4 });
  const rows = await read(paths);
  const text = best.map((_, p) => rows.slice(p * times, (p + 1) * times).filter((label) => label >= 0).join()); // prettier-ignore
  expect(text).toEqual(best.map(([labels]) => labels));
  (await read(likelihoods)).forEach((found, p) => expect(found).toBeCloseTo(Math.log(best[p][1]), 10));
});

test('a label that is no class is an error', async () => {
  const loss = ops.ctcLoss([[3]], ops.zeros([1, 4, 3]), [1], [4]);
  await expect(read(loss)).rejects.toThrow('[ctc_loss] expected labels to be classes, received 3');
});
