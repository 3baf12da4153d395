// Sequences of different lengths as one tensor.
import { checkDType, encodeNumbers, type DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { fromBytes, readArray, type DeviceTensor, type NestedArray } from '../tensor.js';
import type { TypedArray } from '../dtype.js';
import { sizeOf } from '../graph/ir.js';

/** Options of `padSequences`. */
export interface PadSequencesArgs {
  /** Length of all sequences afterwards. Default: that of the longest. */
  readonly maxlen?: number | null;
  /** Default `int32`. */
  readonly dtype?: DType;
  /** Where short sequences are filled up. Default `pre`. */
  readonly padding?: 'pre' | 'post';
  /** Where long ones lose values. Default `pre`. */
  readonly truncating?: 'pre' | 'post';
  /** What fills up. Default 0. */
  readonly value?: number;
}

/**
 * Sequences of different lengths as one tensor [sequences, maxlen, …].
 *
 * @throws HornetError where the steps of sequences have different shapes.
 */
export function padSequences(
  sequences: readonly (NestedArray | TypedArray)[],
  args: PadSequencesArgs = {},
): DeviceTensor {
  const where = 'padSequences';
  const { padding = 'pre', truncating = 'pre', value = 0 } = args;
  const dtype = checkDType(args.dtype ?? 'int32', where);
  for (const [name, side] of Object.entries({ padding, truncating })) {
    if (side !== 'pre' && side !== 'post') {
      throw new HornetError(where, `expected ${name} to be 'pre' or 'post', received '${String(side)}'`);
    }
  }
  const read = sequences.map((sequence) => readArray(sequence));
  const length = args.maxlen ?? Math.max(0, ...read.map(({ shape }) => shape[0]));
  if (!Number.isInteger(length) || length < 0) {
    throw new HornetError(where, `expected maxlen to be a non-negative integer, received ${length}`);
  }
  const stepShape = read.find(({ shape }) => shape[0] > 0)?.shape.slice(1) ?? [];
  const step = sizeOf(stepShape);
  const padded = new Array<number | bigint | boolean>(sequences.length * length * step).fill(value);
  read.forEach(({ shape, values }, i) => {
    if (shape[0] === 0) return;
    if (shape.slice(1).join() !== stepShape.join()) {
      throw new HornetError(
        where,
        `expected steps of shape [${stepShape.join(', ')}], received [${shape.slice(1).join(', ')}] in sequence ${i}`,
      );
    }
    const kept = Math.min(shape[0], length);
    const from = truncating === 'pre' ? shape[0] - kept : 0;
    const to = i * length + (padding === 'pre' ? length - kept : 0);
    for (let j = 0; j < kept * step; j++) padded[to * step + j] = values[from * step + j];
  });
  return fromBytes(encodeNumbers(padded, dtype), [sequences.length, length, ...stepShape], dtype);
}
