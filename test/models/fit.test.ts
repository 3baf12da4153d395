// Training from the user's side: fit, evaluate, predict, data in all its forms, what callbacks see.
import {
  Callback,
  dense,
  dropout,
  EarlyStopping,
  input,
  LambdaCallback,
  Model,
  ops,
  Sequential,
  setRandomSeed,
  tensor,
  TerminateOnNaN,
  valueAndGrad,
  type Logs,
  type StepData,
  type StepLogs,
  type Tensor,
} from 'hornet';

const rows = 96;
const xs = Float32Array.from({ length: rows * 2 }, (_, i) => Math.sin(i * 1.7));
const ys = Float32Array.from({ length: rows }, (_, i) => xs[2 * i] - 2 * xs[2 * i + 1] + 0.5);
const x = tensor(xs, [rows, 2]);
const y = tensor(ys, [rows, 1]);
const quiet = { verbose: 0 } as const;

function linear(): Sequential {
  const model = new Sequential([dense(1, { inputShape: [2], kernelInitializer: 'zeros' })]);
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  return model;
}

beforeEach(() => setRandomSeed(7));

test('fit learns a line, evaluate and predict agree with it', async () => {
  const model = new Sequential([dense(1, { inputShape: [2] })]);
  model.compile({ optimizer: 'adam', loss: 'mse', metrics: ['mae'] });
  model.optimizer.learningRate = 0.05;
  const { history } = await model.fit(x, y, { epochs: 60, batchSize: 16, ...quiet });
  expect(history.loss.at(-1)).toBeLessThan(1e-3);
  expect(Object.keys(history).sort()).toEqual(['loss', 'mae']);
  const [loss, mae] = await model.evaluate(x, y, quiet);
  expect(loss).toBeLessThan(1e-3);
  expect(mae).toBeLessThan(0.05);
  const predicted = await (await model.predict(x)).data();
  predicted.forEach((value, i) => expect(value).toBeCloseTo(ys[i], 0));
});

test('typed arrays, nested arrays, tensors and batches of an iterable are the same data', async () => {
  const losses: number[] = [];
  const nested = (flat: Float32Array, width: number): number[][] =>
    Array.from({ length: flat.length / width }, (_, i) => [...flat.slice(i * width, (i + 1) * width)]);
  function* batches(): Generator<{ x: Tensor; y: Tensor }> {
    for (let i = 0; i < rows; i += 32) {
      yield { x: tensor(xs.slice(2 * i, 2 * i + 64), [32, 2]), y: tensor(ys.slice(i, i + 32), [32, 1]) };
    }
  }
  const args = { shuffle: false, ...quiet };
  for (const [a, b] of [
    [x, y],
    [xs, ys],
    [nested(xs, 2), nested(ys, 1)],
  ] as const) {
    losses.push((await linear().fit(a, b, args)).history.loss[0]);
  }
  losses.push((await linear().fit(batches(), null, args)).history.loss[0]);
  for (const loss of losses) expect(loss).toBeCloseTo(losses[0], 6);
});

test('a last, smaller batch counts by its size', async () => {
  const model = linear();
  model.optimizer.learningRate = 0;
  const { history } = await model.fit(x, y, { batchSize: 40, ...quiet });
  const mean = ys.reduce((sum, value) => sum + value * value, 0) / rows;
  expect(history.loss[0]).toBeCloseTo(mean, 4);
});

test('the same seed gives bit-equal training', async () => {
  const run = async (): Promise<number[]> => {
    setRandomSeed(3);
    const model = new Sequential([dense(8, { activation: 'relu', inputShape: [2] }), dropout(0.2), dense(1)]);
    model.compile({ optimizer: 'adam', loss: 'mse' });
    return (await model.fit(x, y, { epochs: 3, ...quiet })).history.loss;
  };
  expect(await run()).toEqual(await run());
});

test('several steps per execution give the numbers of single steps', async () => {
  const run = async (stepsPerExecution: number): Promise<number[]> => {
    const model = new Sequential([dense(1, { inputShape: [2], kernelInitializer: 'ones' })]);
    model.compile({ optimizer: 'sgd', loss: 'mse', stepsPerExecution });
    return (await model.fit(x, y, { epochs: 2, batchSize: 8, shuffle: false, ...quiet })).history.loss;
  };
  expect(await run(4)).toEqual(await run(1));
});

test('validation, class weights, sample weights, initialEpoch, stepsPerEpoch', async () => {
  const model = linear();
  const split = await model.fit(x, y, { epochs: 2, validationSplit: 0.25, ...quiet });
  expect(split.history.val_loss).toHaveLength(2);
  const given = await model.fit(x, y, {
    epochs: 3,
    initialEpoch: 1,
    validationData: [x, y],
    validationFreq: 2,
    ...quiet,
  });
  expect(given.epoch).toEqual([1, 2]);
  expect(given.history.val_loss).toHaveLength(1);
  const weightless = linear();
  const weights = new Float32Array(rows);
  expect((await weightless.fit(x, y, { sampleWeight: weights, ...quiet })).history.loss[0]).toBe(0);
  const classes = tensor(Int32Array.from({ length: rows }, (_, i) => i % 2));
  const classifier = new Sequential([dense(2, { activation: 'softmax', inputShape: [2] })]);
  classifier.compile({ optimizer: 'sgd', loss: 'sparse_categorical_crossentropy', metrics: ['accuracy'] });
  const weighted = await classifier.fit(x, classes, { classWeight: { 0: 0, 1: 0 }, ...quiet });
  expect(weighted.history.loss[0]).toBe(0);
  const short = await model.fit(x, y, { batchSize: 8, stepsPerEpoch: 2, ...quiet });
  expect(short.history.loss).toHaveLength(1);
});

test('callbacks are called in order and can stop the training', async () => {
  const calls: string[] = [];
  const note =
    (name: string) =>
    (...args: unknown[]): void =>
      void calls.push(`${name} ${typeof args[0] === 'number' ? args[0] : ''}`.trim());
  const hooks = new LambdaCallback({
    onTrainBegin: note('train begin'),
    onEpochBegin: note('epoch begin'),
    onTrainBatchEnd: note('batch end'),
    onEpochEnd: note('epoch end'),
    onTrainEnd: note('train end'),
  });
  await linear().fit(x, y, { batchSize: 48, callbacks: [hooks], ...quiet });
  expect(calls).toEqual(['train begin', 'epoch begin 0', 'batch end 0', 'batch end 1', 'epoch end 0', 'train end']);

  class Stop extends Callback {
    override onEpochEnd(epoch: number): void {
      if (epoch === 1) this.model.stopTraining = true;
    }
  }
  const { epoch } = await linear().fit(x, y, { epochs: 9, callbacks: [new Stop()], ...quiet });
  expect(epoch).toEqual([0, 1]);
});

test('early stopping brings the best weights back', async () => {
  const model = linear();
  model.optimizer.learningRate = 0;
  const stop = new EarlyStopping({ monitor: 'loss', patience: 2, restoreBestWeights: true });
  const { epoch } = await model.fit(x, y, { epochs: 20, callbacks: [stop], ...quiet });
  expect(epoch.length).toBeLessThan(6);
  expect([...(await model.getWeights())[0]]).toEqual([0, 0]);
});

test('TerminateOnNaN ends a training that diverges', async () => {
  const model = linear();
  model.optimizer.learningRate = 1e30;
  const seen: Logs[] = [];
  const watch = new LambdaCallback({ onEpochEnd: (_epoch, logs) => void seen.push(logs) });
  await model.fit(x, y, { epochs: 9, batchSize: 8, callbacks: [new TerminateOnNaN(), watch], ...quiet });
  expect(seen.length).toBeLessThan(9);
});

test('gradients accumulate over steps as one larger batch', async () => {
  const run = async (batchSize: number, gradientAccumulationSteps: number | null): Promise<number[]> => {
    const { SGD } = (await import('hornet')).optimizers;
    const model = new Sequential([dense(1, { inputShape: [2], kernelInitializer: 'zeros' })]);
    model.compile({ optimizer: new SGD({ learningRate: 0.1, gradientAccumulationSteps }), loss: 'mse' });
    await model.fit(x, y, { batchSize, shuffle: false, ...quiet });
    return [...(await model.getWeights())[0]].map(Number);
  };
  const [whole, parts] = [await run(32, null), await run(16, 2)];
  whole.forEach((value, i) => expect(parts[i]).toBeCloseTo(value, 5));
});

test('several inputs and outputs, by name and by position', async () => {
  const [a, b] = [input({ shape: [2], name: 'a' }), input({ shape: [2], name: 'b' })];
  const sum = dense(1, { name: 'sum' })(ops.add(a, b));
  const model = new Model({ inputs: { a, b }, outputs: [sum, dense(1, { name: 'other' })(a)] });
  model.compile({ optimizer: 'sgd', loss: { sum: 'mse', other: 'mae' }, lossWeights: { sum: 1, other: 0.5 } });
  const { history } = await model.fit({ a: x, b: x }, { sum: y, other: y }, quiet);
  expect(Object.keys(history).sort()).toEqual(['loss', 'other_loss', 'sum_loss']);
  const [first, second] = await model.predict<[Tensor, Tensor]>({ a: x, b: x });
  expect([first.shape, second.shape]).toEqual([
    [rows, 1],
    [rows, 1],
  ]);
});

test('trainStep can be overridden', async () => {
  class Doubled extends Model {
    readonly layer = dense(1, { kernelInitializer: 'ones' });
    override call(inputs: Tensor): Tensor {
      return this.layer(inputs);
    }
    override trainStep({ x: inputs, y: targets }: StepData): StepLogs {
      const { value, grads } = valueAndGrad(
        () => {
          const error = ops.subtract(this.call(inputs as Tensor), targets as Tensor);
          return ops.multiply(2, ops.mean(ops.square(error)));
        },
        { variables: this.trainableVariables },
      )();
      this.optimizer.apply(grads, this.trainableVariables);
      return { doubled: value };
    }
  }
  const model = new Doubled();
  model.compile({ optimizer: 'sgd' });
  const { history } = await model.fit(x, y, { epochs: 9, shuffle: false, ...quiet });
  expect(history.doubled[8]).toBeLessThan(history.doubled[0]);
});

test('one batch at a time', async () => {
  const model = linear();
  const [before] = await model.testOnBatch(x, y);
  const logs = await model.trainOnBatch(x, y, { returnDict: true });
  expect(logs.loss).toBeCloseTo(before, 5);
  model.resetMetrics();
  expect((await model.testOnBatch(x, y))[0]).toBeLessThan(before);
  expect(model.predictOnBatch(x).shape).toEqual([rows, 1]);
});

test('runEagerly gives the same numbers', async () => {
  const run = async (runEagerly: boolean): Promise<number> => {
    const model = new Sequential([dense(1, { inputShape: [2], kernelInitializer: 'ones' })]);
    model.compile({ optimizer: 'sgd', loss: 'mse', runEagerly });
    return (await model.fit(x, y, { shuffle: false, ...quiet })).history.loss[0];
  };
  expect(await run(true)).toBeCloseTo(await run(false), 5);
});
