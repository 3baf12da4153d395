// Layers that turn signals into spectrograms: STFTSpectrogram by convolution, with kernels that may be trained; MelSpectrogram.
import { checkDataFormat, epsilon, type DataFormat } from '../config.js';
import { isFloat } from '../dtype.js';
import { HornetError } from '../errors.js';
import { STFT, type SpectralArgs } from '../initializers/index.js';
import * as ops from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import { tensor, type Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { checkPositive } from './conv.js';
import { Layer, type Config, type LayerArgs } from './layer.js';

/** What a spectrogram shows of each complex number. */
export type SpectrogramMode = 'log' | 'magnitude' | 'psd' | 'real' | 'imag' | 'angle' | 'stft';
const modes: readonly SpectrogramMode[] = ['log', 'magnitude', 'psd', 'real', 'imag', 'angle', 'stft'];

/** Options of `stftSpectrogram`. */
export interface STFTSpectrogramArgs extends LayerArgs, SpectralArgs {
  /** Default `log`, the logarithm of the magnitude. `stft` gives real and imaginary parts behind each other. */
  readonly mode?: SpectrogramMode;
  /** Samples of a frame. Default 256. */
  readonly frameLength?: number;
  /** Samples between the beginnings of two frames. Default half of `frameLength`. */
  readonly frameStep?: number | null;
  /** Frames are filled up with zeros to this length. Default the next power of two. */
  readonly fftLength?: number | null;
  /** Default `valid`. */
  readonly padding?: 'valid' | 'same';
  /** Keep channels and frequencies in axes of their own, as images have them. Default false. */
  readonly expandDims?: boolean;
  /** Default: `imageDataFormat()`. */
  readonly dataFormat?: DataFormat | null;
}

/**
 * The short-time Fourier transform of signals [batch, time, channels], each channel by itself: [batch, frames, channels ·
 * frequencies], or with `expandDims` [batch, frames, frequencies, channels].
 */
export class STFTSpectrogram extends Layer {
  static readonly className: string = 'STFTSpectrogram';
  readonly mode: SpectrogramMode;
  readonly frameLength: number;
  readonly frameStep: number | null;
  readonly fftLength: number | null;
  readonly window: string | readonly number[] | null;
  readonly periodic: boolean;
  readonly scaling: 'density' | 'spectrum' | null;
  readonly padding: 'valid' | 'same';
  readonly expandDims: boolean;
  readonly dataFormat: DataFormat;
  private readonly initializers: Record<'real' | 'imag', STFT>;
  private realKernel: Variable | null = null;
  private imagKernel: Variable | null = null;

  /** @throws HornetError for unknown modes, paddings, scalings or windows, and lengths that do not fit each other. */
  constructor(args: STFTSpectrogramArgs = {}) {
    super(args);
    const { mode = 'log', frameLength = 256, frameStep = null, fftLength = null, padding = 'valid' } = args;
    const { window = 'hann', periodic = false, scaling = 'density', expandDims = false } = args;
    checkPositive('stftSpectrogram', 'frameLength', frameLength);
    if (frameStep !== null) checkPositive('stftSpectrogram', 'frameStep', frameStep);
    if ((frameStep ?? 1) > frameLength || (fftLength ?? frameLength) < frameLength) {
      throw new HornetError(
        'stftSpectrogram',
        `expected frameStep ≤ frameLength ≤ fftLength, received ${frameStep}, ${frameLength} and ${fftLength}`,
      );
    }
    if (!modes.includes(mode)) {
      throw new HornetError('stftSpectrogram', `expected mode to be one of ${modes.join(', ')}, received '${mode}'`);
    }
    if (!['valid', 'same'].includes(padding)) {
      throw new HornetError('stftSpectrogram', `expected padding to be 'valid' or 'same', received '${padding}'`);
    }
    const kernel = (side: 'real' | 'imag'): STFT => new STFT({ side, window, scaling, periodic });
    this.initializers = { real: kernel('real'), imag: kernel('imag') };
    this.mode = mode;
    this.frameLength = frameLength;
    this.frameStep = frameStep;
    this.fftLength = fftLength;
    this.window = window;
    this.periodic = periodic;
    this.scaling = scaling;
    this.padding = padding;
    this.expandDims = expandDims;
    this.dataFormat = checkDataFormat(args.dataFormat, 'stftSpectrogram');
    this.inputSpec = { rank: 3 };
  }

  override build(): void {
    const fftLength = this.fftLength ?? 2 ** Math.ceil(Math.log2(this.frameLength));
    const shape = [this.frameLength, 1, Math.floor(fftLength / 2) + 1];
    const weight = (side: 'real' | 'imag'): Variable =>
      this.addWeight({ name: `${side}_kernel`, shape, initializer: this.initializers[side] });
    if (this.mode !== 'imag') this.realKernel = weight('real');
    if (this.mode !== 'real') this.imagKernel = weight('imag');
  }

  override call(inputs: Tensor): Tensor {
    if (!isFloat(inputs.dtype)) {
      throw new HornetError('stftSpectrogram', `expected floats, received ${inputs.dtype}`);
    }
    const signal = this.dataFormat === 'channels_last' ? ops.swapaxes(inputs, 1, 2) : inputs;
    const [real, imag] = [this.realKernel, this.imagKernel].map((kernel) => kernel && this.transform(signal, kernel));
    return this.arrange(this.show(real!, imag!));
  }

  /** [batch, channels, time] to [batch, channels, frames, frequencies]. */
  private transform(signal: Tensor, kernel: Variable): Tensor {
    const [batch, channels, time] = signal.shape;
    const frames = ops.conv(ops.reshape(signal, [batch * channels, time, 1]), ops.cast(kernel, signal.dtype), {
      strides: this.frameStep ?? Math.floor(this.frameLength / 2),
      padding: this.padding,
      dataFormat: 'channels_last',
    });
    return ops.reshape(frames, [batch, channels, ...frames.shape.slice(1)]);
  }

  /** What the mode shows; a part that it does not need is null. */
  private show(real: Tensor, imag: Tensor): Tensor {
    if (this.mode === 'real') return real;
    if (this.mode === 'imag') return imag;
    if (this.mode === 'angle') return ops.arctan2(imag, real);
    if (this.mode === 'stft') return ops.concatenate([real, imag], { axis: -1 });
    const power = ops.add(ops.square(real), ops.square(imag));
    if (this.mode === 'psd') {
      // All but the ends stand for their mirror images, too.
      const inner = ops.slice(power, [0, 0, 0, 1], [...power.shape.slice(0, 3), power.shape[3] - 2]);
      const none: [number, number] = [0, 0];
      return ops.add(power, ops.pad(inner, [none, none, none, [1, 1]]));
    }
    const magnitude = ops.sqrt(ops.maximum(power, epsilon()));
    return this.mode === 'magnitude' ? magnitude : ops.log(ops.maximum(magnitude, epsilon()));
  }

  /** The axes as data format and `expandDims` say. */
  private arrange(x: Tensor): Tensor {
    const [batch, channels, frames, bins] = x.shape;
    const isLast = this.dataFormat === 'channels_last';
    if (this.expandDims) return isLast ? ops.moveaxis(x, 1, -1) : x;
    return isLast
      ? ops.reshape(ops.moveaxis(x, 1, 2), [batch, frames, channels * bins])
      : ops.reshape(ops.swapaxes(x, 2, 3), [batch, channels * bins, frames]);
  }

  override getConfig(): Config {
    const { mode, frameLength, frameStep, fftLength, window, periodic, scaling, padding, dataFormat, expandDims } =
      this;
    const own = { mode, frameLength, frameStep, fftLength, window, periodic, scaling, padding, dataFormat, expandDims };
    return { ...super.getConfig(), ...own };
  }
}

registerSerializable('keras.layers', STFTSpectrogram);

/** Makes spectrograms of signals by a convolution whose kernels may be trained. */
export const stftSpectrogram = (args?: STFTSpectrogramArgs): STFTSpectrogram => new STFTSpectrogram(args);

/** Options of `melSpectrogram`. */
export interface MelSpectrogramArgs extends LayerArgs {
  /** Sequences are filled up with zeros to this length. Default 2048. */
  readonly fftLength?: number;
  /** Samples between the beginnings of two sequences. Default 512. */
  readonly sequenceStride?: number;
  /** Samples of a sequence. Default `fftLength`. */
  readonly sequenceLength?: number | null;
  /** Weights of a sequence's samples. Default `hann`. */
  readonly window?: 'hann' | 'hamming' | readonly number[] | null;
  /** Samples per second. Default 16000. */
  readonly samplingRate?: number;
  /** Bands of the result. Default 128. */
  readonly numMelBins?: number;
  /** Hertz where the lowest band begins. Default 20. */
  readonly minFreq?: number;
  /** Hertz where the highest band ends. Default half of `samplingRate`. */
  readonly maxFreq?: number | null;
  /** Whether the result is in decibels. Default true. */
  readonly powerToDb?: boolean;
  /** Decibels below the largest value that are shown. Default 80. */
  readonly topDb?: number;
  /** Power of the magnitudes. Default 2. */
  readonly magExp?: number;
  /** Least power. Default 1e-10. */
  readonly minPower?: number;
  /** The power that is 0 decibels. Default 1. */
  readonly refPower?: number;
}

/** Mels, a scale of pitch, of a frequency in hertz. */
const melsOf = (hertz: number): number => 1127 * Math.log(1 + hertz / 700);

/** Signals [..., time] as the power in bands of equal pitch: [..., bands, sequences]. */
export class MelSpectrogram extends Layer {
  static readonly className: string = 'MelSpectrogram';
  private readonly options: Required<Omit<MelSpectrogramArgs, keyof LayerArgs>> & {
    readonly sequenceLength: number;
    readonly maxFreq: number;
  };

  /** @throws HornetError when a sequence is longer than `fftLength`. */
  constructor(args: MelSpectrogramArgs = {}) {
    super(args);
    const { fftLength = 2048, sequenceStride = 512, window = 'hann', samplingRate = 16000, numMelBins = 128 } = args;
    const { minFreq = 20, powerToDb = true, topDb = 80, magExp = 2, minPower = 1e-10, refPower = 1 } = args;
    const sequenceLength = args.sequenceLength ?? fftLength;
    const maxFreq = args.maxFreq ?? Math.trunc(samplingRate / 2);
    if (fftLength < sequenceLength) {
      throw new HornetError(
        'melSpectrogram',
        `expected sequenceLength to be at most fftLength ${fftLength}, received ${sequenceLength}`,
      );
    }
    this.options = {
      fftLength,
      sequenceStride,
      sequenceLength,
      window,
      samplingRate,
      numMelBins,
      minFreq,
      maxFreq,
      powerToDb,
      topDb,
      magExp,
      minPower,
      refPower,
    };
    this.built = true;
  }

  override call(inputs: Tensor): Tensor {
    const { sequenceLength, sequenceStride, fftLength, window, magExp, powerToDb } = this.options;
    const dtype = this.computeDtype === 'float64' ? 'float64' : 'float32';
    const signal = ops.cast(inputs, dtype);
    const [real, imag] = ops.stft(signal, sequenceLength, sequenceStride, fftLength, { window });
    const power = ops.add(ops.square(real), ops.square(imag));
    const spectrum = magExp === 2 ? power : ops.power(power, magExp / 2);
    const bands = ops.matmul(spectrum, ops.cast(this.bands(), dtype));
    return ops.cast(ops.swapaxes(powerToDb ? this.decibels(bands) : bands, -1, -2), this.computeDtype);
  }

  private decibels(power: Tensor): Tensor {
    const { minPower, refPower, topDb } = this.options;
    const reference = 10 * Math.log10(Math.max(Math.abs(refPower), minPower));
    const level = ops.subtract(ops.multiply(10, ops.log10(ops.maximum(power, minPower))), reference);
    return ops.maximum(level, ops.subtract(ops.max(level), topDb));
  }

  /** How much each frequency counts for each band: triangles that overlap by half, linear in mels. The constant counts nowhere. */
  private bands(): Tensor {
    const { fftLength, samplingRate, numMelBins, minFreq, maxFreq } = this.options;
    const bins = Math.floor(fftLength / 2) + 1;
    const [low, high] = [melsOf(minFreq), melsOf(maxFreq)];
    const edge = (k: number): number => low + ((high - low) * k) / (numMelBins + 1);
    const weights = Array.from({ length: bins * numMelBins }, (_, i) => {
      const [bin, band] = [Math.floor(i / numMelBins), i % numMelBins];
      const pitch = melsOf((bin * samplingRate) / 2 / (bins - 1));
      const rising = (pitch - edge(band)) / (edge(band + 1) - edge(band));
      const falling = (edge(band + 2) - pitch) / (edge(band + 2) - edge(band + 1));
      return bin === 0 ? 0 : Math.max(0, Math.min(rising, falling));
    });
    return tensor(weights, [bins, numMelBins]);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), ...this.options };
  }
}

registerSerializable('keras.layers', MelSpectrogram);

/** Makes spectrograms of signals in bands of equal pitch. */
export const melSpectrogram = (args?: MelSpectrogramArgs): MelSpectrogram => new MelSpectrogram(args);
