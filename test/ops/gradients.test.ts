// Gradients of the neural-network primitives: fused against their meaning in simpler ops, first and second derivatives
// against finite differences.
import { opTable } from '../../lib/graph/op.js';
import { emit } from '../../lib/graph/trace.js';
import { jit, valueAndGrad } from '../../lib/graph/transforms.js';
import type { Attrs } from '../../lib/graph/ir.js';
import * as ops from '../../lib/ops/index.js';
import * as random from '../../lib/random.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';

const read = (x: Tensor): Promise<number[]> => (x as DeviceTensor).numbers();
const draw = (shape: readonly number[], seed: number): Tensor => random.normal(shape, { seed, dtype: 'float64' });
type Fn = (...xs: Tensor[]) => Tensor;

async function expectClose(got: Tensor, want: Tensor): Promise<void> {
  const [a, b] = await Promise.all([read(got), read(want)]);
  const scale = Math.max(1e-3, ...b.map(Math.abs));
  a.forEach((value, i) => expect(Math.abs(value - b[i]) / scale).toBeLessThan(1e-5));
}

/** A scalar of a function's result in which every element has another weight. */
const weighted =
  (fn: Fn): Fn =>
  (...xs) => {
    const y = fn(...xs);
    return ops.sum(ops.multiply(y, ops.cos(ops.reshape(ops.arange(y.size, { dtype: y.dtype }), y.shape))));
  };

/** The sum of squares of all gradients: its gradient is a second derivative. */
const slopes =
  (fn: Fn, count: number): Fn =>
  (...xs) => {
    const argnums = Array.from({ length: count }, (_, i) => i);
    const { argGrads } = valueAndGrad(fn, { argnums })(...xs);
    const squares = argGrads.flatMap((g) => (g ? [ops.sum(ops.square(g as Tensor))] : []));
    return squares.reduce((a, b) => ops.add(a, b));
  };

const fused: [string, Tensor[], Attrs][] = [
  ['softmax', [draw([3, 5, 4], 1)], { axis: 1 }],
  ['log_softmax', [draw([3, 5], 2)], { axis: 1 }],
  ['batch_norm', [draw([4, 3, 5], 3), draw([5], 4), draw([5], 5)], { epsilon: 1e-3 }],
  ['layer_norm', [draw([4, 3, 6], 6), draw([6], 7), draw([6], 8)], { epsilon: 1e-3 }],
];

test.each(fused)('%s is what it decomposes to', async (name, inputs, attrs) => {
  const op = opTable.get(name)!;
  const decomposed = jit((...xs: Tensor[]) => op.decompose!(xs, attrs));
  const outputs = emit(op, inputs, attrs);
  await Promise.all(decomposed(...inputs).map((want, i) => expectClose(outputs[i], want)));
  const argnums = inputs.map((_, i) => i);
  let one: Fn = weighted((...xs) => emit(op, xs, attrs)[0]);
  let two: Fn = weighted((...xs) => decomposed(...xs)[0]);
  for (const order of [1, 2]) {
    const [got, want] = [one, two].map((fn) => valueAndGrad(fn, { argnums })(...inputs).argGrads);
    for (const i of argnums) if (want[i]) await expectClose(got[i] as Tensor, want[i] as Tensor);
    if (order === 1) [one, two] = [one, two].map((fn) => slopes(fn, inputs.length));
  }
});

test('the statistics of a batch have gradients, too', async () => {
  const x = draw([4, 3, 5], 3);
  const op = opTable.get('batch_norm')!;
  const loss =
    (apply: (xs: Tensor[]) => readonly Tensor[]): Fn =>
    (input) => {
      const [y, mean, variance] = apply([input, draw([5], 4), draw([5], 5)]);
      return ops.add(ops.sum(ops.square(ops.add(y, mean))), ops.sum(ops.sin(variance)));
    };
  const [got, want] = [
    loss((xs) => emit(op, xs, { epsilon: 1e-3 })),
    loss((xs) => op.decompose!(xs, { epsilon: 1e-3 })),
  ].map((fn) => valueAndGrad(fn)(x).argGrads[0] as Tensor);
  await expectClose(got, want);
});

const smooth: [string, Fn, number[][]][] = [
  ['conv same', (x, k) => ops.conv(x, k, { strides: [2, 1], padding: 'same' }), [[2, 6, 7, 4], [3, 2, 2, 6]]],
  ['conv dilated', (x, k) => ops.conv(x, k, { dilationRate: 2 }), [[2, 6, 7, 4], [3, 2, 4, 6]]],
  ['conv causal', (x, k) => ops.conv(x, k, { padding: 'causal' }), [[2, 6, 4], [3, 4, 6]]],
  ['conv 3-D', (x, k) => ops.conv(x, k, { strides: 2 }), [[1, 4, 5, 4, 2], [2, 2, 2, 2, 3]]],
  ['depthwise', (x, k) => ops.depthwiseConv(x, k, { padding: 'same' }), [[2, 5, 5, 3], [3, 3, 3, 2]]],
  ['transposed', (x, k) => ops.convTranspose(x, k, { strides: 2, padding: 'same' }), [[2, 4, 5, 3], [3, 3, 4, 3]]],
  ['average pool', (x) => ops.square(ops.averagePool(x, 2, { strides: 1, padding: 'same' })), [[2, 5, 4, 3]]],
  ['max pool', (x) => ops.maxPool(x, 2, { strides: 1, padding: 'same' }), [[2, 5, 4, 3]]],
  ['matmul', (a, b) => ops.matmul(a, b), [[3, 1, 4, 5], [2, 5, 6]]],
  ['cholesky', (x) => ops.cholesky(ops.add(ops.matmul(x, ops.transpose(x)), ops.eye(4))), [[4, 4]]],
  ['qr', (x) => ops.qr(x)[1], [[4, 3]]],
  ['svd', (x) => ops.svd(x, { fullMatrices: false })[2], [[4, 3]]],
  ['solve', (a, b) => ops.solve(a, b), [[2, 3, 3], [2, 3]]],
  ['det', (x) => ops.det(x), [[2, 3, 3]]],
  ['pinv', (x) => ops.pinv(x), [[2, 4]]],
  ['fft', (a, b) => ops.fft([a, b])[1], [[2, 6], [2, 6]]],
  ['einsum', (a, b) => ops.einsum('iij,kj->ki', a, b), [[3, 3, 4], [2, 4]]],
  ['attention', (q, k, v) => ops.dotProductAttention(q, k, v, { isCausal: true }), [[1, 3, 2, 4], [1, 3, 1, 4], [1, 3, 1, 4]]],
  ['bicubic resize', (x) => ops.square(ops.image.resize(x, [7, 3], { interpolation: 'bicubic' })), [[1, 5, 4, 2]]],
  ['gelu', (x) => ops.gelu(x, { approximate: false }), [[4, 5]]],
]; // prettier-ignore

test.each(smooth)('%s: derivatives are the slopes of values', async (_name, fn, shapes) => {
  const xs = shapes.map((shape, i) => ops.multiply(draw(shape, 10 + i), 0.3));
  const directions = shapes.map((shape, i) => draw(shape, 20 + i));
  const argnums = shapes.map((_, i) => i);
  const first = weighted((...inputs) => ops.sin(fn(...inputs)));
  for (const scalar of [first, slopes(first, shapes.length)]) {
    const { argGrads } = valueAndGrad(scalar, { argnums })(...xs);
    const along = argGrads.map((g, i) => ops.sum(ops.multiply(g as Tensor, directions[i])));
    const [derivative] = await read(along.reduce((a, b) => ops.add(a, b)));
    const step = 1e-5;
    const at = (t: number): Tensor => scalar(...xs.map((x, i) => ops.add(x, ops.multiply(directions[i], t))));
    const [[after], [before]] = await Promise.all([read(at(step)), read(at(-step))]);
    const slope = (after - before) / (2 * step);
    expect(Math.abs(derivative - slope)).toBeLessThan(1e-5 * Math.max(1, Math.abs(slope)));
  }
});

test('what a statistic leaves out as NaN has no slope', async () => {
  const x = tensor([1, NaN, 3]);
  for (const op of [ops.nanmean, ops.nanvar, ops.nanstd]) {
    const { argGrads } = valueAndGrad((v: Tensor) => op(v))(x);
    expect((await (argGrads[0] as Tensor).numbers()).map(Number.isFinite)).toEqual([true, true, true]);
  }
});

test('any of nothing is false', async () => {
  expect(await ops.any(ops.zeros([2, 0]), { axis: 1 }).numbers()).toEqual([0, 0]);
});
