// How a kernel and a bias begin, what their size costs, and what they are held to: options of many layers.
import { getConstraint, type ConstraintLike } from '../constraints/index.js';
import { getInitializer, type InitializerLike } from '../initializers/index.js';
import { getRegularizer, type RegularizerLike } from '../regularizers/index.js';

/** Options of layers with a kernel and a bias. */
export interface KernelBiasArgs {
  /** Default `glorotUniform`. */
  readonly kernelInitializer?: InitializerLike;
  /** Default `zeros`. */
  readonly biasInitializer?: InitializerLike;
  readonly kernelRegularizer?: RegularizerLike | null;
  readonly biasRegularizer?: RegularizerLike | null;
  readonly kernelConstraint?: ConstraintLike | null;
  readonly biasConstraint?: ConstraintLike | null;
}

/** The objects that the options name, in the order of configs. */
export const kernelBiasOptions = (args: KernelBiasArgs) => ({
  kernelInitializer: getInitializer(args.kernelInitializer ?? 'glorotUniform'),
  biasInitializer: getInitializer(args.biasInitializer ?? 'zeros'),
  kernelRegularizer: getRegularizer(args.kernelRegularizer ?? null),
  biasRegularizer: getRegularizer(args.biasRegularizer ?? null),
  kernelConstraint: getConstraint(args.kernelConstraint ?? null),
  biasConstraint: getConstraint(args.biasConstraint ?? null),
});

export type KernelBiasOptions = ReturnType<typeof kernelBiasOptions>;
