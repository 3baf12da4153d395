// Boston housing: prices of houses in the suburbs of Boston in the late 1970s (StatLib).
import { loadHousing, type HousingArgs } from './housing.js';
import type { TrainAndTest } from './train-and-test.js';

/**
 * 506 towns with 13 features each, and the median price of a house there in thousands of dollars.
 *
 * The feature `B` assumes that who the neighbours are by race decides on prices: use these data for nothing but to show
 * what is wrong with them. `californiaHousing` with `version: 'small'` takes their place.
 *
 * @returns `[[xTrain, yTrain], [xTest, yTest]]`: features [n, 13] and prices [n], float64.
 * @throws HornetError when the file cannot be downloaded or read.
 */
export const loadData = (args: HousingArgs = {}): Promise<TrainAndTest> =>
  loadHousing('bostonHousing.loadData', 'boston_housing.npz', args);
