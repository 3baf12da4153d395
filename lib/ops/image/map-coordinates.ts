// mapCoordinates: any tensor at coordinates between its elements.
import { isFloat } from '../../dtype.js';
import { HornetError } from '../../errors.js';
import { Tensor } from '../../tensor.js';
import { Variable } from '../../variable.js';
import { castTo, convertToTensor, type TensorLike } from '../convert.js';
import { round } from '../elementwise.js';
import { partOf } from '../movement.js';
import { publicOp } from '../public-op.js';
import { reshapeTo } from '../reshape-core.js';
import { checkSampling, sampleGrid, type FillMode, type Sampling } from './sample.js';

export interface MapCoordinatesArgs {
  /** Default `constant`. */
  readonly fillMode?: FillMode;
  /** The value outside, for `constant`. Default 0. */
  readonly fillValue?: number;
}

const isList = (x: TensorLike | readonly TensorLike[]): x is readonly TensorLike[] =>
  Array.isArray(x) && x.some((item) => item instanceof Tensor || item instanceof Variable);

/**
 * `inputs` at `coordinates` [rank of inputs, …], which may also be a list of one tensor for each axis. `order` 0 takes the
 * nearest element, 1 interpolates linearly. Keeps the dtype: integers are rounded.
 *
 * @throws HornetError unless there are coordinates for every axis, in at least one dimension.
 */
export const mapCoordinates = publicOp(
  'image.mapCoordinates',
  (
    inputs: TensorLike,
    coordinates: TensorLike | readonly TensorLike[],
    order: 0 | 1,
    options: MapCoordinatesArgs = {},
  ): Tensor => {
    const op = 'image.mapCoordinates';
    const x = convertToTensor(inputs);
    if (order !== 0 && order !== 1) throw new HornetError(op, `expected order to be 0 or 1, received ${String(order)}`);
    const { fillMode = 'constant', fillValue = 0 } = options;
    const sampling: Sampling = { interpolation: order === 0 ? 'nearest' : 'bilinear', fillMode, fillValue };
    checkSampling(op, sampling);
    const places = isList(coordinates) ? coordinates.map((each) => convertToTensor(each)) : alongFirst(op, coordinates);
    if (places.length !== x.rank || places.some((place) => place.rank < 1)) {
      const shapes = `[${x.shape.join(', ')}] and ${places.length} of shape [${places[0]?.shape.join(', ')}]`;
      throw new HornetError(op, `expected coordinates [${x.rank}, …] for each axis of the inputs, received ${shapes}`);
    }
    const grid = reshapeTo(x, [1, ...x.shape, 1]);
    const at = places.map((place) => {
      const float = isFloat(place.dtype) ? place : castTo(place, 'float32');
      // Between two elements this op takes the even one, affine maps take the outer one, as in Keras.
      return reshapeTo(order === 0 ? round(float) : float, [1, ...place.shape, 1]);
    });
    return reshapeTo(sampleGrid(grid, at, sampling), places[0].shape);
  },
);

function alongFirst(op: string, coordinates: TensorLike): Tensor[] {
  const all = convertToTensor(coordinates);
  if (all.rank < 2) {
    throw new HornetError(op, `expected coordinates of rank 2 or more, received shape [${all.shape.join(', ')}]`);
  }
  return Array.from({ length: all.shape[0] }, (_, i) => reshapeTo(partOf(all, 0, i, i + 1), all.shape.slice(1)));
}
