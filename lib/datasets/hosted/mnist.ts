// MNIST: handwritten digits.
import { readNpz } from '../npz.js';
import { hostedFile } from './files.js';
import type { TrainAndTest } from './train-and-test.js';

/** Options of `mnist.loadData`. */
export interface MnistArgs {
  /** Name of the file in the cache. Default `mnist.npz`. */
  readonly path?: string;
}

/**
 * 60,000 images of handwritten digits to train with and 10,000 to test with, downloaded once.
 *
 * @returns `[[xTrain, yTrain], [xTest, yTest]]`: images [n, 28, 28] from 0 to 255 and digits [n], all uint8.
 * @throws HornetError when the file cannot be downloaded or read.
 *
 * @example
 * const [[xTrain, yTrain], [xTest, yTest]] = await datasets.mnist.loadData();
 * await model.fit(ops.divide(xTrain, 255), yTrain, { validationData: [ops.divide(xTest, 255), yTest] });
 */
export async function loadData(args: MnistArgs = {}): Promise<TrainAndTest> {
  const where = 'mnist.loadData';
  const path = await hostedFile(where, 'mnist.npz', args.path);
  const data = await readNpz(where, path, ['x_train', 'y_train', 'x_test', 'y_test']);
  return [
    [data.x_train, data.y_train],
    [data.x_test, data.y_test],
  ];
}
