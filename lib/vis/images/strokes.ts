// Lines with round ends in the pixels of an image.

/** An image to draw into: bytes [height, width, channels]. */
export interface Canvas {
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Horizontal and vertical place. */
export type Point = readonly [number, number];

/** How far a line reaches to both sides of its middle: an even thickness is rounded up, as in OpenCV. */
export const reachOf = (thickness: number): number => (thickness === 1 ? 0 : Math.floor((thickness + 1) / 2));

/** Draws from one point to another. */
export function stroke(canvas: Canvas, from: Point, to: Point, thickness: number, ink: readonly number[]): void {
  const reach = reachOf(thickness);
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const steps = Math.max(Math.abs(dx), Math.abs(dy));
  for (let step = 0; step <= steps; step++) {
    const part = steps === 0 ? 0 : step / steps;
    stamp(canvas, Math.round(from[0] + dx * part), Math.round(from[1] + dy * part), reach, ink);
  }
}

/** Fills a disc. */
function stamp(
  { pixels, height, width, channels }: Canvas,
  x: number,
  y: number,
  radius: number,
  ink: readonly number[],
) {
  for (let row = Math.max(y - radius, 0); row <= Math.min(y + radius, height - 1); row++) {
    const half = Math.floor(Math.sqrt(radius ** 2 - (row - y) ** 2));
    for (let column = Math.max(x - half, 0); column <= Math.min(x + half, width - 1); column++) {
      pixels.set(ink, (row * width + column) * channels);
    }
  }
}
