// Which pixels of a row make a new one when its length changes, and with what weights.
import { kernels } from './kernels.js';

/** How values between pixels are found; `area` averages over all that a new pixel covers. */
export type Interpolation = 'nearest' | 'area' | keyof typeof kernels;

export const interpolations: readonly Interpolation[] = [
  'nearest',
  'area',
  ...(Object.keys(kernels) as (keyof typeof kernels)[]),
];

/** Neighbouring pixels, from `first` on, with weights that sum to one. */
export interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/** For each of `places` new pixels, those of the `size` old ones that make it. */
export function interpolationTaps(
  size: number,
  places: number,
  method: Interpolation,
  antialias = false,
): readonly Taps[] {
  const scale = size / places;
  const tapsBetween = (from: number, to: number, weight: (i: number) => number): Taps => {
    const first = Math.max(0, Math.ceil(from));
    const last = Math.min(size - 1, Math.floor(to));
    const weights = Array.from({ length: last - first + 1 }, (_, i) => weight(first + i));
    const total = weights.reduce((sum, w) => sum + w, 0);
    return { first, weights: weights.map((w) => w / total) };
  };
  const tapsOf = (place: number): Taps => {
    if (method === 'nearest') {
      return { first: Math.min(Math.floor(((place + 0.5) * size) / places), size - 1), weights: [1] };
    }
    if (method === 'area') {
      const [from, to] = [place * scale, (place + 1) * scale];
      return tapsBetween(from - 1, to, (i) => Math.max(Math.min(to, i + 1) - Math.max(from, i), 0));
    }
    const kernel = kernels[method];
    const width = antialias ? Math.max(scale, 1) : 1;
    const center = (place + 0.5) * scale - 0.5;
    const reach = kernel.radius * width;
    return tapsBetween(center - reach, center + reach, (i) => kernel.ofNumber(Math.abs(center - i) / width));
  };
  return Array.from({ length: places }, (_, place) => tapsOf(place));
}
