// A data set in two parts.
import { HornetError } from '../errors.js';
import { makeSeed } from '../seed.js';
import { shuffleInPlace } from '../shuffle.js';
import { Dataset } from './dataset.js';

/** Options of `splitDataset`. */
export interface SplitDatasetArgs {
  /** Size of the first part: a number of items from 1, or a share of them below 1. Default: what the other leaves. */
  readonly leftSize?: number | null;
  /** Size of the second part, in the same way. */
  readonly rightSize?: number | null;
  /** Whether the items are mixed before. Default false. */
  readonly shuffle?: boolean;
  readonly seed?: number | null;
}

/**
 * Two data sets with the first and the last items of one, which is read once and kept in memory.
 *
 * @param dataset - Items one by one (samples, or batches): an array, or anything that can be iterated.
 * @throws HornetError where a part would be empty, or both hold more than there is.
 */
export async function splitDataset<T>(
  dataset: Iterable<T> | AsyncIterable<T>,
  args: SplitDatasetArgs,
): Promise<[Dataset<T>, Dataset<T>]> {
  const items = await Dataset.from(dataset).toArray();
  if (args.shuffle) shuffleInPlace(items, args.seed ?? makeSeed());
  const [left, right] = sizes(args, items.length);
  return [Dataset.from(items.slice(0, left)), Dataset.from(items.slice(items.length - right))];
}

function sizes({ leftSize = null, rightSize = null }: SplitDatasetArgs, total: number): [number, number] {
  const where = 'splitDataset';
  if (leftSize === null && rightSize === null) {
    throw new HornetError(where, 'expected leftSize, rightSize or both, received neither');
  }
  const count = (name: string, size: number | null): number | null => {
    if (size === null) return null;
    if (size > 0 && size < 1) return Math.round(size * total);
    if (Number.isInteger(size) && size > 0 && size < total) return size;
    const expected = `an integer from 1 to ${total - 1}, or a share between 0 and 1`;
    throw new HornetError(where, `expected ${name} to be ${expected}, received ${size}`);
  };
  const given = [count('leftSize', leftSize), count('rightSize', rightSize)];
  const left = given[0] ?? total - given[1]!;
  const right = given[1] ?? total - left;
  if (left + right > total || left === 0 || right === 0) {
    throw new HornetError(where, `cannot split ${total} items into ${left} and ${right}`);
  }
  return [left, right];
}
