// Fourier transforms: real and imaginary part beside each other on a last axis.
import type { Rule } from '../call.js';

const fft: Rule = (call) => {
  const [size] = call.sizes(0).slice(-1);
  const inverse = call.attr<boolean>('inverse');
  const last = call.int64([-1]);
  const parts = [0, 1].map((i) => call.emit('Unsqueeze', [call.input(i), last]));
  const pair = call.emit('Concat', parts, { axis: -1 });
  const flat = call.emit('Reshape', [
    pair,
    call.emit('Concat', [last, call.scope.sizes.vector(size), call.int64([2])], { axis: 0 }),
  ]);
  const transformed = call.emit('DFT', [flat], { inverse: inverse ? 1 : 0 });
  // Ours is not divided by its length.
  const factor = inverse ? call.cast(call.scope.sizes.scalar(size), call.dtype()) : null;
  const whole = factor === null ? transformed : call.emit('Mul', [transformed, factor]);
  const shaped = call.emit('Reshape', [whole, call.emit('Shape', [pair])]);
  return [0, 1].map((i) => call.emit('Gather', [shaped, call.scope.int64([i], [])], { axis: -1 }));
};

export const fourier: Readonly<Record<string, Rule>> = { fft };
