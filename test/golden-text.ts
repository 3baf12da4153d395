// What Keras makes of text and categories, as scripts/make-text-golden.py recorded it.
import { readFileSync } from 'node:fs';

/** Nested arrays of numbers. */
export type Numbers = readonly (number | Numbers)[];

interface Hashes {
  readonly values: readonly string[];
  readonly plain: readonly string[];
  readonly salted: readonly string[];
}

interface Case {
  readonly options: Readonly<Record<string, unknown>>;
  readonly outputs: Numbers;
}

interface Golden {
  readonly hashes: {
    readonly strings: Hashes;
    readonly integers: Hashes;
    readonly cross: {
      readonly words: readonly string[];
      readonly numbers: readonly number[];
      readonly bins: readonly number[];
    };
  };
  readonly texts: readonly string[];
  readonly hashing: readonly (Case & { readonly values: never })[];
  readonly vectorization: readonly (Case & { readonly vocabulary: readonly string[] })[];
  readonly lookups: readonly (Case & {
    readonly vocabulary: readonly string[];
    readonly batches: readonly (readonly string[])[];
    readonly tokens: readonly (readonly string[])[];
  })[];
  readonly discretization: readonly {
    readonly bins: number;
    readonly epsilon: number;
    readonly batches: readonly (readonly number[])[];
    readonly boundaries: readonly number[];
  }[];
}

/** Reads the recorded cases. */
export const textGolden = (): Golden =>
  JSON.parse(readFileSync(new URL('./golden/text.json', import.meta.url), 'utf8')) as Golden;
