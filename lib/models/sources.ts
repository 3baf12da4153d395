// What symbolic tensors are, and come from.
import type { Tensor } from '../tensor.js';
import { KerasTensor } from './keras-tensor.js';

/** Whether something is a symbolic tensor: what layers and ops give for an `input`. */
export const isKerasTensor = (x: unknown): x is KerasTensor => x instanceof KerasTensor;

/** The inputs that a symbolic tensor depends on, each once; the tensor itself where nothing made it. */
export function getSourceInputs(tensor: Tensor): Tensor[] {
  const sources = new Set<Tensor>();
  const seen = new Set<Tensor>();
  const waiting = [tensor];
  while (waiting.length > 0) {
    const next = waiting.pop()!;
    if (seen.has(next)) continue;
    seen.add(next);
    const inputs = next instanceof KerasTensor ? (next.history?.node.inputs ?? []) : [];
    if (inputs.length === 0) sources.add(next);
    waiting.push(...[...inputs].reverse());
  }
  return [...sources];
}
