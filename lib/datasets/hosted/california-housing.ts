// California housing: prices of houses by block group from the census of 1990 (StatLib).
import { HornetError } from '../../errors.js';
import { loadHousing, type HousingArgs } from './housing.js';
import type { TrainAndTest } from './train-and-test.js';

/** Options of `californiaHousing.loadData`. */
export interface CaliforniaHousingArgs extends HousingArgs {
  /** `large`: all 20,640 examples; `small`: the first 600. Default `large`. */
  readonly version?: 'large' | 'small';
}

const sizes = { large: Infinity, small: 600 };

/**
 * Block groups of California with 8 features each, and the median price of a house there in dollars. The features are
 * median income, age of houses, rooms and bedrooms per household, population, members of a household, latitude, longitude.
 *
 * @returns `[[xTrain, yTrain], [xTest, yTest]]`: features [n, 8] and prices [n].
 * @throws HornetError when the file cannot be downloaded or read.
 */
export async function loadData(args: CaliforniaHousingArgs = {}): Promise<TrainAndTest> {
  const where = 'californiaHousing.loadData';
  const { version = 'large', ...rest } = args;
  if (!Object.hasOwn(sizes, version)) {
    throw new HornetError(where, `expected version to be 'large' or 'small', received '${String(version)}'`);
  }
  return loadHousing(where, 'california_housing.npz', rest, sizes[version]);
}
