// Window functions of signal processing, as numbers: those of SciPy that a name is enough for.
import { HornetError } from '../errors.js';

/** Coefficients of windows that are sums of cosines. */
const cosineSums: Readonly<Record<string, readonly number[]>> = {
  boxcar: [1],
  hann: [0.5, 0.5],
  hamming: [0.54, 0.46],
  blackman: [0.42, 0.5, 0.08],
  nuttall: [0.3635819, 0.4891775, 0.1365995, 0.0106411],
  blackmanharris: [0.35875, 0.48829, 0.14128, 0.01168],
  flattop: [0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368],
};

/** Other windows: the weight at distance `r` from the middle, which is 1 at the first and the last of `size` points. */
const shapes: Readonly<Record<string, (r: number, size: number) => number>> = {
  bartlett: (r) => 1 - r,
  barthann: (r) => 0.62 - 0.24 * r + 0.38 * Math.cos(Math.PI * r),
  bohman: (r) => (r === 1 ? 0 : (1 - r) * Math.cos(Math.PI * r) + Math.sin(Math.PI * r) / Math.PI),
  cosine: (r, size) => Math.cos(((Math.PI / 2) * r * (size - 1)) / size),
  exponential: (r, size) => Math.exp((-r * (size - 1)) / 2),
  lanczos: (r) => (r === 0 ? 1 : Math.sin(Math.PI * r) / (Math.PI * r)),
  parzen: (r, size) => {
    const distance = (r * (size - 1)) / size;
    return r * (size - 1) <= (size - 1) / 2 ? 1 - 6 * distance ** 2 * (1 - distance) : 2 * (1 - distance) ** 3;
  },
  triang: (r, size) => 1 - (r * (size - 1)) / (size + (size % 2)),
  tukey: (r) => (r <= 0.5 ? 1 : (1 + Math.cos(Math.PI * (2 * r - 1))) / 2),
};

const aliases: Readonly<Record<string, string>> = {
  box: 'boxcar',
  ones: 'boxcar',
  rect: 'boxcar',
  rectangular: 'boxcar',
  hamm: 'hamming',
  black: 'blackman',
  bart: 'bartlett',
  brthan: 'barthann',
  bman: 'bohman',
  flat: 'flattop',
  halfcosine: 'cosine',
  par: 'parzen',
  poisson: 'exponential',
  sinc: 'lanczos',
  triangle: 'triang',
  tuk: 'tukey',
};

/** The window that SciPy has under this name. Throws a `HornetError` in the name of `where` for an unknown one. */
export function windowName(where: string, name: string): string {
  const own = aliases[name] ?? name;
  if (own in cosineSums || own in shapes) return own;
  const known = [...Object.keys(cosineSums), ...Object.keys(shapes)].join(', ');
  throw new HornetError(where, `expected window to be one of ${known}, received '${name}'`);
}

/**
 * The values of a window.
 *
 * @param name - A name of SciPy's, e.g. hann, hamming, blackman, boxcar, bartlett or tukey.
 * @param periodic - One period of a repeating window; otherwise symmetric.
 */
export function windowValues(name: string, size: number, periodic: boolean): number[] {
  const own = windowName('window', name);
  if (size === 1) return [1];
  const points = periodic ? size + 1 : size;
  return Array.from({ length: size }, (_, i) => {
    const turn = (2 * i) / (points - 1);
    if (own in shapes) return shapes[own](Math.abs(turn - 1), points);
    return cosineSums[own].reduce((sum, c, k) => sum + (k % 2 ? -c : c) * Math.cos(k * Math.PI * turn), 0);
  });
}
