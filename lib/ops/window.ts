// Sliding windows: how strides, dilation and padding turn input sizes into output sizes, and channels_first into last.
import { checkDataFormat } from '../config.js';
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { transposeTo } from './movement.js';

/** One number for all spatial axes, or one for each. */
export type PerAxis = number | readonly number[];

/** A number per spatial axis. Throws a `HornetError` unless all are integers of at least `least`. */
export function perAxis(where: string, name: string, value: PerAxis, rank: number, least = 1): number[] {
  const list = typeof value === 'number' ? Array<number>(rank).fill(value) : [...value];
  if (list.length !== rank || list.some((n) => !Number.isInteger(n) || n < least)) {
    const kind = least > 0 ? 'a positive integer' : 'a non-negative integer';
    throw new HornetError(
      where,
      `expected ${name} to be ${kind} or ${rank} of them, received ${JSON.stringify(value)}`,
    );
  }
  return list;
}

/** Padding before and after every spatial axis. */
export interface Padding {
  readonly lo: number[];
  readonly hi: number[];
}

/** What `padding` may be named. `causal` pads in front only, so that no output sees a later input. */
export type PaddingMode = 'valid' | 'same' | 'causal';

/** The padding of a window of `window` elements, `dilation` apart, moved by `strides`. */
export function windowPadding(
  where: string,
  mode: string,
  sizes: readonly number[],
  window: readonly number[],
  strides: readonly number[],
  dilation: readonly number[],
): Padding {
  const chosen = mode.toLowerCase();
  if (chosen === 'valid') return { lo: sizes.map(() => 0), hi: sizes.map(() => 0) };
  const reach = window.map((n, i) => (n - 1) * dilation[i] + 1);
  if (chosen === 'causal' && sizes.length === 1) return { lo: [reach[0] - 1], hi: [0] };
  if (chosen !== 'same') {
    const known = sizes.length === 1 ? `'valid', 'same' or 'causal'` : `'valid' or 'same'`;
    throw new HornetError(where, `expected padding to be ${known}, received '${mode}'`);
  }
  const total = sizes.map((size, i) => Math.max((Math.ceil(size / strides[i]) - 1) * strides[i] + reach[i] - size, 0));
  return { lo: total.map((n) => Math.floor(n / 2)), hi: total.map((n) => Math.ceil(n / 2)) };
}

/** How many places a window has along every axis. Throws a `HornetError` where it does not fit once. */
export function windowPlaces(
  where: string,
  sizes: readonly number[],
  window: readonly number[],
  strides: readonly number[],
  { lo, hi }: { readonly lo: readonly number[]; readonly hi: readonly number[] },
  dilation: readonly number[] = window.map(() => 1),
): number[] {
  return sizes.map((size, i) => {
    const reach = (window[i] - 1) * dilation[i] + 1;
    const places = Math.floor((size + lo[i] + hi[i] - reach) / strides[i]) + 1;
    if (places < 1) {
      throw new HornetError(where, `a window of ${reach} does not fit spatial axis ${i} of size ${size}`);
    }
    return places;
  });
}

/** Runs `body` on the channels-last form of `x`, whatever form that is in, and gives the result the form of `x`. */
export function withChannelsLast(
  where: string,
  dataFormat: string | null | undefined,
  x: Tensor,
  body: (x: Tensor) => Tensor,
): Tensor {
  if (checkDataFormat(dataFormat, where) === 'channels_last') return body(x);
  return channelsToFront(body(channelsToBack(x)));
}

/** [N, C, …] as [N, …, C]. */
export const channelsToBack = (x: Tensor): Tensor => transposeTo(x, [0, ...spatialAxes(x, 2), 1]);

/** [N, …, C] as [N, C, …]. */
export const channelsToFront = (x: Tensor): Tensor => transposeTo(x, [0, x.rank - 1, ...spatialAxes(x, 1)]);

const spatialAxes = (x: Tensor, first: number): number[] => Array.from({ length: x.rank - 2 }, (_, i) => first + i);
