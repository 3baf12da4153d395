// Seeds: the global one, and generators whose counter is device state. What is drawn from them is in random.ts.
import { currentDevice, perDevice } from './device.js';
import { HornetError } from './errors.js';
import { postponed, whenNeeded } from './graph/pending.js';
import { convertToTensor } from './ops/convert.js';
import { add } from './ops/elementwise.js';
import type { Tensor } from './tensor.js';
import { Variable } from './variable.js';

let globalState: Uint32Array | null = null;

/** Makes everything random that follows reproducible: initializers, dropout, shuffling. */
export function setRandomSeed(seed: number): void {
  if (!Number.isInteger(seed) || seed < 0) {
    throw new HornetError('setRandomSeed', `expected a non-negative integer, received ${seed}`);
  }
  globalState = Uint32Array.of(seed, 0);
}

/** The state of the global sequence of seeds; null where none was set. Internal. */
export const globalSeedState = (): number[] | null => globalState && Array.from(globalState);

/** Puts the global sequence back where it was. Internal. */
export function setGlobalSeedState(state: readonly number[]): void {
  globalState = Uint32Array.from(state);
}

/** A fresh seed: the next of the global sequence, or by chance where none was set. */
export function makeSeed(): number {
  if (!globalState) return Math.floor(Math.random() * 2 ** 31);
  globalState[1]++;
  // splitmix32 of both words: consecutive seeds must not give related streams.
  let z = (Math.imul(globalState[0] ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(globalState[1], 0x9e3779b9)) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return ((z ^ (z >>> 15)) >>> 0) % 2 ** 31;
}

/** A stream of random numbers. Its state is on the device, so that programs draw new numbers at every run. */
export class SeedGenerator {
  /** (seed, counter). */
  readonly state: Variable;
  readonly seed: number;

  constructor(seed?: number | null, options: { readonly name?: string } = {}) {
    if (seed !== null && seed !== undefined && !(Number.isInteger(seed) && seed >= 0)) {
      throw new HornetError('seedGenerator', `expected seed to be a non-negative integer, received ${seed}`);
    }
    this.seed = seed ?? makeSeed();
    const initial = postponed(() => tensorOf([this.seed, 0]));
    const name = options.name ?? 'seed_generator_state';
    this.state = new Variable(initial, { name, trainable: false, adopt: true });
  }

  /** The state for one draw; the next call gives another. */
  next(): Tensor {
    const state = this.state.value;
    this.state.assign(add(state, tensorOf([0, 1])));
    return state;
  }

  getConfig(): Record<string, unknown> {
    return { seed: this.seed };
  }
}

const tensorOf = (values: readonly number[]): Tensor =>
  whenNeeded([values.length], 'uint32', () => convertToTensor(Uint32Array.from(values), 'uint32'));

/** A seed: a number (the same numbers at every call), a generator, or none (the global generator). */
export type Seed = number | SeedGenerator | null | undefined;

interface GlobalGenerator {
  from: Uint32Array | null;
  generator: SeedGenerator;
}

/** The global generator of each device, which begins anew with each `setRandomSeed`. */
const globalGenerator = perDevice((): GlobalGenerator => ({ from: globalState, generator: new SeedGenerator() }));

/** The state for one draw from what the user gave as seed. */
export function drawSeed(seed: Seed): Tensor {
  if (seed instanceof SeedGenerator) return seed.next();
  if (typeof seed === 'number') return tensorOf([seed, 0]);
  const current = globalGenerator(currentDevice());
  if (current.from !== globalState) Object.assign(current, { from: globalState, generator: new SeedGenerator() });
  return current.generator.next();
}

/** The state of another stream: one draw may need several that know nothing of each other. */
export const forkSeed = (state: Tensor, stream: number): Tensor =>
  add(state, tensorOf([Math.imul(stream, 0x9e3779b1) >>> 0, 0]));
