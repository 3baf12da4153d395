// Draws 8 × 8 images in the terminal with block characters.
import type { TypedArray } from 'hornet';

const shades = [' ', '░', '▒', '▓', '█'];
const side = 8;

/**
 * Rows of digits side by side, each with what the network read and, where it is wrong, what was written.
 *
 * @param images - Ink from 0 to 1, 64 values a digit.
 */
export function drawDigits(
  images: TypedArray,
  labels: TypedArray,
  guesses: TypedArray,
  { count, perRow }: { count: number; perRow: number },
): string {
  const lines: string[] = [];
  for (let first = 0; first < count; first += perRow) {
    const row = Array.from({ length: Math.min(perRow, count - first) }, (_, i) => first + i);
    for (let y = 0; y < side; y++) lines.push(row.map((digit) => scanline(images, digit, y)).join('  '));
    lines.push(row.map((digit) => caption(Number(guesses[digit]), Number(labels[digit]))).join('  '), '');
  }
  return lines.join('\n').trimEnd();
}

function scanline(images: TypedArray, digit: number, y: number): string {
  const start = (digit * side + y) * side;
  return Array.from(images.subarray(start, start + side) as ArrayLike<number>, (ink) =>
    shades[Math.round(ink * (shades.length - 1))].repeat(2),
  ).join('');
}

function caption(guess: number, label: number): string {
  return `${guess === label ? '✓' : '✗'} ${guess}${guess === label ? '' : ` (a ${label})`}`
    .padStart(9)
    .padEnd(2 * side);
}
