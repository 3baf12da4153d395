// Learns handwritten digits with a small convolutional network: `npm start`. Data and licence: examples/data/README.md.
import {
  Sequential,
  conv2d,
  dense,
  dropout,
  flatten,
  input,
  loadNpz,
  maxPooling2d,
  ops,
  plotHistory,
  random,
  setRandomSeed,
  type Tensor,
} from 'hornet';
import { drawDigits } from './draw.js';

setRandomSeed(1);

// 1,797 images of 8 × 8 with ink from 0 to 16, in a random order: 1,500 to learn from, 297 that nobody sees until the end.
const { images, labels } = await loadNpz(new URL('data/digits.npz', import.meta.url));
const order = random.shuffle(ops.arange(images.shape[0]));
const shuffled = (x: Tensor): Tensor => ops.take(x, order, { axis: 0 });
const x = ops.divide(ops.cast(ops.expandDims(shuffled(images), -1), 'float32'), 16);
const [xTrain, xTest] = ops.split(x, [1500]);
const [yTrain, yTest] = ops.split(shuffled(labels), [1500]);

const model = new Sequential([
  input({ shape: [8, 8, 1] }),
  conv2d(32, 3, { padding: 'same', activation: 'relu' }),
  conv2d(64, 3, { padding: 'same', activation: 'relu' }),
  maxPooling2d({ poolSize: 2 }),
  dropout(0.25),
  flatten(),
  dense(128, { activation: 'relu' }),
  dropout(0.5),
  dense(10, { activation: 'softmax' }),
]);
model.summary();

model.compile({ optimizer: 'adam', loss: 'sparse_categorical_crossentropy', metrics: ['accuracy'] });
const history = await model.fit(xTrain, yTrain, { epochs: 20, batchSize: 32, validationSplit: 0.2 });

console.log('\nDigits that the network has never seen:');
const [loss, accuracy] = await model.evaluate(xTest, yTest);
console.log(`test loss ${loss.toFixed(4)}, test accuracy ${accuracy.toFixed(4)}\n`);

const predictions = await model.predict(xTest);
const [pictures, truth, guesses] = await Promise.all(
  [xTest, yTest, ops.argmax(predictions, { axis: -1 })].map((t) => t.data()),
);
console.log(drawDigits(pictures, truth, guesses, { count: 8, perRow: 4 }));

await plotHistory(history, 'curves.svg', { title: 'Handwritten digits' });
console.log('\nLoss and accuracy by epoch: curves.svg');
