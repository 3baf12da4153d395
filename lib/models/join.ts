// Putting the outputs of single batches together.
import { arrayOf, byteSize } from '../dtype.js';
import { fromBytes, type DeviceTensor } from '../tensor.js';

/** One tensor of all rows; `like` tells the dtype and the shape of a row. */
export function joinRows(like: DeviceTensor, parts: readonly Uint8Array[]): DeviceTensor {
  const total = parts.reduce((bytes, part) => bytes + part.length, 0);
  const joined = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  const row = like.shape.slice(1);
  const rowBytes = row.reduce((size, dim) => size * dim, byteSize(like.dtype));
  const rows = rowBytes === 0 ? 0 : total / rowBytes;
  return fromBytes(new (arrayOf(like.dtype))(joined.buffer), [rows, ...row], like.dtype);
}
