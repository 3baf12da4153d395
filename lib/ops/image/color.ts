// Color spaces: gray, and hue, saturation and value.
import { floatResultType } from '../../dtype-promotion.js';
import { isFloat, type DType } from '../../dtype.js';
import { HornetError } from '../../errors.js';
import type { Tensor } from '../../tensor.js';
import { castTo, convertToTensor, type TensorLike } from '../convert.js';
import * as e from '../elementwise.js';
import { scalar } from '../fill.js';
import { concatTensors, partOf } from '../movement.js';
import { weighAxis } from '../pool.js';
import { publicOp } from '../public-op.js';
import { imageAxes, type ImageArgs } from './layout.js';

/**
 * Colors as one channel of brightness; images of one channel stay. Keeps the dtype.
 *
 * @throws HornetError unless there are 3 channels or 1.
 */
export const rgbToGrayscale = publicOp(
  'image.rgbToGrayscale',
  (images: TensorLike, options: ImageArgs = {}): Tensor => {
    const x = convertToTensor(images);
    const axis = channelAxis('image.rgbToGrayscale', x, options, [1, 3]);
    if (x.shape[axis] === 1) return x;
    const dtype = floatResultType(x.dtype);
    const weights = convertToTensor([[0.2989, 0.587, 0.114]], dtype);
    return castTo(weighAxis(castTo(x, dtype), axis, weights), x.dtype);
  },
);

/** The axis of the channels. Throws a `HornetError` unless there are as many as one of `counts`. */
function channelAxis(op: string, x: Tensor, options: ImageArgs, counts: readonly number[]): number {
  const { channels } = imageAxes(op, x, options.dataFormat);
  if (!counts.includes(x.shape[channels])) {
    throw new HornetError(op, `expected ${counts.join(' or ')} channels, received shape [${x.shape.join(', ')}]`);
  }
  return channels;
}

/** An op on three planes of floats. */
const colorOp = (op: string, convert: (a: Tensor, b: Tensor, c: Tensor) => readonly Tensor[]) =>
  publicOp(op, (images: TensorLike, options: ImageArgs = {}): Tensor => {
    const x = convertToTensor(images);
    const axis = channelAxis(op, x, options, [3]);
    if (!isFloat(x.dtype)) throw new HornetError(op, `expected images of a float dtype, received ${x.dtype}`);
    return concatTensors(convert(partOf(x, axis, 0, 1), partOf(x, axis, 1, 2), partOf(x, axis, 2, 3)), axis);
  });

/** The distance of 1 to the next larger number. */
const spacing: Partial<Record<DType, number>> = {
  float64: 2 ** -52,
  float32: 2 ** -23,
  float16: 2 ** -10,
  bfloat16: 2 ** -7,
};

/**
 * Red, green and blue in [0, 1] as hue, saturation and value in [0, 1].
 *
 * @throws HornetError unless images of rank 3 or 4 have 3 channels of floats.
 */
export const rgbToHsv = colorOp('image.rgbToHsv', (...planes) => {
  const { dtype } = planes[0];
  const constant = (value: number): Tensor => scalar(value, dtype);
  const zero = constant(0);
  const isTiny = (x: Tensor): Tensor => e.less(e.abs(x), constant(spacing[dtype]!));
  const [red, green, blue] = planes.map((x) => e.select(isTiny(x), zero, x));
  const value = e.max(e.max(red, green), blue);
  const range = e.sub(value, e.min(e.min(red, green), blue));
  const isLit = e.greater(value, zero);
  const isColored = e.greater(range, zero);
  const saturation = e.select(isLit, e.div(range, e.select(isLit, value, constant(1))), zero);
  const sixth = e.reciprocal(e.mul(constant(6), e.select(isColored, range, constant(1))));
  const from = (start: number, a: Tensor, b: Tensor): Tensor => e.add(e.mul(sixth, e.sub(a, b)), constant(start / 6));
  const beyondRed = e.select(e.equal(value, green), from(2, blue, red), from(4, red, green));
  const angle = e.select(e.equal(value, red), from(0, green, blue), beyondRed);
  const turned = e.select(e.less(angle, zero), e.add(angle, constant(1)), angle);
  return [e.select(isColored, turned, zero), saturation, value];
});

/**
 * Hue, saturation and value in [0, 1] as red, green and blue in [0, 1].
 *
 * @throws HornetError unless images of rank 3 or 4 have 3 channels of floats.
 */
export const hsvToRgb = colorOp('image.hsvToRgb', (hue, saturation, value) => {
  const constant = (number: number): Tensor => scalar(number, hue.dtype);
  const angle = e.mul(e.mod(hue, constant(1)), constant(6));
  const distance = (center: number): Tensor => e.abs(e.sub(angle, constant(center)));
  const shares = [e.sub(distance(3), constant(1)), e.sub(constant(2), distance(2)), e.sub(constant(2), distance(4))];
  const rest = e.sub(constant(1), saturation);
  return shares.map((share) => e.mul(value, e.add(rest, e.mul(saturation, e.clamp(share, 0, 1)))));
});
