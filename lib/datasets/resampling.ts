// How Pillow resizes images of bytes, which loadImg follows; data sets of images resize as TensorFlow does.
import { kernels } from '../ops/image/kernels.js';
import { croppedTo } from '../ops/image/aspect.js';
import { bothSides, weighedTaps, type Stretch, type Taps, type Weighing } from '../ops/image/taps.js';
import type { Plan } from './decode-image.js';

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

const filters = {
  bilinear: bothSides(kernels.bilinear),
  bicubic: bothSides(kernels.bicubic),
  lanczos: bothSides(kernels.lanczos3),
  box: { radius: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  hamming: { radius: 1, weight: (x) => (Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0) },
} satisfies Record<string, Weighing>;

/** Filters of `loadImg`; all but `nearest` average over all pixels when an image becomes smaller. */
export type ResamplingFilter = 'nearest' | keyof typeof filters;

export const resamplingFilters: readonly ResamplingFilter[] = [
  'nearest',
  ...(Object.keys(filters) as (keyof typeof filters)[]),
];

/** Steps from one pixel to the next are added up, as Pillow does: where one falls between two pixels, rounding decides. */
function nearestTaps(places: number, { start, size }: Stretch): readonly Taps[] {
  const step = size / places;
  let at = start + step / 2;
  return Array.from({ length: places }, () => {
    const first = Math.min(Math.floor(at), start + size - 1);
    at += step;
    return { first, weights: [1] };
  });
}

/** With weights of 22 bits, so that values round as they do in Pillow. */
const inBits = ({ first, weights }: Taps): Taps => ({
  first,
  weights: weights.map((weight) => Math.trunc(weight * 2 ** 22 + Math.sign(weight) * 0.5) / 2 ** 22),
});

/** The steps from an image of one size to another. `keepAspectRatio`: only of the part that has the new aspect ratio. */
export function resampling(
  image: readonly [number, number],
  size: readonly [number, number],
  filter: ResamplingFilter,
  keepAspectRatio: boolean,
): Plan {
  const { starts, sizes } = keepAspectRatio ? croppedTo(image, size) : { starts: [0, 0], sizes: image };
  const taps = size.map((places, axis) => {
    const stretch = { start: starts[axis], size: sizes[axis] };
    if (filter === 'nearest') return nearestTaps(places, stretch);
    return weighedTaps(image[axis], places, filters[filter], true, stretch).map(inBits);
  });
  return { size, taps, bytes: filter !== 'nearest' };
}
