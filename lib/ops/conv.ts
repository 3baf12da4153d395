// Convolutions in 1 to 3 dimensions: plain and grouped, transposed, depthwise, separable.
import { resultType } from '../dtype-promotion.js';
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { convertToTensor, promotableType, type TensorLike } from './convert.js';
import { conv as convolve, convInputGrad } from './conv-core.js';
import { publicOp } from './public-op.js';
import { reshapeTo } from './reshape-core.js';
import { perAxis, windowPadding, withChannelsLast, type PaddingMode, type PerAxis } from './window.js';

/** How a kernel moves over its input. */
export interface ConvOptions {
  /** Steps between two places of the kernel. Default 1. */
  readonly strides?: PerAxis;
  /** `valid` (default): only where the kernel fits; `same`: output size = ceil(size / stride); `causal`: 1-D only. */
  readonly padding?: PaddingMode;
  /** Default: `imageDataFormat()`. */
  readonly dataFormat?: 'channels_last' | 'channels_first' | null;
  /** Distance of neighbouring kernel elements. Default 1. */
  readonly dilationRate?: PerAxis;
}

function operands(op: string, inputs: TensorLike, kernel: TensorLike): [Tensor, Tensor] {
  const dtype = resultType(promotableType(inputs), promotableType(kernel));
  const [x, k] = [convertToTensor(inputs, dtype), convertToTensor(kernel, dtype)];
  if (x.rank < 3 || x.rank > 5 || k.rank !== x.rank) {
    const shapes = `[${x.shape.join(', ')}] and [${k.shape.join(', ')}]`;
    throw new HornetError(op, `expected inputs and kernel of one rank from 3 to 5, received shapes ${shapes}`);
  }
  return [x, k];
}

/** The channels-last convolution with Keras's options; `groups` null: as many as the channels call for. */
function slide(op: string, x: Tensor, kernel: Tensor, options: ConvOptions, groups: number | null): Tensor {
  const dims = x.rank - 2;
  const channels = x.shape[x.rank - 1];
  const perGroup = kernel.shape[dims];
  if (groups === null && channels % perGroup !== 0) {
    throw new HornetError(
      op,
      `expected a multiple of ${perGroup} input channels (kernel [${kernel.shape.join(', ')}]), received ${channels}`,
    );
  }
  const strides = perAxis(op, 'strides', options.strides ?? 1, dims);
  const dilation = perAxis(op, 'dilationRate', options.dilationRate ?? 1, dims);
  const sizes = x.shape.slice(1, -1);
  const padding = windowPadding(op, options.padding ?? 'valid', sizes, kernel.shape.slice(0, dims), strides, dilation);
  return convolve(x, kernel, { strides, ...padding, dilation, groups: groups ?? channels / perGroup });
}

/**
 * Convolution of inputs [N, …spatial, C] with a kernel [k…, C / groups, filters]. The number of groups follows from the
 * channels. Both operands are promoted to one dtype.
 *
 * @throws HornetError when channels or sizes do not fit.
 */
export const conv = publicOp('conv', (inputs: TensorLike, kernel: TensorLike, options: ConvOptions = {}): Tensor => {
  const [x, k] = operands('conv', inputs, kernel);
  return withChannelsLast('conv', options.dataFormat, x, (last) => slide('conv', last, k, options, null));
});

/** Convolves every channel with its own kernels: kernel [k…, C, multiplier], result of C · multiplier channels. */
export const depthwiseConv = publicOp(
  'depthwiseConv',
  (inputs: TensorLike, kernel: TensorLike, options: ConvOptions = {}): Tensor => {
    const [x, k] = operands('depthwiseConv', inputs, kernel);
    return withChannelsLast('depthwiseConv', options.dataFormat, x, (last) =>
      depthwise('depthwiseConv', last, k, options),
    );
  },
);

function depthwise(op: string, x: Tensor, kernel: Tensor, options: ConvOptions): Tensor {
  const [channels, multiplier] = kernel.shape.slice(-2);
  const grouped = reshapeTo(kernel, [...kernel.shape.slice(0, -2), 1, channels * multiplier]);
  return slide(op, x, grouped, options, channels);
}

/** A depthwise convolution followed by one of kernel size 1: pointwise kernel [1…, C · multiplier, filters]. */
export const separableConv = publicOp(
  'separableConv',
  (inputs: TensorLike, depthwiseKernel: TensorLike, pointwiseKernel: TensorLike, options: ConvOptions = {}): Tensor => {
    const [x, depth] = operands('separableConv', inputs, depthwiseKernel);
    const [, point] = operands('separableConv', x, pointwiseKernel);
    return withChannelsLast('separableConv', options.dataFormat, x, (last) => {
      const spread = depthwise('separableConv', last, depth, options);
      return slide('separableConv', spread, point, {}, 1);
    });
  },
);

/** Options of a transposed convolution. */
export interface ConvTransposeOptions extends Omit<ConvOptions, 'padding'> {
  readonly padding?: 'valid' | 'same';
  /** Elements added at the end of every axis, fewer than the stride. Default: `same` gives size · stride. */
  readonly outputPadding?: PerAxis | null;
}

/** Output size of a transposed convolution along one axis, and how much of its start is cut off. */
export function transposedSize(
  size: number,
  window: number,
  stride: number,
  padding: 'valid' | 'same',
  extra: number | null,
): { size: number; lo: number } {
  const full = (size - 1) * stride;
  if (padding === 'valid') return { size: full + window + (extra ?? Math.max(stride - window, 0)), lo: 0 };
  const around = extra === null ? stride + window - 2 : window + (window % 2) - 2 + extra;
  return { size: full + 2 + around - window, lo: Math.max(window - 1 - Math.ceil(around / 2), 0) };
}

/**
 * Transposed convolution (the gradient of `conv` in its input): inputs [N, …spatial, C], kernel [k…, filters, C].
 *
 * @throws HornetError when channels do not fit or `outputPadding` is not below the stride.
 */
export const convTranspose = publicOp(
  'convTranspose',
  (inputs: TensorLike, kernel: TensorLike, options: ConvTransposeOptions = {}): Tensor => {
    const op = 'convTranspose';
    const [x, k] = operands(op, inputs, kernel);
    return withChannelsLast(op, options.dataFormat, x, (last) => {
      const dims = last.rank - 2;
      const strides = perAxis(op, 'strides', options.strides ?? 1, dims);
      const dilation = perAxis(op, 'dilationRate', options.dilationRate ?? 1, dims);
      const padding = (options.padding ?? 'valid').toLowerCase();
      if (padding !== 'valid' && padding !== 'same') {
        throw new HornetError(op, `expected padding to be 'valid' or 'same', received '${padding}'`);
      }
      const { outputPadding = null } = options;
      const extra = outputPadding === null ? null : perAxis(op, 'outputPadding', outputPadding, dims, 0);
      strides.forEach((stride, i) => {
        if (extra && extra[i] >= stride) {
          throw new HornetError(op, `expected outputPadding to be below the stride ${stride}, received ${extra[i]}`);
        }
      });
      const reach = k.shape.slice(0, dims).map((n, i) => (n - 1) * dilation[i] + 1);
      const places = last.shape.slice(1, -1);
      const out = places.map((n, i) => transposedSize(n, reach[i], strides[i], padding, extra && extra[i]));
      const lo = out.map((axis) => axis.lo);
      const hi = out.map(({ size }, i) => Math.max((places[i] - 1) * strides[i] + reach[i] - size - lo[i], 0));
      const shape = [last.shape[0], ...out.map(({ size }) => size), k.shape[dims]];
      return convInputGrad(last, k, shape, { strides, lo, hi, dilation, groups: 1 });
    });
  },
);
