// Signal processing in time: window functions and correlation.
import { floatx } from '../config.js';
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { castTo, convertToTensor, promotableType, type TensorLike } from './convert.js';
import { checkShape } from './creation.js';
import { vector } from './fill.js';
import { flipAxes, padWith, partOf } from './movement.js';
import { matmul } from './matmul.js';
import { floatResultType } from '../dtype-promotion.js';
import { publicOp } from './public-op.js';
import { extractSequences } from './rearrange.js';
import { windowValues } from './signal-windows.js';

const windowOp = (name: string, window: string) =>
  publicOp(name, (x: number): Tensor => vector(windowValues(window, checkShape(name, x)[0], false), floatx()));

/** The triangular window of `x` points. */
export const bartlett = windowOp('bartlett', 'bartlett');
/** Blackman's window of `x` points. */
export const blackman = windowOp('blackman', 'blackman');
/** Hamming's window of `x` points. */
export const hamming = windowOp('hamming', 'hamming');
/** Hann's window of `x` points. */
export const hanning = windowOp('hanning', 'hann');

/** The modified Bessel function of order 0 as its power series. */
function besselI0(x: number): number {
  let [sum, term] = [1, 1];
  for (let k = 1; term > sum * 1e-17; k++) sum += term *= (x / (2 * k)) ** 2;
  return sum;
}

/** Kaiser's window of `x` points; a larger `beta` is narrower. */
export const kaiser = publicOp('kaiser', (x: number, beta: number): Tensor => {
  const [size] = checkShape('kaiser', x);
  const at = (i: number): number => Math.sqrt(Math.max(0, 1 - ((2 * i) / Math.max(size - 1, 1) - 1) ** 2));
  const values = Array.from({ length: size }, (_, i) => besselI0(beta * at(i)) / besselI0(beta));
  return vector(size === 1 ? [1] : values, floatx());
});

/** How much of the overlap of two sequences `correlate` gives. */
export type CorrelateMode = 'valid' | 'same' | 'full';

/** Sums of products of two 1-D tensors at every shift. `valid` (default): only where they overlap completely. */
export const correlate = publicOp(
  'correlate',
  (x1: TensorLike, x2: TensorLike, options: { mode?: CorrelateMode } = {}): Tensor => {
    const { mode = 'valid' } = options;
    const dtype = floatResultType(promotableType(x1), promotableType(x2));
    const [a, b] = [convertToTensor(x1, dtype), convertToTensor(x2, dtype)];
    if (a.rank !== 1 || b.rank !== 1) {
      throw new HornetError('correlate', `expected two tensors of rank 1, received ranks ${a.rank} and ${b.rank}`);
    }
    if (!['valid', 'same', 'full'].includes(mode)) {
      throw new HornetError('correlate', `expected mode to be 'valid', 'same' or 'full', received '${mode}'`);
    }
    const [long, short] = a.size >= b.size ? [a, b] : [b, a];
    const border = short.size - 1;
    const shifted = extractSequences(padWith(castTo(long, dtype), [border], [border]), short.size, 1);
    const full = matmul(shifted, short);
    const ordered = a.size >= b.size ? full : flipAxes(full, [0]);
    if (mode === 'full') return ordered;
    const size = mode === 'same' ? long.size : long.size - border;
    const start = mode === 'valid' ? border : a.size >= b.size ? Math.floor(border / 2) : Math.ceil(border / 2);
    return partOf(ordered, 0, start, start + size);
  },
);
