// A siamese network with contrastive loss: learns whether two pictures show the same digit.
import {
  Model,
  Sequential,
  conv2d,
  dense,
  dropout,
  flatten,
  input,
  ops,
  setRandomSeed,
  tensor,
  type Tensor,
} from 'hornet';
import { loadDigits } from './data/digits.js';
import { drawIndex, pick, randomSource } from './data/random.js';
import { options } from './options.js';

const { epochs, pairs } = options({ epochs: 15, pairs: 12_000 });
setRandomSeed(1);
const { xTrain, yTrain, xTest, yTest } = await loadDigits();

/** Pairs of pictures, every other one of the same digit, and 1 for those that differ. */
async function makePairs(
  x: Tensor,
  y: Tensor,
  count: number,
): Promise<{ left: Tensor; right: Tensor; differ: Tensor }> {
  const labels = Array.from(await y.data(), Number);
  const byDigit = Array.from({ length: 10 }, (_, digit) => labels.flatMap((label, i) => (label === digit ? [i] : [])));
  const random = randomSource(count);
  const rows = Array.from({ length: count }, (_, i) => {
    const first = drawIndex(random, labels.length);
    const digit = (labels[first] + (i % 2) * (1 + drawIndex(random, 9))) % 10;
    return [first, pick(random, byDigit[digit]), i % 2];
  });
  const side = (which: 0 | 1): Tensor => {
    const index = rows.map((row) => row[which]);
    return ops.take(x, tensor(index, [count], 'int32'), { axis: 0 });
  };
  return { left: side(0), right: side(1), differ: tensor(rows.map((row) => [row[2]])) };
}

const train = await makePairs(xTrain, yTrain, pairs);
const test = await makePairs(xTest, yTest, 2000);

// One network looks at both pictures; what counts is how far apart it puts them.
const embedding = new Sequential(
  [
    input({ shape: [8, 8, 1] }),
    conv2d(32, 3, { activation: 'relu', padding: 'same' }),
    conv2d(64, 3, { activation: 'relu', strides: 2, padding: 'same' }),
    flatten(),
    dropout(0.2),
    dense(32),
  ],
  { name: 'embedding' },
);
const left = input({ shape: [8, 8, 1], name: 'left' });
const right = input({ shape: [8, 8, 1], name: 'right' });
const difference = ops.subtract(embedding<Tensor>(left), embedding<Tensor>(right));
const squared = ops.sum(ops.square(difference), { axis: 1, keepdims: true });
const distance = ops.sqrt(ops.maximum(squared, 1e-7));
const siamese = new Model({ inputs: [left, right], outputs: distance });

/** Pulls equal digits together and pushes others away until they are one apart (Hadsell, Chopra, LeCun 2006). */
const contrastive = (differ: Tensor, distance: Tensor): Tensor => {
  const together = ops.multiply(ops.subtract(1, differ), ops.square(distance));
  const apart = ops.multiply(differ, ops.square(ops.maximum(ops.subtract(1, distance), 0)));
  return ops.mean(ops.add(together, apart), { axis: -1 });
};

siamese.compile({ optimizer: 'adam', loss: contrastive, metrics: ['binary_accuracy'] });
await siamese.fit([train.left, train.right], train.differ, { epochs, batchSize: 64, verbose: 2 });
const [, accuracy] = await siamese.evaluate([test.left, test.right], test.differ, { verbose: 0 });
console.log(`test accuracy ${accuracy.toFixed(4)} on pairs of digits never seen`);
