// Process-wide defaults, as keras.config has them: float type, fuzz factor, image layout, limits of training.
import { isFloat, type DType } from './dtype.js';
import { HornetError } from './errors.js';

/** Where an image tensor has its channels. */
export type DataFormat = 'channels_last' | 'channels_first';

let currentFloat: DType = 'float32';
let currentEpsilon = 1e-7;
let currentFormat: DataFormat = 'channels_last';

/** The dtype of weights and of plain float data. Default `float32`. */
export const floatx = (): DType => currentFloat;

/** Sets the default float dtype. Throws a `HornetError` for a type that is not a float. */
export function setFloatx(dtype: DType): void {
  if (!isFloat(dtype)) throw new HornetError('setFloatx', `expected a float dtype, received '${dtype}'`);
  currentFloat = dtype;
}

/** The small number that keeps losses and normalizations away from zero. Default 1e-7. */
export const epsilon = (): number => currentEpsilon;

/** Sets the fuzz factor. */
export function setEpsilon(value: number): void {
  currentEpsilon = value;
}

/** The layout that convolutions and pools assume when none is given. Default `channels_last`. */
export const imageDataFormat = (): DataFormat => currentFormat;

/** Sets the default layout. */
export function setImageDataFormat(format: DataFormat): void {
  currentFormat = checkDataFormat(format, 'setImageDataFormat');
}

/** A layout as given, or the default. Throws a `HornetError` in the name of `where` for anything else. */
export function checkDataFormat(format: string | null | undefined, where: string): DataFormat {
  const chosen = format ?? currentFormat;
  if (chosen !== 'channels_last' && chosen !== 'channels_first') {
    throw new HornetError(where, `expected dataFormat to be 'channels_last' or 'channels_first', received '${chosen}'`);
  }
  return chosen;
}

let epochLimit: number | null = null;
let stepLimit: number | null = null;

function checkLimit(where: string, limit: number | null): number | null {
  if (limit === null || (Number.isInteger(limit) && limit > 0)) return limit;
  throw new HornetError(where, `expected a positive integer or null, received ${limit}`);
}

/** The most epochs that `fit` runs, whatever its arguments say; null for no limit. */
export const maxEpochs = (): number | null => epochLimit;

/** Limits the epochs of every `fit`, for trying a program out. */
export function setMaxEpochs(limit: number | null): void {
  epochLimit = checkLimit('setMaxEpochs', limit);
}

/** The most steps that one pass of `fit`, `evaluate` or `predict` takes; null for no limit. */
export const maxStepsPerEpoch = (): number | null => stepLimit;

/** Limits the steps of every pass over data, for trying a program out. */
export function setMaxStepsPerEpoch(limit: number | null): void {
  stepLimit = checkLimit('setMaxStepsPerEpoch', limit);
}
