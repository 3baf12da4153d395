// Class numbers as one-hot rows.
import { HornetError } from '../errors.js';
import { oneHot, reshape } from '../ops/index.js';
import { readArray, tensor, Tensor, type NestedArray } from '../tensor.js';
import type { TypedArray } from '../dtype.js';

/**
 * Class numbers as rows that are 1 at the class and 0 elsewhere: [… ] → [… , numClasses], `float32`. A last axis of size
 * one is dropped first.
 *
 * @param numClasses - Default: the greatest number plus one; needed for tensors, which are not read here.
 * @throws HornetError where a number is negative or not below `numClasses`.
 */
export function toCategorical(x: Tensor | NestedArray | TypedArray, numClasses?: number | null): Tensor {
  const where = 'toCategorical';
  const given = numClasses ?? null;
  if (given !== null && !(Number.isInteger(given) && given > 0)) {
    throw new HornetError(where, `expected numClasses to be a positive integer, received ${given}`);
  }
  if (x instanceof Tensor) {
    if (given === null) throw new HornetError(where, 'expected numClasses for a tensor, whose values are not read');
    return oneHot(withoutLastOne(x), given);
  }
  const { values, shape } = readArray(x);
  const classes = Int32Array.from(values as ArrayLike<number>, Number);
  const count = given ?? classes.reduce((most, value) => Math.max(most, value), -1) + 1;
  const wrong = classes.find((value) => value < 0 || value >= count);
  if (wrong !== undefined) throw new HornetError(where, `expected numbers from 0 to ${count - 1}, received ${wrong}`);
  return oneHot(withoutLastOne(tensor(classes, shape)), count);
}

const withoutLastOne = (x: Tensor): Tensor =>
  x.rank > 1 && x.shape.at(-1) === 1 ? reshape(x, x.shape.slice(0, -1)) : x;
