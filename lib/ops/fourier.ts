// Fourier transforms of any length, of whole tensors and of overlapping sequences. Complex tensors are pairs (complex.ts).
import { HornetError } from '../errors.js';
import { defineOp, type Primitive } from '../graph/op.js';
import { emit } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import { castComplex, partsOf, timesComplex, type Complex, type ComplexLike } from './complex.js';
import { convertToTensor, type TensorLike } from './convert.js';
import { checkShape } from './creation.js';
import * as e from './elementwise.js';
import { filled, fullLike, scalar, vector } from './fill.js';
import { scatterAddAlong } from './gather.js';
import { padWith, partOf, transposeTo } from './movement.js';
import { pad } from './pad.js';
import { toFloat } from './promote.js';
import { publicOp } from './public-op.js';
import { extractSequences, sequencePlaces } from './rearrange.js';
import { windowValues } from './signal-windows.js';

const fftOp: Primitive<{ inverse: boolean }> = defineOp<{ inverse: boolean }>({
  name: 'fft',
  infer: ([re, im]) => {
    if (re.dtype !== im.dtype || (re.dtype !== 'float32' && re.dtype !== 'float64') || re.shape.length === 0) {
      throw new HornetError(
        'fft',
        `expected float32 or float64 of rank 1 or more, received ${re.dtype} and ${im.dtype}`,
      );
    }
    return [re, im];
  },
  // Its own transpose but for the direction: rows and columns of exp(∓2πi jk/n) are the same.
  grad: ({ inputs: [re, im], grads: [gRe, gIm], attrs: { inverse } }) =>
    emit(fftOp, [gRe ?? fullLike(re, 0), gIm ?? fullLike(im, 0)], { inverse: !inverse }),
});

/** The largest prime factor that the kernel takes, as in native/fourier.h. */
const largestRadix = 31;

function largestFactor(n: number): number {
  let [rest, largest] = [n, 1];
  for (let factor = 2; factor * factor <= rest; factor++) {
    for (; rest % factor === 0; rest /= factor) largest = factor;
  }
  return Math.max(rest, largest);
}

/** The transform along the last axis, not divided by its length. */
function transform(x: Complex, inverse: boolean): Complex {
  const size = x[0].shape.at(-1)!;
  if (size === 0) throw new HornetError('fft', 'expected a length of at least 1, received 0');
  if (largestFactor(size) <= largestRadix) return emit(fftOp, x, { inverse }) as Complex;
  return castComplex(byConvolution(castComplex(x, 'float64'), size, inverse), x[0].dtype);
}

/** Bluestein: jk = (j² + k² − (k − j)²) / 2 makes a transform a convolution, which transforms of another length compute. */
function byConvolution(x: Complex, size: number, inverse: boolean): Complex {
  const length = 2 ** Math.ceil(Math.log2(2 * size - 1));
  const half = inverse ? Math.PI : -Math.PI;
  // Squares modulo a whole turn, so that the angles stay exact.
  const angles = Array.from({ length: size }, (_, k) => (half * ((k * k) % (2 * size))) / size);
  const own: Complex = [vector(angles.map(Math.cos), 'float64'), vector(angles.map(Math.sin), 'float64')];
  const distances = Array.from({ length }, (_, k) => Math.min(k, length - k));
  const mirrored = (part: (angle: number) => number): Tensor =>
    vector(
      distances.map((k) => (k < size ? part(-angles[k]) : 0)),
      'float64',
    );
  const kernel = transform([mirrored(Math.cos), mirrored(Math.sin)], false);
  const turned = timesComplex(x, own).map((part) => resized(part, length)) as Complex;
  const product = timesComplex(transform(turned, false), kernel);
  const result = transform(product, true).map((part) => resized(part, size)) as Complex;
  return scaled(timesComplex(result, own), 1 / length);
}

/** The last axis cut, or filled up with zeros. */
function resized(x: Tensor, size: number): Tensor {
  const own = x.shape.at(-1)!;
  if (own > size) return partOf(x, x.rank - 1, 0, size);
  const none = x.shape.slice(0, -1).map(() => 0);
  return padWith(x, [...none, 0], [...none, size - own]);
}

const scaled = (x: Complex, by: number): Complex => x.map((part) => e.mul(part, scalar(by, part.dtype))) as Complex;

/** Half precision is transformed in single. */
const wide = (x: Tensor): Tensor['dtype'] => (x.dtype === 'float64' ? 'float64' : 'float32');
const complexOf = (op: string, x: ComplexLike): Complex => {
  const parts = partsOf(op, x);
  return castComplex(parts, wide(parts[0]));
};

/** The discrete Fourier transform along the last axis of a complex tensor, given and returned as [real, imaginary]. */
export const fft = publicOp('fft', (x: ComplexLike): Complex => transform(complexOf('fft', x), false));

function transform2(op: string, x: ComplexLike, inverse: boolean): Complex {
  const parts = complexOf(op, x);
  const { rank } = parts[0];
  if (rank < 2) throw new HornetError(op, `expected tensors of rank 2 or more, received rank ${rank}`);
  const axes = Array.from({ length: rank }, (_, i) => i);
  const swapped = [...axes.slice(0, -2), rank - 1, rank - 2];
  const swap = (both: Complex): Complex => both.map((part) => transposeTo(part, swapped)) as Complex;
  return swap(transform(swap(transform(parts, inverse)), inverse));
}

/** The discrete Fourier transform along the last two axes. */
export const fft2 = publicOp('fft2', (x: ComplexLike): Complex => transform2('fft2', x, false));

/** The inverse of `fft2`. */
export const ifft2 = publicOp('ifft2', (x: ComplexLike): Complex => {
  const [rows, columns] = x[0].shape.slice(-2);
  return scaled(transform2('ifft2', x, true), 1 / (rows * columns));
});

/** To which length the last axis is cut or filled up with zeros. */
export interface FftLengthArgs {
  /** Default: as it is; for `irfft` 2 · (size − 1). */
  readonly fftLength?: number | null;
}

const lengthOr = (op: string, given: number | null | undefined, otherwise: number): number => {
  const size = given ?? otherwise;
  if (Number.isInteger(size) && size > 0) return size;
  throw new HornetError(op, `expected fftLength to be a positive integer, received ${size}`);
};

function realTransform(x: Tensor, size: number): Complex {
  const value = resized(x, size);
  const parts = transform([value, fullLike(value, 0)], false);
  return parts.map((part) => resized(part, Math.floor(size / 2) + 1)) as Complex;
}

/** The first half of the transform of real numbers along the last axis: the other half mirrors it. */
export const rfft = publicOp('rfft', (x: TensorLike, options: FftLengthArgs = {}): Complex => {
  const value = toFloat(x);
  if (value.rank === 0) throw new HornetError('rfft', 'expected a tensor of rank 1 or more, received a scalar');
  return realTransform(convertToTensor(value, wide(value)), lengthOr('rfft', options.fftLength, value.shape.at(-1)!));
});

/** The real numbers whose transform begins with `x`. */
function inverseRealTransform(x: Complex, size: number): Tensor {
  const half = Math.floor(size / 2) + 1;
  // What is left away counts through its mirror image: twice, but for the ends, which are their own.
  const weights = Array.from({ length: half }, (_, k) => (k === 0 || 2 * k === size ? 1 : 2) / size);
  const weighted = x.map((part) => e.mul(resized(part, half), vector(weights, part.dtype)));
  return transform(weighted.map((part) => resized(part, size)) as Complex, true)[0];
}

/** The inverse of `rfft`. */
export const irfft = publicOp('irfft', (x: ComplexLike, options: FftLengthArgs = {}): Tensor => {
  const parts = complexOf('irfft', x);
  return inverseRealTransform(parts, lengthOr('irfft', options.fftLength, 2 * (parts[0].shape.at(-1)! - 1)));
});

/** Weights of the samples of a sequence, by name or one by one; null: none. */
export type StftWindow = 'hann' | 'hamming' | TensorLike | null;

/** How sequences are cut out of a signal, or put together. */
export interface StftArgs {
  /** Default `hann`. */
  readonly window?: StftWindow;
  /** Whether sequence i is centred at i · stride, the signal mirrored at its ends. Default true. */
  readonly center?: boolean;
}

/** Weights of a sequence, ones for none, in the middle of what is transformed. */
function windowOf(op: string, window: StftWindow, sequence: number, fftLength: number, like: Tensor): Tensor {
  if (typeof window === 'string' && window !== 'hann' && window !== 'hamming') {
    throw new HornetError(op, `expected window to be 'hann', 'hamming' or weights, received '${String(window)}'`);
  }
  const weights =
    typeof window === 'string' || window === null
      ? vector(windowValues(window ?? 'boxcar', sequence, true), like.dtype)
      : convertToTensor(window, like.dtype);
  if (weights.rank !== 1 || weights.size !== sequence) {
    const received = `shape [${weights.shape.join(', ')}]`;
    throw new HornetError(op, `expected window to have sequenceLength ${sequence} weights, received ${received}`);
  }
  const before = Math.floor((fftLength - sequence) / 2);
  return padWith(weights, [before], [fftLength - sequence - before]);
}

function checkLengths(op: string, sequence: number, stride: number, fftLength: number): void {
  checkShape(op, [sequence, stride, fftLength]);
  if (sequence < 1 || stride < 1 || fftLength < sequence) {
    const received = `${sequence}, ${stride} and ${fftLength}`;
    throw new HornetError(
      op,
      `expected positive lengths and fftLength not less than sequenceLength, received ${received}`,
    );
  }
}

/**
 * The short-time Fourier transform: of each of the overlapping sequences of the last axis, [..., samples] to
 * [..., sequences, fftLength / 2 + 1], as [real, imaginary].
 *
 * @param sequenceLength - Samples of a sequence.
 * @param sequenceStride - Samples between the beginnings of two.
 * @param fftLength - Sequences are filled up with zeros to this length.
 */
export const stft = publicOp(
  'stft',
  (
    x: TensorLike,
    sequenceLength: number,
    sequenceStride: number,
    fftLength: number,
    options: StftArgs = {},
  ): Complex => {
    const { window = 'hann', center = true } = options;
    const value = convertToTensor(x);
    if (value.dtype !== 'float32' && value.dtype !== 'float64') {
      throw new HornetError('stft', `expected float32 or float64, received ${value.dtype}`);
    }
    checkLengths('stft', sequenceLength, sequenceStride, fftLength);
    const weights = windowOf('stft', window, sequenceLength, fftLength, value);
    const half = Math.floor(fftLength / 2);
    const padding = value.shape.map((_, i): [number, number] => (i === value.rank - 1 ? [half, half] : [0, 0]));
    const signal = center ? pad(value, padding, { mode: 'reflect' }) : value;
    const sequences = extractSequences(signal, fftLength, sequenceStride);
    return realTransform(e.mul(sequences, weights), fftLength);
  },
);

/** How the signal is put together. */
export interface IstftArgs extends StftArgs {
  /** Samples of the result. Default: what the sequences give. */
  readonly length?: number | null;
}

/** Sequences added up where they overlap. */
function overlapped(x: Tensor, stride: number): Tensor {
  const [count, size] = x.shape.slice(-2);
  const total = (count - 1) * stride + size;
  const places = sequencePlaces(count, size, stride);
  return scatterAddAlong(filled([...x.shape.slice(0, -2), total], 0, x.dtype), places, x, x.rank - 2);
}

/** The inverse of `stft` with the same lengths and window. */
export const istft = publicOp(
  'istft',
  (
    x: ComplexLike,
    sequenceLength: number,
    sequenceStride: number,
    fftLength: number,
    options: IstftArgs = {},
  ): Tensor => {
    const { window = 'hann', center = true, length = null } = options;
    const parts = complexOf('istft', x);
    checkLengths('istft', sequenceLength, sequenceStride, fftLength);
    if (parts[0].rank < 2) throw new HornetError('istft', `expected rank 2 or more, received rank ${parts[0].rank}`);
    const frames = inverseRealTransform(parts, fftLength);
    const weights = window === null ? null : windowOf('istft', window, sequenceLength, fftLength, frames);
    const signal = overlapped(weights ? e.mul(frames, weights) : frames, sequenceStride);
    const count = frames.shape.at(-2)!;
    // A signal that is not centred is taken for a part of a longer one: its ends are not made up for.
    const beyond = center ? 0 : Math.ceil(fftLength / sequenceStride);
    const whole = weights ? e.div(signal, envelope(weights, count, sequenceStride, beyond)) : signal;
    const start = center ? Math.floor(fftLength / 2) : 0;
    const end = length === null ? whole.shape.at(-1)! - start : Math.min(start + length, whole.shape.at(-1)!);
    return partOf(whole, whole.rank - 1, start, Math.max(end, start));
  },
);

/** What the squares of `count` sequences' weights, and of some beyond either end, add up to at every sample; 1 for nothing. */
function envelope(weights: Tensor, count: number, stride: number, beyond: number): Tensor {
  const squares = e.mul(e.square(weights), filled([count + 2 * beyond, weights.size], 1, weights.dtype));
  const sums = overlapped(squares, stride);
  const own = partOf(sums, 0, beyond * stride, sums.size - beyond * stride);
  return e.select(e.less(own, scalar(1e-11, own.dtype)), fullLike(own, 1), own);
}
