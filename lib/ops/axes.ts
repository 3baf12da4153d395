// Axis arguments: one number, several or none, negative counting from the end.
import { HornetError } from '../errors.js';

/** An axis, several, or null for all. */
export type AxisArg = number | readonly number[] | null | undefined;

/** The axis as a number from 0. Throws a `HornetError` outside of the rank. */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank) {
    throw new HornetError(op, `expected axis to be an integer in [${-rank}, ${rank}), received ${axis}`);
  }
  return normal;
}

/** Sorted axes from 0; all of them for null. Throws a `HornetError` on axes named twice. */
export function normalizeAxes(op: string, axis: AxisArg, rank: number): number[] {
  if (axis === null || axis === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = (typeof axis === 'number' ? [axis] : axis).map((one) => normalizeAxis(op, one, rank));
  if (new Set(list).size !== list.length) throw new HornetError(op, `an axis is named twice in [${String(axis)}]`);
  return list.sort((a, b) => a - b);
}
