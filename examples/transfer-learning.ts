// Transfer learning: what a network has learned from many images helps it where there are few.
//
//   npx tsx examples/transfer-learning.ts           digits 5 to 9, by a network that has learned 0 to 4; needs nothing else
//   npx tsx examples/transfer-learning.ts photos    a folder that holds a folder of images per class, by MobileNetV2 with
//                                                   the weights of ImageNet, which are downloaded once; without a
//                                                   network it is digits again
import {
  applications,
  dense,
  dropout,
  flatten,
  globalAveragePooling2d,
  identity,
  input,
  loadModel,
  Model,
  ops,
  optimizers,
  random,
  randomFlip,
  randomRotation,
  rescaling,
  Sequential,
  setRandomSeed,
  tensor,
  utils,
  type Layer,
  type Tensor,
} from 'hornet';
import { loadDigits } from './data/digits.js';
import { pathAndOptions } from './options.js';
import { smallMobileNet } from './small-mobilenet.js';

/** Images and labels, or batches of both. */
type Data = readonly [x: Tensor, y: Tensor] | readonly [batches: AsyncIterable<[Tensor] | [Tensor, Tensor]>];

interface Task {
  /** The networks without a classifier: one that has learned something else, and one that has learned nothing. */
  readonly pretrained: Model;
  readonly untrained: Model;
  /** What images go through before the network sees them. */
  readonly prepare: Layer;
  /** From features to a vector. */
  readonly pool: Layer;
  readonly classes: number;
  readonly train: Data;
  readonly test: Data;
}

const { path, epochs, pretraining } = pathAndOptions({ epochs: 30, pretraining: 6 });
setRandomSeed(1);
const task = (path && (await photos(path))) || (await digits());

/** The network with a classifier on top. */
function classifier(base: Model, options: { training?: boolean } = {}): Model {
  const inputs = input({ shape: base.inputs[0].symbolicShape.slice(1) });
  let x: Tensor = base(task.prepare<Tensor>(inputs), options);
  x = dropout(0.2)(task.pool<Tensor>(x));
  return new Model({ inputs, outputs: dense(task.classes, { activation: 'softmax' })(x) });
}

/** Trains, tests, and tells how that went. */
async function learn(model: Model, learningRate: number, what: string): Promise<void> {
  const [xTrain, yTrain] = task.train;
  const [xTest, yTest] = task.test;
  const optimizer = optimizers.adam({ learningRate });
  model.compile({ optimizer, loss: 'sparse_categorical_crossentropy', metrics: ['accuracy'] });
  await model.fit(xTrain, yTrain, { epochs, batchSize: 16, verbose: 0 });
  const [, accuracy] = await model.evaluate(xTest, yTest, { verbose: 0 });
  console.log(`${what}: ${accuracy.toFixed(3)}`);
}

const { pretrained, untrained } = task;
console.log('\nAccuracy on images never seen');
await learn(classifier(untrained), 2e-3, 'from scratch');

// First only the classifier learns. With training: false normalization keeps the statistics of what the network has seen.
pretrained.trainable = false;
const model = classifier(pretrained, { training: false });
await learn(model, 2e-3, 'transferred');

// Then everything does, in small steps.
pretrained.trainable = true;
await learn(model, 3e-4, 'fine-tuned');

/** Photos in folders, a fifth of them to test with; null where the weights cannot be had. */
async function photos(folder: string): Promise<Task | null> {
  const size = 160;
  const parts = { validationSplit: 0.2, subset: 'both', seed: 1 } as const;
  const [train, test] = await utils.imageDatasetFromDirectory(folder, { imageSize: size, batchSize: 16, ...parts });
  const network = { includeTop: false, inputShape: [size, size, 3] } as const;
  try {
    return {
      pretrained: await applications.mobileNetV2({ ...network, weights: 'imagenet' }),
      untrained: applications.mobileNetV2({ ...network, weights: null, name: 'untrained' }),
      prepare: new Sequential([
        randomFlip({ mode: 'horizontal' }),
        randomRotation(0.1),
        rescaling(1 / 127.5, { offset: -1 }),
      ]),
      pool: globalAveragePooling2d(),
      classes: train.classNames!.length,
      train: [train.cache()],
      test: [test.cache()],
    };
  } catch (error) {
    console.log(`${(error as Error).message}\n\nSo here are digits instead.`);
    return null;
  }
}

/** Digits in poor light: hundreds of the first five kinds, ten of each of the others. */
async function digits(): Promise<Task> {
  const { xTrain, yTrain } = await loadDigits();
  const [x, y] = await five(xTrain, yTrain, 0);

  const network = smallMobileNet();
  const knowing = new Sequential([network, flatten(), dense(5, { activation: 'softmax' })]);
  knowing.compile({ optimizer: 'adam', loss: 'sparse_categorical_crossentropy', metrics: ['accuracy'] });
  // Four pictures of each: the light is another one every time.
  const many = ops.concatenate([x, x, x, x]);
  await knowing.fit(dimmed(many), ops.concatenate([y, y, y, y]), { epochs: pretraining, batchSize: 32, verbose: 2 });
  await network.save('digits-0-to-4.keras');

  const [xFew, yFew] = await five(xTrain, yTrain, 5, 0, 10);
  const [xOther, yOther] = await five(xTrain, yTrain, 5, 10);
  return {
    pretrained: await loadModel('digits-0-to-4.keras'),
    untrained: smallMobileNet(),
    prepare: identity(),
    pool: flatten(),
    classes: 5,
    train: [dimmed(xFew), yFew],
    test: [dimmed(xOther), yOther],
  };
}

function dimmed(x: Tensor): Tensor {
  return ops.clip(ops.add(x, random.normal(x.shape, { stddev: 0.4 })), 0, 1);
}

/** Images of five digits, of each those from one position to another, with labels from 0 to 4. */
async function five(x: Tensor, y: Tensor, first: number, from = 0, to = Infinity): Promise<[Tensor, Tensor]> {
  const labels = Array.from(await y.data(), Number);
  const rowsOf = (digit: number): number[] => labels.flatMap((label, i) => (label === digit ? [i] : []));
  const rows = [0, 1, 2, 3, 4].flatMap((kind) => rowsOf(first + kind).slice(from, to));
  const kinds = rows.map((row) => labels[row] - first);
  const [index, labelled] = [rows, kinds].map((numbers) => tensor(numbers, [rows.length], 'int32'));
  return [ops.take(x, index, { axis: 0 }), labelled];
}
