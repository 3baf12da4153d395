// Data that layers adapt to: arrays, tensors, or data sets that bring batches, as batches of one form on the host.
import { decodeNumber } from '../dtype.js';
import { HornetError } from '../errors.js';
import { isStrings, StringArray, type StringData } from '../strings.js';
import { describe, readArray, Tensor, type NestedArray } from '../tensor.js';
import type { TypedArray } from '../dtype.js';

/** One array of numbers or strings. */
export type AdaptArray = Tensor | TypedArray | NestedArray | StringData;

/** What `adapt` takes: an array, or batches from an iterable, each an array or a record with the array in `x`. */
export type AdaptData =
  | AdaptArray
  | Iterable<AdaptArray | { readonly x: AdaptArray }>
  | AsyncIterable<AdaptArray | { readonly x: AdaptArray }>;

/** Options of `adapt`. */
export interface AdaptArgs {
  /** Batches to use of an iterable. Default: all. */
  readonly steps?: number | null;
}

/** A layer that learns from data before training. */
export interface Adaptable {
  /** Whether it was given what it would learn. */
  readonly isFixed: boolean;
  adapt(data: AdaptData, args?: AdaptArgs): Promise<void>;
}

/** Numbers on the host, int64 as JavaScript numbers. */
export interface NumberArray {
  readonly values: ArrayLike<number>;
  readonly shape: readonly number[];
}

const isArrayData = (data: unknown): data is AdaptArray =>
  data instanceof Tensor || Array.isArray(data) || ArrayBuffer.isView(data) || isStrings(data);

/** Calls `use` for each array in turn; tells it whether that is all the data or a batch of a data set. */
export async function eachBatch(
  where: string,
  data: AdaptData,
  { steps = null }: AdaptArgs,
  use: (array: AdaptArray, whole: boolean) => Promise<void>,
): Promise<void> {
  if (isArrayData(data)) return use(data, true);
  if (data === null || typeof data !== 'object' || !(Symbol.iterator in data || Symbol.asyncIterator in data)) {
    throw new HornetError(where, `adapt() expects an array, a tensor or batches of such, received ${describe(data)}`);
  }
  let done = 0;
  if (done === steps) return;
  for await (const batch of data as AsyncIterable<AdaptArray | { readonly x: AdaptArray }>) {
    const array = isArrayData(batch) ? batch : (batch as { x?: unknown } | null)?.x;
    if (!isArrayData(array))
      throw new HornetError(where, `adapt() expects batches of arrays, received ${describe(batch)}`);
    await use(array, false);
    if (++done === steps) return;
  }
}

/** The numbers of an array, read from the device if need be. Throws a `HornetError` on strings. */
export async function readNumbers(where: string, array: AdaptArray): Promise<NumberArray> {
  if (array instanceof Tensor) {
    const data = await array.data();
    const { shape, dtype } = array;
    return { values: Float64Array.from({ length: data.length }, (_, i) => decodeNumber(data, i, dtype)), shape };
  }
  if (isStrings(array)) throw new HornetError(where, 'adapt() expects numbers, received strings');
  const { values, shape } = readArray(array);
  return { values: Float64Array.from(values as ArrayLike<number>, Number), shape };
}

/** The strings of an array. Throws a `HornetError` on numbers. */
export function readStrings(where: string, array: AdaptArray): StringArray {
  if (isStrings(array)) return StringArray.from(array);
  throw new HornetError(where, `adapt() expects strings, received ${describe(array)}`);
}
