// Which keys a query may see, as the attention layers put it together from their masks. Knows nothing of layers.
import { abs, arange, cast, expandDims, greaterEqual, less, logicalAnd, subtract } from '../ops/index.js';
import type { Tensor } from '../tensor.js';

/** Positions of queries as a column, and of keys as a row. */
const positions = (queries: number, keys: number): [Tensor, Tensor] => [
  expandDims(arange(queries), 1),
  expandDims(arange(keys), 0),
];

/** No key behind the query's own position: [queries, keys]. */
export const causalMask = (queries: number, keys: number): Tensor => greaterEqual(...positions(queries, keys));

/** Keys less than `width` positions away, on either side: [queries, keys]. */
export const windowMask = (queries: number, keys: number, width: number): Tensor =>
  less(abs(subtract(...positions(queries, keys))), width);

/** What all of the masks let through; null where there is none. */
export function allOf(masks: readonly (Tensor | null)[]): Tensor | null {
  const given = masks.filter((mask) => mask !== null).map((mask) => cast(mask, 'bool'));
  return given.length === 0 ? null : given.reduce((both, mask) => logicalAnd(both, mask));
}
