// Clipping of gradients, by value or by norm. Source of the global norm: Pascanu et al. 2012.
import { add, clip, divide, greater, maximum, minimum, multiply, sqrt, square, sum, where } from '../ops/index.js';
import type { Tensor } from '../tensor.js';

/** Limits of which at most one is set. A limit that is not positive limits nothing. */
export interface ClipArgs {
  readonly clipnorm: number | null;
  readonly clipvalue: number | null;
  readonly globalClipnorm: number | null;
}

/** The gradients, clipped as the optimizer's options say. */
export function clipGradients(grads: readonly Tensor[], limits: ClipArgs): readonly Tensor[] {
  const { clipnorm, clipvalue, globalClipnorm } = limits;
  const isSet = (limit: number | null): limit is number => limit !== null && limit > 0;
  if (isSet(clipnorm)) return grads.map((grad) => clipByNorm(grad, clipnorm));
  if (isSet(globalClipnorm)) return clipByGlobalNorm(grads, globalClipnorm);
  if (isSet(clipvalue)) return grads.map((grad) => clip(grad, -clipvalue, clipvalue));
  return grads;
}

function clipByNorm(grad: Tensor, limit: number): Tensor {
  const squares = sum(square(grad));
  // sqrt has no finite slope at zero, and a gradient of zero needs no scaling.
  const norm = where(greater(squares, 0), sqrt(squares), squares);
  return divide(multiply(grad, limit), maximum(norm, limit));
}

function clipByGlobalNorm(grads: readonly Tensor[], limit: number): Tensor[] {
  const squares = grads.map((grad) => sum(square(grad)));
  const norm = sqrt(squares.reduce((total, next) => add(total, next)));
  const scale = multiply(limit, minimum(divide(1, norm), 1 / limit));
  return grads.map((grad) => multiply(grad, scale));
}
