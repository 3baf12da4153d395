// What loading a data set gives, and how shuffled rows are divided.
import { HornetError } from '../../errors.js';
import { gatherAlong } from '../../ops/gather.js';
import { makeSeed } from '../../seed.js';
import { concrete, tensor, type DeviceTensor } from '../../tensor.js';
import { RandomState } from './random-state.js';

/** Examples and their labels to train with, and others to test with: `[[xTrain, yTrain], [xTest, yTest]]`. */
export type TrainAndTest<X = DeviceTensor> = [train: [x: X, y: DeviceTensor], test: [x: X, y: DeviceTensor]];

/** Rows of a tensor in a given order. */
export const rowsOf = (where: string, x: DeviceTensor, order: Int32Array): DeviceTensor =>
  concrete(where, gatherAlong(x, tensor(order), 0));

/** Divides an order: the last `testSplit` of it is for testing. */
export function divide(order: Int32Array, testSplit: number): [train: Int32Array, test: Int32Array] {
  const cut = Math.trunc(order.length * (1 - testSplit));
  return [order.slice(0, cut), order.slice(cut)];
}

export function checkTestSplit(where: string, testSplit: number): void {
  if (testSplit >= 0 && testSplit < 1) return;
  throw new HornetError(where, `expected testSplit to be at least 0 and less than 1, received ${testSplit}`);
}

/** Checks that there is a label for each example. */
export function checkPairs(where: string, path: string, examples: number, labels: DeviceTensor): void {
  if (labels.rank === 1 && labels.size === examples) return;
  const received = `labels of shape [${labels.shape.join(', ')}]`;
  throw new HornetError(where, `${path} is damaged: expected ${examples} labels, received ${received}`);
}

/** The generator of a seed; null: another one each time. */
export function randomState(where: string, seed: number | null): RandomState {
  if (seed !== null && !(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)) {
    throw new HornetError(where, `expected seed to be an integer from 0 to 2^32 - 1 or null, received ${seed}`);
  }
  return new RandomState(seed ?? makeSeed());
}
