// Rows of Fourier transforms, complex numbers and CTC for test/op-cases.ts.
import { ops, type Tensor } from 'hornet';
import { of, sample, type OpCase } from './op-case.js';

const wave = sample([2, 12]);
const [re, im] = [sample([3, 8]), sample([3, 8], -1, 1)];
const fourier: OpCase[] = [
  { name: 'fft', fn: (a, b) => ops.fft([a, b]), inputs: [of(1, 2, 3, 4), of(0, 0, 0, 0)], want: [10, -2, -2, -2] },
  ...[1, 6, 7, 30, 37, 74].map((size) => ({
    name: `fft of ${size} numbers`,
    fn: (a: Tensor, b: Tensor) => ops.fft([a, b]),
    inputs: [sample([2, size]), sample([2, size], -1, 1)],
  })),
  { name: 'fft2', fn: (a, b) => ops.fft2([a, b]), inputs: [re, im] },
  { name: 'ifft2 of fft2', fn: (a, b) => ops.ifft2(ops.fft2([a, b])), inputs: [re, im], want: re.values },
  { name: 'rfft', fn: (x) => ops.rfft(x), inputs: [wave] },
  { name: 'rfft of an odd length', fn: (x) => ops.rfft(x, { fftLength: 7 }), inputs: [wave] },
  { name: 'irfft of rfft', fn: (x) => ops.irfft(ops.rfft(x)), inputs: [wave], want: wave.values },
  { name: 'irfft to another length', fn: (a, b) => ops.irfft([a, b], { fftLength: 9 }), inputs: [re, im] },
  { name: 'stft', fn: (x) => ops.stft(x, 4, 2, 6), inputs: [wave] },
  { name: 'istft of stft', fn: (x) => ops.istft(ops.stft(x, 6, 2, 8), 6, 2, 8), inputs: [wave], want: wave.values },
];

const complex: OpCase[] = [
  { name: 'polar', fn: (a, b) => ops.polar(a, b), inputs: [of(2, 1), of(0, Math.PI)], want: [2, -1] },
  { name: 'angle of complex numbers', fn: (a, b) => ops.angle([a, b]), inputs: [re, im] },
  { name: 'viewAsReal of viewAsComplex', fn: (x) => ops.viewAsReal(ops.viewAsComplex(x)), inputs: [sample([3, 2])] },
];

const ints = (x: Tensor): Tensor => ops.cast(x, 'int32');
const scores = sample([2, 5, 4]);
const ctc: OpCase[] = [
  {
    name: 'ctcLoss',
    // Two times, classes blank and 1: the label is 1 at either time or at both.
    fn: (x) => ops.ctcLoss(ints(ops.array([[1]])), x, ints(ops.array([1])), ints(ops.array([2]))),
    inputs: [{ values: [0, 0, 0, 0], shape: [1, 2, 2] }],
    want: [-Math.log(0.75)],
  },
  {
    name: 'ctcLoss of repeated labels',
    fn: (x) =>
      ops.ctcLoss(
        ints(
          ops.array([
            [2, 2, 1],
            [3, 1, 0],
          ]),
        ),
        x,
        ints(ops.array([3, 2])),
        ints(ops.array([5, 4])),
      ),
    inputs: [scores],
  },
  {
    name: 'ctcDecode',
    fn: (x) => ops.ctcDecode(x, ints(ops.array([5]))),
    inputs: [{ values: [0, 1, 0, 1, 1, 0, 0, 1, 0, 1], shape: [1, 5, 2] }],
    want: [1, 1, -1, -1, -1],
    grad: false,
  },
  {
    name: 'ctcDecode by beam search',
    fn: (x) => ops.ctcDecode(x, ints(ops.array([2])), { strategy: 'beam_search', beamWidth: 4, topPaths: 2 }),
    // Blank is the best class at both times, yet 1 at any time is more probable.
    inputs: [{ values: [Math.log(0.6), Math.log(0.4), Math.log(0.6), Math.log(0.4)], shape: [1, 2, 2] }],
    want: [1, -1, -1, -1],
    grad: false,
  },
];

export const signalCases: readonly OpCase[] = [...fourier, ...complex, ...ctc];
