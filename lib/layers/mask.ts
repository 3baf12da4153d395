// Masks travel beside tensors: which time steps count. Layers pass them on, ops drop them.
import type { Tensor } from '../tensor.js';

const masks = new WeakMap<Tensor, Tensor>();

/** The mask that a tensor carries (bool, true = counts), or null. */
export const getMask = (tensor: Tensor): Tensor | null => masks.get(tensor) ?? null;

/** Makes a tensor carry a mask; null takes it away. */
export function setMask(tensor: Tensor, mask: Tensor | null): void {
  if (mask) masks.set(tensor, mask);
  else masks.delete(tensor);
}
