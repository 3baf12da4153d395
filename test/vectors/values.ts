// The JSON forms of values in conformance vectors, decoded into plain objects. Knows nothing of the library's tensors.
import { arrayOf, byteSize, type DType, type TypedArray } from '../../lib/dtype.js';

/** Numbers of a recorded tensor; half precision as bit patterns. */
export class HostTensor {
  constructor(
    readonly dtype: DType,
    readonly shape: readonly number[],
    readonly data: TypedArray,
    readonly mask: HostTensor | null = null,
  ) {}
}

/** A tensor of strings, flat in C order. */
export class StringTensor {
  constructor(
    readonly strings: readonly string[],
    readonly shape: readonly number[],
  ) {}
}

/** A tensor whose last dimension holds real and imaginary part. */
export class ComplexTensor {
  constructor(private readonly parts: HostTensor) {}

  /** Both parts by themselves, which is what the library takes for a complex tensor. */
  get pair(): [HostTensor, HostTensor] {
    const { dtype, shape, data } = this.parts;
    const part = (k: number): HostTensor =>
      new HostTensor(
        dtype,
        shape.slice(0, -1),
        data.filter((_: number | bigint, i: number) => i % 2 === k),
      );
    return [part(0), part(1)];
  }
}

/** Python's `a:b:c`. */
export class Slice {
  constructor(
    readonly start: number | null,
    readonly stop: number | null,
    readonly step: number | null,
  ) {}
}

/** Python's `...`. */
export class Ellipsis {}

/** A Python float without a fraction: JavaScript cannot tell it from an integer. */
export class WholeFloat {
  constructor(readonly value: number) {}
}

/** A symbolic tensor. */
export class SymbolicTensor {
  constructor(
    readonly shape: readonly (number | null)[],
    readonly dtype: DType,
  ) {}
}

/** A Keras object in its serialized form. */
export class ObjectConfig {
  constructor(readonly config: unknown) {}
}

/** A recorded value: one of the above, a number, string, boolean, null, or arrays and plain objects of such. */
export type Value = unknown;

type Json = Readonly<Record<string, unknown>>;

/** Decodes one value; `bytes` holds the tensors of its group. */
export function decode(json: unknown, bytes: Uint8Array): Value {
  if (Array.isArray(json)) return json.map((item) => decode(item, bytes));
  if (json === null || typeof json !== 'object') return json;
  const form = json as Json;
  if ('$t' in form) return decodeTensor(form, bytes);
  if ('$tuple' in form) return (form.$tuple as unknown[]).map((item) => decode(item, bytes));
  if ('$s' in form) return new StringTensor(form.$s as string[], form.shape as number[]);
  if ('$complex' in form) return new ComplexTensor(decode(form.$complex, bytes) as HostTensor);
  if ('$f' in form) return specialFloat(form.$f as string);
  if ('$float' in form) return new WholeFloat(form.$float as number);
  if ('$slice' in form) return new Slice(...(form.$slice as [number | null, number | null, number | null]));
  if ('$ellipsis' in form) return new Ellipsis();
  if ('$k' in form) return new SymbolicTensor(...(form.$k as [(number | null)[], DType]));
  if ('$obj' in form) return new ObjectConfig(decodeConfig(form.$obj));
  const unknown = Object.keys(form).find((key) => key.startsWith('$'));
  if (unknown) throw new Error(`unknown value form ${unknown}`);
  return Object.fromEntries(Object.entries(form).map(([key, item]) => [key, decode(item, bytes)]));
}

/** A config with special floats as numbers; everything else as it is. */
export function decodeConfig(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(decodeConfig);
  if (json === null || typeof json !== 'object') return json;
  const form = json as Json;
  if ('$f' in form) return specialFloat(form.$f as string);
  if ('$tuple' in form) return decodeConfig(form.$tuple);
  return Object.fromEntries(Object.entries(form).map(([key, item]) => [key, decodeConfig(item)]));
}

const specialFloat = (name: string): number => ({ nan: NaN, inf: Infinity, '-inf': -Infinity })[name]!;

function decodeTensor(form: Json, bytes: Uint8Array): HostTensor {
  const [offset, dtype, shape] = form.$t as [number, DType, number[]];
  const size = shape.reduce((product, dim) => product * dim, byteSize(dtype));
  // A copy starts aligned whatever the offset.
  const data = new (arrayOf(dtype))(bytes.slice(offset, offset + size).buffer);
  return new HostTensor(dtype, shape, data, form.$mask ? (decode(form.$mask, bytes) as HostTensor) : null);
}
