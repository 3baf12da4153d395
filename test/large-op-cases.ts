// Ops on tensors of many sizes: longer than a tile, a block or a row of a kernel, odd, thin and empty. Compared between
// devices only (test/ops/across-devices.test.ts).
import { ops } from 'hornet';
import { sample, type OpCase, type Sample } from './op-cases.js';

const row = (name: string, fn: OpCase['fn'], ...inputs: readonly Sample[]): OpCase => ({ name, fn, inputs });
const discrete = (name: string, fn: OpCase['fn'], ...inputs: readonly Sample[]): OpCase => {
  return { name, fn, inputs, grad: false };
};

const long = sample([100_003]);
const table = sample([257, 129]);
const cube = sample([33, 17, 65]);
const image = sample([3, 29, 31, 16]);

/** Rows and indices into them, some repeated, some from the end. */
const places = (count: number, limit: number): number[] =>
  Array.from({ length: count }, (_, i) => ((i * 7919) % (2 * limit)) - limit);

const chains: OpCase[] = [
  row('a long chain', (x, y) => ops.tanh(ops.add(ops.multiply(x, y), ops.exp(ops.negative(ops.abs(x))))), long, long),
  row('a chain over broadcasts', (x, y, z) => ops.multiply(ops.add(x, y), z), cube, sample([17, 1]), sample([65])),
  row('a chain of scalars', (x, y) => ops.divide(ops.add(x, 1), ops.add(ops.square(y), 1)), sample([]), sample([])),
  row('nothing at all', (x) => ops.add(ops.exp(x), 1), sample([0, 5])),
  discrete('comparisons', (x, y) => ops.logicalAnd(ops.greater(x, y), ops.notEqual(x, 0)), table, sample([129])),
  discrete('casts', (x) => [ops.cast(x, 'int8'), ops.cast(x, 'uint8'), ops.cast(x, 'bool')], sample([4099], -100, 300)),
];

const reductions: OpCase[] = [
  row('sum of all', (x) => ops.sum(x), long),
  row('mean of rows', (x) => ops.mean(x, { axis: 1 }), table),
  row('mean of columns', (x) => ops.mean(x, { axis: 0 }), table),
  row('sum of the middle', (x) => ops.sum(x, { axis: 1 }), cube),
  row('sum of both ends', (x) => ops.sum(x, { axis: [0, 2] }), cube),
  row('variance of channels', (x) => ops.var(x, { axis: [0, 1, 2] }), image),
  row('logsumexp of long rows', (x) => ops.logsumexp(x, { axis: 1 }), sample([5, 20_011])),
  row('product of short rows', (x) => ops.prod(x, { axis: -1 }), sample([5000, 3])),
  discrete('extremes', (x) => [ops.max(x, { axis: 1 }), ops.min(x, { axis: 0 }), ops.max(x)], table),
  discrete('places of extremes', (x) => [ops.argmax(x, { axis: 1 }), ops.argmin(x, { axis: 0 })], table),
  discrete('any and all', (x) => [ops.any(ops.greater(x, 1.9)), ops.all(ops.less(x, 1.9), { axis: 0 })], table),
  row('cumsum along long rows', (x) => ops.cumsum(x, { axis: 1 }), sample([3, 10_007], -0.1, 0.1)),
  row('cumsum along columns', (x) => ops.cumsum(x, { axis: 0 }), table),
  row('sum over nothing', (x) => ops.sum(x, { axis: 0 }), sample([0, 7])),
];

const movement: OpCase[] = [
  row('transpose of a table', (x) => ops.transpose(x), table),
  row('transpose of a cube', (x) => ops.transpose(x, { axes: [2, 0, 1] }), cube),
  row('channels first', (x) => ops.transpose(x, { axes: [0, 3, 1, 2] }), image),
  row('concatenation', (x, y) => ops.concatenate([x, y, x], { axis: 1 }), cube, sample([33, 5, 65])),
  row(
    'padding',
    (x) =>
      ops.pad(x, [
        [1, 3],
        [2, 3],
      ]),
    table,
  ),
  row('every third from the end', (x) => ops.getItem(x, [[null, null, -3], ':']), table),
  row('a tile', (x) => ops.tile(x, [3, 2]), table),
  row('rows by index', (x) => ops.take(x, places(1000, 257), { axis: 0 }), table),
  row('columns by index', (x) => ops.take(x, places(300, 129), { axis: 1 }), table),
  row(
    'scattered rows',
    (x) =>
      ops.scatter(
        places(4000, 100).map((i) => [(i + 100) % 50]),
        x,
        [50, 33],
      ),
    sample([4000, 33], -0.1, 0.1),
  ),
  row('sort of rows', (x) => ops.sort(x, { axis: 1 }), sample([7, 5003])),
  row('sort of columns', (x) => ops.sort(x, { axis: 0 }), table),
  discrete('order of long rows', (x) => ops.argsort(x, { axis: -1 }), sample([2, 20_011])),
  discrete('the best hundred', (x) => ops.topK(x, 100), sample([5, 3001])),
];

const networks: OpCase[] = [
  row('matmul', (x, y) => ops.matmul(x, y), sample([129, 257], -0.2, 0.2), sample([257, 65], -0.2, 0.2)),
  row('matmul of transposed', (x, y) => ops.matmul(ops.transpose(x), y), sample([65, 33]), sample([65, 17])),
  row('batched matmul', (x, y) => ops.matmul(x, y), sample([6, 31, 64], -0.2, 0.2), sample([64, 48], -0.2, 0.2)),
  row('attention', (x, y) => ops.einsum('bqhd,bkhd->bhqk', x, y), sample([2, 17, 4, 16]), sample([2, 19, 4, 16])),
  row('dense with ReLU', (x, k, b) => ops.relu(ops.add(ops.matmul(x, k), b)), table, sample([129, 64]), sample([64])),
  ...(['valid', 'same'] as const).flatMap((padding) =>
    [1, 2].map((strides) =>
      row(
        `conv 3×3 ${padding} by ${strides}`,
        (x, k) => ops.conv(x, k, { strides, padding }),
        image,
        sample([3, 3, 16, 24], -0.1, 0.1),
      ),
    ),
  ),
  row('conv 1×1', (x, k) => ops.conv(x, k), image, sample([1, 1, 16, 8], -0.3, 0.3)),
  row('conv of few channels', (x, k) => ops.conv(x, k, { strides: 2 }), sample([2, 32, 32, 3]), sample([7, 7, 3, 8])),
  row(
    'dilated conv',
    (x, k) => ops.conv(x, k, { dilationRate: 2, padding: 'same' }),
    image,
    sample([3, 3, 16, 8], -0.1, 0.1),
  ),
  row('grouped conv', (x, k) => ops.conv(x, k, { padding: 'same' }), image, sample([3, 3, 4, 8], -0.2, 0.2)),
  row('conv 1D', (x, k) => ops.conv(x, k), sample([2, 200, 8]), sample([5, 8, 12], -0.2, 0.2)),
  row('conv 3D', (x, k) => ops.conv(x, k), sample([1, 8, 9, 10, 4]), sample([3, 3, 3, 4, 8], -0.2, 0.2)),
  row(
    'depthwise conv',
    (x, k) => ops.depthwiseConv(x, k, { padding: 'same', strides: 2 }),
    image,
    sample([3, 3, 16, 1], -0.3, 0.3),
  ),
  row(
    'transposed conv',
    (x, k) => ops.convTranspose(x, k, { strides: 2 }),
    sample([2, 7, 7, 8]),
    sample([3, 3, 12, 8], -0.2, 0.2),
  ),
  row('max pooling', (x) => ops.maxPool(x, 3, { strides: 2, padding: 'same' }), image),
  row('average pooling', (x) => ops.averagePool(x, 3, { strides: 2, padding: 'same' }), image),
  row('softmax of long rows', (x) => ops.softmax(x), sample([9, 5001])),
  row('softmax of columns', (x) => ops.softmax(x, { axis: 0 }), table),
  row('log softmax', (x) => ops.logSoftmax(x), table),
  row(
    'batch normalization',
    (x, scale, offset) => ops.batchNormalizationTrain(x, -1, { scale, offset })[0],
    image,
    sample([16], 0.5, 2),
    sample([16]),
  ),
  row(
    'layer normalization',
    (x, gamma, beta) => ops.layerNormalization(x, { gamma, beta }),
    table,
    sample([129], 0.5, 2),
    sample([129]),
  ),
  row('RMS normalization', (x, scale) => ops.rmsNormalization(x, { scale }), table, sample([129], 0.5, 2)),
  row('resizing', (x) => ops.image.resize(x, [17, 40], { interpolation: 'bilinear' }), image),
];

export const largeOpCases: readonly OpCase[] = [...chains, ...reductions, ...movement, ...networks];
