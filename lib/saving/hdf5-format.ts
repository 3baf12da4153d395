// The parts of HDF5 files that a writer needs, as bytes: messages of object headers, datatypes, dataspaces, attributes, and
// the checksum. Format: "HDF5 File Format Specification, version 3". Knows nothing of files.
import type { DType } from '../dtype.js';

/** An address that says "nowhere". */
export const UNDEFINED = 0xffff_ffff_ffff_ffffn;

/** Little-endian numbers one after the other: [value, bytes] each. */
export function pack(...fields: readonly (readonly [number | bigint, 1 | 2 | 4 | 8])[]): Buffer {
  const bytes = Buffer.alloc(fields.reduce((sum, [, size]) => sum + size, 0));
  let at = 0;
  for (const [value, size] of fields) {
    if (size === 8) bytes.writeBigUInt64LE(BigInt(value), at);
    else bytes.writeUIntLE(Number(value), at, size);
    at += size;
  }
  return bytes;
}

const floats: Partial<Record<DType, readonly [exponent: number, mantissa: number]>> = {
  float16: [5, 10],
  float32: [8, 23],
  float64: [11, 52],
};

const integers: Partial<Record<DType, readonly [size: number, signed: boolean]>> = {
  uint8: [1, false],
  uint16: [2, false],
  uint32: [4, false],
  int8: [1, true],
  int16: [2, true],
  int32: [4, true],
  int64: [8, true],
};

const integer = (size: number, signed: boolean): Buffer =>
  pack([0x10, 1], [signed ? 8 : 0, 1], [0, 2], [size, 4], [0, 2], [size * 8, 2]);

/** The type of a dataset's elements. As h5py has it, `bfloat16` is opaque and `bool` an enumeration. */
export function datatype(dtype: DType): Buffer {
  const float = floats[dtype];
  if (float) {
    const [exponent, mantissa] = float;
    const bits = 1 + exponent + mantissa;
    const layout = pack([0x11, 1], [0x20, 1], [bits - 1, 1], [0, 1], [bits / 8, 4], [0, 2], [bits, 2]);
    const fields = pack([mantissa, 1], [exponent, 1], [0, 1], [mantissa, 1], [2 ** (exponent - 1) - 1, 4]);
    return Buffer.concat([layout, fields]);
  }
  const whole = integers[dtype];
  if (whole) return integer(...whole);
  if (dtype === 'bfloat16') return pack([0x15, 1], [0, 1], [0, 2], [2, 4]);
  const names = Buffer.from('FALSE\0TRUE\0');
  return Buffer.concat([pack([0x38, 1], [2, 2], [0, 1], [1, 4]), integer(1, true), names, pack([0, 1], [1, 1])]);
}

/** UTF-8 text of any length, which is kept in a global heap. */
const text = Buffer.concat([
  pack([0x19, 1], [1, 1], [1, 1], [0, 1], [16, 4]),
  pack([0x13, 1], [0x10, 1], [0, 2], [1, 4]),
]);

/** A shape; null for a scalar. */
export const dataspace = (shape: readonly number[] | null): Buffer =>
  shape === null || shape.length === 0
    ? pack([2, 1], [0, 1], [0, 1], [0, 1])
    : pack([2, 1], [shape.length, 1], [0, 1], [1, 1], ...shape.map((dim) => [dim, 8] as const));

/** One message of an object header. */
export const message = (type: number, body: Buffer): Buffer => {
  if (body.length > 0xffff) throw new RangeError('a message of an HDF5 header is larger than 65535 bytes');
  return Buffer.concat([pack([type, 1], [body.length, 2], [0, 1]), body]);
};

/** Where a text lies: a global heap and the number of the object in it. */
export interface HeapReference {
  readonly length: number;
  readonly heap: number;
  readonly index: number;
}

/** An attribute that holds a text, or a list of texts. */
export function textAttribute(name: string, references: HeapReference | readonly HeapReference[]): Buffer {
  const isList = Array.isArray(references);
  const list = (isList ? references : [references]) as readonly HeapReference[];
  const label = Buffer.from(`${name}\0`);
  const space = dataspace(isList ? [list.length] : null);
  const head = pack([3, 1], [0, 1], [label.length, 2], [text.length, 2], [space.length, 2], [1, 1]);
  const data = list.map(({ length, heap, index }) => pack([length, 4], [heap, 8], [index, 4]));
  return message(0x0c, Buffer.concat([head, label, text, space, ...data]));
}

/** The header of a group whose members' headers are at the given addresses. */
export function groupHeader(members: ReadonlyMap<string, number>, attributes: readonly Buffer[]): Buffer {
  const links = [...members].map(([name, address]) => {
    const label = Buffer.from(name);
    return message(
      0x06,
      Buffer.concat([pack([1, 1], [0x11, 1], [1, 1], [label.length, 2]), label, pack([address, 8])]),
    );
  });
  const info = message(0x02, pack([0, 1], [0, 1], [UNDEFINED, 8], [UNDEFINED, 8]));
  return objectHeader([info, message(0x0a, pack([0, 1], [0, 1])), ...links, ...attributes]);
}

/** The header of a dataset whose elements lie one after the other at an address. */
export function datasetHeader(
  dtype: DType,
  shape: readonly number[],
  address: number,
  bytes: number,
  attributes: readonly Buffer[],
): Buffer {
  return objectHeader([
    message(0x01, dataspace(shape)),
    message(0x03, datatype(dtype)),
    message(0x05, pack([3, 1], [0x0a, 1])),
    message(0x08, pack([3, 1], [1, 1], [bytes > 0 ? address : UNDEFINED, 8], [bytes, 8])),
    ...attributes,
  ]);
}

function objectHeader(messages: readonly Buffer[]): Buffer {
  const body = Buffer.concat(messages);
  const header = Buffer.concat([Buffer.from('OHDR'), pack([2, 1], [2, 1], [body.length, 4]), body]);
  return Buffer.concat([header, pack([checksum(header), 4])]);
}

/** The first bytes of a file. */
export function superblock(end: number, root: number): Buffer {
  const magic = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');
  const fields = pack([2, 1], [8, 1], [8, 1], [0, 1], [0, 8], [UNDEFINED, 8], [end, 8], [root, 8]);
  const block = Buffer.concat([magic, fields]);
  return Buffer.concat([block, pack([checksum(block), 4])]);
}

export const SUPERBLOCK_SIZE = 48;

/** A global heap with these texts; their numbers begin with 1. */
export function globalHeap(texts: readonly Buffer[]): Buffer {
  const objects = texts.map((each, i) => {
    const padding = Buffer.alloc((8 - (each.length % 8)) % 8);
    return Buffer.concat([pack([i + 1, 2], [1, 2], [0, 4], [each.length, 8]), each, padding]);
  });
  const used = 16 + objects.reduce((sum, { length }) => sum + length, 0);
  const size = Math.max(4096, used + 16);
  const free = Buffer.alloc(size - used);
  free.writeBigUInt64LE(BigInt(free.length), 8);
  return Buffer.concat([Buffer.from('GCOL'), pack([1, 1], [0, 1], [0, 2], [size, 8]), ...objects, free]);
}

const rotate = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

/** HDF5's checksum of metadata. Algorithm: Jenkins, lookup3, 2006. */
export function checksum(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = (0xdeadbeef + bytes.length) | 0;
  let [a, b, c] = [start, start, start];
  let at = 0;
  for (; bytes.length - at > 12; at += 12) {
    a = (a + view.getUint32(at, true)) | 0;
    b = (b + view.getUint32(at + 4, true)) | 0;
    c = (c + view.getUint32(at + 8, true)) | 0;
    a = ((a - c) ^ rotate(c, 4)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ rotate(a, 6)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ rotate(b, 8)) | 0;
    b = (b + a) | 0;
    a = ((a - c) ^ rotate(c, 16)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ rotate(a, 19)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ rotate(b, 4)) | 0;
    b = (b + a) | 0;
  }
  if (at === bytes.length) return c >>> 0;
  const rest = new DataView(new ArrayBuffer(12));
  for (let i = 0; at + i < bytes.length; i++) rest.setUint8(i, bytes[at + i]);
  a = (a + rest.getUint32(0, true)) | 0;
  b = (b + rest.getUint32(4, true)) | 0;
  c = (c + rest.getUint32(8, true)) | 0;
  const mix = (x: number, y: number, k: number): number => ((x ^ y) - rotate(y, k)) | 0;
  c = mix(c, b, 14);
  a = mix(a, c, 11);
  b = mix(b, a, 25);
  c = mix(c, b, 16);
  a = mix(a, c, 4);
  b = mix(b, a, 14);
  c = mix(c, b, 24);
  return c >>> 0;
}
