// Data types: names, sizes, the typed array that holds each, and conversions of half precision.
// Promotion rules are in dtype-promotion.ts.
import { HornetError } from './errors.js';

/** The data types of tensors, in the order of their codes in the program format. */
export const dtypes = [
  'bool',
  'uint8',
  'uint16',
  'uint32',
  'int8',
  'int16',
  'int32',
  'int64',
  'float16',
  'bfloat16',
  'float32',
  'float64',
] as const;

/** A tensor's data type. `float16` and `bfloat16` travel as 16-bit patterns in a `Uint16Array`, `bool` as 0/1 bytes. */
export type DType = (typeof dtypes)[number];

/** The typed arrays that hold tensor data. */
export type TypedArray =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

interface TypedArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray;
}

const arrays: Record<DType, TypedArrayConstructor> = {
  bool: Uint8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** The typed array class whose elements hold values (or bit patterns) of `dtype`. */
export const arrayOf = (dtype: DType): TypedArrayConstructor => arrays[dtype];

/** Bytes of one element. */
export const byteSize = (dtype: DType): number => arrays[dtype].BYTES_PER_ELEMENT;

/** The code of `dtype` in the program format. */
export const dtypeCode = (dtype: DType): number => dtypes.indexOf(dtype);

export const isFloat = (dtype: DType): boolean => dtype.startsWith('float') || dtype === 'bfloat16';
export const isInteger = (dtype: DType): boolean => !isFloat(dtype) && dtype !== 'bool';

/** Checks that a user's string names a data type. */
export function checkDType(dtype: string, where = 'dtype'): DType {
  if (!(dtypes as readonly string[]).includes(dtype)) {
    throw new HornetError(where, `expected dtype to be one of ${dtypes.join(', ')}, received '${dtype}'`);
  }
  return dtype as DType;
}

/** The data type that a typed array holds when nobody says otherwise. */
export function dtypeOfArray(array: ArrayBufferView): DType {
  if (array instanceof Float32Array) return 'float32';
  if (array instanceof Float64Array) return 'float64';
  if (array instanceof Int32Array) return 'int32';
  if (array instanceof Uint8Array || array instanceof Uint8ClampedArray) return 'uint8';
  if (array instanceof BigInt64Array) return 'int64';
  if (array instanceof Int8Array) return 'int8';
  if (array instanceof Int16Array) return 'int16';
  if (array instanceof Uint16Array) return 'uint16';
  if (array instanceof Uint32Array) return 'uint32';
  throw new HornetError('tensor', `expected a typed array of numbers, received ${array.constructor.name}`);
}

const scratchFloat = new Float32Array(1);
const scratchBits = new Uint32Array(scratchFloat.buffer);

/** Rounds to the nearest bfloat16 (ties to even) and returns its bits. */
export function toBFloat16(value: number): number {
  scratchFloat[0] = value;
  const bits = scratchBits[0];
  if (value !== value) return ((bits >>> 16) | 0x40) & 0xffff;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The value of bfloat16 bits. */
export function fromBFloat16(bits: number): number {
  scratchBits[0] = bits << 16;
  return scratchFloat[0];
}

/** Rounds to the nearest float16 (ties to even) and returns its bits. */
export function toFloat16(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (value !== value) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = magnitude < 2 ** -14 ? -14 : Math.floor(Math.log2(magnitude));
  const ulp = 2 ** (exponent - 10);
  const steps = magnitude / ulp;
  let rounded = Math.round(steps);
  if (rounded - steps === 0.5 && rounded % 2 === 1) rounded -= 1;
  // A subnormal has no implicit bit; a carry out of the mantissa moves on to the next exponent by itself.
  return sign | (magnitude < 2 ** -14 ? rounded : ((exponent + 14) << 10) + rounded);
}

/** The value of float16 bits. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 31) return mantissa ? NaN : sign * Infinity;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1024 + mantissa) * 2 ** (exponent - 25);
}

/** Converts numbers to a typed array of `dtype`. Integers wrap, floats round, `bool` is 0 or 1. */
export function encodeNumbers(values: ArrayLike<number | bigint | boolean>, dtype: DType): TypedArray {
  const out = new (arrayOf(dtype))(values.length);
  for (let i = 0; i < values.length; i++) out[i] = encodeNumber(values[i], dtype);
  return out;
}

function encodeNumber(value: number | bigint | boolean, dtype: DType): number | bigint {
  const number = Number(value);
  if (dtype === 'int64')
    return typeof value === 'bigint' ? value : Number.isFinite(number) ? BigInt(Math.trunc(number)) : 0n;
  if (dtype === 'bool') return number !== 0 ? 1 : 0;
  if (dtype === 'float16') return toFloat16(number);
  if (dtype === 'bfloat16') return toBFloat16(number);
  return number;
}

/** Reads element `index` of an array that holds `dtype` as a JavaScript number. */
export function decodeNumber(array: TypedArray, index: number, dtype: DType): number {
  const raw = array[index];
  if (dtype === 'float16') return fromFloat16(raw as number);
  if (dtype === 'bfloat16') return fromBFloat16(raw as number);
  return Number(raw);
}
