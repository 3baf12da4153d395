// Losses: values of Keras 3.15, reductions, weights, masks, names, configs.
import { HornetError } from '../../lib/errors.js';
import { valueAndGrad } from '../../lib/graph/transforms.js';
import { setMask } from '../../lib/layers/mask.js';
import * as losses from '../../lib/losses/index.js';
import { deserialize, serialize } from '../../lib/saving/serialize.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';

const read = (x: Tensor): Promise<number> => (x as DeviceTensor).item();
const yTrue = tensor([
  [0, 1, 2],
  [3, 4, 5],
]);
const yPred = tensor([
  [0.5, 1, 1],
  [3, 2, 8],
]);
const labels = tensor([
  [0, 1],
  [1, 0],
]);
const chances = tensor([
  [0.2, 0.9],
  [0.6, 0.4],
]);
const weights = tensor([1, 3]);

describe('values', () => {
  const cases: [losses.Loss, Tensor, Tensor, number, number][] = [
    [new losses.MeanSquaredError(), yTrue, yPred, 2.375, 6.7083335],
    [new losses.MeanAbsoluteError({ reduction: 'sum' }), yTrue, yPred, 2.1666667, 5.5],
    [new losses.Huber({ delta: 0.7 }), yTrue, yPred, 0.5983334, 1.6016667],
    [new losses.LogCosh(), yTrue, yPred, 0.6980378, 1.9094815],
    [new losses.BinaryCrossentropy({ labelSmoothing: 0.1 }), labels, chances, 0.39246944, 0.92356825],
    [new losses.CategoricalCrossentropy(), labels, chances, 0.35574818, 0.8665737],
    [new losses.KLDivergence(), labels, chances, 0.3080916, 0.8189157],
    [new losses.Hinge(), labels, chances, 0.775, 1.675],
    [new losses.Dice(), labels, chances, 0.26829267, 0.53658533],
    [new losses.BinaryFocalCrossentropy(), labels, chances, 0.04336088, 0.12509295],
  ];
  test.each(cases.map((row) => [row[0].name, ...row] as const))('%s', async (_name, loss, t, p, plain, weighted) => {
    expect(await read(loss(t, p))).toBeCloseTo(plain, 5);
    expect(await read(loss(t, p, { sampleWeight: weights }))).toBeCloseTo(weighted, 5);
  });

  test('an ignored class does not count', async () => {
    const loss = new losses.SparseCategoricalCrossentropy({ ignoreClass: 0 });
    expect(await read(loss([0, 1], chances))).toBeCloseTo(0.9162907, 5);
  });

  test('scores and probabilities agree', async () => {
    const scores = tensor([
      [2, -1],
      [0.5, 1.5],
    ]);
    const loss = new losses.SparseCategoricalCrossentropy({ fromLogits: true });
    const expected = (Math.log1p(Math.exp(-3)) + Math.log1p(Math.exp(-1))) / 2;
    expect(await read(loss([0, 1], scores))).toBeCloseTo(expected, 5);
  });
});

test('a mask on the predictions leaves out what it masks', async () => {
  const masked = tensor([[[0], [0], [9]]]);
  setMask(masked, tensor([[true, true, false]]));
  expect(await read(new losses.MeanSquaredError()([[[1], [2], [3]]], masked))).toBeCloseTo(2.5, 5);
});

test('no reduction gives a value per sample, a function becomes a loss', async () => {
  const each = new losses.MeanSquaredError({ reduction: null })(yTrue, yPred) as DeviceTensor;
  expect(each.shape).toEqual([2]);
  const own = losses.getLoss((t, p) => losses.meanAbsoluteError(t, p));
  expect(await read(own(yTrue, yPred))).toBeCloseTo(6.5 / 6, 5);
});

test('names in both spellings and short ones', () => {
  for (const name of ['mse', 'mean_squared_error', 'meanSquaredError', 'MeanSquaredError']) {
    expect(losses.getLoss(name)).toBeInstanceOf(losses.MeanSquaredError);
  }
  expect(() => losses.getLoss('nothing')).toThrow(HornetError);
});

test('configs lead back to the same loss', () => {
  const loss = new losses.CategoricalFocalCrossentropy({ gamma: 3, fromLogits: true, reduction: 'sum' });
  const json = serialize(loss);
  expect(json).toMatchObject({ module: 'keras.losses', class_name: 'CategoricalFocalCrossentropy' });
  expect(json.config).toMatchObject({ gamma: 3, from_logits: true, reduction: 'sum', label_smoothing: 0 });
  expect((deserialize(json) as losses.Loss).getConfig()).toEqual(loss.getConfig());
});

test('a circle loss without partners has no NaN in its slope', async () => {
  const loss = new losses.Circle();
  const both = valueAndGrad((x: Tensor) => loss([0, 1, 2], x));
  const { argGrads } = both(
    tensor([
      [1, 0],
      [0, 1],
      [0.6, 0.8],
    ]),
  );
  expect((await (argGrads[0] as DeviceTensor).numbers()).every(Number.isFinite)).toBe(true);
});

test('wrong options and shapes are errors in the user’s words', () => {
  expect(() => new losses.MeanSquaredError({ reduction: 'average' as 'sum' })).toThrow(
    /expected reduction to be one of/,
  );
  expect(() => losses.categoricalCrossentropy([[1, 0]], [[0.1, 0.2, 0.7]])).toThrow(/one shape/);
});

test('a batch without samples has no values to reduce', () => {
  const none = tensor(new Float32Array(0), [0, 3]);
  expect(new losses.MeanSquaredError()(none, none).shape).toEqual([0]);
});

test('the functions of margins broadcast ranks that differ, their losses level them', () => {
  const [column, row] = [tensor([[1], [0], [1]]), tensor([0.2, 0.4, 0.6])];
  expect(losses.hinge(column, row).shape).toEqual([3]);
  expect(new losses.Hinge({ reduction: 'none' })(column, row).shape).toEqual([3]);
});

test('a prediction on the limit of what a divergence clips keeps its slope', async () => {
  const loss = new losses.KLDivergence();
  const { argGrads } = valueAndGrad((x: Tensor) => loss(tensor([[1, 0]]), x))(tensor([[1, 0.5]]));
  expect((await (argGrads[0] as DeviceTensor).numbers())[0]).toBeCloseTo(-1, 5);
});
