// NumPy's files as tensors: `.npy` holds one array, `.npz` is a zip of them. Reading only.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, type NpyArray } from 'npyjs';
import { arrayOf, type DType, type TypedArray } from '../dtype.js';
import { HornetError } from '../errors.js';
import { ZipReader } from '../saving/zip.js';
import { fromBytes, type DeviceTensor } from '../tensor.js';

const dtypeOfCode: Readonly<Record<string, DType>> = {
  b1: 'bool',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
};

/**
 * Reads a `.npz` file, as `numpy.savez` and `numpy.savez_compressed` write it.
 *
 * @param path - The file.
 * @returns The tensors by name, with the shapes and dtypes of the file.
 * @throws HornetError if the file is missing, damaged or holds something else than numbers.
 */
export function loadNpz(path: string | URL): Promise<Record<string, DeviceTensor>> {
  return readNpz('loadNpz', path);
}

/** `loadNpz` for those of the arrays that are named. Internal. */
export const readNpz = <Name extends string>(
  where: string,
  path: string | URL,
  names?: readonly Name[],
): Promise<Record<Name, DeviceTensor>> =>
  readMembers(where, path, names, (name, bytes) => toTensor(bytes, where, `${name}.npy`));

/**
 * What `use` makes of the `.npy` files within a `.npz` file, one after the other. Internal.
 *
 * @param names - Those that are wanted. Default: all.
 */
export async function readMembers<Name extends string, T>(
  where: string,
  path: string | URL,
  names: readonly Name[] | undefined,
  use: (name: string, bytes: Buffer) => T | Promise<T>,
): Promise<Record<Name, T>> {
  const made: Record<string, T> = {};
  await ZipReader.read(path instanceof URL ? fileURLToPath(path) : path, where, async (zip) => {
    const members = new Map(zip.names.map((member) => [member.replace(/\.npy$/, ''), member]));
    for (const name of names ?? members.keys()) {
      const member = members.get(name);
      if (member === undefined) throw new HornetError(where, `${fileName(path)} holds no array '${name}'`);
      made[name] = await use(name, await zip.bytes(member, Infinity));
    }
  });
  return made;
}

/**
 * Reads a `.npy` file, as `numpy.save` writes it.
 *
 * @param path - The file.
 * @returns The tensor, with the shape and dtype of the file.
 * @throws HornetError if the file is missing, damaged or holds something else than numbers.
 */
export async function loadNpy(path: string | URL): Promise<DeviceTensor> {
  return toTensor(await readBytes(path, 'loadNpy'), 'loadNpy', fileName(path));
}

async function readBytes(path: string | URL, where: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new HornetError(where, `cannot read ${fileName(path)}`, { cause: error });
  }
}

function toTensor(file: Uint8Array, where: string, name: string): DeviceTensor {
  let array: NpyArray;
  try {
    array = parse(bufferOf(file), { convertFloat16: false });
  } catch (error) {
    throw new HornetError(where, `${name} is not a .npy file of numbers`, { cause: error });
  }
  const dtype = dtypeOfCode[array.dtype];
  if (dtype === undefined) throw new HornetError(where, `${name} has the unsupported dtype '${array.dtype}'`);
  const size = array.shape.reduce((product, length) => product * length, 1);
  const found = (array.data as TypedArray).length;
  if (found !== size)
    throw new HornetError(where, `${name} holds ${found} values, its shape [${array.shape.join(', ')}] ${size}`);
  const values =
    dtype === 'bool' ? Uint8Array.from(array.data as unknown as boolean[], Number) : (array.data as TypedArray);
  return fromBytes(array.fortranOrder ? toRowMajor(values, array.shape, dtype) : values, array.shape, dtype);
}

/** The memory of bytes that have it for themselves, else a copy. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  const isAlone = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
  return isAlone ? bytes.buffer : new Uint8Array(bytes).buffer;
}

/** Fortran order (first index fastest) to C order (last index fastest). */
function toRowMajor(values: TypedArray, shape: readonly number[], dtype: DType): TypedArray {
  const out = new (arrayOf(dtype))(values.length);
  const index = new Array<number>(shape.length).fill(0);
  const strides: number[] = [];
  shape.reduce((stride, length, axis) => ((strides[axis] = stride), stride * length), 1);
  for (let i = 0; i < out.length; i++) {
    out[i] = values[index.reduce((at, position, axis) => at + position * strides[axis], 0)];
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  return out;
}

const fileName = (path: string | URL): string => basename(path instanceof URL ? path.pathname : path);
