// Numbers in a row: arange, linspace and its relatives, grids and powers of them.
import { isFloat, type DType } from '../dtype.js';
import { resultType } from '../dtype-promotion.js';
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxis } from './axes.js';
import { broadcastShapes, broadcastTensor } from './broadcast.js';
import { castTo, convertToTensor, promotableType, type TensorLike } from './convert.js';
import { checkShape, type DTypeArg } from './creation.js';
import * as e from './elementwise.js';
import { scalar } from './fill.js';
import { flipAxes, iota } from './movement.js';
import { publicOp } from './public-op.js';
import { reshapeTo } from './reshape-core.js';

/** The dtype in which exact values of `dtype` are computed. */
const computeType = (dtype: DType): DType => (isFloat(dtype) && dtype !== 'float64' ? 'float32' : 'float64');

/** Numbers from `start` (default 0) up to but without `stop`, in steps of `step` (default 1). */
export const arange = publicOp(
  'arange',
  (start: number, options: { stop?: number | null; step?: number | null } & DTypeArg = {}): Tensor => {
    const { stop = null } = options;
    const step = options.step ?? 1;
    if (step === 0) throw new HornetError('arange', 'expected step to be other than 0');
    const [from, to] = stop === null ? [0, start] : [start, stop];
    const dtype = options.dtype ?? resultType(...[from, to, step].map(promotableType));
    const count = Math.max(0, Math.ceil((to - from) / step));
    const whole = Number.isInteger(from) && Number.isInteger(step) && !isFloat(dtype);
    const compute = whole ? 'int64' : computeType(dtype);
    const values = e.add(e.mul(iota([count], 0, compute), scalar(step, compute)), scalar(from, compute));
    return castTo(values, dtype);
  },
);

/** Options of `linspace` and its relatives. */
export interface SpaceArgs extends DTypeArg {
  /** How many numbers. Default 50. */
  readonly num?: number;
  /** Whether `stop` is the last number. Default true. */
  readonly endpoint?: boolean;
  /** The new axis, where `start` and `stop` are no scalars. Default 0. */
  readonly axis?: number;
}

interface Space {
  readonly samples: Tensor;
  readonly step: Tensor;
}

/** `num` numbers from `from` to `to`, of one dtype, on a new axis. */
function evenly(op: string, from: Tensor, to: Tensor, { num = 50, endpoint = true, axis = 0 }: SpaceArgs): Space {
  checkShape(op, [num]);
  const span = e.sub(to, from);
  const along = normalizeAxis(op, axis, span.rank + 1);
  const shape = [...span.shape.slice(0, along), num, ...span.shape.slice(along)];
  const expand = (x: Tensor): Tensor =>
    reshapeTo(
      broadcastTensor(x, span.shape),
      shape.map((dim, i) => (i === along ? 1 : dim)),
    );
  const step = e.div(span, scalar(endpoint ? Math.max(num - 1, 1) : Math.max(num, 1), span.dtype));
  const index = iota(shape, along, span.dtype);
  const values = e.add(expand(from), e.mul(expand(step), index));
  if (!endpoint || num <= 1) return { samples: values, step };
  const isLast = e.equal(index, scalar(num - 1, span.dtype));
  return { samples: e.select(isLast, expand(to), values), step };
}

/** Start and stop as floats, and the dtype of the result. */
function ends(start: TensorLike, stop: TensorLike, options: DTypeArg): { from: Tensor; to: Tensor; dtype: DType } {
  const dtype = options.dtype ?? resultType(promotableType(start), promotableType(stop), 'float');
  const compute = computeType(dtype);
  return { from: convertToTensor(start, compute), to: convertToTensor(stop, compute), dtype };
}

/** Float samples in the result's dtype: integers are rounded down. */
const rounded = (samples: Tensor, dtype: DType): Tensor => castTo(isFloat(dtype) ? samples : e.floor(samples), dtype);

/** Evenly spaced numbers; the last is `stop` unless `endpoint` is false. With `retstep` also their distance. */
export function linspace(start: TensorLike, stop: TensorLike, options: SpaceArgs & { retstep: true }): [Tensor, Tensor];
export function linspace(start: TensorLike, stop: TensorLike, options?: SpaceArgs & { retstep?: false }): Tensor;
export function linspace(
  start: TensorLike,
  stop: TensorLike,
  options: SpaceArgs & { retstep?: boolean } = {},
): Tensor | [Tensor, Tensor] {
  return linspaceOp(start, stop, options);
}
const linspaceOp = publicOp(
  'linspace',
  (start: TensorLike, stop: TensorLike, options: SpaceArgs & { retstep?: boolean }): Tensor | [Tensor, Tensor] => {
    const { from, to, dtype } = ends(start, stop, options);
    const { samples, step } = evenly('linspace', from, to, options);
    return options.retstep ? [rounded(samples, dtype), step] : rounded(samples, dtype);
  },
);

/** Powers of `base` (default 10) whose exponents are evenly spaced from `start` to `stop`. */
export const logspace = publicOp(
  'logspace',
  (start: TensorLike, stop: TensorLike, options: SpaceArgs & { base?: number } = {}): Tensor => {
    const { from, to, dtype } = ends(start, stop, options);
    const { samples } = evenly('logspace', from, to, options);
    return castTo(e.pow(scalar(options.base ?? 10, samples.dtype), samples), dtype);
  },
);

/** Numbers from `start` to `stop` with one ratio between neighbours. Both ends have one sign. */
export const geomspace = publicOp(
  'geomspace',
  (start: TensorLike, stop: TensorLike, options: SpaceArgs = {}): Tensor => {
    const { from, to, dtype } = ends(start, stop, options);
    const sign = e.sign(from);
    const { samples } = evenly('geomspace', e.log10(e.mul(from, sign)), e.log10(e.mul(to, sign)), options);
    const axis = normalizeAxis('geomspace', options.axis ?? 0, samples.rank);
    const joint = broadcastShapes('geomspace', from.shape, to.shape);
    const signs = reshapeTo(
      broadcastTensor(sign, joint),
      samples.shape.map((dim, i) => (i === axis ? 1 : dim)),
    );
    return castTo(e.mul(signs, e.pow(scalar(10, samples.dtype), samples)), dtype);
  },
);

/** How `meshgrid` orders the first two axes. */
export interface MeshgridArgs {
  /** `xy` (default): the first tensor runs along the second axis; `ij`: each along its own. */
  readonly indexing?: 'xy' | 'ij';
}

/** The coordinates of a grid: for each 1-D tensor, its value at every point. Options may follow the tensors. */
export const meshgrid = publicOp('meshgrid', (...args: (TensorLike | MeshgridArgs)[]): Tensor[] => {
  const last = args.at(-1);
  const isOptions = typeof last === 'object' && Object.getPrototypeOf(last) === Object.prototype;
  const { indexing = 'xy' } = isOptions ? (last as MeshgridArgs) : {};
  if (indexing !== 'xy' && indexing !== 'ij') {
    throw new HornetError('meshgrid', `expected indexing to be 'xy' or 'ij', received '${String(indexing)}'`);
  }
  const xs = (isOptions ? args.slice(0, -1) : args).map((x) => convertToTensor(x as TensorLike));
  const axes = xs.map((_, i) => (indexing === 'xy' && xs.length > 1 && i < 2 ? 1 - i : i));
  const shape: number[] = [];
  xs.forEach((x, i) => (shape[axes[i]] = x.size));
  return xs.map((x, i) =>
    broadcastTensor(
      reshapeTo(
        x,
        shape.map((_, axis) => (axis === axes[i] ? x.size : 1)),
      ),
      shape,
    ),
  );
});

/** Powers of a 1-D tensor as columns: N (default its size) of them, the highest first unless `increasing`. */
export const vander = publicOp(
  'vander',
  (x: TensorLike, options: { N?: number | null; increasing?: boolean } = {}): Tensor => {
    const value = convertToTensor(x);
    if (value.rank !== 1) throw new HornetError('vander', `expected a tensor of rank 1, received rank ${value.rank}`);
    const [columns] = checkShape('vander', [options.N ?? value.size]);
    const shape = [value.size, columns];
    const exponents = iota(shape, 1, value.dtype);
    const powers = e.pow(broadcastTensor(reshapeTo(value, [value.size, 1]), shape), exponents);
    return options.increasing ? powers : flipAxes(powers, [1]);
  },
);
