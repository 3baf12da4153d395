// The random orders of NumPy's `RandomState`, which decide what belongs to training and what to testing: the Mersenne
// Twister (Matsumoto and Nishimura, 1998), seeded with one number, and numbers below a limit by masks and rejection.

const WORDS = 624;
const AHEAD = 397;

/** A generator whose orders are those of `numpy.random.RandomState(seed).shuffle`. */
export class RandomState {
  readonly #words = new Uint32Array(WORDS);
  #next = WORDS;

  /** @param seed - 32 bits. */
  constructor(seed: number) {
    this.#words[0] = seed;
    for (let i = 1; i < WORDS; i++) {
      const before = this.#words[i - 1];
      this.#words[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
  }

  /** The numbers below `length`, shuffled. */
  permutation(length: number): Int32Array {
    const order = Int32Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = this.#upTo(i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /** A number from 0 to `most`: as many bits as that has, drawn again while they are more. */
  #upTo(most: number): number {
    const mask = 2 ** (32 - Math.clz32(most)) - 1;
    for (;;) {
      const value = (this.#uint32() & mask) >>> 0;
      if (value <= most) return value;
    }
  }

  #uint32(): number {
    if (this.#next === WORDS) this.#twist();
    let word = this.#words[this.#next++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return word ^ (word >>> 18);
  }

  #twist(): void {
    const words = this.#words;
    for (let i = 0; i < WORDS; i++) {
      const joined = (words[i] & 0x80000000) | (words[(i + 1) % WORDS] & 0x7fffffff);
      words[i] = words[(i + AHEAD) % WORDS] ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}
