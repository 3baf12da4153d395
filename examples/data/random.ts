// Repeatable random numbers for generated data, on the host: the engine's own belong to the models.

/** A source of uniform numbers in [0, 1): mulberry32 (T. Ettinger, public domain). */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from 0 to `below` - 1. */
export const drawIndex = (random: () => number, below: number): number => Math.floor(random() * below);

/** One of several things. */
export const pick = <T>(random: () => number, items: readonly T[]): T => items[drawIndex(random, items.length)];

/** A normally distributed number (Box and Muller 1958). */
export const drawNormal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
