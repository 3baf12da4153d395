// What a row of test/op-cases.ts is, and the numbers of its inputs.
import type { Tensor } from 'hornet';

/** One op on concrete inputs. */
export interface OpCase {
  readonly name: string;
  readonly fn: (...inputs: Tensor[]) => Tensor | Tensor[];
  readonly inputs: readonly Sample[];
  /** The first output, flat. */
  readonly want?: readonly number[];
  /** Whether gradients are compared with finite differences. Default true. */
  readonly grad?: boolean;
}

/** Numbers of an input. */
export interface Sample {
  readonly values: readonly number[];
  readonly shape: readonly number[];
}

/** Different numbers between `low` and `high`, always the same ones. */
export function sample(shape: readonly number[], low = -2, high = 2): Sample {
  const size = shape.reduce((a, b) => a * b, 1);
  // Multiples of the golden ratio modulo one keep their distance from each other.
  const values = Array.from({ length: size }, (_, i) => low + (high - low) * (((i + 1) * 0.6180339887) % 1));
  return { values, shape };
}

/** A vector of these numbers. */
export const of = (...values: number[]): Sample => ({ values, shape: [values.length] });
