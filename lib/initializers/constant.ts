// Initializers without randomness: zeros, ones, a constant, the identity, a Fourier transform.
import type { DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { convertToTensor } from '../ops/convert.js';
import { cast, eye, full, multiply, ones as onesOf, zeros as zerosOf } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import { tensor, type NestedArray, type Tensor } from '../tensor.js';
import { windowName, windowValues } from '../ops/signal-windows.js';
import { Initializer } from './initializer.js';

/** All zero. */
export class Zeros extends Initializer {
  static readonly className = 'Zeros';

  call(shape: readonly number[], dtype: DType): Tensor {
    return zerosOf(shape, { dtype });
  }
}
registerSerializable('keras.initializers', Zeros);

/** All one. */
export class Ones extends Initializer {
  static readonly className = 'Ones';

  call(shape: readonly number[], dtype: DType): Tensor {
    return onesOf(shape, { dtype });
  }
}
registerSerializable('keras.initializers', Ones);

/** A number, or an array that broadcasts to the weight. */
export interface ConstantArgs {
  /** Default 0. */
  readonly value?: number | NestedArray;
}

/** The same value everywhere. */
export class Constant extends Initializer {
  static readonly className = 'Constant';
  readonly value: number | NestedArray;

  constructor(args: number | ConstantArgs = {}) {
    super();
    this.value = typeof args === 'number' ? args : (args.value ?? 0);
  }

  call(shape: readonly number[], dtype: DType): Tensor {
    return full(shape, this.value, { dtype });
  }

  override getConfig(): Record<string, unknown> {
    return { value: this.value };
  }
}
registerSerializable('keras.initializers', Constant);

/** Ones on the diagonal of a matrix, times `gain`. */
export class Identity extends Initializer {
  static readonly className = 'Identity';
  readonly gain: number;

  constructor(args: { readonly gain?: number } = {}) {
    super();
    this.gain = args.gain ?? 1;
  }

  /** @throws HornetError unless the shape is that of a matrix. */
  call(shape: readonly number[], dtype: DType): Tensor {
    if (shape.length !== 2) {
      throw new HornetError('Identity', `expected the shape of a matrix, received [${shape.join(', ')}]`);
    }
    return cast(multiply(this.gain, eye(shape[0], { M: shape[1], dtype })), dtype);
  }

  override getConfig(): Record<string, unknown> {
    return { gain: this.gain };
  }
}
registerSerializable('keras.initializers', Identity);

/** Options of the transform's kernel, all but its side. */
export interface SpectralArgs {
  /** Name of the window, its values, or null for none. Default `hann`. */
  readonly window?: string | readonly number[] | null;
  /** Scale the window to unit power (`density`, default), unit sum (`spectrum`) or not at all (null). */
  readonly scaling?: 'density' | 'spectrum' | null;
  /** Whether the window is one period of a repeating one. Default false. */
  readonly periodic?: boolean;
}

export interface STFTArgs extends SpectralArgs {
  /** Which part of the complex transform. Default `real`. */
  readonly side?: 'real' | 'imag';
}

/** The kernel of a convolution that computes a short-time Fourier transform: shape [frame, 1, frequencies]. */
export class STFT extends Initializer {
  static readonly className = 'STFT';
  readonly side: 'real' | 'imag';
  readonly window: string | readonly number[] | null;
  readonly scaling: 'density' | 'spectrum' | null;
  readonly periodic: boolean;

  /** @throws HornetError for an unknown side, window or scaling. */
  constructor(args: STFTArgs = {}) {
    super();
    const { side = 'real', window = 'hann', scaling = 'density', periodic = false } = args;
    if (side !== 'real' && side !== 'imag') {
      throw new HornetError('STFT', `expected side to be 'real' or 'imag', received '${String(side)}'`);
    }
    if (scaling !== null && scaling !== 'density' && scaling !== 'spectrum') {
      throw new HornetError(
        'STFT',
        `expected scaling to be 'density', 'spectrum' or null, received '${String(scaling)}'`,
      );
    }
    if (typeof window === 'string') windowName('STFT', window);
    this.side = side;
    this.window = window;
    this.scaling = scaling;
    this.periodic = periodic;
  }

  /** @throws HornetError unless the shape is [frame, 1, fftSize / 2 + 1]. */
  call(shape: readonly number[], dtype: DType): Tensor {
    const [frame, middle, bins] = shape;
    if (shape.length !== 3 || middle !== 1) {
      throw new HornetError('STFT', `expected a shape [frame, 1, fftSize / 2 + 1], received [${shape.join(', ')}]`);
    }
    const weights = this.weights(frame);
    const values = new Float64Array(frame * bins);
    const wave = this.side === 'real' ? Math.cos : Math.sin;
    for (let time = 0; time < frame; time++) {
      for (let bin = 0; bin < bins; bin++) {
        const angle = (-2 * Math.PI * time * bin) / ((bins - 1) * 2);
        values[time * bins + bin] = wave(angle) * weights[time];
      }
    }
    return convertToTensor(tensor(values, [...shape]), dtype);
  }

  /** The window, scaled. */
  private weights(frame: number): readonly number[] {
    if (this.window === null) return Array<number>(frame).fill(1);
    const values = typeof this.window === 'string' ? windowValues(this.window, frame, this.periodic) : [...this.window];
    if (values.length !== frame) {
      throw new HornetError('STFT', `expected a window of ${frame} values, received ${values.length}`);
    }
    const power = Math.sqrt(values.reduce((sum, w) => sum + w * w, 0));
    const total = values.reduce((sum, w) => sum + Math.abs(w), 0);
    const scale = this.scaling === 'density' ? power : this.scaling === 'spectrum' ? total : 1;
    return values.map((w) => w / scale);
  }

  override getConfig(): Record<string, unknown> {
    return { side: this.side, window: this.window, periodic: this.periodic, scaling: this.scaling };
  }
}
registerSerializable('keras.initializers', STFT);

/** Makes a `Zeros` initializer. */
export const zeros = (): Zeros => new Zeros();
/** Makes a `Ones` initializer. */
export const ones = (): Ones => new Ones();
/** Makes a `Constant` initializer. */
export const constant = (args?: number | ConstantArgs): Constant => new Constant(args);
/** Makes an `Identity` initializer. */
export const identity = (args?: { readonly gain?: number }): Identity => new Identity(args);
/** Makes an `STFT` initializer. */
export const stft = (args?: STFTArgs): STFT => new STFT(args);
