// Protocol buffers, as far as TensorBoard's files need them: fields are written one by one, each as its bytes.

/** A whole number of seven bits per byte. */
function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

const key = (field: number, wireType: number): Uint8Array => varint((field << 3) | wireType);

/** A field with a whole number. */
export const integer = (field: number, value: number | bigint): Uint8Array =>
  Buffer.concat([key(field, 0), varint(value)]);

/** A field with a double. */
export const double = (field: number, value: number): Uint8Array =>
  Buffer.concat([key(field, 1), new Uint8Array(Float64Array.of(value).buffer)]);

/** A field with text, bytes, or a message: its fields. */
export function message(field: number, ...content: readonly (string | Uint8Array)[]): Uint8Array {
  const body = Buffer.concat(content.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  return Buffer.concat([key(field, 2), varint(body.length), body]);
}
