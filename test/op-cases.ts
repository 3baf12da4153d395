// One row per op with a gradient or a meaning of its own: what it is called with, and values where JavaScript can say
// them. test/ops/op-cases.test.ts runs the rows; values against Keras are in the vectors.
import { ops, type Tensor } from 'hornet';
import { opTable } from '../lib/graph/op.js';
import type { Attrs } from '../lib/graph/ir.js';
import { emit } from '../lib/graph/trace.js';
import { recurrent, type RecurrentCell } from '../lib/ops/rnn-core.js';
import { linalgCases } from './linalg-op-cases.js';
import { loopCases } from './loop-op-cases.js';
import { signalCases } from './signal-op-cases.js';
import { of, sample, type OpCase, type Sample } from './op-case.js';

export { sample, type OpCase, type Sample };

const unary = (name: keyof typeof ops, math: ((x: number) => number) | null, low = -2, high = 2): OpCase => {
  const input = sample([5], low, high);
  const fn = ops[name] as (x: Tensor) => Tensor;
  return { name, fn, inputs: [input], want: math ? input.values.map(math) : undefined };
};

const binary = (name: keyof typeof ops, math: (a: number, b: number) => number, low = -2, high = 2): OpCase[] => {
  const [a, b] = [sample([2, 3], low, high), sample([3], low + 0.1, high + 0.2)];
  const fn = ops[name] as (a: Tensor, b: Tensor) => Tensor;
  const want = a.values.map((x, i) => math(x, b.values[i % 3]));
  const column = sample([2, 1], low + 0.05, high);
  return [
    { name, fn, inputs: [a, b], want },
    { name: `${name} of a column and a row`, fn, inputs: [column, b] },
  ];
};

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
const floorMod = (a: number, b: number): number => a - b * Math.floor(a / b);

const elementwise: OpCase[] = [
  unary('abs', Math.abs),
  unary('negative', (x) => -x),
  unary('square', (x) => x * x),
  unary('reciprocal', (x) => 1 / x, 0.5, 2),
  unary('exp', Math.exp),
  unary('exp2', (x) => 2 ** x),
  unary('expm1', Math.expm1),
  unary('log', Math.log, 0.2, 3),
  unary('log2', Math.log2, 0.2, 3),
  unary('log10', Math.log10, 0.2, 3),
  unary('log1p', Math.log1p, -0.5, 3),
  unary('sqrt', Math.sqrt, 0.2, 3),
  unary('rsqrt', (x) => 1 / Math.sqrt(x), 0.2, 3),
  unary('cbrt', Math.cbrt, 0.2, 3),
  unary('sin', Math.sin),
  unary('cos', Math.cos),
  unary('tan', Math.tan, -1, 1),
  unary('arcsin', Math.asin, -0.9, 0.9),
  unary('arccos', Math.acos, -0.9, 0.9),
  unary('arctan', Math.atan),
  unary('sinh', Math.sinh),
  unary('cosh', Math.cosh),
  unary('tanh', Math.tanh),
  unary('arcsinh', Math.asinh),
  unary('arccosh', Math.acosh, 1.2, 3),
  unary('arctanh', Math.atanh, -0.9, 0.9),
  unary('erf', null),
  unary('erfc', null),
  unary('erfinv', null, -0.9, 0.9),
  unary('sigmoid', logistic),
  unary('relu', (x) => Math.max(x, 0)),
  unary('sinc', (x) => Math.sin(Math.PI * x) / (Math.PI * x)),
  unary('i0', null),
  unary('floor', Math.floor),
  unary('ceil', Math.ceil),
  unary('trunc', Math.trunc),
  unary('sign', Math.sign),
  unary('softplus', (x) => Math.log1p(Math.exp(x))),
  unary('gelu', null),
  unary('selu', null),
  unary('logSigmoid', (x) => Math.log(logistic(x))),
  ...binary('add', (a, b) => a + b),
  ...binary('subtract', (a, b) => a - b),
  ...binary('multiply', (a, b) => a * b),
  ...binary('divide', (a, b) => a / b, 0.5, 3),
  ...binary('floorDivide', (a, b) => Math.floor(a / b), 0.5, 3),
  ...binary('mod', floorMod, 0.5, 3),
  ...binary('fmod', (a, b) => a % b, 0.5, 3),
  ...binary('power', (a, b) => a ** b, 0.5, 3),
  ...binary('maximum', Math.max),
  ...binary('minimum', Math.min),
  ...binary('fmax', Math.max),
  ...binary('arctan2', Math.atan2),
  ...binary('hypot', Math.hypot),
  ...binary('logaddexp', (a, b) => Math.log(Math.exp(a) + Math.exp(b))),
  ...binary('logaddexp2', (a, b) => Math.log2(2 ** a + 2 ** b)),
  ...binary('heaviside', (a, b) => (a > 0 ? 1 : a < 0 ? 0 : b)),
  ...binary('divideNoNan', (a, b) => a / b, 0.5, 3),
  { name: 'clip', fn: (x) => ops.clip(x, -0.5, 1), inputs: [of(-2, -0.2, 0.5, 3)], want: [-0.5, -0.2, 0.5, 1] },
  {
    name: 'where',
    fn: (a, b) => ops.where(ops.greater(a, b), a, b),
    inputs: [of(1, 2, 3), of(3, 1, 2)],
    want: [3, 2, 3],
  },
  { name: 'power at zero', fn: (x) => ops.power(x, 2), inputs: [of(0, 1, -2)], want: [0, 1, 4] },
];

const x23 = sample([2, 3]);
const x234 = sample([2, 3, 4]);
const reductions: OpCase[] = [
  { name: 'sum', fn: (x) => ops.sum(x, { axis: 1 }), inputs: [{ values: [1, 2, 3, 4], shape: [2, 2] }], want: [3, 7] },
  { name: 'sum of two axes, kept', fn: (x) => ops.sum(x, { axis: [0, -1], keepdims: true }), inputs: [x234] },
  { name: 'mean', fn: (x) => ops.mean(x), inputs: [of(1, 2, 6)], want: [3] },
  { name: 'max', fn: (x) => ops.max(x, { axis: 0 }), inputs: [x23] },
  { name: 'min', fn: (x) => ops.min(x, { axis: [1, 2] }), inputs: [x234] },
  { name: 'prod', fn: (x) => ops.prod(x, { axis: 1 }), inputs: [x23] },
  { name: 'prod with a zero', fn: (x) => ops.prod(x), inputs: [of(2, 0, 3)], want: [0] },
  { name: 'prod with two zeros', fn: (x) => ops.prod(x), inputs: [of(2, 0, 3, 0)], want: [0] },
  { name: 'var', fn: (x) => ops.var(x, { axis: 1 }), inputs: [x23] },
  { name: 'std', fn: (x) => ops.std(x), inputs: [x23] },
  { name: 'logsumexp', fn: (x) => ops.logsumexp(x, { axis: -1 }), inputs: [x23] },
  { name: 'average', fn: (x, w) => ops.average(x, { axis: 1, weights: w }), inputs: [x23, sample([3], 0.5, 2)] },
  { name: 'nanmean', fn: (x) => ops.nanmean(x, { axis: 0 }), inputs: [x23] },
  { name: 'nanvar', fn: (x) => ops.nanvar(x, { axis: 1 }), inputs: [x23] },
  { name: 'median', fn: (x) => ops.median(x, { axis: 1 }), inputs: [x234] },
  { name: 'quantile', fn: (x) => ops.quantile(x, [0.2, 0.7], { axis: -1 }), inputs: [x234] },
  { name: 'cumsum', fn: (x) => ops.cumsum(x, { axis: 0 }), inputs: [of(1, 2, 3)], want: [1, 3, 6] },
  { name: 'cumprod', fn: (x) => ops.cumprod(x, { axis: 1 }), inputs: [x23] },
  { name: 'cumprod with a zero', fn: (x) => ops.cumprod(x), inputs: [of(2, 0, 3)], want: [2, 0, 0] },
  { name: 'ptp', fn: (x) => ops.ptp(x, { axis: 1 }), inputs: [x23], grad: true },
  { name: 'argmax', fn: (x) => ops.argmax(x, { axis: 0 }), inputs: [of(1, 5, 5)], want: [1], grad: false },
  { name: 'trapezoid', fn: (x) => ops.trapezoid(x), inputs: [of(1, 2, 4)], want: [4.5] },
  { name: 'corrcoef', fn: (x) => ops.corrcoef(x), inputs: [sample([2, 5])] },
  { name: 'cdist', fn: (x, y) => ops.cdist(x, y), inputs: [x23, sample([4, 3], -1, 3)] },
  {
    name: 'segmentSum',
    fn: (x) => ops.segmentSum(x, [0, 2, 0], { numSegments: 3 }),
    inputs: [of(1, 2, 3)],
    want: [4, 0, 2],
  },
  { name: 'segmentMax', fn: (x) => ops.segmentMax(x, [0, 1, 0], { numSegments: 2 }), inputs: [sample([3, 2])] },
];

const movement: OpCase[] = [
  { name: 'reshape', fn: (x) => ops.reshape(x, [3, -1]), inputs: [x23], want: x23.values },
  { name: 'transpose', fn: (x) => ops.transpose(x, { axes: [2, 0, 1] }), inputs: [x234] },
  { name: 'broadcastTo', fn: (x) => ops.broadcastTo(x, [2, 4, 3]), inputs: [sample([4, 1])] },
  { name: 'slice', fn: (x) => ops.slice(x, [0, 1], [2, 2]), inputs: [x23] },
  { name: 'getItem backwards in steps', fn: (x) => ops.getItem(x, [':', [null, null, -2]]), inputs: [sample([2, 5])] },
  {
    name: 'slice at a tensor',
    fn: (x) => ops.slice(x, ops.array([1, 0], { dtype: 'int32' }), [1, 2]),
    inputs: [x23],
  },
  { name: 'sliceUpdate', fn: (x, y) => ops.sliceUpdate(x, [1, 1], y), inputs: [x23, sample([1, 2])] },
  {
    name: 'pad',
    fn: (x) => ops.pad(x, [[1, 2]], { constantValues: 7 }),
    inputs: [of(1, 2)],
    want: [7, 1, 2, 7, 7],
  },
  ...(['reflect', 'symmetric', 'edge', 'wrap'] as const).map((mode): OpCase => {
    return {
      name: `pad ${mode}`,
      fn: (x) =>
        ops.pad(
          x,
          [
            [0, 1],
            [2, 2],
          ],
          { mode },
        ),
      inputs: [x23],
    };
  }),
  { name: 'concatenate', fn: (x, y) => ops.concatenate([x, y], { axis: 1 }), inputs: [x23, sample([2, 2])] },
  { name: 'stack', fn: (x, y) => ops.stack([x, y], { axis: -1 }), inputs: [x23, sample([2, 3], 0, 1)] },
  { name: 'split', fn: (x) => ops.split(x, [1, 3], { axis: -1 }), inputs: [sample([2, 4])] },
  { name: 'tile', fn: (x) => ops.tile(x, [2, 1, 2]), inputs: [x23] },
  { name: 'repeat', fn: (x) => ops.repeat(x, [2, 0, 1], { axis: 1 }), inputs: [x23] },
  { name: 'flip', fn: (x) => ops.flip(x, { axis: 1 }), inputs: [x23] },
  { name: 'roll', fn: (x) => ops.roll(x, 1), inputs: [of(1, 2, 3)], want: [3, 1, 2] },
  { name: 'rot90', fn: (x) => ops.rot90(x), inputs: [x23] },
  { name: 'diag', fn: (x) => ops.diag(x, { k: -1 }), inputs: [of(1, 2)], want: [0, 0, 0, 1, 0, 0, 0, 2, 0] },
  { name: 'diagonal', fn: (x) => ops.diagonal(x, { offset: 1, axis1: 1, axis2: 2 }), inputs: [x234] },
  { name: 'trace', fn: (x) => ops.trace(x), inputs: [x23] },
  { name: 'tril', fn: (x) => ops.tril(x), inputs: [x23] },
  {
    name: 'take',
    fn: (x) =>
      ops.take(
        x,
        [
          [0, -1],
          [0, 1],
        ],
        { axis: 1 },
      ),
    inputs: [x234],
  },
  {
    name: 'takeAlongAxis',
    fn: (x) =>
      ops.takeAlongAxis(
        x,
        [
          [2, 0],
          [1, 1],
        ],
        { axis: 1 },
      ),
    inputs: [x23],
  },
  { name: 'scatter', fn: (x) => ops.scatter([[1], [3], [1]], x, [4]), inputs: [of(1, 2, 3)], want: [0, 4, 0, 2] },
  ...(['add', 'max', 'mul'] as const).map((reduction): OpCase => {
    const fn = (x: Tensor, y: Tensor): Tensor => ops.scatterUpdate(x, [[2], [0]], y, { reduction });
    return { name: `scatterUpdate ${reduction}`, fn, inputs: [sample([4], 1, 2), sample([2], 1.1, 2.3)] };
  }),
  {
    name: 'scatterUpdate',
    fn: (x, y) => ops.scatterUpdate(x, [[2], [0]], y),
    inputs: [sample([4]), sample([2], 0, 1)],
  },
  { name: 'sort', fn: (x) => ops.sort(x, { axis: 0 }), inputs: [sample([4, 2])] },
  { name: 'topK', fn: (x) => ops.topK(x, 2)[0], inputs: [sample([2, 4])] },
  { name: 'diff', fn: (x) => ops.diff(x, { n: 2 }), inputs: [of(1, 2, 4, 8)], want: [1, 2] },
  { name: 'depthToSpace', fn: (x) => ops.depthToSpace(x, 2), inputs: [sample([1, 1, 2, 4])] },
  { name: 'rearrange', fn: (x) => ops.rearrange(x, 'a b (c d) -> (d a) c b', { c: 2 }), inputs: [x234] },
  { name: 'cross', fn: (x, y) => ops.cross(x, y), inputs: [x23, sample([2, 3], 0, 1)] },
  { name: 'kron', fn: (x, y) => ops.kron(x, y), inputs: [x23, sample([2])] },
  { name: 'correlate', fn: (x, y) => ops.correlate(x, y, { mode: 'same' }), inputs: [sample([5]), sample([3], 0, 1)] },
];

const networks: OpCase[] = [
  { name: 'matmul', fn: (x, y) => ops.matmul(x, y), inputs: [x234, sample([4, 2])] },
  { name: 'einsum', fn: (x, y) => ops.einsum('bij,kj->bki', x, y), inputs: [x234, sample([5, 4])] },
  { name: 'softmax', fn: (x) => ops.softmax(x), inputs: [x23] },
  { name: 'logSoftmax', fn: (x) => ops.logSoftmax(x, { axis: 0 }), inputs: [x23] },
  {
    name: 'conv',
    fn: (x, k) => ops.conv(x, k, { strides: 2, padding: 'same' }),
    inputs: [sample([1, 5, 4, 2]), sample([3, 2, 2, 3], -1, 1)],
  },
  {
    name: 'convTranspose',
    fn: (x, k) => ops.convTranspose(x, k, { strides: 2, padding: 'same' }),
    inputs: [sample([1, 3, 2, 2]), sample([3, 2, 3, 2], -1, 1)],
  },
  {
    name: 'depthwiseConv',
    fn: (x, k) => ops.depthwiseConv(x, k),
    inputs: [sample([1, 4, 4, 2]), sample([2, 2, 2, 1], -1, 1)],
  },
  { name: 'maxPool', fn: (x) => ops.maxPool(x, 2, { strides: 1 }), inputs: [sample([1, 3, 4, 2])] },
  { name: 'averagePool', fn: (x) => ops.averagePool(x, 2, { padding: 'same' }), inputs: [sample([1, 3, 3, 2])] },
];

const norms: OpCase[] = [
  {
    name: 'batchNormalizationTrain',
    fn: (x, scale, offset) => ops.batchNormalizationTrain(x, -1, { scale, offset }),
    inputs: [x234, sample([4], 0.5, 2), sample([4])],
  },
  {
    name: 'layerNormalization',
    fn: (x, gamma, beta) => ops.layerNormalization(x, { gamma, beta }),
    inputs: [x234, sample([4], 0.5, 2), sample([4])],
  },
  { name: 'rmsNormalization', fn: (x, scale) => ops.rmsNormalization(x, { scale }), inputs: [x23, sample([3])] },
  { name: 'normalize', fn: (x) => ops.normalize(x), inputs: [of(3, 4)], want: [0.6, 0.8] },
  { name: 'moments', fn: (x) => [...ops.moments(x, [0])], inputs: [x23] },
];

/** Attention of q to k and v; some queries see only keys up to their own position, some heads share a key head. */
const attention = (name: string, kvHeads: number, queries: number, isCausal: boolean): OpCase => ({
  name: `attention ${name}`,
  fn: (q, k, v) => ops.dotProductAttention(q, k, v, { isCausal }),
  inputs: [sample([2, queries, 2, 3]), sample([2, 4, kvHeads, 3], -1, 1), sample([2, 4, kvHeads, 3], -1, 1)],
});
const attentions = [
  attention('to all keys', 2, 3, false),
  attention('to earlier keys', 2, 4, true),
  attention('to earlier keys of which there are few', 2, 5, true),
  attention('with a shared key head', 1, 4, true),
];

const recurrence = (cell: RecurrentCell, gates: number): OpCase => {
  const shapes = [[2, 3, 2], [2, 2 * gates], [2, 2 * gates], cell === 'gru' ? [2, 6] : [2 * gates], [2, 2]];
  const inputs = [...shapes, ...(cell === 'lstm' ? [[2, 2]] : [])].map((shape) => sample(shape, -1, 1));
  const fn = (x: Tensor, kernel: Tensor, recurrentKernel: Tensor, bias: Tensor, ...first: Tensor[]): Tensor[] => {
    const { outputs, states } = recurrent({ cell, x, kernel, recurrentKernel, bias, states: first });
    return [outputs, ...states];
  };
  return { name: `${cell} recurrence`, fn, inputs };
};
const recurrences = [recurrence('lstm', 4), recurrence('gru', 3), recurrence('tanh', 1), recurrence('relu', 1)];

/** Integer arithmetic on the inputs. */
const onIntegers =
  (fn: (...inputs: Tensor[]) => Tensor) =>
  (...inputs: Tensor[]): Tensor =>
    fn(...inputs.map((x) => ops.cast(x, 'int32')));
const discrete = (name: string, fn: OpCase['fn'], inputs: readonly Sample[], want: readonly number[]): OpCase => {
  return { name, fn, inputs, want, grad: false };
};
const withoutGradient: OpCase[] = [
  discrete('round', (x) => ops.round(x), [of(0.5, 1.5, -2.3)], [0, 2, -2]),
  discrete('argmin', (x) => ops.argmin(x), [of(3, 1, 1)], [1]),
  discrete('notEqual', (x, y) => ops.notEqual(x, y), [of(1, 2), of(1, 3)], [0, 1]),
  discrete('lessEqual', (x, y) => ops.lessEqual(x, y), [of(1, 2, 4), of(1, 3, 3)], [1, 1, 0]),
  discrete('logicalXor', (x, y) => ops.logicalXor(x, y), [of(0, 1, 2), of(1, 1, 0)], [1, 0, 1]),
  discrete('bitwiseAnd', onIntegers(ops.bitwiseAnd), [of(12, -1), of(10, 7)], [8, 7]),
  discrete('bitwiseOr', onIntegers(ops.bitwiseOr), [of(12, 1), of(10, 6)], [14, 7]),
  discrete('bitwiseXor', onIntegers(ops.bitwiseXor), [of(12, 5), of(10, 5)], [6, 0]),
  discrete('bitwiseNot', onIntegers(ops.bitwiseNot), [of(0, 5)], [-1, -6]),
  discrete('bitwiseLeftShift', onIntegers(ops.bitwiseLeftShift), [of(1, 3), of(4, 2)], [16, 12]),
  discrete('bitwiseRightShift', onIntegers(ops.bitwiseRightShift), [of(17, -8), of(4, 1)], [1, -4]),
  discrete('nextafter', (x, y) => ops.nextafter(x, y), [of(0), of(1)], [Number.MIN_VALUE]),
];

/** A primitive that no public op is named after. */
const primitive =
  (name: string, attrs: Attrs = {}) =>
  (...inputs: Tensor[]): Tensor[] =>
    emit(opTable.get(name)!, inputs, attrs);
const scanned = [of(1, 3, 2, 5, 4)];
const inner: OpCase[] = [
  { name: 'copy', fn: primitive('copy'), inputs: [of(1, 2)], want: [1, 2] },
  { name: 'lgamma', fn: primitive('lgamma'), inputs: [of(0.5, 3)], want: [0.5723649429, 0.6931471806] },
  discrete('digamma', primitive('digamma'), [of(1, 0.5)], [-0.5772156649, -1.963510026]),
  { name: 'copysign', fn: primitive('copysign'), inputs: [of(1, -2, 3), of(-1, -1, 2)], want: [-1, -2, 3] },
  discrete('all_finite', primitive('all_finite'), [of(1, -2), of(0), of(-3, 5)], [1]),
  discrete('all_finite of an infinity', primitive('all_finite'), [of(1, 2), of(3, -Infinity)], [0]),
  discrete('all_finite of NaN', primitive('all_finite'), [of(1, NaN), of(3)], [0]),
  {
    name: 'batch_norm with a sum and a ReLU',
    fn: primitive('batch_norm', { epsilon: 1e-3, activation: 'relu' }),
    inputs: [x234, sample([2, 3, 4], -1, 1), sample([4], 0.5, 2), sample([4])],
    grad: false,
  },
  {
    name: 'batch_norm with a sum',
    fn: primitive('batch_norm', { epsilon: 1e-3 }),
    inputs: [x234, sample([2, 3, 4], -1, 1), sample([4], 0.5, 2), sample([4])],
    grad: false,
  },
  discrete('cummax', primitive('cummax', { axis: 0, reverse: false }), scanned, [1, 3, 3, 5, 5]),
  discrete('cummin', primitive('cummin', { axis: 0, reverse: true }), scanned, [1, 2, 2, 4, 4]),
];

const image = (name: string, fn: (...inputs: Tensor[]) => Tensor, ...inputs: Sample[]): OpCase => {
  return { name: `image.${name}`, fn, inputs };
};
const photo = sample([2, 4, 5, 3], 0.1, 0.9);
const plane = sample([4, 5, 1]);
/** A turn, a shift and a channel that moves on its own, off the places where interpolation has kinks. */
const turn: Sample = { values: [0.83, 0.21, 0.41, -0.17, 0.91, 0.43, 0.013, 0.029], shape: [8] };
const corners: Sample = { values: [0, 0, 4, 0, 0, 3, 4, 3], shape: [4, 2] };
const moved: Sample = { values: [0.31, 0.17, 3.63, 0.42, 0.23, 2.71, 4.19, 3.37], shape: [4, 2] };
const places: Sample = { values: [0.3, 1.8, -0.7, 3.6, 2.2, 4.4, 0.6, 5.3], shape: [2, 4] };
const fillModes = ['constant', 'nearest', 'wrap', 'mirror', 'reflect'] as const;

const images: OpCase[] = [
  image('rgbToGrayscale', (x) => ops.image.rgbToGrayscale(x), photo),
  image('rgbToHsv', (x) => ops.image.rgbToHsv(x), photo),
  image('hsvToRgb', (x) => ops.image.hsvToRgb(x, { dataFormat: 'channels_first' }), sample([3, 4, 2], 0.1, 0.9)),
  ...(['nearest', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5', 'area'] as const).map((interpolation) =>
    image(`resize by ${interpolation}`, (x) => ops.image.resize(x, [3, 7], { interpolation, antialias: true }), plane),
  ),
  image('resize with a crop', (x) => ops.image.resize(x, [2, 2], { cropToAspectRatio: true }), plane),
  image('resize with a border', (x) => ops.image.resize(x, [2, 2], { padToAspectRatio: true, fillValue: 2 }), plane),
  ...fillModes.map((fillMode) =>
    image(`affineTransform, ${fillMode}`, (x, by) => ops.image.affineTransform(x, by, { fillMode }), photo, turn),
  ),
  {
    ...image(
      'affineTransform to the nearest',
      (x) => ops.image.affineTransform(x, [1, 0, 1, 0, 1, -1, 0, 0], { interpolation: 'nearest', fillValue: 9 }),
      { values: [1, 2, 3, 4, 5, 6], shape: [2, 3, 1] },
    ),
    want: [9, 9, 9, 2, 3, 9],
  },
  image('perspectiveTransform', (x, a, b) => ops.image.perspectiveTransform(x, a, b), plane, corners, moved),
  {
    ...image(
      'perspectiveTransform of a mirror',
      (x, a, b) => ops.image.perspectiveTransform(x, a, b),
      { values: [1, 2, 3, 4, 5, 6], shape: [2, 3, 1] },
      { values: [0, 0, 2, 0, 0, 1, 2, 1], shape: [4, 2] },
      { values: [2, 0, 0, 0, 2, 1, 0, 1], shape: [4, 2] },
    ),
    want: [3, 2, 1, 6, 5, 4],
    grad: false,
  },
  ...fillModes.map((fillMode) =>
    image(
      `mapCoordinates, ${fillMode}`,
      (x, at) => ops.image.mapCoordinates(x, at, 1, { fillMode }),
      sample([4, 5]),
      places,
    ),
  ),
  image(
    'mapCoordinates to the nearest',
    (x) =>
      ops.image.mapCoordinates(
        x,
        [
          [0.4, 5.7],
          [-1.2, 2.6],
        ],
        0,
        { fillMode: 'wrap' },
      ),
    sample([4, 5]),
  ),
  image(
    'extractPatches',
    (x) => ops.image.extractPatches(x, 2, { strides: 1, padding: 'same', dilationRate: 2 }),
    plane,
  ),
  image('extractPatches side by side', (x) => ops.image.extractPatches(x, [2, 2]), photo),
  image(
    'extractPatches3d',
    (x) => ops.image.extractPatches3d(x, [1, 2, 2], { strides: [2, 1, 1] }),
    sample([3, 3, 3, 2]),
  ),
  image(
    'cropImages',
    (x) => ops.image.cropImages(x, { topCropping: 1, bottomCropping: 1, leftCropping: 2, targetWidth: 2 }),
    plane,
  ),
  image(
    'padImages',
    (x) => ops.image.padImages(x, { topPadding: 1, targetHeight: 6, leftPadding: 0, rightPadding: 2 }),
    plane,
  ),
  image('gaussianBlur', (x, sigma) => ops.image.gaussianBlur(x, { kernelSize: [3, 5], sigma }), plane, of(0.8, 1.3)),
  image('sobelEdges', (x) => ops.image.sobelEdges(x, { dataFormat: 'channels_first' }), sample([2, 2, 3, 4])),
  image('ssim', (a, b) => ops.image.ssim(a, b, { filterSize: 3 }), photo, sample([2, 4, 5, 3], 0.2, 1.1)),
  image(
    'scaleAndTranslate',
    (x, scale, shift) => ops.image.scaleAndTranslate(x, [3, 7], scale, shift, [0, 1], 'cubic'),
    sample([4, 5]),
    of(0.77, 1.31),
    of(0.13, -0.23),
  ),
  image(
    'scaleAndTranslate by lanczos3',
    (x, scale, shift) => ops.image.scaleAndTranslate(x, [4, 7], scale, shift, [1], 'lanczos3', { antialias: false }),
    sample([4, 5]),
    of(1.31),
    of(-0.23),
  ),
];

export const opCases: readonly OpCase[] = [
  ...elementwise,
  ...reductions,
  ...movement,
  ...networks,
  ...images,
  ...norms,
  ...attentions,
  ...recurrences,
  ...linalgCases,
  ...signalCases,
  ...loopCases,
  ...withoutGradient,
  ...inner,
];
