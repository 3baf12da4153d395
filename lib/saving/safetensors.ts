// Weights as safetensors files: a JSON header, then the bytes of each tensor.
import { open, type FileHandle } from 'node:fs/promises';
import { arrayOf, byteSize, type DType, type TypedArray } from '../dtype.js';
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import type { Layer } from '../layers/layer.js';
import { replaceFile } from './atomic.js';
import { Restoration, type StoredWeight } from './restore.js';

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

/** Names are numbered, since layers may share one: `12|dense/kernel`. */
const keyOf = (path: string, index: number): string => `${index}|${path}`;

/** Writes all weights of a model. */
export async function saveSafetensors(model: Layer, path: string): Promise<void> {
  const { weights } = model;
  let offset = 0;
  const header: Record<string, HeaderEntry> = {};
  weights.forEach(({ path: name, dtype, shape }, i) => {
    const end = offset + sizeOf(shape) * byteSize(dtype);
    header[keyOf(name, i)] = { dtype: names[dtype], shape, data_offsets: [offset, end] };
    offset = end;
  });
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  await replaceFile(path, 'saveWeights', async (beside) => {
    const file = await open(beside, 'w');
    try {
      await file.writeFile(Buffer.concat([length, padded]));
      for (const variable of weights) {
        const data = await variable.data();
        await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      }
    } finally {
      await file.close();
    }
  });
}

/** Reads weights into a model: Hornet's own files by position, others by the paths of the weights. */
export async function loadSafetensors(
  model: Layer,
  path: string,
  { skipMismatch = false }: { readonly skipMismatch?: boolean } = {},
): Promise<void> {
  const { weights } = model;
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    throw new HornetError('loadWeights', `cannot open ${path}: ${(error as Error).message}`, { cause: error });
  }
  try {
    const tensors = await listTensors(file, path);
    const into = new Restoration('loadWeights', path, skipMismatch);
    const numbered = [...tensors.keys()].every((name) => /^\d+\|/.test(name));
    if (numbered && tensors.size !== weights.length) {
      into.refuse(`${path} has ${tensors.size} weights, the model has ${weights.length}`);
    }
    const inOrder = [...tensors].sort(([a], [b]) => parseInt(a) - parseInt(b)).map(([, tensor]) => tensor);
    const named = byNames(tensors);
    weights.forEach((variable, i) => {
      const stored = numbered
        ? inOrder[i]
        : namesOf(variable.path)
            .map((name) => named.get(name))
            .find(Boolean);
      into.add(variable, stored ?? null);
    });
    await into.finish();
    for (const layer of model.flattenLayers()) layer.weightsRestored();
  } finally {
    await file.close();
  }
}

/** Without the model's name, which differs from run to run. */
const below = (path: string): string => path.slice(path.indexOf('/') + 1);

/** What other programs may call a weight: its path, also with dots, also without the model's name. */
const namesOf = (path: string): string[] => [path, below(path)].flatMap((name) => [name, name.replaceAll('/', '.')]);

/** Tensors by their names, and without the model's name where all of them begin with one. */
function byNames(tensors: ReadonlyMap<string, StoredWeight>): ReadonlyMap<string, StoredWeight> {
  const models = new Set([...tensors.keys()].map((name) => /^[^/]+(?=\/.*\/)/.exec(name)?.[0]));
  if (models.size !== 1 || models.has(undefined)) return tensors;
  return new Map(
    [...tensors].flatMap(([name, tensor]) => [
      [name, tensor],
      [below(name), tensor],
    ]),
  );
}

async function listTensors(file: FileHandle, path: string): Promise<Map<string, StoredWeight>> {
  const { size } = await file.stat();
  if (size < 8) throw new HornetError('loadWeights', `${path} is not a safetensors file`);
  const length = Number((await readExactly(file, path, 0, 8)).readBigUInt64LE());
  if (length > MAX_HEADER || length > size - 8) {
    throw new HornetError('loadWeights', `${path} is not a safetensors file`);
  }
  const header = parseHeader(path, await readExactly(file, path, 8, length));
  return new Map(
    header.map(([name, entry]) => {
      const { dtype, shape, begin, end } = checkEntry(path, name, entry, size - 8 - length);
      const read = async (use: (data: TypedArray) => void): Promise<void> => {
        const bytes = await readExactly(file, path, 8 + length + begin, end - begin);
        use(new (arrayOf(dtype))(bytes.buffer, 0, sizeOf(shape)));
      };
      return [name, { dtype, shape, read }];
    }),
  );
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
