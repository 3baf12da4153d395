// Reading numbers within an op, for results whose shape depends on them.
import { HornetError } from '../errors.js';
import { DeviceTensor, type Tensor } from '../tensor.js';

/** The numbers of a tensor. Throws a `HornetError` where there are none yet. */
export function numbersOf(op: string, x: Tensor): Promise<number[]> {
  if (x instanceof DeviceTensor) return x.numbers();
  throw new HornetError(op, 'the shape of the result depends on the numbers, so it cannot be part of a program');
}
