// Random initializers. One without a seed picks its own once: it gives the same numbers at every call, as in Keras.
import type { DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import { qr } from '../ops/linalg.js';
import { cast, eye, multiply, reshape, sign, sum, transpose } from '../ops/index.js';
import * as random from '../random.js';
import { registerSerializable } from '../saving/registry.js';
import { makeSeed } from '../seed.js';
import type { Tensor } from '../tensor.js';
import { Initializer } from './initializer.js';

export interface SeedArgs {
  /** Makes the numbers repeatable; a `SeedGenerator` gives new ones at every call. Default: a random seed. */
  readonly seed?: number | random.SeedGenerator | null;
}

abstract class RandomInitializer extends Initializer {
  protected readonly seed: number | random.SeedGenerator;
  private readonly givenSeed: number | random.SeedGenerator | null;

  constructor(args: SeedArgs) {
    super();
    this.givenSeed = args.seed ?? null;
    this.seed = args.seed ?? makeSeed();
  }

  override getConfig(): Record<string, unknown> {
    return { seed: this.givenSeed };
  }
}

export interface RandomNormalArgs extends SeedArgs {
  /** Default 0. */
  readonly mean?: number;
  /** Standard deviation. Default 0.05. */
  readonly stddev?: number;
}

/** Normally distributed. */
export class RandomNormal extends RandomInitializer {
  static readonly className: string = 'RandomNormal';
  readonly mean: number;
  readonly stddev: number;

  constructor(args: RandomNormalArgs = {}) {
    super(args);
    this.mean = args.mean ?? 0;
    this.stddev = args.stddev ?? 0.05;
  }

  call(shape: readonly number[], dtype: DType): Tensor {
    const { mean, stddev, seed } = this;
    return random.normal(shape, { mean, stddev, seed, dtype });
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), mean: this.mean, stddev: this.stddev };
  }
}
registerSerializable('keras.initializers', RandomNormal);

/** Normally distributed, but nothing further from the mean than two standard deviations. */
export class TruncatedNormal extends RandomNormal {
  static override readonly className = 'TruncatedNormal';

  override call(shape: readonly number[], dtype: DType): Tensor {
    const { mean, stddev, seed } = this;
    return random.truncatedNormal(shape, { mean, stddev, seed, dtype });
  }
}
registerSerializable('keras.initializers', TruncatedNormal);

export interface RandomUniformArgs extends SeedArgs {
  /** Default -0.05. */
  readonly minval?: number;
  /** Default 0.05. */
  readonly maxval?: number;
}

/** Uniformly distributed between two bounds. */
export class RandomUniform extends RandomInitializer {
  static readonly className = 'RandomUniform';
  readonly minval: number;
  readonly maxval: number;

  constructor(args: RandomUniformArgs = {}) {
    super(args);
    this.minval = args.minval ?? -0.05;
    this.maxval = args.maxval ?? 0.05;
  }

  call(shape: readonly number[], dtype: DType): Tensor {
    const { minval, maxval, seed } = this;
    return random.uniform(shape, { minval, maxval, seed, dtype });
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), minval: this.minval, maxval: this.maxval };
  }
}
registerSerializable('keras.initializers', RandomUniform);

/** Which axes of a weight count as inputs and outputs; both or none. Default: the last two, times all before them. */
export interface FanArgs {
  readonly inputAxes?: readonly number[] | null;
  readonly outputAxes?: readonly number[] | null;
}

/** Numbers of inputs and outputs of a unit. */
function computeFans(shape: readonly number[], args: FanArgs = {}): [fanIn: number, fanOut: number] {
  const { inputAxes, outputAxes } = args;
  if (inputAxes && outputAxes) {
    const product = (axes: readonly number[]): number => sizeOf(axes.map((axis) => shape.at(axis) ?? 1));
    return [product(inputAxes), product(outputAxes)];
  }
  if (shape.length < 2) return [shape[0] ?? 1, shape[0] ?? 1];
  const receptive = sizeOf(shape.slice(0, -2));
  return [shape[shape.length - 2] * receptive, shape[shape.length - 1] * receptive];
}

export interface VarianceScalingArgs extends SeedArgs, FanArgs {
  /** Factor on the variance. Default 1. */
  readonly scale?: number;
  /** Divide the variance by the inputs (default), the outputs or the mean of both. */
  readonly mode?: 'fan_in' | 'fan_out' | 'fan_avg';
  /** Default `truncated_normal`. */
  readonly distribution?: 'truncated_normal' | 'untruncated_normal' | 'uniform';
}

const modes = ['fan_in', 'fan_out', 'fan_avg'];
const distributions = ['truncated_normal', 'untruncated_normal', 'uniform'];
/** The standard deviation of a normal distribution cut at ±2. */
const truncatedStddev = 0.87962566103423978;

abstract class ScaledInitializer extends RandomInitializer {
  constructor(
    private readonly scaling: Required<Pick<VarianceScalingArgs, 'scale' | 'mode' | 'distribution'>>,
    protected readonly args: SeedArgs & FanArgs,
  ) {
    super(args);
  }

  call(shape: readonly number[], dtype: DType): Tensor {
    const { scale, mode, distribution } = this.scaling;
    const [fanIn, fanOut] = computeFans(shape, this.args);
    const fan = mode === 'fan_in' ? fanIn : mode === 'fan_out' ? fanOut : (fanIn + fanOut) / 2;
    const variance = scale / Math.max(1, fan);
    const { seed } = this;
    if (distribution === 'uniform') {
      const limit = Math.sqrt(3 * variance);
      return random.uniform(shape, { minval: -limit, maxval: limit, seed, dtype });
    }
    const stddev = Math.sqrt(variance);
    if (distribution === 'untruncated_normal') return random.normal(shape, { stddev, seed, dtype });
    return random.truncatedNormal(shape, { stddev: stddev / truncatedStddev, seed, dtype });
  }

  override withAxes(inputAxes: readonly number[], outputAxes: readonly number[]): this {
    if (this.args.inputAxes && this.args.outputAxes) return this;
    const cls = this.constructor as new (args: object) => this;
    return new cls({ ...this.getConfig(), seed: this.seed, inputAxes, outputAxes });
  }

  override getConfig(): Record<string, unknown> {
    const { inputAxes = null, outputAxes = null } = this.args;
    return { ...super.getConfig(), inputAxes, outputAxes };
  }
}

/** Random numbers whose variance depends on the number of a unit's inputs or outputs. */
export class VarianceScaling extends ScaledInitializer {
  static readonly className = 'VarianceScaling';
  readonly scale: number;
  readonly mode: 'fan_in' | 'fan_out' | 'fan_avg';
  readonly distribution: 'truncated_normal' | 'untruncated_normal' | 'uniform';

  constructor(args: VarianceScalingArgs = {}) {
    const { scale = 1, mode = 'fan_in' } = args;
    const given = (args.distribution ?? 'truncated_normal').toLowerCase();
    const distribution = (given === 'normal' ? 'truncated_normal' : given) as 'truncated_normal';
    if (!(scale > 0)) throw new HornetError('VarianceScaling', `expected scale to be positive, received ${scale}`);
    if (!modes.includes(mode)) {
      throw new HornetError(
        'VarianceScaling',
        `expected mode to be one of ${modes.join(', ')}, received '${String(mode)}'`,
      );
    }
    if (!distributions.includes(distribution)) {
      throw new HornetError(
        'VarianceScaling',
        `expected distribution to be one of ${distributions.join(', ')}, received '${distribution}'`,
      );
    }
    super({ scale, mode, distribution }, args);
    this.scale = scale;
    this.mode = mode;
    this.distribution = distribution;
  }

  override getConfig(): Record<string, unknown> {
    const { seed, ...axes } = super.getConfig();
    return { seed, scale: this.scale, mode: this.mode, distribution: this.distribution, ...axes };
  }
}
registerSerializable('keras.initializers', VarianceScaling);

/** Uniform with variance 2 / (inputs + outputs). */
export class GlorotUniform extends ScaledInitializer {
  static readonly className = 'GlorotUniform';
  constructor(args: SeedArgs & FanArgs = {}) {
    super({ scale: 1, mode: 'fan_avg', distribution: 'uniform' }, args);
  }
}
registerSerializable('keras.initializers', GlorotUniform);

/** Truncated normal with variance 2 / (inputs + outputs). */
export class GlorotNormal extends ScaledInitializer {
  static readonly className = 'GlorotNormal';
  constructor(args: SeedArgs & FanArgs = {}) {
    super({ scale: 1, mode: 'fan_avg', distribution: 'truncated_normal' }, args);
  }
}
registerSerializable('keras.initializers', GlorotNormal);

/** Uniform with variance 2 / inputs. */
export class HeUniform extends ScaledInitializer {
  static readonly className = 'HeUniform';
  constructor(args: SeedArgs & FanArgs = {}) {
    super({ scale: 2, mode: 'fan_in', distribution: 'uniform' }, args);
  }
}
registerSerializable('keras.initializers', HeUniform);

/** Truncated normal with variance 2 / inputs. */
export class HeNormal extends ScaledInitializer {
  static readonly className = 'HeNormal';
  constructor(args: SeedArgs & FanArgs = {}) {
    super({ scale: 2, mode: 'fan_in', distribution: 'truncated_normal' }, args);
  }
}
registerSerializable('keras.initializers', HeNormal);

/** Uniform with variance 1 / inputs. */
export class LecunUniform extends ScaledInitializer {
  static readonly className = 'LecunUniform';
  constructor(args: SeedArgs & FanArgs = {}) {
    super({ scale: 1, mode: 'fan_in', distribution: 'uniform' }, args);
  }
}
registerSerializable('keras.initializers', LecunUniform);

/** Truncated normal with variance 1 / inputs. */
export class LecunNormal extends ScaledInitializer {
  static readonly className = 'LecunNormal';
  constructor(args: SeedArgs & FanArgs = {}) {
    super({ scale: 1, mode: 'fan_in', distribution: 'truncated_normal' }, args);
  }
}
registerSerializable('keras.initializers', LecunNormal);

export interface OrthogonalArgs extends SeedArgs {
  /** Factor on the matrix. Default 1. */
  readonly gain?: number;
}

/** A random orthogonal matrix; weights of higher rank are one with all axes but the last taken together. */
export class Orthogonal extends RandomInitializer {
  static readonly className = 'Orthogonal';
  readonly gain: number;

  constructor(args: OrthogonalArgs = {}) {
    super(args);
    this.gain = args.gain ?? 1;
  }

  /** @throws HornetError for shapes of fewer than two axes. */
  call(shape: readonly number[], dtype: DType): Tensor {
    if (shape.length < 2) {
      throw new HornetError('Orthogonal', `expected a shape of two or more axes, received [${shape.join(', ')}]`);
    }
    const columns = shape[shape.length - 1];
    const rows = sizeOf(shape.slice(0, -1));
    const tall = [Math.max(rows, columns), Math.min(rows, columns)];
    const [q, r] = qr(random.normal(tall, { seed: this.seed }));
    // Fixing the signs makes the distribution uniform over all orthogonal matrices.
    const uniform = multiply(q, sign(sum(multiply(r, eye(tall[1])), { axis: 0 })));
    const matrix = rows < columns ? transpose(uniform) : uniform;
    return cast(multiply(this.gain, reshape(matrix, shape)), dtype);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), gain: this.gain };
  }
}
registerSerializable('keras.initializers', Orthogonal);

/** Makes a `RandomNormal` initializer. */
export const randomNormal = (args?: RandomNormalArgs): RandomNormal => new RandomNormal(args);
/** Makes a `TruncatedNormal` initializer. */
export const truncatedNormal = (args?: RandomNormalArgs): TruncatedNormal => new TruncatedNormal(args);
/** Makes a `RandomUniform` initializer. */
export const randomUniform = (args?: RandomUniformArgs): RandomUniform => new RandomUniform(args);
/** Makes a `VarianceScaling` initializer. */
export const varianceScaling = (args?: VarianceScalingArgs): VarianceScaling => new VarianceScaling(args);
/** Makes a `GlorotUniform` initializer. */
export const glorotUniform = (args?: SeedArgs & FanArgs): GlorotUniform => new GlorotUniform(args);
/** Makes a `GlorotNormal` initializer. */
export const glorotNormal = (args?: SeedArgs & FanArgs): GlorotNormal => new GlorotNormal(args);
/** Makes a `HeUniform` initializer. */
export const heUniform = (args?: SeedArgs & FanArgs): HeUniform => new HeUniform(args);
/** Makes a `HeNormal` initializer. */
export const heNormal = (args?: SeedArgs & FanArgs): HeNormal => new HeNormal(args);
/** Makes a `LecunUniform` initializer. */
export const lecunUniform = (args?: SeedArgs & FanArgs): LecunUniform => new LecunUniform(args);
/** Makes a `LecunNormal` initializer. */
export const lecunNormal = (args?: SeedArgs & FanArgs): LecunNormal => new LecunNormal(args);
/** Makes an `Orthogonal` initializer. */
export const orthogonal = (args?: OrthogonalArgs): Orthogonal => new Orthogonal(args);
