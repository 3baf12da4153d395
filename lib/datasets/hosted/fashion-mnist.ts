// Fashion-MNIST: clothes.
import { hostedFile } from './files.js';
import { readIdx } from './idx.js';
import { checkPairs, type TrainAndTest } from './train-and-test.js';

const where = 'fashionMnist.loadData';

/**
 * 60,000 images of clothes to train with and 10,000 to test with, downloaded once. They can take the place of MNIST's. The
 * classes are 0 T-shirt/top, 1 trouser, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle boot.
 *
 * @returns `[[xTrain, yTrain], [xTest, yTest]]`: images [n, 28, 28] from 0 to 255 and classes [n], all uint8.
 * @throws HornetError when a file cannot be downloaded or read.
 */
export async function loadData(): Promise<TrainAndTest> {
  return [await load('train'), await load('t10k')];
}

async function load(part: 'train' | 't10k'): Promise<TrainAndTest[0]> {
  const labelsPath = await hostedFile(where, `${part}-labels-idx1-ubyte.gz`);
  const imagesPath = await hostedFile(where, `${part}-images-idx3-ubyte.gz`);
  const labels = await readIdx(where, labelsPath, 1);
  const images = await readIdx(where, imagesPath, 3);
  checkPairs(where, labelsPath, images.shape[0], labels);
  return [images, labels];
}
