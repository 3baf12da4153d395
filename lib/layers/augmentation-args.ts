// Arguments that layers of augmentation share: factors and value ranges.
import { HornetError } from '../errors.js';
import { add, divide, multiply, subtract } from '../ops/index.js';
import type { Tensor } from '../tensor.js';

/** The strength of an augmentation: drawn between two bounds; a number f stands for −f to f, as far as allowed. */
export type Factor = number | readonly [number, number];

/** A lower and an upper bound. */
export type Bounds = readonly [number, number];

/** The smallest and the largest value that a pixel can have. */
export type ValueRange = readonly [number, number];

/**
 * The bounds that a factor stands for.
 *
 * @param limits - What the layer allows.
 * @throws HornetError for what is neither a number within the limits nor a pair that touches them.
 */
export function factorBounds(where: string, name: string, factor: Factor, limits: Bounds): Bounds {
  const [least, most] = limits;
  const pair: readonly number[] | null = Array.isArray(factor) ? factor : null;
  const isValid = pair
    ? isPair(pair) && pair[0] <= most && pair[1] >= least
    : typeof factor === 'number' && factor >= least && factor <= most;
  if (!isValid) {
    const wanted = `expected ${name} to be a number or a pair of numbers in [${least}, ${most}]`;
    throw new HornetError(where, `${wanted}, received ${JSON.stringify(factor)}`);
  }
  if (pair) return [Math.min(...pair), Math.max(...pair)];
  const size = Math.abs(factor as number);
  return [Math.max(-size, least), size];
}

/**
 * The bounds of a factor that a layer also takes with its other sign: a number f stands for −f to f.
 *
 * @param limits - What the layer allows for the numbers given.
 * @param open - Whether the lower limit itself is not allowed. Default false.
 * @throws HornetError for what is neither a number within the limits nor a pair of such.
 */
export function symmetricBounds(where: string, name: string, factor: Factor, limits: Bounds, open = false): Bounds {
  const [least, most] = limits;
  const isPlain = typeof factor === 'number';
  const given: readonly number[] = isPlain ? [-Math.abs(factor), Math.abs(factor)] : factor;
  const isAllowed = (x: number): boolean => (open ? x > least : x >= least) && x <= most;
  if (!isPair(given) || !(isPlain ? [factor] : given).every(isAllowed)) {
    const wanted = `expected ${name} to be a number or a pair of numbers in ${open ? '(' : '['}${least}, ${most}]`;
    throw new HornetError(where, `${wanted}, received ${JSON.stringify(factor)}`);
  }
  return [Math.min(...given), Math.max(...given)];
}

const isPair = (list: readonly unknown[]): boolean =>
  Array.isArray(list) && list.length === 2 && list.every((item) => typeof item === 'number' && !Number.isNaN(item));

/** A value range, in order; by default that of bytes. Throws a `HornetError` for anything but two numbers. */
export function checkValueRange(where: string, range: ValueRange = bytes): ValueRange {
  if (!Array.isArray(range) || !isPair(range)) {
    throw new HornetError(where, `expected valueRange to be a pair of numbers, received ${JSON.stringify(range)}`);
  }
  return [Math.min(...range), Math.max(...range)];
}

/** The values of pixels that are bytes. */
export const bytes: ValueRange = [0, 255];

const isNumbers = (range: ValueRange | readonly [Tensor, Tensor]): range is ValueRange => typeof range[0] === 'number';

/** Images from one range of values to another; the first may have been computed. */
export function changeRange(images: Tensor, from: ValueRange | readonly [Tensor, Tensor], to: ValueRange): Tensor {
  const [low, high] = from;
  if (low === to[0] && high === to[1]) return images;
  const span = isNumbers(from) ? from[1] - from[0] : subtract(from[1], from[0]);
  return add(multiply(divide(subtract(images, low), span), to[1] - to[0]), to[0]);
}
