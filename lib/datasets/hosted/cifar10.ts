// CIFAR-10: small photographs of ten kinds of things.
import { join } from 'node:path';
import { loadImages, type Labels } from './cifar.js';
import { hostedFile } from './files.js';
import type { TrainAndTest } from './train-and-test.js';

/**
 * 50,000 photographs to train with and 10,000 to test with, downloaded once. The classes are 0 airplane, 1 automobile,
 * 2 bird, 3 cat, 4 deer, 5 dog, 6 frog, 7 horse, 8 ship, 9 truck; some labels are known to be wrong.
 *
 * @returns `[[xTrain, yTrain], [xTest, yTest]]`: images [n, 32, 32, 3] from 0 to 255, [n, 3, 32, 32] where
 *   `imageDataFormat()` has channels first, and classes [n, 1], all uint8.
 * @throws HornetError when the archive cannot be downloaded or read.
 */
export async function loadData(): Promise<TrainAndTest> {
  const where = 'cifar10.loadData';
  const folder = join(await hostedFile(where, 'cifar-10-python.tar.gz'), 'cifar-10-batches-py');
  const labels: Labels = { key: 'labels', dtype: 'uint8', classes: 10 };
  const batches = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}`);
  return [await loadImages(where, folder, batches, labels), await loadImages(where, folder, ['test_batch'], labels)];
}
