// What normalizations share that multiply by a learned factor and add a learned summand.
import { getConstraint, type ConstraintLike } from '../constraints/index.js';
import { HornetError } from '../errors.js';
import { getInitializer, type InitializerLike } from '../initializers/index.js';
import { getRegularizer, type RegularizerLike } from '../regularizers/index.js';
import type { Variable } from '../variable.js';
import type { Shape } from './input-spec.js';
import { Layer, type Config, type LayerArgs } from './layer.js';

/** Options of the learned factor and summand of a normalization. */
export interface ScaleArgs extends LayerArgs {
  /** Add a learned summand. Default true. */
  readonly center?: boolean;
  /** Multiply with a learned factor. Default true. */
  readonly scale?: boolean;
  readonly betaInitializer?: InitializerLike;
  readonly gammaInitializer?: InitializerLike;
  readonly betaRegularizer?: RegularizerLike | null;
  readonly gammaRegularizer?: RegularizerLike | null;
  readonly betaConstraint?: ConstraintLike | null;
  readonly gammaConstraint?: ConstraintLike | null;
}

/** A normalization whose result is multiplied with `gamma` and moved by `beta`, both learned. */
export abstract class ScaledNormalization extends Layer {
  readonly center: boolean;
  readonly scale: boolean;
  readonly betaInitializer: ReturnType<typeof getInitializer>;
  readonly gammaInitializer: ReturnType<typeof getInitializer>;
  readonly betaRegularizer: ReturnType<typeof getRegularizer>;
  readonly gammaRegularizer: ReturnType<typeof getRegularizer>;
  readonly betaConstraint: ReturnType<typeof getConstraint>;
  readonly gammaConstraint: ReturnType<typeof getConstraint>;
  gamma: Variable | null = null;
  beta: Variable | null = null;

  constructor(args: ScaleArgs) {
    super(args);
    this.center = args.center ?? true;
    this.scale = args.scale ?? true;
    this.betaInitializer = getInitializer(args.betaInitializer ?? 'zeros');
    this.gammaInitializer = getInitializer(args.gammaInitializer ?? 'ones');
    this.betaRegularizer = getRegularizer(args.betaRegularizer ?? null);
    this.gammaRegularizer = getRegularizer(args.gammaRegularizer ?? null);
    this.betaConstraint = getConstraint(args.betaConstraint ?? null);
    this.gammaConstraint = getConstraint(args.gammaConstraint ?? null);
    this.supportsMasking = true;
  }

  /** Makes gamma and beta as far as they are wanted. */
  protected addScale(shape: readonly number[]): void {
    const { gammaInitializer, gammaRegularizer, gammaConstraint, betaInitializer, betaRegularizer, betaConstraint } =
      this;
    const gamma = { initializer: gammaInitializer, regularizer: gammaRegularizer, constraint: gammaConstraint };
    const beta = { initializer: betaInitializer, regularizer: betaRegularizer, constraint: betaConstraint };
    if (this.scale) this.gamma = this.addWeight({ name: 'gamma', shape, autocast: false, ...gamma });
    if (this.center) this.beta = this.addWeight({ name: 'beta', shape, autocast: false, ...beta });
  }

  override getConfig(): Config {
    const { center, scale, betaInitializer, gammaInitializer } = this;
    const { betaRegularizer, gammaRegularizer, betaConstraint, gammaConstraint } = this;
    return {
      ...super.getConfig(),
      center,
      scale,
      betaInitializer,
      gammaInitializer,
      betaRegularizer,
      gammaRegularizer,
      betaConstraint,
      gammaConstraint,
    };
  }
}

/** The known size of an axis, or an error that names it. */
export function knownSize(where: string, shape: Shape, axis: number): number {
  const size = shape.at(axis);
  if (size === null || size === undefined) {
    throw new HornetError(
      where,
      `expected axis ${axis} to have a known size, received shape [${shape.map(String).join(', ')}]`,
    );
  }
  return size;
}
