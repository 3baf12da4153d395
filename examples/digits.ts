// Learns handwritten digits with a small convolutional network: `npm start`. Data and licence: examples/data/README.md.
import {
  Sequential,
  conv2d,
  dense,
  dropout,
  flatten,
  input,
  maxPooling2d,
  ops,
  plotHistory,
  setRandomSeed,
} from 'hornet';
import { loadDigits } from './data/digits.js';
import { drawDigits } from './draw.js';

setRandomSeed(1);

const { xTrain, yTrain, xTest, yTest } = await loadDigits();

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
const [pictures, labels, guesses] = await Promise.all(
  [xTest, yTest, ops.argmax(predictions, { axis: -1 })].map((t) => t.data()),
);
console.log(drawDigits(pictures, { count: 8, perRow: 4, captions: { labels, guesses } }));

await plotHistory(history, 'curves.svg', { title: 'Handwritten digits' });
console.log('\nLoss and accuracy by epoch: curves.svg');
