// Metrics: values of Keras 3.15 in one batch and in weighted batches, state in programs, masks, names, configs.
import { jit } from '../../lib/graph/transforms.js';
import { setMask } from '../../lib/layers/mask.js';
import * as metrics from '../../lib/metrics/index.js';
import * as ops from '../../lib/ops/index.js';
import { deserialize, serialize } from '../../lib/saving/serialize.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';

const read = (metric: metrics.Metric): Promise<number> => (metric.result() as DeviceTensor).item();
const yTrue = tensor([
  [0, 1],
  [1, 0],
  [1, 1],
  [0, 0],
]);
const yPred = tensor([
  [0.6, 0.4],
  [0.3, 0.7],
  [0.8, 0.5],
  [0.1, 0.9],
]);
const weights = tensor([1, 2, 0.5, 3]);
const rows = (x: Tensor, from: number): Tensor => ops.getItem(x, [[from, from + 2]]);

const cases: [metrics.Metric, number, number][] = [
  [new metrics.AUC({ numThresholds: 5 }), 0.40625, 0.3958333],
  [new metrics.AUC({ curve: 'PR', numThresholds: 5 }), 0.4552882, 0.2466827],
  [new metrics.Precision(), 0.25, 0.0769231],
  [new metrics.Recall(), 0.25, 0.125],
  [new metrics.F1Score({ average: 'macro' }), 0.25, 0.125],
  [new metrics.BinaryAccuracy(), 0.25, 0.2692308],
  [new metrics.MeanSquaredError(), 0.35125, 0.4065385],
  [new metrics.RootMeanSquaredError(), 0.5926635, 0.6376037],
  [new metrics.R2Score(), -0.405, -1.1395831],
  [new metrics.PrecisionAtRecall(0.5), 0.5714286, 0.4],
  [new metrics.TruePositives(), 1, 0.5],
  [new metrics.CosineSimilarity(), 0.4807527, 0.2814976],
  [new metrics.TopKCategoricalAccuracy({ k: 1 }), 0.25, 0.0769231],
];

test.each(cases.map((row) => [row[0].constructor.name, ...row] as const))(
  '%s',
  async (_name, metric, plain, weighted) => {
    metric.updateState(yTrue, yPred);
    expect(await read(metric)).toBeCloseTo(plain, 5);
    metric.resetState();
    const update = jit((t: Tensor, p: Tensor, w: Tensor) => {
      metric.updateState(t, p, { sampleWeight: w });
      return metric.result() as Tensor;
    });
    update(rows(yTrue, 0), rows(yPred, 0), rows(weights, 0));
    const result = update(rows(yTrue, 2), rows(yPred, 2), rows(weights, 2));
    expect(await (result as DeviceTensor).item()).toBeCloseTo(weighted, 5);
  },
);

test('class numbers: accuracy, intersection over union', async () => {
  const accuracy = new metrics.SparseCategoricalAccuracy();
  accuracy.updateState([0, 1, 1], tensor([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])); // prettier-ignore
  expect(await read(accuracy)).toBeCloseTo(2 / 3, 5);
  const iou = new metrics.MeanIoU(2);
  iou.updateState([0, 0, 1, 1], [0, 1, 0, 1]);
  expect(await read(iou)).toBeCloseTo(1 / 3, 5);
});

test('a mean of means weighs each batch by its samples', async () => {
  const mean = new metrics.Mean();
  mean.updateState(2, { sampleWeight: 3 });
  mean.updateState([4, 6]);
  expect(await read(mean)).toBeCloseTo(16 / 5, 5);
});

test('a mask on the predictions leaves out what it masks', async () => {
  const metric = new metrics.MeanAbsoluteError();
  const masked = tensor([[[0], [0], [9]]]);
  setMask(masked, tensor([[true, true, false]]));
  metric.updateState([[[1], [2], [3]]], masked);
  expect(await read(metric)).toBeCloseTo(1.5, 5);
});

test('names in both spellings, functions, and configs', () => {
  expect(metrics.getMetric('mse')).toBeInstanceOf(metrics.MeanSquaredError);
  expect(metrics.getMetric('f1_score')).toBeInstanceOf(metrics.F1Score);
  expect(metrics.getMetric(metrics.binaryAccuracy).name).toBe('binary_accuracy');
  for (const metric of [
    new metrics.SpecificityAtSensitivity(0.5, { numThresholds: 20, name: 'sas' }),
    new metrics.OneHotIoU(3, [0, 2], { name: 'iou' }),
    new metrics.AUC({ thresholds: [0.2, 0.7], name: 'auc' }),
    new metrics.FBetaScore({ beta: 2, average: 'micro' }),
  ]) {
    const copy = deserialize(serialize(metric)) as metrics.Metric;
    expect(copy.constructor).toBe(metric.constructor);
    expect(copy.getConfig()).toEqual(metric.getConfig());
  }
});

test('wrong options are errors in the user’s words', () => {
  expect(() => new metrics.Precision({ thresholds: [-1] })).toThrow(/expected thresholds within \[0, 1\]/);
  expect(() => new metrics.AUC({ numThresholds: 1 })).toThrow(/expected numThresholds to be an integer above 1/);
});

test('one weight for all is a weight of each sample; weights of another shape are refused', async () => {
  const mean = new metrics.Mean();
  mean.updateState([4, 6], { sampleWeight: [3] });
  expect(await mean.variables[1].value.numbers()).toEqual([6]);
  expect(() => mean.updateState([4, 6], { sampleWeight: [1, 2, 3] })).toThrow(/do not broadcast/);
});

test('an ignored class weighs nothing where there are weights', async () => {
  const metric = new metrics.SparseCategoricalCrossentropy({ ignoreClass: 1 });
  metric.updateState([0, 1], tensor([[0.5, 0.5], [0.5, 0.5]]), { sampleWeight: [2, 3] }); // prettier-ignore
  expect(await metric.variables[1].value.numbers()).toEqual([2]);
});

test('counts are float32 whatever the type of the metric, and look at one class of any rank', async () => {
  const metric = new metrics.Recall({ classId: -1, dtype: 'float16' });
  metric.updateState(tensor([[[0, 1], [1, 1]]]), tensor([[[0.1, 0.9], [0.9, 0.2]]])); // prettier-ignore
  expect(metric.variables.map(({ dtype }) => dtype)).toEqual(['float32', 'float32']);
  expect(await read(metric)).toBe(0.5);
  const other = new metrics.Recall({ classId: 2 });
  expect(() => other.updateState(yTrue, yPred)).toThrow(/expected classId to be one of 2 classes, received 2/);
});
