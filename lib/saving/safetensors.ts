// Weights as safetensors files: a JSON header, then the bytes of each tensor. Written beside and renamed.
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { arrayOf, byteSize, type DType, type TypedArray } from '../dtype.js';
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';

/** One tensor of a file. */
export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

const names: Readonly<Record<DType, string>> = {
  bool: 'BOOL',
  uint8: 'U8',
  uint16: 'U16',
  uint32: 'U32',
  int8: 'I8',
  int16: 'I16',
  int32: 'I32',
  int64: 'I64',
  float16: 'F16',
  bfloat16: 'BF16',
  float32: 'F32',
  float64: 'F64',
};
const dtypesByName = new Map(Object.entries(names).map(([dtype, name]) => [name, dtype as DType]));

/** Larger headers are not believed. */
const MAX_HEADER = 100 * 2 ** 20;

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Writes tensors by name. A file of that name is replaced only when the new one is whole. */
export async function writeSafetensors(path: string, tensors: ReadonlyMap<string, StoredTensor>): Promise<void> {
  let offset = 0;
  const header: Record<string, HeaderEntry> = {};
  for (const [name, { dtype, shape, data }] of tensors) {
    header[name] = { dtype: names[dtype], shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const beside = `${path}.${process.pid}.tmp`;
  const file = await open(beside, 'w');
  try {
    await file.writeFile(length);
    await file.writeFile(padded);
    for (const { data } of tensors.values())
      await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    await file.sync();
    await file.close();
    await rename(beside, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(beside, { force: true });
    throw new HornetError('saveWeights', `cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** Reads all tensors of a file. Throws a `HornetError` where the file is not what it says. */
export async function readSafetensors(path: string): Promise<Map<string, StoredTensor>> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    throw new HornetError('loadWeights', `cannot open ${path}: ${(error as Error).message}`, { cause: error });
  }
  try {
    const { size } = await file.stat();
    const length = Number((await readExactly(file, path, 0, 8)).readBigUInt64LE());
    if (length > MAX_HEADER || length > size - 8)
      throw new HornetError('loadWeights', `${path} is not a safetensors file`);
    const header = parseHeader(path, await readExactly(file, path, 8, length));
    const tensors = new Map<string, StoredTensor>();
    for (const [name, entry] of header) {
      const { dtype, shape, begin, end } = checkEntry(path, name, entry, size - 8 - length);
      const bytes = await readExactly(file, path, 8 + length + begin, end - begin);
      tensors.set(name, { dtype, shape, data: new (arrayOf(dtype))(bytes.buffer, 0, sizeOf(shape)) });
    }
    return tensors;
  } finally {
    await file.close();
  }
}

async function readExactly(
  file: FileHandle,
  path: string,
  position: number,
  length: number,
): Promise<Buffer<ArrayBuffer>> {
  const buffer = Buffer.from(new ArrayBuffer(length));
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(buffer, at, length - at, position + at);
    if (bytesRead === 0) throw new HornetError('loadWeights', `${path} is truncated`);
    at += bytesRead;
  }
  return buffer;
}

function parseHeader(path: string, bytes: Buffer): [string, HeaderEntry][] {
  try {
    const header = JSON.parse(bytes.toString('utf8')) as Record<string, HeaderEntry>;
    return Object.entries(header).filter(([name]) => name !== '__metadata__');
  } catch (error) {
    throw new HornetError('loadWeights', `${path} is not a safetensors file: its header is no JSON`, { cause: error });
  }
}

function checkEntry(path: string, name: string, entry: HeaderEntry, available: number) {
  const dtype = dtypesByName.get(entry?.dtype);
  const [begin, end] = Array.isArray(entry?.data_offsets) ? entry.data_offsets : [NaN, NaN];
  const shape = Array.isArray(entry?.shape) ? entry.shape : [NaN];
  const whole = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
  const valid = dtype && shape.every(whole) && whole(begin) && whole(end) && end <= available;
  if (!valid || end - begin !== sizeOf(shape) * byteSize(dtype)) {
    throw new HornetError('loadWeights', `${path}: tensor '${name}' does not fit the file`);
  }
  return { dtype, shape, begin, end };
}
