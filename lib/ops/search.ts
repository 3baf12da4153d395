// Finding: places in sorted numbers, membership, choice by conditions, coordinates of flat indices.
import { HornetError } from '../errors.js';
import { resultType } from '../dtype-promotion.js';
import { sizeOf } from '../graph/ir.js';
import type { Tensor } from '../tensor.js';
import { castTo, convertToTensor, promotableType, type TensorLike } from './convert.js';
import { where } from './comparison.js';
import * as e from './elementwise.js';
import { filled, scalar } from './fill.js';
import { gatherAlong } from './gather.js';
import { promote } from './promote.js';
import { publicOp } from './public-op.js';
import { reduceMax, reduceSum } from './reduce-core.js';
import { reshapeTo } from './reshape-core.js';

/** Up to so many sorted numbers are compared one by one; a longer sequence is halved again and again. */
const FEW = 32;

/** How many of `sorted` (1-D) each value comes after: the place where it belongs. */
function placesOf(op: string, sorted: TensorLike, values: TensorLike, after: (s: Tensor, v: Tensor) => Tensor): Tensor {
  const [sequence, value] = promote(sorted, values);
  if (sequence.rank !== 1) {
    throw new HornetError(op, `expected the sorted sequence to have rank 1, received rank ${sequence.rank}`);
  }
  const { size } = sequence;
  if (size <= FEW) {
    const column = reshapeTo(value, [...value.shape, 1]);
    return reduceSum(castTo(after(sequence, column), 'int32'), [value.rank]);
  }
  const int = (x: number): Tensor => scalar(x, 'int32');
  let place = filled(value.shape, 0, 'int32');
  for (let step = 2 ** Math.floor(Math.log2(size)); step >= 1; step /= 2) {
    const next = e.add(place, int(step));
    const last = gatherAlong(sequence, e.sub(e.min(next, int(size)), int(1)), 0);
    place = e.select(e.logicalAnd(e.lessEqual(next, int(size)), after(last, value)), next, place);
  }
  return place;
}

const notAbove = (s: Tensor, v: Tensor): Tensor => e.logicalNot(e.greater(s, v));
const notAtLeast = (s: Tensor, v: Tensor): Tensor => e.logicalNot(e.greaterEqual(s, v));

/** Where values belong in a sorted 1-D sequence (int32): before equal elements, or after them with `side: 'right'`. */
export const searchsorted = publicOp(
  'searchsorted',
  (sortedSequence: TensorLike, values: TensorLike, options: { side?: 'left' | 'right' } = {}): Tensor => {
    const { side = 'left' } = options;
    if (side !== 'left' && side !== 'right') {
      throw new HornetError('searchsorted', `expected side to be 'left' or 'right', received '${String(side)}'`);
    }
    return placesOf('searchsorted', sortedSequence, values, side === 'left' ? notAtLeast : notAbove);
  },
);

/** In which bin (int32) each value lies, by the bins' ascending right-open edges; 0 is below the first. */
export const digitize = publicOp('digitize', (x: TensorLike, bins: TensorLike): Tensor =>
  placesOf('digitize', bins, x, notAbove),
);

/** Whether each element of `x1` is anywhere in `x2`. */
export const isin = publicOp(
  'isin',
  (x1: TensorLike, x2: TensorLike, options: { assumeUnique?: boolean; invert?: boolean } = {}): Tensor => {
    const [a, b] = promote(x1, x2);
    const found = reduceMax(e.equal(reshapeTo(a, [...a.shape, 1]), reshapeTo(b, [b.size])), [a.rank]);
    return options.invert ? e.logicalNot(found) : found;
  },
);

/** From each choice the elements whose condition is the first to hold; `default` (0) where none does. */
export const select = publicOp(
  'select',
  (
    condlist: readonly TensorLike[],
    choicelist: readonly TensorLike[],
    options: { default?: TensorLike } = {},
  ): Tensor => {
    if (condlist.length !== choicelist.length || condlist.length === 0) {
      const received = `${condlist.length} and ${choicelist.length}`;
      throw new HornetError('select', `expected as many conditions as choices, received ${received}`);
    }
    const otherwise = options.default ?? 0;
    const dtype = resultType(...[...choicelist, otherwise].map(promotableType));
    return condlist.reduceRight<Tensor>(
      (rest, condition, i) => where(condition, convertToTensor(choicelist[i], dtype), rest),
      convertToTensor(otherwise, dtype),
    );
  },
);

/** The coordinates of flat indices in a tensor of `shape`, one tensor per axis. */
export const unravelIndex = publicOp('unravelIndex', (indices: TensorLike, shape: readonly number[]): Tensor[] => {
  const flat = convertToTensor(indices);
  const at = e.select(e.less(flat, scalar(0, flat.dtype)), e.add(flat, scalar(sizeOf(shape), flat.dtype)), flat);
  return shape.map((dim, axis) => {
    const step = scalar(sizeOf(shape.slice(axis + 1)), at.dtype);
    return e.mod(e.floorDiv(at, step), scalar(dim, at.dtype));
  });
});
