// perspectiveTransform: images seen from another place, given by where four points go.
import { HornetError } from '../../errors.js';
import type { Tensor } from '../../tensor.js';
import { castTo, convertToTensor, type TensorLike } from '../convert.js';
import { add, div, mul, sub } from '../elementwise.js';
import { scalar } from '../fill.js';
import { iota, partOf } from '../movement.js';
import { publicOp } from '../public-op.js';
import { reshapeTo } from '../reshape-core.js';
import { withPlanes, type ImageArgs } from './layout.js';
import { checkSampling, placeType, sampleGrid, type SampleInterpolation, type Sampling } from './sample.js';

export interface PerspectiveTransformArgs extends ImageArgs {
  /** Default `bilinear`. */
  readonly interpolation?: SampleInterpolation;
  /** The value outside. Default 0. */
  readonly fillValue?: number;
}

/**
 * Images whose four `endPoints` are the `startPoints` of those given. Points are [4, 2] or [N, 4, 2], each (x, y).
 *
 * @throws HornetError for other shapes and unknown methods.
 */
export const perspectiveTransform = publicOp(
  'image.perspectiveTransform',
  (
    images: TensorLike,
    startPoints: TensorLike,
    endPoints: TensorLike,
    options: PerspectiveTransformArgs = {},
  ): Tensor => {
    const op = 'image.perspectiveTransform';
    const { interpolation = 'bilinear', fillValue = 0 } = options;
    const sampling: Sampling = { interpolation, fillMode: 'constant', fillValue };
    checkSampling(op, sampling);
    const [start, end] = [convertToTensor(startPoints), convertToTensor(endPoints)];
    const text = (points: Tensor): string => `[${points.shape.join(', ')}]`;
    const isQuad = ({ shape }: Tensor): boolean => /^(\d+,)?4,2$/.test(shape.join(','));
    if (!isQuad(start) || !isQuad(end) || text(start) !== text(end)) {
      const received = `${text(start)} and ${text(end)}`;
      throw new HornetError(
        op,
        `expected startPoints and endPoints of shape [4, 2] or [N, 4, 2], received ${received}`,
      );
    }
    return withPlanes(op, convertToTensor(images), options.dataFormat, (planes) => {
      const [from, to] = [start, end].map((points) => reshapeTo(points, [points.size / 8, 4, 2]));
      if (from.shape[0] !== 1 && from.shape[0] !== planes.shape[0]) {
        throw new HornetError(op, `expected points for each of ${planes.shape[0]} images, received ${from.shape[0]}`);
      }
      return perspectivePlanes(planes, homography(to, from), sampling);
    });
  },
);

type Vector = readonly [Tensor, Tensor, Tensor];
/** Three rows, each entry a tensor [N]. */
export type Homography = readonly [Vector, Vector, Vector];

const dot = (a: Vector, b: Vector): Tensor => add(add(mul(a[0], b[0]), mul(a[1], b[1])), mul(a[2], b[2]));
const cross = (a: Vector, b: Vector): Vector => {
  const minor = (i: number, j: number): Tensor => sub(mul(a[i], b[j]), mul(a[j], b[i]));
  return [minor(1, 2), minor(2, 0), minor(0, 1)];
};

/**
 * The projective maps that take four points `from` [N, 4, 2] to `to`. With the first three points of a side as a basis,
 * the fourth is a sum of them; the map takes basis vector to basis vector, scaled by the ratio of these shares.
 */
export function homography(from: Tensor, to: Tensor): Homography {
  const sideOf = (points: Tensor) => {
    // Areas of triangles are small differences of large products, hence the wide type for these few numbers.
    const wide = castTo(points, 'float64');
    const [a, b, c, d] = [0, 1, 2, 3].map((i): Vector => {
      const coordinate = (j: number): Tensor =>
        reshapeTo(partOf(partOf(wide, 1, i, i + 1), 2, j, j + 1), [wide.shape[0]]);
      return [coordinate(0), coordinate(1), scalar(1, 'float64')];
    });
    const dual = [cross(b, c), cross(c, a), cross(a, b)];
    return { basis: [a, b, c], dual, shares: dual.map((row) => dot(row, d)) };
  };
  const [source, target] = [sideOf(from), sideOf(to)];
  const ratios = source.shares.map((share, i) => div(target.shares[i], share));
  const entry = (row: number, column: number): Tensor =>
    ratios.map((ratio, i) => mul(ratio, mul(target.basis[i][row], source.dual[i][column]))).reduce(add);
  const rowOf = (row: number): Vector => [entry(row, 0), entry(row, 1), entry(row, 2)];
  const [first, second, third] = [rowOf(0), rowOf(1), rowOf(2)];
  const scaled = (row: Vector): Vector => [div(row[0], third[2]), div(row[1], third[2]), div(row[2], third[2])];
  return [scaled(first), scaled(second), scaled(third)];
}

/** Where the maps take points: coordinates [N or 1, …], one map for each of the N. */
export function mapPoints(map: Homography, x: Tensor, y: Tensor): readonly [x: Tensor, y: Tensor] {
  const [across, down, depth] = map.map((entries) => {
    const [a, b, c] = entries.map((entry) =>
      reshapeTo(castTo(entry, x.dtype), [entry.size, ...Array<number>(x.rank - 1).fill(1)]),
    );
    return add(add(mul(a, x), mul(b, y)), c);
  });
  return [div(across, depth), div(down, depth)];
}

/** Planes [N, H, W, C] whose pixel (x, y) is that at the place where `map` takes it. */
export function perspectivePlanes(planes: Tensor, map: Homography, sampling: Sampling): Tensor {
  const [, height, width] = planes.shape;
  const dtype = placeType(planes.dtype);
  const [x, y] = mapPoints(map, iota([1, 1, width, 1], 2, dtype), iota([1, height, 1, 1], 1, dtype));
  return sampleGrid(planes, [y, x], sampling);
}
