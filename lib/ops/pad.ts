// Padding: a constant, or what is at and near the edge.
import { HornetError } from '../errors.js';
import { describe, type Tensor } from '../tensor.js';
import { convertToTensor, type TensorLike } from './convert.js';
import { vector } from './fill.js';
import { gatherAlong } from './gather.js';
import { padWith } from './movement.js';
import { publicOp } from './public-op.js';

/** How `pad` fills: with a value, or by what is at and near the edge. */
export type PadMode = (typeof modes)[number];
const modes = ['constant', 'reflect', 'symmetric', 'edge', 'wrap'] as const;

/** `padWidth`: `[before, after]` per axis, one pair for all, or one number. */
export const pad = publicOp(
  'pad',
  (
    x: TensorLike,
    padWidth: number | readonly number[] | readonly (readonly number[])[],
    options: { mode?: PadMode; constantValues?: number | null } = {},
  ): Tensor => {
    const value = convertToTensor(x);
    const { mode = 'constant', constantValues = null } = options;
    if (!modes.includes(mode)) {
      throw new HornetError('pad', `expected mode to be one of ${modes.join(', ')}, received '${String(mode)}'`);
    }
    const pairs = padPairs(padWidth, value.rank);
    if (mode === 'constant') {
      return padWith(
        value,
        pairs.map(([lo]) => lo),
        pairs.map(([, hi]) => hi),
        constantValues ?? 0,
      );
    }
    if (constantValues !== null)
      throw new HornetError('pad', `constantValues goes with mode 'constant', received mode '${mode}'`);
    return pairs.reduce<Tensor>((padded, [lo, hi], axis) => {
      if (lo === 0 && hi === 0) return padded;
      const size = padded.shape[axis];
      if (size === 0) throw new HornetError('pad', `axis ${axis} has no elements that mode '${mode}' could repeat`);
      const indices = Array.from({ length: lo + size + hi }, (_, i) => borderIndex(mode, i - lo, size));
      return gatherAlong(padded, vector(indices, 'int32'), axis);
    }, value);
  },
);

/** `[before, after]` of every axis. */
function padPairs(
  width: number | readonly number[] | readonly (readonly number[])[],
  rank: number,
): (readonly number[])[] {
  const list: readonly (number | readonly number[])[] = typeof width === 'number' ? [width] : width;
  const all = (pair: readonly number[]): (readonly number[])[] => Array.from({ length: rank }, () => pair);
  const pairOf = (item: number | readonly number[]): readonly number[] => {
    const pair = typeof item === 'number' ? [item, item] : item.length === 1 ? [item[0], item[0]] : item;
    if (pair.length === 2 && pair.every((amount) => Number.isInteger(amount) && amount >= 0)) return pair;
    throw new HornetError('pad', `expected pairs of non-negative integers in padWidth, received ${describe(item)}`);
  };
  if (list.length === 2 && list.every((item) => typeof item === 'number')) return all(pairOf(list));
  if (list.length === 1) return all(pairOf(list[0]));
  if (list.length !== rank) throw new HornetError('pad', `expected padWidth for ${rank} axes, received ${list.length}`);
  return list.map(pairOf);
}

/** Which element stands at position `i`, outside of [0, size) continued by the mode. */
function borderIndex(mode: Exclude<PadMode, 'constant'>, i: number, size: number): number {
  if (mode === 'edge') return Math.min(Math.max(i, 0), size - 1);
  if (mode === 'wrap') return ((i % size) + size) % size;
  const period = mode === 'reflect' ? Math.max(2 * size - 2, 1) : 2 * size;
  const at = ((i % period) + period) % period;
  return at < size ? at : (mode === 'reflect' ? period : period - 1) - at;
}
