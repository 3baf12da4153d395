// CIFAR-100: small photographs of a hundred kinds of things.
import { join } from 'node:path';
import { HornetError } from '../../errors.js';
import { loadImages, type Labels } from './cifar.js';
import { hostedFile } from './files.js';
import type { TrainAndTest } from './train-and-test.js';

/** Options of `cifar100.loadData`. */
export interface Cifar100Args {
  /** `fine`: 100 classes; `coarse`: the 20 that they belong to. Default `fine`. */
  readonly labelMode?: 'fine' | 'coarse';
}

const classes = { fine: 100, coarse: 20 };

/**
 * 50,000 photographs to train with and 10,000 to test with, downloaded once.
 *
 * @returns `[[xTrain, yTrain], [xTest, yTest]]`: images [n, 32, 32, 3] from 0 to 255 as uint8, [n, 3, 32, 32] where
 *   `imageDataFormat()` has channels first, and classes [n, 1] as int64.
 * @throws HornetError when the archive cannot be downloaded or read.
 */
export async function loadData(args: Cifar100Args = {}): Promise<TrainAndTest> {
  const where = 'cifar100.loadData';
  const { labelMode = 'fine' } = args;
  if (!Object.hasOwn(classes, labelMode)) {
    throw new HornetError(where, `expected labelMode to be 'fine' or 'coarse', received '${String(labelMode)}'`);
  }
  const folder = join(await hostedFile(where, 'cifar-100-python.tar.gz'), 'cifar-100-python');
  const labels: Labels = { key: `${labelMode}_labels`, dtype: 'int64', classes: classes[labelMode] };
  return [await loadImages(where, folder, ['train'], labels), await loadImages(where, folder, ['test'], labels)];
}
