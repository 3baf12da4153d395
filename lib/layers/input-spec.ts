// What a layer accepts: the check of ranks, sizes and dtypes before a call, with messages that name both sides.
import type { DType } from '../dtype.js';
import { HornetError } from '../errors.js';

/** A shape in which unknown sizes are null. */
export type Shape = readonly (number | null)[];

/** Requirements on one input of a layer. */
export interface InputSpec {
  readonly rank?: number;
  readonly minRank?: number;
  readonly maxRank?: number;
  /** Size of single axes, counted from the end when negative; null for any. */
  readonly axes?: Readonly<Record<number, number | null>>;
  /** The whole shape, null for any size. */
  readonly shape?: Shape;
  readonly dtype?: DType;
  /** A last axis of size one may be missing or added. */
  readonly allowLastAxisSqueeze?: boolean;
  /** The name under which the input comes in a record. */
  readonly name?: string;
}

/** A shape as text, `null` for unknown sizes. */
export const shapeText = (shape: Shape): string => `[${shape.map(String).join(', ')}]`;

/** Checks one input. Throws a `HornetError` in the name of the layer. */
export function checkInput(where: string, spec: InputSpec, input: { shape: Shape; dtype: DType }, index: number): void {
  const { shape } = input;
  const fail = (wanted: string): never => {
    const which = index === 0 ? 'input' : `input ${index}`;
    throw new HornetError(where, `expected ${which} ${wanted}, received shape ${shapeText(shape)}`);
  };
  if (spec.shape && spec.allowLastAxisSqueeze && squeezable(spec.shape, shape)) return;
  if (spec.rank !== undefined && shape.length !== spec.rank) fail(`of rank ${spec.rank}`);
  if (spec.minRank !== undefined && shape.length < spec.minRank) fail(`of rank ${spec.minRank} or more`);
  if (spec.maxRank !== undefined && shape.length > spec.maxRank) fail(`of rank ${spec.maxRank} or less`);
  if (spec.dtype !== undefined && input.dtype !== spec.dtype) {
    throw new HornetError(where, `expected input of dtype ${spec.dtype}, received ${input.dtype}`);
  }
  for (const [axis, size] of Object.entries(spec.axes ?? {})) {
    const got = shape.at(Number(axis));
    if (size !== null && got !== null && got !== size) fail(`with size ${size} along axis ${axis}`);
  }
  if (spec.shape && !matches(spec.shape, shape)) fail(`of shape ${shapeText(spec.shape)}`);
}

const matches = (wanted: Shape, got: Shape): boolean =>
  wanted.length === got.length && wanted.every((dim, i) => dim === null || got[i] === null || dim === got[i]);

function squeezable(wanted: Shape, got: Shape): boolean {
  if (wanted.length === got.length + 1) return wanted.at(-1) === 1 && matches(wanted.slice(0, -1), got);
  return got.length === wanted.length + 1 && got.at(-1) === 1 && matches(wanted, got.slice(0, -1));
}
