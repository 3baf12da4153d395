// Tensors: concrete ones on the device, and the base class that traced and symbolic ones share.
import { currentDevice, onDevice, toDevice, type Device } from './device.js';
import {
  arrayOf,
  byteSize,
  checkDType,
  decodeNumber,
  dtypeOfArray,
  encodeNumbers,
  type DType,
  type TypedArray,
} from './dtype.js';
import { HornetError } from './errors.js';
import { sizeOf } from './graph/ir.js';
import type { NativeBuffer } from './native.js';

/** Nested JavaScript arrays of numbers or booleans, all rows equally long. */
export type NestedArray = readonly (number | boolean | bigint | NestedArray | TypedArray)[];

/** An n-dimensional array: on the device (`DeviceTensor`), inside a trace, or symbolic (`KerasTensor`). */
export abstract class Tensor {
  constructor(
    /** Size of every dimension. */
    readonly shape: readonly number[],
    readonly dtype: DType,
  ) {}

  /** Number of dimensions. */
  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Whether this only stands for tensors to come (a `KerasTensor`). */
  get isSymbolic(): boolean {
    return false;
  }

  /** Waits for the numbers and copies them out, in C order. Rejects where there are none: in a trace, in a model's graph. */
  data(): Promise<TypedArray> {
    return Promise.reject(
      new HornetError(
        'tensor',
        'this tensor has no numbers: it only stands for values in a traced function or a model',
      ),
    );
  }

  /** The values as a flat array of JavaScript numbers (half precision and int64 converted). */
  async numbers(): Promise<number[]> {
    const data = await this.data();
    return Array.from({ length: data.length }, (_, i) => decodeNumber(data, i, this.dtype));
  }

  /** The values as nested arrays; booleans for `bool`. A scalar gives one value. */
  async array(): Promise<NestedArray | number | boolean> {
    const flat = await this.numbers();
    const leaf = (index: number): number | boolean => (this.dtype === 'bool' ? flat[index] !== 0 : flat[index]);
    const nest = (axis: number, offset: number, stride: number): NestedArray | number | boolean => {
      if (axis === this.rank) return leaf(offset);
      const inner = stride / Math.max(this.shape[axis], 1);
      return Array.from({ length: this.shape[axis] }, (_, i) => nest(axis + 1, offset + i * inner, inner));
    };
    return nest(0, 0, this.size);
  }

  /** The only value of a tensor of size one. */
  async item(): Promise<number> {
    if (this.size !== 1)
      throw new HornetError('tensor', `item() needs one element, shape is [${this.shape.join(', ')}]`);
    return (await this.numbers())[0];
  }

  /** Frees the memory as soon as queued work no longer needs it; later uses throw. Nothing to do where there is none. */
  dispose(): void {}

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A tensor whose numbers are in device memory. Freed by the garbage collector, `dispose()` or `using`. */
export class DeviceTensor extends Tensor {
  #disposed = false;
  #memory: NativeBuffer | (() => NativeBuffer);

  constructor(
    /** Where the numbers are. */
    readonly device: Device,
    /** The memory, or what makes it when it is first needed. */
    memory: NativeBuffer | (() => NativeBuffer),
    shape: readonly number[],
    dtype: DType,
    /** A borrowed tensor shows a variable's memory: disposing it leaves that memory alone. */
    private readonly borrowed = false,
  ) {
    super(shape, dtype);
    this.#memory = memory;
  }

  /** Whether nobody has needed the numbers yet, so that there are none. Internal. */
  get isPending(): boolean {
    return typeof this.#memory === 'function';
  }

  /** The device memory. Internal. */
  get buffer(): NativeBuffer {
    if (!this.#disposed && typeof this.#memory === 'function') this.#memory = this.#memory();
    const memory = this.#memory as NativeBuffer;
    if (this.#disposed || memory.disposed) {
      throw new HornetError('tensor', `a tensor of shape [${this.shape.join(', ')}] is used after dispose()`);
    }
    return memory;
  }

  override async data(): Promise<TypedArray> {
    const { buffer, shape, dtype } = this;
    try {
      const bytes = await this.device.native.read(buffer);
      return new (arrayOf(dtype))(bytes, 0, sizeOf(shape));
    } catch (error) {
      throw HornetError.fromNative(error);
    }
  }

  /**
   * The tensor on another device: a copy there, or itself where it is there already.
   *
   * @throws HornetError when there is no such device.
   */
  async to(device: string | Device): Promise<DeviceTensor> {
    const target = toDevice('to', device);
    if (target === this.device) return this;
    const data = await this.data();
    return onDevice(target, () => fromBytes(data, this.shape, this.dtype));
  }

  override dispose(): void {
    if (!this.#disposed && !this.borrowed && typeof this.#memory !== 'function') this.#memory.dispose();
    this.#disposed = true;
  }
}

/** The tensor as one with numbers. Throws a `HornetError` for `where` on one that only stands for values. */
export function concrete(where: string, tensor: Tensor): DeviceTensor {
  if (tensor instanceof DeviceTensor) return tensor;
  if (tensor.isSymbolic) throw new HornetError(where, 'a symbolic tensor has no numbers; expected a concrete one');
  throw new HornetError(
    where,
    'a tensor of a traced function is used after that function has ended; return it instead',
  );
}

/**
 * Makes a tensor from a typed array, nested arrays or one value.
 *
 * @param data - Typed array (with `shape`, else 1-D), nested arrays, number or boolean.
 * @param shape - Shape in elements; default: the nesting's own.
 * @param dtype - Default: the typed array's own type; `float32` for numbers, `bool` for booleans, `int64` for bigints.
 * @throws HornetError on ragged nesting, a wrong element count or an unknown dtype.
 */
export function tensor(
  data: TypedArray | NestedArray | number | boolean | bigint,
  shape?: readonly number[],
  dtype?: DType,
): DeviceTensor {
  const source = readArray(data);
  const wanted = shape ?? source.shape;
  if (sizeOf(wanted) !== source.values.length) {
    throw new HornetError('tensor', `shape [${wanted.join(', ')}] does not hold ${source.values.length} values`);
  }
  const type = dtype === undefined ? source.dtype : checkDType(dtype, 'tensor');
  const holds =
    ArrayBuffer.isView(source.values) && arrayOf(type) === source.values.constructor && type === source.dtype;
  const array = holds ? (source.values as TypedArray) : encodeNumbers(source.values, type);
  return fromBytes(array, wanted, type);
}

/** Uploads elements (bit patterns for half precision) as they are. */
export function fromBytes(array: TypedArray, shape: readonly number[], dtype: DType): DeviceTensor {
  const device = currentDevice();
  try {
    return new DeviceTensor(device, device.native.upload(array), [...shape], dtype);
  } catch (error) {
    throw HornetError.fromNative(error);
  }
}

/** Device memory filled with zeros, or with anything where `zeroed` is false: it is about to be written. */
export function allocate(shape: readonly number[], dtype: DType, zeroed = true): DeviceTensor {
  const device = currentDevice();
  try {
    const memory = device.native.allocate(sizeOf(shape) * byteSize(dtype), zeroed);
    return new DeviceTensor(device, memory, [...shape], dtype);
  } catch (error) {
    throw HornetError.fromNative(error);
  }
}

/** Flat values, shape and natural type of JavaScript data. */
export interface HostArray {
  readonly values: ArrayLike<number | bigint | boolean>;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Reads nested or typed arrays without uploading them. Throws a `HornetError` on ragged or non-numeric data. */
export function readArray(data: TypedArray | NestedArray | number | boolean | bigint): HostArray {
  if (ArrayBuffer.isView(data)) return { values: data, shape: [data.length], dtype: dtypeOfArray(data) };
  const shape: number[] = [];
  for (let level: unknown = data; isList(level); level = level[0]) shape.push(level.length);
  const values: (number | bigint | boolean)[] = [];
  const visit = (item: unknown, depth: number): void => {
    if (isList(item)) {
      if (item.length !== shape[depth]) {
        throw new HornetError('tensor', `expected rows of equal length, received ${shape[depth]} and ${item.length}`);
      }
      for (let i = 0; i < item.length; i++) visit(item[i], depth + 1);
    } else if (depth !== shape.length || !['number', 'boolean', 'bigint'].includes(typeof item)) {
      throw new HornetError('tensor', `expected numbers in equally long rows, received ${describe(item)}`);
    } else values.push(item as number);
  };
  visit(data, 0);
  const first = values[0];
  const kinds = { boolean: 'bool', bigint: 'int64' } as Record<string, DType>;
  return { values, shape, dtype: kinds[typeof first] ?? 'float32' };
}

const isList = (item: unknown): item is ArrayLike<unknown> => Array.isArray(item) || ArrayBuffer.isView(item);

/** A short text of a wrong value for error messages. */
export function describe(value: unknown): string {
  if (value instanceof Tensor) return `a tensor of shape [${value.shape.join(', ')}] and dtype ${value.dtype}`;
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`;
  if (Array.isArray(value)) return `[${value.map(describe).join(', ')}]`.slice(0, 120);
  if (value !== null && typeof value === 'object') return value.constructor?.name ?? 'an object';
  return String(value);
}
