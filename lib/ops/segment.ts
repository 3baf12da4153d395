// Reductions of the rows that carry the same number.
import { isFloat } from '../dtype.js';
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { convertToTensor, type TensorLike } from './convert.js';
import * as e from './elementwise.js';
import { filled, scalar } from './fill.js';
import { scatterNd, toIndices, type ScatterMode } from './gather.js';
import { partOf } from './movement.js';
import { numbersOf } from './numbers.js';
import { publicOp } from './public-op.js';
import { reshapeTo } from './reshape-core.js';

/** How many segments there are. */
export interface SegmentArgs {
  /** Rows of the result. Default: one more than the largest id, which has to be read first: the result is a promise. */
  readonly numSegments?: number | null;
  /** Whether the ids are sorted; makes no difference. */
  readonly sorted?: boolean;
}

/** A reduction of segments, at once where their number is given. */
export interface SegmentOp {
  (data: TensorLike, segmentIds: TensorLike, options: SegmentArgs & { readonly numSegments: number }): Tensor;
  (data: TensorLike, segmentIds: TensorLike, options?: SegmentArgs): Promise<Tensor>;
}

type Neutral = (x: Tensor) => number;
const integerEnds: Record<string, readonly [number, number]> = {
  bool: [0, 1],
  uint8: [0, 255],
  uint16: [0, 65535],
  uint32: [0, 2 ** 32 - 1],
  int8: [-128, 127],
  int16: [-32768, 32767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63 - 1],
};
const lowest: Neutral = ({ dtype }) => (isFloat(dtype) ? -Infinity : integerEnds[dtype][0]);
const highest: Neutral = ({ dtype }) => (isFloat(dtype) ? Infinity : integerEnds[dtype][1]);

const segmentOp = (name: string, mode: ScatterMode, neutral: Neutral): SegmentOp => {
  const reduce = (rows: Tensor, ids: Tensor, count: number): Tensor => {
    // Rows whose id is out of range go to one more segment, which is dropped.
    const limit = scalar(count, ids.dtype);
    const valid = e.logicalAnd(e.greaterEqual(ids, scalar(0, ids.dtype)), e.less(ids, limit));
    const target = reshapeTo(e.select(valid, ids, limit), [ids.size, 1]);
    const start = filled([count + 1, ...rows.shape.slice(1)], neutral(rows), rows.dtype);
    return partOf(scatterNd(start, target, rows, mode), 0, 0, count);
  };
  return publicOp(name, (data: TensorLike, segmentIds: TensorLike, options: SegmentArgs = {}) => {
    const rows = convertToTensor(data);
    const ids = toIndices(name, segmentIds);
    if (ids.rank !== 1) throw new HornetError(name, `expected segmentIds to have rank 1, received rank ${ids.rank}`);
    if (rows.shape[0] !== ids.size) {
      throw new HornetError(name, `expected an id for each of ${rows.shape[0]} rows, received ${ids.size}`);
    }
    const { numSegments } = options;
    if (numSegments === null || numSegments === undefined) {
      return numbersOf(name, ids).then((numbers) => reduce(rows, ids, 1 + Math.max(-1, ...numbers)));
    }
    if (!(Number.isInteger(numSegments) && numSegments >= 0)) {
      throw new HornetError(name, `expected numSegments to be a non-negative integer, received ${numSegments}`);
    }
    return reduce(rows, ids, numSegments);
  }) as SegmentOp;
};

/** Sum of the rows of each segment; 0 where there are none. */
export const segmentSum = segmentOp('segmentSum', 'add', () => 0);
/** Product of the rows of each segment; 1 where there are none. */
export const segmentProd = segmentOp('segmentProd', 'mul', () => 1);
/** Largest elements of the rows of each segment; −∞ (or the lowest integer) where there are none. */
export const segmentMax = segmentOp('segmentMax', 'max', lowest);
/** Smallest elements of the rows of each segment; ∞ (or the highest integer) where there are none. */
export const segmentMin = segmentOp('segmentMin', 'min', highest);
