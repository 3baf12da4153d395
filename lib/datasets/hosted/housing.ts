// What the two data sets of house prices share: rows of a `.npz` file, shuffled and divided.
import { readNpz } from '../npz.js';
import { hostedFile, type hostedFiles } from './files.js';
import { checkPairs, checkTestSplit, divide, randomState, rowsOf, type TrainAndTest } from './train-and-test.js';

/** Options of `loadData` of the data sets of house prices. */
export interface HousingArgs {
  /** Name of the file in the cache. Default: its name at its host. */
  readonly path?: string;
  /** Which part of the examples is for testing: from 0 on, below 1. Default 0.2. */
  readonly testSplit?: number;
  /** Decides which examples these are, as in Keras; null: by chance. Default 113. */
  readonly seed?: number | null;
}

/** @param most - Only so many examples, the first ones, are taken. */
export async function loadHousing(
  where: string,
  name: keyof typeof hostedFiles,
  args: HousingArgs,
  most = Infinity,
): Promise<TrainAndTest> {
  const { testSplit = 0.2, seed = 113 } = args;
  checkTestSplit(where, testSplit);
  const random = randomState(where, seed);
  const path = await hostedFile(where, name, args.path);
  const { x, y } = await readNpz(where, path, ['x', 'y']);
  checkPairs(where, path, x.shape[0], y);
  const [train, test] = divide(random.permutation(Math.min(x.shape[0], most)), testSplit);
  const part = (order: Int32Array): TrainAndTest[0] => [rowsOf(where, x, order), rowsOf(where, y, order)];
  return [part(train), part(test)];
}
