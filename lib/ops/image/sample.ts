// Values of a grid at places between its elements: what coordinates, affine maps and perspectives have in common.
import { isFloat, type DType } from '../../dtype.js';
import { HornetError } from '../../errors.js';
import { sizeOf } from '../../graph/ir.js';
import type { Tensor } from '../../tensor.js';
import { castTo } from '../convert.js';
import * as e from '../elementwise.js';
import { scalar } from '../fill.js';
import { gatherAlong } from '../gather.js';
import { iota } from '../movement.js';
import { reshapeTo } from '../reshape-core.js';

/** What lies outside of a grid `a b c d`, as the names say it: `k k|a b c d|k k`, `a a|…|d d`, `c d|…|a b`, `c b|…|c b`, `b a|…|d c`. */
export type FillMode = 'constant' | 'nearest' | 'wrap' | 'mirror' | 'reflect';

/** How values between elements are found. */
export type SampleInterpolation = 'nearest' | 'bilinear';

/** How values of a grid are read. */
export interface Sampling {
  readonly interpolation: SampleInterpolation;
  readonly fillMode: FillMode;
  /** The value outside, for `constant`. */
  readonly fillValue: number;
}

/** Sends whole places, in floats, into the grid. */
const intoGrid: Record<FillMode, (place: Tensor, size: number) => Tensor> = {
  constant: (place) => place,
  nearest: (place) => place,
  wrap: (place, size) => e.mod(place, scalar(size, place.dtype)),
  mirror: (place, size) => mirrored(place, size - 1),
  reflect: (place, size) => {
    const constant = (value: number): Tensor => scalar(value, place.dtype);
    const twice = mirrored(e.add(e.mul(place, constant(2)), constant(1)), 2 * size);
    return e.floor(e.mul(e.sub(twice, constant(1)), constant(0.5)));
  },
};

/** A triangular wave between 0 and `last`. */
function mirrored(place: Tensor, last: number): Tensor {
  const half = scalar(last, place.dtype);
  return e.abs(e.sub(e.mod(e.add(place, half), scalar(2 * last, place.dtype)), half));
}

/** Throws a `HornetError` unless interpolation and fill mode are known. */
export function checkSampling(where: string, { interpolation, fillMode }: Sampling): void {
  if (interpolation !== 'nearest' && interpolation !== 'bilinear') {
    const received = `'${String(interpolation)}'`;
    throw new HornetError(where, `expected interpolation to be 'nearest' or 'bilinear', received ${received}`);
  }
  if (!Object.hasOwn(intoGrid, fillMode)) {
    const known = Object.keys(intoGrid).join(', ');
    throw new HornetError(where, `expected fillMode to be one of ${known}, received '${String(fillMode)}'`);
  }
}

/** The dtype in which places and weights are computed. */
export const placeType = (...dtypes: readonly DType[]): DType => (dtypes.includes('float64') ? 'float64' : 'float32');

/** An element near a place: where it is along its axis, whether that is inside, and how much it counts. */
interface Neighbour {
  readonly index: Tensor;
  readonly isInside: Tensor | null;
  readonly weight: Tensor | null;
}

function neighboursOf(place: Tensor, size: number, { interpolation, fillMode }: Sampling): Neighbour[] {
  const constant = (value: number): Tensor => scalar(value, place.dtype);
  const neighbour = (at: Tensor, weight: Tensor | null): Neighbour => {
    const inGrid = e.min(intoGrid[fillMode](at, size), constant(size - 1));
    // NaN compares false, so that it becomes an index, too.
    const index = castTo(e.select(e.greater(inGrid, constant(0)), inGrid, constant(0)), 'int32');
    const isInside = e.logicalAnd(e.greaterEqual(at, constant(0)), e.less(at, constant(size)));
    return { index, isInside: fillMode === 'constant' ? isInside : null, weight };
  };
  if (interpolation === 'nearest') return [neighbour(nearest(place), null)];
  const lower = e.floor(place);
  const fraction = e.sub(place, lower);
  return [neighbour(lower, e.sub(constant(1), fraction)), neighbour(e.add(lower, constant(1)), fraction)];
}

/** The nearest whole number; of two, the one further from zero. */
function nearest(x: Tensor): Tensor {
  const whole = e.trunc(x);
  const isFar = e.greaterEqual(e.abs(e.sub(x, whole)), scalar(0.5, x.dtype));
  return e.select(isFar, e.add(whole, e.sign(x)), whole);
}

/** One of each list, in all ways. */
const choices = <T>(lists: readonly (readonly T[])[]): T[][] =>
  lists.reduce<T[][]>((found, list) => found.flatMap((each) => list.map((item) => [...each, item])), [[]]);

/**
 * Reads grids `x` [N, …sizes, C] at places [N, …, 1 or C]: one tensor for each axis between N and C, in elements of that
 * axis; with 1 all channels are read at the same place. Gives [N, …, C] of the dtype of `x`; integers are rounded.
 */
export function sampleGrid(x: Tensor, places: readonly Tensor[], sampling: Sampling): Tensor {
  const sizes = x.shape.slice(1, -1);
  const [batch, channels] = [x.shape[0], x.shape[x.rank - 1]];
  const shared = places[0].shape.at(-1) === 1;
  const dtype = placeType(x.dtype, ...places.map((place) => place.dtype));
  const axes = places.map((place, i) => neighboursOf(castTo(place, dtype), sizes[i], sampling));
  const table = reshapeTo(x, shared ? [x.size / channels, channels] : [x.size]);
  const whole = (value: number): Tensor => scalar(value, 'int32');
  const read = (neighbours: readonly Neighbour[]): Tensor => {
    let index = neighbours.map((one) => one.index).reduce((sum, next, i) => e.add(e.mul(sum, whole(sizes[i])), next));
    if (batch > 1)
      index = e.add(
        index,
        e.mul(iota([batch, ...places[0].shape.slice(1).map(() => 1)], 0, 'int32'), whole(sizeOf(sizes))),
      );
    if (!shared) index = e.add(e.mul(index, whole(channels)), iota(places[0].shape, places[0].rank - 1, 'int32'));
    const value = gatherAlong(table, shared ? reshapeTo(index, index.shape.slice(0, -1)) : index, 0);
    const valid = neighbours.flatMap((one) => one.isInside ?? []);
    const fill = scalar(isFloat(x.dtype) ? sampling.fillValue : Math.trunc(sampling.fillValue), x.dtype);
    const filled = valid.length > 0 ? e.select(valid.reduce(e.logicalAnd), value, fill) : value;
    const weights = neighbours.flatMap((one) => one.weight ?? []);
    return weights.length > 0 ? e.mul(castTo(filled, dtype), weights.reduce(e.mul)) : filled;
  };
  const result = choices(axes).map(read).reduce(e.add);
  return castTo(isFloat(x.dtype) || result.dtype === x.dtype ? result : e.round(result), x.dtype);
}
