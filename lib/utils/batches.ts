// What a batch has: inputs, targets and weights of samples, for loops of one's own.
import { HornetError } from '../errors.js';

/** A batch as data sets give it: `[x]`, `[x, y]` or `[x, y, sampleWeight]`. */
export type Packed<X, Y, W> = readonly [X] | readonly [X, Y] | readonly [X, Y, W];

/**
 * The shortest list that has all that is given: `x` itself (in a list where it is one), `[x, y]` or `[x, y, sampleWeight]`.
 */
export function packXYSampleWeight<X, Y = null, W = null>(
  x: X,
  y: Y | null = null,
  sampleWeight: W | null = null,
): X | readonly [X] | readonly [X, Y] | readonly [X, Y, W] {
  if (y === null) return Array.isArray(x) ? [x] : x;
  return sampleWeight === null ? [x, y] : [x, y, sampleWeight];
}

/**
 * The three parts of a batch; null for those it does not have.
 *
 * @param data - A list of one to three parts, or what has inputs only.
 * @throws HornetError for an empty list, and for one of more parts.
 */
export function unpackXYSampleWeight<X, Y = null, W = null>(
  data: X | Packed<X, Y, W>,
): readonly [x: X, y: Y | null, sampleWeight: W | null] {
  if (!Array.isArray(data)) return [data as X, null, null];
  const [x, y = null, sampleWeight = null] = data as readonly [X, Y?, W?];
  if (data.length >= 1 && data.length <= 3) return [x, y, sampleWeight];
  throw new HornetError(
    'unpackXYSampleWeight',
    `expected [x], [x, y] or [x, y, sampleWeight], received ${data.length} parts`,
  );
}
