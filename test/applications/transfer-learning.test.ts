// What Keras's guides show of transfer learning, line by line, with images of few pixels and no weights from elsewhere.
import { createHash } from 'node:crypto';
import {
  applications,
  clearSession,
  dense,
  dropout,
  flatten,
  globalAveragePooling2d,
  input,
  losses,
  metrics,
  Model,
  ops,
  optimizers,
  random,
  randomFlip,
  randomRotation,
  rescaling,
  Sequential,
  setRandomSeed,
  type Tensor,
  type Variable,
} from 'hornet';

beforeEach(() => {
  clearSession();
  setRandomSeed(1);
});

const images = (count: number, size: number): Tensor => random.uniform([count, size, size, 3], { maxval: 255 });
const labels = (count: number, classes: number): Tensor => random.randint([count], 0, classes);

/** A hash of each weight. */
const hashes = (weights: readonly Variable[]): Promise<string[]> =>
  Promise.all(
    weights.map(async (weight) => {
      const { buffer, byteOffset, byteLength } = await weight.data();
      return createHash('md5')
        .update(new Uint8Array(buffer, byteOffset, byteLength))
        .digest('hex');
    }),
  );

test('a frozen base below dense layers, later fine-tuned', async () => {
  const base = applications.vgg16({ weights: null, includeTop: false, inputShape: [32, 32, 3] });
  base.trainable = false;
  let x: Tensor = flatten()(base.output);
  x = dense(128, { activation: 'relu' })(x);
  const outputs = dense(10, { activation: 'softmax' })(x);
  const model = new Model({ inputs: base.input, outputs });

  const before = await hashes(base.weights);
  const [xTrain, yTrain] = [ops.divide(images(8, 32), 255), labels(8, 10)];
  model.compile({ optimizer: 'adam', loss: 'sparse_categorical_crossentropy', metrics: ['accuracy'] });
  await model.fit(xTrain, yTrain, { epochs: 2, batchSize: 4, verbose: 0 });
  expect(await hashes(base.weights)).toEqual(before);

  base.trainable = true;
  const optimizer = optimizers.sgd({ learningRate: 1e-4, momentum: 0.9 });
  model.compile({ optimizer, loss: 'sparse_categorical_crossentropy', metrics: ['accuracy'] });
  await model.fit(xTrain, yTrain, { batchSize: 4, verbose: 0 });
  const after = await hashes(base.weights);
  expect(after.filter((weight, i) => weight === before[i])).toEqual([]);
});

test('the guide "Transfer learning & fine-tuning": augmentation, rescaling, Xception', async () => {
  const dataAugmentation = new Sequential([randomFlip({ mode: 'horizontal' }), randomRotation(0.1)]);
  const baseModel = applications.xception({ weights: null, inputShape: [71, 71, 3], includeTop: false });
  baseModel.trainable = false;

  const inputs = input({ shape: [71, 71, 3] });
  let x: Tensor = dataAugmentation(inputs);
  x = rescaling(1 / 127.5, { offset: -1 })(x);
  x = baseModel(x, { training: false });
  x = globalAveragePooling2d()(x);
  x = dropout(0.2)(x);
  const outputs = dense(1)(x);
  const model = new Model({ inputs, outputs });
  expect([model.trainableWeights.length, model.nonTrainableWeights.length]).toEqual([2, baseModel.weights.length]);

  const compile = (learningRate: number): void =>
    model.compile({
      optimizer: optimizers.adam({ learningRate }),
      loss: new losses.BinaryCrossentropy({ fromLogits: true }),
      metrics: [new metrics.BinaryAccuracy()],
    });
  const [xTrain, yTrain] = [images(2, 71), ops.reshape(labels(2, 2), [2, 1])];
  compile(1e-3);
  const { history } = await model.fit(xTrain, yTrain, { epochs: 2, verbose: 0 });
  expect(Object.keys(history).sort()).toEqual(['binary_accuracy', 'loss']);

  baseModel.trainable = true;
  compile(1e-5);
  // It still infers: what normalization has seen does not change.
  const before = await hashes(baseModel.nonTrainableWeights);
  await model.fit(xTrain, yTrain, { verbose: 0 });
  expect(await hashes(baseModel.nonTrainableWeights)).toEqual(before);
  expect(model.trainableWeights).toHaveLength(baseModel.trainableWeights.length + 2);
});

test('the tutorial with MobileNetV2: preprocessing in the model, fine-tuning from one layer on', async () => {
  const dataAugmentation = new Sequential([randomFlip({ mode: 'horizontal' }), randomRotation(0.2)]);
  const { preprocessInput } = applications.mobileNetV2;
  const baseModel = applications.mobileNetV2({ inputShape: [32, 32, 3], includeTop: false, weights: null });
  const imageBatch = images(2, 32);
  const featureBatch: Tensor = baseModel(imageBatch);
  expect(featureBatch.shape).toEqual([2, 1, 1, 1280]);
  baseModel.trainable = false;

  const globalAverageLayer = globalAveragePooling2d();
  const predictionLayer = dense(1, { activation: 'sigmoid' });
  const inputs = input({ shape: [32, 32, 3] });
  let x: Tensor = dataAugmentation(inputs);
  x = preprocessInput(x) as Tensor;
  x = baseModel(x, { training: false });
  x = globalAverageLayer(x);
  x = dropout(0.2)(x);
  const outputs = predictionLayer(x);
  const model = new Model({ inputs, outputs });
  expect(model.trainableVariables).toHaveLength(2);

  const baseLearningRate = 0.0001;
  const [xTrain, yTrain] = [images(4, 32), ops.reshape(labels(4, 2), [4, 1])];
  model.compile({
    optimizer: optimizers.adam({ learningRate: baseLearningRate }),
    loss: new losses.BinaryCrossentropy(),
    metrics: [new metrics.BinaryAccuracy({ threshold: 0.5, name: 'accuracy' })],
  });
  const history = await model.fit(xTrain, yTrain, { epochs: 2, batchSize: 2, verbose: 0 });

  baseModel.trainable = true;
  expect(baseModel.layers).toHaveLength(154);
  const fineTuneAt = 100;
  for (const layer of baseModel.layers.slice(0, fineTuneAt)) layer.trainable = false;
  model.compile({
    loss: new losses.BinaryCrossentropy(),
    optimizer: optimizers.rmsprop({ learningRate: baseLearningRate / 10 }),
    metrics: [new metrics.BinaryAccuracy({ threshold: 0.5, name: 'accuracy' })],
  });
  expect(model.trainableVariables).toHaveLength(56);
  const historyFine = await model.fit(xTrain, yTrain, {
    epochs: 4,
    initialEpoch: history.epoch.length,
    batchSize: 2,
    verbose: 0,
  });
  expect(historyFine.epoch).toEqual([2, 3]);
});

test('features of a layer within, and a base whose layers are frozen one by one', async () => {
  const base = applications.mobileNet({ weights: null, includeTop: false, alpha: 0.25, inputShape: [32, 32, 3] });
  const extractor = new Model({ inputs: base.input, outputs: base.getLayer('conv_pw_6_relu').output });
  const features = await extractor.predict(images(3, 32), { verbose: 0 });
  expect(features.shape).toEqual([3, 2, 2, 128]);
  const all = new Model({ inputs: base.inputs, outputs: base.layers.slice(1).map(({ output }) => output) });
  expect(all<Tensor[]>(images(1, 32))).toHaveLength(base.layers.length - 1);

  let x: Tensor = globalAveragePooling2d()(base.output);
  x = dense(32, { activation: 'relu' })(x);
  const model = new Model({ inputs: base.input, outputs: dense(5, { activation: 'softmax' })(x) });
  for (const layer of base.layers) layer.trainable = false;
  model.compile({ optimizer: 'rmsprop', loss: 'sparse_categorical_crossentropy' });
  const [xTrain, yTrain] = [ops.divide(images(4, 32), 255), labels(4, 5)];
  await model.fit(xTrain, yTrain, { verbose: 0 });

  const cut = base.layers.findIndex(({ name }) => name === 'conv_dw_12');
  model.layers.forEach((layer, i) => (layer.trainable = i >= cut));
  const optimizer = optimizers.sgd({ learningRate: 0.0001, momentum: 0.9 });
  model.compile({ optimizer, loss: 'sparse_categorical_crossentropy' });
  const before = await hashes(model.weights);
  await model.fit(xTrain, yTrain, { verbose: 0 });
  const after = await hashes(model.weights);
  const changed = model.weights.filter((_, i) => before[i] !== after[i]);
  expect(changed[0].path).toContain('conv_dw_12');
});
