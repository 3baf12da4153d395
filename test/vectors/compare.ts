// Comparing results with recorded values: structure, dtype, shape, numbers at the recorded tolerance, masks.
import { decodeNumber, isFloat, type DType } from '../../lib/dtype.js';
import { getMask } from '../../lib/layers/mask.js';
import { type DeviceTensor, Tensor } from '../../lib/tensor.js';
import { Variable } from '../../lib/variable.js';
import { Mismatch, NotImplemented } from './outcome.js';
import { ComplexTensor, HostTensor, StringTensor, SymbolicTensor, type Value } from './values.js';

/** How closely numbers must agree. */
export interface Tolerance {
  /** Largest difference in relation to the largest recorded number. For integers, 1 allows a difference of one. */
  readonly tol: number;
  /** Least scale of a tensor. Default 0.001. */
  readonly scale?: number;
  /** Only structure, shapes and dtypes count. */
  readonly structureOnly?: boolean;
  /** The 64-bit types that take part: Keras's backends disagree about how wide the result is. */
  readonly wide?: readonly DType[];
  /** Masks that tensors carry must agree, too: recorded for layers only. */
  readonly masks?: boolean;
}

/** Throws a `Mismatch` unless `actual` is what was recorded. */
export async function expectEqual(where: string, actual: unknown, want: Value, tolerance: Tolerance): Promise<void> {
  const pairs: [string, Tensor, HostTensor][] = [];
  collect(where, actual, want, tolerance, pairs);
  const data = await Promise.all(pairs.map(([, tensor]) => (tensor as DeviceTensor).data()));
  pairs.forEach(([place, tensor, host], i) => {
    if (!tolerance.structureOnly)
      compareNumbers(place, new HostTensor(tensor.dtype, tensor.shape, data[i]), host, tolerance);
  });
}

function collect(
  where: string,
  actual: unknown,
  want: Value,
  tolerance: Tolerance,
  pairs: [string, Tensor, HostTensor][],
): void {
  if (actual instanceof Variable) return collect(where, actual.value, want, tolerance, pairs);
  if (want instanceof ComplexTensor) return collect(where, actual, want.pair, tolerance, pairs);
  if (want instanceof StringTensor) throw new NotImplemented('string tensors');
  if (want instanceof HostTensor) {
    if (!(actual instanceof Tensor)) throw new Mismatch(`${where}: expected a tensor, received ${nameOf(actual)}`);
    if (!sameDType(actual.dtype, want.dtype, tolerance.wide ?? [])) {
      throw new Mismatch(`${where}: dtype ${actual.dtype}, expected ${want.dtype}`);
    }
    compareShapes(where, actual.shape, want.shape);
    pairs.push([where, actual, want]);
    const mask = getMask(actual);
    if (tolerance.masks && (mask || want.mask)) collect(`${where} mask`, mask, want.mask, tolerance, pairs);
  } else if (want instanceof SymbolicTensor) {
    if (!(actual instanceof Tensor && actual.isSymbolic)) throw new Mismatch(`${where}: expected a symbolic tensor`);
    if (actual.dtype !== want.dtype) throw new Mismatch(`${where}: dtype ${actual.dtype}, expected ${want.dtype}`);
    compareShapes(where, (actual as Tensor & { symbolicShape: (number | null)[] }).symbolicShape, want.shape);
  } else if (Array.isArray(want)) {
    const items = Array.isArray(actual) ? (actual as unknown[]) : entriesOf(actual)?.map(([, item]) => item);
    if (items?.length !== want.length)
      throw new Mismatch(`${where}: expected ${want.length} items, received ${nameOf(actual)}`);
    want.forEach((item, i) => collect(`${where}[${i}]`, items[i], item, tolerance, pairs));
  } else if (want !== null && typeof want === 'object') {
    const items = new Map(entriesOf(actual));
    const keys = Object.keys(want);
    if (items.size !== keys.length || keys.some((key) => !items.has(key))) {
      throw new Mismatch(
        `${where}: expected keys ${keys.join(', ')}, received ${[...items.keys()].join(', ') || nameOf(actual)}`,
      );
    }
    for (const key of keys)
      collect(`${where}.${key}`, items.get(key), (want as Record<string, Value>)[key], tolerance, pairs);
  } else if (typeof want === 'number' && typeof actual === 'number') {
    const limit = tolerance.tol * Math.max(Math.abs(want), tolerance.scale ?? 0.001);
    if (!(Math.abs(actual - want) <= limit)) throw new Mismatch(`${where}: ${actual}, expected ${want}`);
  } else if ((actual ?? null) !== want) throw new Mismatch(`${where}: ${nameOf(actual)}, expected ${nameOf(want)}`);
}

/** PyTorch and JAX shorten many 64-bit results, TensorFlow does not; PyTorch counts in int64, the others in int32. */
function sameDType(actual: DType, want: DType, wide: readonly DType[]): boolean {
  if (actual === want || (want === 'int64' && actual === 'int32')) return true;
  if (wide.length === 0 || want.replace('32', '64') !== actual.replace('32', '64')) return false;
  return actual.endsWith('64') || !wide.includes('float64');
}

const entriesOf = (item: unknown): [string, unknown][] | undefined =>
  item !== null && typeof item === 'object' && Object.getPrototypeOf(item) === Object.prototype
    ? Object.entries(item)
    : undefined;

function nameOf(item: unknown): string {
  if (item instanceof Tensor) return `a tensor of shape [${item.shape.join(', ')}]`;
  if (item instanceof HostTensor) return `a tensor of shape [${item.shape.join(', ')}]`;
  if (Array.isArray(item)) return `${item.length} items`;
  return item !== null && typeof item === 'object' ? item.constructor.name : String(item);
}

function compareShapes(where: string, actual: readonly (number | null)[], want: readonly (number | null)[]): void {
  if (actual.length !== want.length || actual.some((dim, i) => dim !== want[i])) {
    throw new Mismatch(`${where}: shape [${actual.join(', ')}], expected [${want.join(', ')}]`);
  }
}

/** The numbers of a recorded tensor. */
export const numbersOf = ({ data, dtype }: HostTensor): Float64Array =>
  Float64Array.from({ length: data.length }, (_, i) => decodeNumber(data, i, dtype));

/** The largest finite magnitude. */
export const magnitude = (numbers: Float64Array): number =>
  numbers.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);

/** Compares tensors of one shape and dtype. */
function compareNumbers(where: string, actual: HostTensor, want: HostTensor, { tol, scale = 0.001 }: Tolerance): void {
  const [got, wanted] = [numbersOf(actual), numbersOf(want)];
  const limit = isFloat(want.dtype) ? tol * Math.max(magnitude(wanted), scale) : tol >= 1 ? 1 : 0;
  let worst = -1;
  let difference = -1;
  for (let i = 0; i < wanted.length; i++) {
    const same = Object.is(got[i], wanted[i]) || got[i] === wanted[i];
    const error = same
      ? 0
      : Number.isFinite(got[i]) && Number.isFinite(wanted[i])
        ? Math.abs(got[i] - wanted[i])
        : Infinity;
    if (error > difference) [worst, difference] = [i, error];
  }
  if (difference > limit) {
    const text = `${got[worst]} at ${worst} of ${wanted.length}, expected ${wanted[worst]}`;
    throw new Mismatch(`${where}: ${text} (difference ${difference.toPrecision(3)}, allowed ${limit.toPrecision(3)})`);
  }
}
