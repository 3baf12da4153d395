// What of an image fits another aspect ratio, and what it lacks to fit it. Sizes are [height, width].

/** The size along each axis that, with the whole other axis, has the wanted aspect ratio. */
const matching = ([height, width]: readonly number[], size: readonly number[]): number[] => [
  Math.floor((width * size[0]) / size[1]),
  Math.floor((height * size[1]) / size[0]),
];

/** The part in the middle that has the aspect ratio of `size`. */
export function croppedTo(image: readonly number[], size: readonly number[]): { starts: number[]; sizes: number[] } {
  const ideal = matching(image, size);
  const sizes = image.map((dim, i) => Math.max(Math.min(dim, ideal[i]), 1));
  return { sizes, starts: image.map((dim, i) => Math.floor((dim - sizes[i]) / 2)) };
}

/** Borders, as much on one side as on the other: an odd pixel is not added. */
export function paddedTo(image: readonly number[], size: readonly number[]): number[] {
  const ideal = matching(image, size);
  return image.map((dim, i) => Math.max(Math.floor((ideal[i] - dim) / 2), 0));
}

/** The largest image of the same aspect ratio in one of `size`, and where it stands there. */
export function fittedInto(image: readonly number[], size: readonly number[]): { starts: number[]; sizes: number[] } {
  const ratio = Math.max(...image.map((dim, i) => dim / size[i]));
  const exact = image.map((dim) => dim / ratio);
  return { sizes: exact.map(Math.floor), starts: exact.map((dim, i) => Math.max(0, Math.floor((size[i] - dim) / 2))) };
}
