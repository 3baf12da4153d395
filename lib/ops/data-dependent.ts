// Ops whose result has a shape that depends on the numbers. They read them, so they give promises and cannot be recorded.
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxis } from './axes.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import { filled, vector } from './fill.js';
import { gatherAlong, scatterNd } from './gather.js';
import { concatTensors, iota, partOf, transposeTo } from './movement.js';
import { numbersOf } from './numbers.js';
import { reshapeTo } from './reshape-core.js';

/**
 * The coordinates (int32) of all elements that are not zero, one tensor per axis.
 *
 * @throws HornetError inside of traced functions and functional models.
 */
export async function nonzero(x: TensorLike): Promise<Tensor[]> {
  const value = convertToTensor(x);
  const found = (await numbersOf('nonzero', value)).flatMap((number, i) => (number !== 0 ? [i] : []));
  return value.shape.map((dim, axis) => {
    const step = sizeOf(value.shape.slice(axis + 1));
    return vector(
      found.map((i) => Math.floor(i / step) % dim),
      'int32',
    );
  });
}

/** What is counted. */
export interface BincountArgs {
  /** What each element counts. Default 1. */
  readonly weights?: TensorLike | null;
  /** Least number of bins. Default 0. */
  readonly minlength?: number;
}

/**
 * How often each of the integers 0, 1, … occurs in `x`, up to the largest; row by row where `x` has two axes.
 *
 * @throws HornetError on negative numbers, and inside of traced functions and functional models.
 */
export async function bincount(x: TensorLike, options: BincountArgs = {}): Promise<Tensor> {
  const { weights = null, minlength = 0 } = options;
  const value = castTo(convertToTensor(x), 'int32');
  if (value.rank !== 1 && value.rank !== 2) {
    throw new HornetError('bincount', `expected a tensor of rank 1 or 2, received rank ${value.rank}`);
  }
  const numbers = await numbersOf('bincount', value);
  if (numbers.some((number) => number < 0)) throw new HornetError('bincount', 'expected non-negative integers');
  const bins = numbers.reduce((most, number) => Math.max(most, number + 1), minlength);
  const amounts = weights === null ? filled(value.shape, 1, 'int32') : convertToTensor(weights);
  const lead = value.shape.slice(0, -1);
  const coordinates = [...lead.map((_, axis) => iota(value.shape, axis, 'int32')), value];
  const places = concatTensors(
    coordinates.map((each) => reshapeTo(each, [...each.shape, 1])),
    value.rank,
  );
  return scatterNd(filled([...lead, bins], 0, amounts.dtype), places, amounts, 'add');
}

/** What is compared, and what is told about it. */
export interface UniqueArgs {
  /** Ascending (default), or in the order of first occurrence. */
  readonly sorted?: boolean;
  /** Also give the index of each one's first occurrence. */
  readonly returnIndex?: boolean;
  /** Also give, for each element of `x`, which of the unique ones it is. */
  readonly returnInverse?: boolean;
  /** Also give how often each occurs. */
  readonly returnCounts?: boolean;
  /** Slices along this axis are what is compared. Default: the elements of the flattened tensor. */
  readonly axis?: number | null;
  /** Exactly so many: cut off, or filled up with `fillValue`. */
  readonly size?: number | null;
  /** Default 0. */
  readonly fillValue?: number | null;
}

/**
 * What occurs in a tensor, each once: the values, or a list of them and of what the options ask for (int32).
 *
 * @throws HornetError inside of traced functions and functional models.
 */
export async function unique(x: TensorLike, options: UniqueArgs = {}): Promise<Tensor | Tensor[]> {
  const given = convertToTensor(x);
  const value = typeof options.axis === 'number' ? given : reshapeTo(given, [given.size]);
  const axis = normalizeAxis('unique', options.axis ?? 0, value.rank);
  const others = value.shape.map((_, i) => i).filter((i) => i !== axis);
  const numbers = await numbersOf('unique', transposeTo(value, [axis, ...others]));
  const groups = groupSlices(numbers, value.shape[axis], options.sorted ?? true);
  const { size = null, fillValue = 0 } = options;
  const sized = (tensor: Tensor, along: number, fill: number): Tensor => {
    if (size === null) return tensor;
    const kept = partOf(tensor, along, 0, Math.min(size, tensor.shape[along]));
    const missing = kept.shape.map((dim, i) => (i === along ? size - dim : dim));
    return missing[along] > 0 ? concatTensors([kept, filled(missing, fill, kept.dtype)], along) : kept;
  };
  const first = vector(
    groups.map((members) => members[0]),
    'int32',
  );
  const inverse: number[] = [];
  groups.forEach((members, group) => members.forEach((member) => (inverse[member] = group)));
  const counts = vector(
    groups.map((members) => members.length),
    'int32',
  );
  const results = [sized(gatherAlong(value, first, axis), axis, fillValue ?? 0)];
  if (options.returnIndex) results.push(sized(first, 0, 0));
  if (options.returnInverse) {
    results.push(
      reshapeTo(vector(inverse, 'int32'), typeof options.axis === 'number' ? [inverse.length] : given.shape),
    );
  }
  if (options.returnCounts) results.push(sized(counts, 0, 0));
  return results.length === 1 ? results[0] : results;
}

/** Equal slices of a flat list together, each group by its indices in ascending order. */
function groupSlices(numbers: readonly number[], count: number, sorted: boolean): number[][] {
  const width = count === 0 ? 0 : numbers.length / count;
  const groups = new Map<string, number[]>();
  for (let i = 0; i < count; i++) {
    const key = numbers.slice(i * width, (i + 1) * width).join();
    const members = groups.get(key);
    if (members) members.push(i);
    else groups.set(key, [i]);
  }
  const inOrder = [...groups.values()];
  if (!sorted) return inOrder;
  return inOrder.sort(([a], [b]) => {
    for (let j = 0; j < width; j++) {
      const [left, right] = [numbers[a * width + j], numbers[b * width + j]];
      if (left !== right) return left < right || Number.isNaN(right) ? -1 : 1;
    }
    return 0;
  });
}
