// Schedules that decay by a formula: exponential, inverse time, polynomial, piecewise constant.
import { HornetError } from '../../errors.js';
import {
  add,
  ceil,
  divide,
  equal,
  floor,
  lessEqual,
  minimum,
  multiply,
  power,
  subtract,
  where,
  cast,
} from '../../ops/index.js';
import { registerSerializable } from '../../saving/registry.js';
import type { Tensor } from '../../tensor.js';
import { LearningRateSchedule } from './schedule.js';

/** Throws unless a number of decay steps is positive. */
export function checkDecaySteps(where: string, steps: number): void {
  if (!(steps > 0)) throw new HornetError(where, `expected decaySteps to be positive, received ${steps}`);
}

export interface DecayArgs {
  /** Decay in steps instead of continuously. Default false. */
  readonly staircase?: boolean;
  readonly name?: string;
}

/** Decays by a rate per `decaySteps`, continuously or in stairs. */
abstract class RateDecay extends LearningRateSchedule {
  static readonly requiredArgs = ['initialLearningRate', 'decaySteps', 'decayRate'] as const;
  readonly name: string;
  readonly staircase: boolean;

  constructor(
    readonly initialLearningRate: number,
    readonly decaySteps: number,
    readonly decayRate: number,
    args: DecayArgs,
    name: string,
  ) {
    super();
    this.staircase = args.staircase ?? false;
    this.name = args.name ?? name;
    checkDecaySteps(this.name, decaySteps);
  }

  /** Stretches of `decaySteps` that have passed. */
  protected progress(step: Tensor): Tensor {
    const passed = divide(step, this.decaySteps);
    return this.staircase ? floor(passed) : passed;
  }

  getConfig(): Record<string, unknown> {
    const { initialLearningRate, decaySteps, decayRate, staircase, name } = this;
    return { initialLearningRate, decaySteps, decayRate, staircase, name };
  }
}

/** `initial · rate ^ (step / decaySteps)`. */
export class ExponentialDecay extends RateDecay {
  static readonly className = 'ExponentialDecay';

  constructor(initialLearningRate: number, decaySteps: number, decayRate: number, args: DecayArgs = {}) {
    super(initialLearningRate, decaySteps, decayRate, args, 'ExponentialDecay');
  }

  protected rateAt(step: Tensor): Tensor {
    return multiply(this.initialLearningRate, power(cast(this.decayRate, 'float32'), this.progress(step)));
  }
}

/** `initial / (1 + rate · step / decaySteps)`. */
export class InverseTimeDecay extends RateDecay {
  static readonly className = 'InverseTimeDecay';

  constructor(initialLearningRate: number, decaySteps: number, decayRate: number, args: DecayArgs = {}) {
    super(initialLearningRate, decaySteps, decayRate, args, 'InverseTimeDecay');
  }

  protected rateAt(step: Tensor): Tensor {
    return divide(this.initialLearningRate, add(1, multiply(this.decayRate, this.progress(step))));
  }
}

export interface PolynomialDecayArgs {
  /** Default 0.0001. */
  readonly endLearningRate?: number;
  /** Exponent. Default 1: linear. */
  readonly power?: number;
  /** Start anew, each time over a longer stretch, instead of staying at the end. Default false. */
  readonly cycle?: boolean;
  readonly name?: string;
}

/** `(initial − end) · (1 − step / decaySteps) ^ power + end`. */
export class PolynomialDecay extends LearningRateSchedule {
  static readonly className = 'PolynomialDecay';
  static readonly requiredArgs = ['initialLearningRate', 'decaySteps'] as const;
  readonly name: string;
  readonly endLearningRate: number;
  readonly power: number;
  readonly cycle: boolean;

  constructor(
    readonly initialLearningRate: number,
    readonly decaySteps: number,
    args: PolynomialDecayArgs = {},
  ) {
    super();
    this.endLearningRate = args.endLearningRate ?? 0.0001;
    this.power = args.power ?? 1;
    this.cycle = args.cycle ?? false;
    this.name = args.name ?? 'PolynomialDecay';
    checkDecaySteps(this.name, decaySteps);
  }

  protected rateAt(step: Tensor): Tensor {
    const rounds = where(equal(step, 0), 1, ceil(divide(step, this.decaySteps)));
    const length = this.cycle ? multiply(this.decaySteps, rounds) : this.decaySteps;
    const progress = divide(this.cycle ? step : minimum(step, this.decaySteps), length);
    const remaining = power(subtract(1, progress), cast(this.power, 'float32'));
    return add(multiply(this.initialLearningRate - this.endLearningRate, remaining), this.endLearningRate);
  }

  getConfig(): Record<string, unknown> {
    const { initialLearningRate, decaySteps, endLearningRate, power: exponent, cycle, name } = this;
    return { initialLearningRate, decaySteps, endLearningRate, power: exponent, cycle, name };
  }
}

/** One rate up to and including each boundary, the next one after it. */
export class PiecewiseConstantDecay extends LearningRateSchedule {
  static readonly className = 'PiecewiseConstantDecay';
  static readonly requiredArgs = ['boundaries', 'values'] as const;
  readonly name: string;

  constructor(
    readonly boundaries: readonly number[],
    readonly values: readonly number[],
    args: { readonly name?: string } = {},
  ) {
    super();
    this.name = args.name ?? 'PiecewiseConstant';
    if (boundaries.length !== values.length - 1) {
      const message = `expected one value more than boundaries, received ${values.length} and ${boundaries.length}`;
      throw new HornetError(this.name, message);
    }
  }

  protected rateAt(step: Tensor): Tensor {
    const last = cast(this.values[this.values.length - 1], 'float32');
    return this.boundaries.reduceRight<Tensor>(
      (later, boundary, i) => where(lessEqual(step, boundary), cast(this.values[i], 'float32'), later),
      last,
    );
  }

  getConfig(): Record<string, unknown> {
    return { boundaries: this.boundaries, values: this.values, name: this.name };
  }
}

for (const schedule of [ExponentialDecay, InverseTimeDecay, PolynomialDecay, PiecewiseConstantDecay]) {
  registerSerializable('keras.optimizers.schedules', schedule);
}
