// Random orders on the host, made while the device works.

/** Fisher–Yates with a small generator (mulberry32). */
export function shuffleInPlace<T>(values: { readonly length: number; [index: number]: T }, seed: number): void {
  let state = seed;
  for (let i = values.length - 1; i > 0; i--) {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    const j = Math.floor((((z ^ (z >>> 14)) >>> 0) / 2 ** 32) * (i + 1));
    [values[i], values[j]] = [values[j], values[i]];
  }
}
