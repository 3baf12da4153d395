// Which pixels of a row make a new one when its length changes, and with what weights.
import { kernels, type Kernel } from './kernels.js';

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

/** The weight of a pixel by how far it lies behind the place that is looked for; none from `radius` on. */
export interface Weighing {
  readonly radius: number;
  readonly weight: (offset: number) => number;
}

/** A stretch of an axis. */
export interface Stretch {
  readonly start: number;
  readonly size: number;
}

const tapsBetween = (size: number, from: number, to: number, weight: (i: number) => number): Taps => {
  const first = Math.max(0, Math.ceil(from));
  const last = Math.min(size - 1, Math.floor(to));
  const weights = Array.from({ length: last - first + 1 }, (_, i) => weight(first + i));
  const total = weights.reduce((sum, w) => sum + w, 0);
  return { first, weights: weights.map((w) => w / total) };
};

/**
 * The taps of `places` new pixels for a stretch of `size` old ones; those beside it take part.
 *
 * @param antialias - Whether the radius grows where there are fewer new pixels than old ones.
 */
export function weighedTaps(
  size: number,
  places: number,
  { radius, weight }: Weighing,
  antialias: boolean,
  stretch: Stretch = { start: 0, size },
): readonly Taps[] {
  const scale = stretch.size / places;
  const width = antialias ? Math.max(scale, 1) : 1;
  return Array.from({ length: places }, (_, place) => {
    const center = stretch.start + (place + 0.5) * scale - 0.5;
    return tapsBetween(size, center - radius * width, center + radius * width, (i) => weight((i - center) / width));
  });
}

/** The weights of a kernel on both sides. */
export const bothSides = ({ radius, ofNumber }: Kernel): Weighing => ({
  radius,
  weight: (offset) => ofNumber(Math.abs(offset)),
});

/** For each of `places` new pixels, those of the `size` old ones that make it. */
export function interpolationTaps(
  size: number,
  places: number,
  method: Interpolation,
  antialias = false,
): readonly Taps[] {
  if (method === 'nearest') {
    return Array.from({ length: places }, (_, place) => ({
      first: Math.min(Math.floor(((place + 0.5) * size) / places), size - 1),
      weights: [1],
    }));
  }
  if (method !== 'area') return weighedTaps(size, places, bothSides(kernels[method]), antialias);
  const scale = size / places;
  return Array.from({ length: places }, (_, place) => {
    const [from, to] = [place * scale, (place + 1) * scale];
    return tapsBetween(size, from - 1, to, (i) => Math.max(Math.min(to, i + 1) - Math.max(from, i), 0));
  });
}
