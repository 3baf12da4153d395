// Programs written by hand, so that the addon is tested apart from the graph that usually writes them.
import { dtypeCode } from '../../lib/dtype.js';

type Attr = number | string | readonly number[];

interface Step {
  readonly op: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly attrs: Readonly<Record<string, Attr>>;
}

interface Place {
  readonly storage: 'parameter' | 'result' | 'arena';
  readonly place: number;
  readonly dtype?: 'float32' | 'int32';
  readonly shape: readonly number[];
}

const storages = ['parameter', 'result', 'arena'];

const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
const u64 = (value: number): Buffer => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
const f64 = (value: number): Buffer => Buffer.from(Float64Array.of(value).buffer);
const text = (value: string): Buffer => Buffer.concat([u32(value.length), Buffer.from(value)]);
const list = <T>(items: readonly T[], write: (item: T) => Buffer): Buffer =>
  Buffer.concat([u32(items.length), ...items.map(write)]);

function writeAttr([key, value]: [string, Attr]): Buffer {
  const kind = typeof value === 'number' ? 0 : typeof value === 'string' ? 2 : 1;
  const content = typeof value === 'number' ? f64(value) : typeof value === 'string' ? text(value) : list(value, f64);
  return Buffer.concat([text(key), Buffer.of(kind), content]);
}

/** The bytes of a program over the given values; parameters and results are those that the values name. */
export function writeProgram(values: readonly Place[], steps: readonly Step[]): Uint8Array {
  const count = (storage: string): number => values.filter((value) => value.storage === storage).length;
  const arena = values.map(({ shape, place }) => place + 4 * shape.reduce((size, dim) => size * dim, 1));
  return Buffer.concat([
    ...[u32(0x4e524f48), u32(3), u64(count('arena') ? Math.max(...arena) : 0), u64(0)],
    ...[u32(count('parameter')), u32(count('result'))],
    list(values, ({ dtype = 'float32', storage, place, shape }) =>
      Buffer.concat([Buffer.of(dtypeCode(dtype), storages.indexOf(storage)), u64(place), list(shape, u64)]),
    ),
    list(steps, ({ op, inputs, outputs, attrs }) =>
      Buffer.concat([text(op), list(inputs, u32), list(outputs, u32), list(Object.entries(attrs), writeAttr)]),
    ),
  ]);
}

/** The step z = x + y for float32 values of one shape. */
export function addStep(x: number, y: number, z: number): Step {
  const attrs = { ops: 'add', args: [0, 1], dtypes: [10], consts: [], constDtypes: [], outs: [2] };
  return { op: 'elementwise', inputs: [x, y], outputs: [z], attrs };
}

/** result = x + y. */
export function addition(size: number): Uint8Array {
  const shape = [size];
  return writeProgram(
    [
      { storage: 'parameter', place: 0, shape },
      { storage: 'parameter', place: 1, shape },
      { storage: 'result', place: 0, shape },
    ],
    [addStep(0, 1, 2)],
  );
}

/** x = x + y in place. */
export function accumulation(size: number): Uint8Array {
  const shape = [size];
  return writeProgram(
    [
      { storage: 'parameter', place: 0, shape },
      { storage: 'parameter', place: 1, shape },
    ],
    [addStep(0, 1, 0)],
  );
}

/** result = x[index]. */
export function picking(size: number): Uint8Array {
  return writeProgram(
    [
      { storage: 'parameter', place: 0, shape: [size] },
      { storage: 'parameter', place: 1, shape: [1], dtype: 'int32' },
      { storage: 'result', place: 0, shape: [1] },
    ],
    [{ op: 'gather', inputs: [0, 1], outputs: [2], attrs: { axis: 0 } }],
  );
}
