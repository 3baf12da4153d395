// Window functions of signal processing, as numbers.
import { HornetError } from '../errors.js';

/** Coefficients of windows that are sums of cosines. */
const cosineWindows: Readonly<Record<string, readonly number[]>> = {
  boxcar: [1],
  rectangular: [1],
  hann: [0.5, 0.5],
  hamming: [0.54, 0.46],
  blackman: [0.42, 0.5, 0.08],
  nuttall: [0.3635819, 0.4891775, 0.1365995, 0.0106411],
  blackmanharris: [0.35875, 0.48829, 0.14128, 0.01168],
  flattop: [0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368],
};

/**
 * The values of a window.
 *
 * @param name - hann, hamming, blackman, boxcar, bartlett, nuttall, blackmanharris or flattop.
 * @param periodic - One period of a repeating window; otherwise symmetric.
 */
export function windowValues(name: string, size: number, periodic: boolean): number[] {
  if (size === 1) return [1];
  const last = periodic ? size : size - 1;
  const coefficients = cosineWindows[name];
  if (!coefficients && name !== 'bartlett') throw new HornetError('window', `unknown window '${name}'`);
  return Array.from({ length: size }, (_, i) => {
    if (!coefficients) return 1 - Math.abs((2 * i) / last - 1);
    const phase = (2 * Math.PI * i) / last;
    return coefficients.reduce((sum, c, k) => sum + (k % 2 ? -c : c) * Math.cos(k * phase), 0);
  });
}
