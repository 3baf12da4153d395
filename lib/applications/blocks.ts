// What the networks are built of: the layers that all of them use, with their axis, and the arithmetic of widths.
import { imageDataFormat } from '../config.js';
import { batchNormalization, type BatchNormalizationArgs } from '../layers/batch-normalization.js';
import { zeroPadding2d } from '../layers/borders.js';
import { activation } from '../layers/core.js';
import { dense, type DenseArgs } from '../layers/dense.js';
import { add, concatenate } from '../layers/merging.js';
import { globalAveragePooling2d, globalMaxPooling2d } from '../layers/pooling.js';
import { KerasTensor } from '../models/keras-tensor.js';
import type { Tensor } from '../tensor.js';
import type { Site } from './application.js';

/** The axis of the channels, the batch counted. */
export const channelAxis = (): number => (imageDataFormat() === 'channels_first' ? 1 : 3);

const sizesOf = (x: Tensor): readonly (number | null)[] => (x instanceof KerasTensor ? x.symbolicShape : x.shape);

/** The number of channels. */
export const channelsOf = (x: Tensor): number => sizesOf(x)[channelAxis()]!;

/** Height and width, null where unknown. */
export function imageSize(x: Tensor): readonly (number | null)[] {
  const first = channelAxis() === 1 ? 2 : 1;
  return sizesOf(x).slice(first, first + 2);
}

/** Batch normalization of the channels. */
export const normalized = (x: Tensor, args: BatchNormalizationArgs): Tensor =>
  batchNormalization({ axis: channelAxis(), ...args })(x);

export const relu = (x: Tensor, name?: string): Tensor => activation('relu', { name })(x);

export const sum = (inputs: readonly Tensor[], name?: string): Tensor => add(inputs, { name });

/** One after the other along the channels. */
export const joined = (inputs: readonly Tensor[], name?: string): Tensor =>
  concatenate(inputs, { axis: channelAxis(), name });

/** Zeros around, as many on each side. */
export const padded = (x: Tensor, size: number, name?: string): Tensor => zeroPadding2d({ padding: size, name })(x);

/** Zeros in front of a convolution of stride 2 without padding, so that it sees what one with `same` padding sees. */
export function paddedForStride(x: Tensor, kernelSize: number, name?: string): Tensor {
  const after = Math.floor(kernelSize / 2);
  const padding = imageSize(x).map((size) => [after - (size === null ? 1 : 1 - (size % 2)), after]);
  return zeroPadding2d({ padding: padding as [[number, number], [number, number]], name })(x);
}

/** The multiple of `divisor` next to a number of channels, never less than 90 % of it. */
export function roundedChannels(channels: number, divisor = 8): number {
  const rounded = Math.max(divisor, Math.floor(Math.trunc(channels + divisor / 2) / divisor) * divisor);
  return rounded < 0.9 * channels ? rounded + divisor : rounded;
}

/** Names of the layers that pool features; automatic ones by default. */
export interface PoolNames {
  readonly avg?: string;
  readonly max?: string;
}

/** The usual names. */
export const poolNames: PoolNames = { avg: 'avg_pool', max: 'max_pool' };

/** Features without a classifier: pooled as the user wants, or as they are. */
export function pooledFeatures(x: Tensor, { pooling }: Site, names: PoolNames = {}): Tensor {
  if (pooling === 'avg') return globalAveragePooling2d({ name: names.avg })(x);
  return pooling === 'max' ? globalMaxPooling2d({ name: names.max })(x) : x;
}

/** The last layer. */
export const predictions = (x: Tensor, { classes, classifierActivation }: Site, args: DenseArgs = {}): Tensor =>
  dense(classes, { activation: classifierActivation, name: 'predictions', ...args })(x);

/** The usual end: mean over the image, then a dense layer; or pooled features. */
export function averageHead(x: Tensor, site: Site, top?: string, names: PoolNames = {}): Tensor {
  return site.includeTop ? predictions(globalAveragePooling2d({ name: top })(x), site) : pooledFeatures(x, site, names);
}
