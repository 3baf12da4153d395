// Whole numbers of four bits, two to a byte: the first of a pair in the low half.
import { HornetError } from '../errors.js';
import { add, bitwiseAnd, bitwiseXor, cast, multiply, pad, reshape, rightShift, stack } from '../ops/index.js';
import { slice, subtract, take } from '../ops/index.js';
import { normalizeAxis } from '../ops/axes.js';
import { convertToTensor, type TensorLike } from '../ops/convert.js';
import type { Tensor } from '../tensor.js';

/** How numbers are packed. */
export interface Int4Args {
  /** Along which axis pairs are made. Default 0. */
  readonly axis?: number;
  /** Signed numbers from -8 to 7, or unsigned ones from 0 to 15. Default `int8`. */
  readonly dtype?: 'int8' | 'uint8';
}

/**
 * Packs pairs of numbers of four bits into bytes.
 *
 * @returns The bytes, their shape, and the length of the axis before: the last pair of an odd one is filled up with a zero.
 * @throws HornetError when the tensor is not of type `dtype`.
 */
export function packInt4(
  arr: TensorLike,
  { axis = 0, dtype = 'int8' }: Int4Args = {},
): [packed: Tensor, packedShape: readonly number[], length: number] {
  const x = convertToTensor(arr);
  if (x.dtype !== dtype) throw new HornetError('packInt4', `expected a tensor of ${dtype}, received ${x.dtype}`);
  const at = normalizeAxis('packInt4', axis, x.rank);
  const length = x.shape[at];
  const even = pad(
    x,
    x.shape.map((_, i) => [0, i === at ? length % 2 : 0] as const),
  );
  const shape = x.shape.map((dim, i) => (i === at ? Math.ceil(dim / 2) : dim));
  const pairs = reshape(even, [...shape.slice(0, at + 1), 2, ...shape.slice(at + 1)]);
  const [low, high] = [0, 1].map((half) => take(pairs, half, { axis: at + 1 }));
  const packed = add(bitwiseAnd(low, 15), multiply(high, 16));
  return [packed, packed.shape, length];
}

/**
 * The numbers that `packInt4` put into bytes.
 *
 * @param length - Length of the axis before packing.
 */
export function unpackInt4(packed: TensorLike, length: number, { axis = 0, dtype = 'int8' }: Int4Args = {}): Tensor {
  const bytes = convertToTensor(packed);
  if (bytes.dtype !== 'int8' && bytes.dtype !== 'uint8') {
    throw new HornetError('unpackInt4', `expected a tensor of int8 or uint8, received ${bytes.dtype}`);
  }
  const at = normalizeAxis('unpackInt4', axis, bytes.rank);
  const halves = [bytes, rightShift(bytes, 4)].map((half) => cast(bitwiseAnd(half, 15), dtype));
  const numbers = dtype === 'int8' ? halves.map((half) => subtract(bitwiseXor(half, 8), 8)) : halves;
  const wide = bytes.shape.map((dim, i) => (i === at ? 2 * dim : dim));
  const all = reshape(stack(numbers, { axis: at + 1 }), wide);
  return wide[at] === length
    ? all
    : slice(
        all,
        wide.map(() => 0),
        wide.map((dim, i) => (i === at ? length : dim)),
      );
}
