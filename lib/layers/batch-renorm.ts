// Batch renormalization: training uses statistics that are close to those of inference. Source: Ioffe 2017.
import { HornetError } from '../errors.js';
import { add, clip, divide, maximum, minimum, multiply, relu, sqrt, stopGradient, subtract } from '../ops/index.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';

/** Limits of the correction of scale (`rmin`, `rmax`) and offset (`dmax`). */
export interface RenormClipping {
  readonly rmin?: number | null;
  readonly rmax?: number | null;
  readonly dmax?: number | null;
}

/** The statistics that batches are corrected towards. */
export interface RenormState {
  readonly movingDeviation: Variable;
  readonly mean: Variable;
  readonly deviation: Variable;
}

/** Throws unless the limits make sense. */
export function checkClipping(clipping: RenormClipping): RenormClipping {
  const unknown = Object.keys(clipping).find((key) => !['rmin', 'rmax', 'dmax'].includes(key));
  const { rmin = null, rmax = null, dmax = null } = clipping;
  if (unknown !== undefined) throw new HornetError('batchNormalization', `unknown key '${unknown}' in renormClipping`);
  if ((rmin ?? 0) < 0 || (dmax ?? 0) < 0 || (rmin !== null && rmax !== null && rmax < rmin)) {
    const received = JSON.stringify(clipping);
    throw new HornetError(
      'batchNormalization',
      `expected renormClipping with 0 ≤ rmin ≤ rmax and dmax ≥ 0, received ${received}`,
    );
  }
  return clipping;
}

interface ScaleArgs {
  readonly gamma: Variable | null;
  readonly beta: Variable | null;
  readonly epsilon: number;
  readonly clipping: RenormClipping;
}

/** Factor and summand with the correction inside: (x · r + d) · gamma + beta. No gradient flows through r and d. */
export function renormScale(
  mean: Tensor,
  variance: Tensor,
  state: RenormState,
  args: ScaleArgs,
): { scale: Tensor; offset: Tensor } {
  const { gamma, beta, epsilon, clipping } = args;
  const { rmin = null, rmax = null, dmax = null } = clipping;
  const reference = maximum(state.deviation, Math.sqrt(epsilon));
  let r = divide(sqrt(add(variance, epsilon)), reference);
  let d = divide(subtract(mean, state.mean), reference);
  if (rmin !== null) r = maximum(r, rmin);
  if (rmax !== null) r = minimum(r, rmax);
  if (dmax !== null) d = clip(d, -dmax, dmax);
  const [factor, shift] = [stopGradient(r), stopGradient(d)];
  const scale = gamma ? multiply(factor, gamma) : factor;
  const offset = gamma ? multiply(shift, gamma) : shift;
  return { scale, offset: beta ? add(offset, beta) : offset };
}

interface RememberArgs {
  readonly epsilon: number;
  readonly momentum: number;
  readonly renormMomentum: number;
  readonly movingMean: Variable;
  readonly movingVariance: Variable;
}

/** Moves all statistics towards the batch's. */
export function rememberRenorm(mean: Tensor, variance: Tensor, state: RenormState, args: RememberArgs): void {
  const { epsilon, momentum, renormMomentum, movingMean, movingVariance } = args;
  const deviation = sqrt(add(variance, epsilon));
  const blend = (moving: Variable, latest: Tensor, share: number): void =>
    moving.assign(add(multiply(moving, share), multiply(latest, 1 - share)));
  blend(state.mean, mean, renormMomentum);
  blend(state.deviation, deviation, renormMomentum);
  blend(movingMean, mean, momentum);
  blend(state.movingDeviation, deviation, momentum);
  // Rounding must not make it negative.
  movingVariance.assign(relu(subtract(multiply(state.movingDeviation, state.movingDeviation), epsilon)));
}
