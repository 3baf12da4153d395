// Interpolation kernels: the weight of a pixel by its distance, for numbers known now and for tensors.
import type { Tensor } from '../../tensor.js';
import { sinc } from '../arithmetic.js';
import { add, less, min, mul, select } from '../elementwise.js';
import { scalar } from '../fill.js';

/** The weight at distances that are not negative. */
export interface Kernel {
  /** Pixels from this distance on have no weight. */
  readonly radius: number;
  readonly ofNumber: (x: number) => number;
  readonly ofTensor: (x: Tensor) => Tensor;
}

/** A polynomial for each unit of distance, coefficients from the constant on; 0 at the end of the last and beyond. */
const piecewise = (pieces: readonly (readonly number[])[]): Kernel => ({
  radius: pieces.length,
  ofNumber: (x) => (pieces[Math.floor(x)] ?? [0]).reduceRight((sum, coefficient) => sum * x + coefficient),
  ofTensor: (x) => {
    const constant = (value: number): Tensor => scalar(value, x.dtype);
    const near = min(x, constant(pieces.length));
    const valueOf = ([first, ...rest]: readonly number[]): Tensor =>
      rest.length === 0 ? constant(first) : add(mul(valueOf(rest), near), constant(first));
    const values = pieces.map(valueOf);
    return values.reduceRight((beyond, value, i) => select(less(near, constant(i + 1)), value, beyond));
  },
});

const sincOf = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** A sinc that fades to 0 at `radius`. */
const lanczos = (radius: number): Kernel => ({
  radius,
  ofNumber: (x) => (x < radius ? sincOf(x) * sincOf(x / radius) : 0),
  ofTensor: (x) => {
    const faded = mul(sinc(x), sinc(mul(x, scalar(1 / radius, x.dtype))));
    return select(less(x, scalar(radius, x.dtype)), faded, scalar(0, x.dtype));
  },
});

/** The kernels that resampling knows; the cubic one is that of Keys with a = −1/2. */
export const kernels = {
  bilinear: piecewise([[1, -1]]),
  bicubic: piecewise([
    [1, 0, -2.5, 1.5],
    [2, -4, 2.5, -0.5],
  ]),
  lanczos3: lanczos(3),
  lanczos5: lanczos(5),
} satisfies Record<string, Kernel>;
