// Draws 8 × 8 images in the terminal with block characters.
import type { TypedArray } from 'hornet';

const shades = [' ', '░', '▒', '▓', '█'];
const side = 8;

/** What the digits are, and what the network took them for. */
interface Captions {
  readonly labels: TypedArray;
  readonly guesses: TypedArray;
}

/**
 * Rows of digits side by side; with captions, each with what the network read and, where it is wrong, what was written.
 *
 * @param images - Ink from 0 to 1, 64 values a digit.
 */
export function drawDigits(
  images: TypedArray,
  { count, perRow, captions }: { count: number; perRow: number; captions?: Captions },
): string {
  const lines: string[] = [];
  for (let first = 0; first < count; first += perRow) {
    const row = Array.from({ length: Math.min(perRow, count - first) }, (_, i) => first + i);
    for (let y = 0; y < side; y++) lines.push(row.map((digit) => scanline(images, digit, y)).join('  '));
    if (captions) lines.push(row.map((digit) => caption(captions, digit)).join('  '));
    lines.push('');
  }
  return lines.join('\n').trimEnd();
}

function scanline(images: TypedArray, digit: number, y: number): string {
  const start = (digit * side + y) * side;
  return Array.from(images.subarray(start, start + side) as ArrayLike<number>, (ink) =>
    shades[Math.round(ink * (shades.length - 1))].repeat(2),
  ).join('');
}

function caption({ labels, guesses }: Captions, digit: number): string {
  const [guess, label] = [Number(guesses[digit]), Number(labels[digit])];
  return `${guess === label ? '✓' : '✗'} ${guess}${guess === label ? '' : ` (a ${label})`}`
    .padStart(9)
    .padEnd(2 * side);
}
