// Cosine schedules. Source: Loshchilov & Hutter 2016 (SGDR).
import {
  add,
  cos,
  divide,
  floor,
  less,
  log,
  minimum,
  multiply,
  power,
  subtract,
  where,
  cast,
} from '../../ops/index.js';
import { registerSerializable } from '../../saving/registry.js';
import type { Tensor } from '../../tensor.js';
import { checkDecaySteps } from './decays.js';
import { LearningRateSchedule } from './schedule.js';

export interface CosineDecayArgs {
  /** Lowest rate as a share of the one it decays from. Default 0. */
  readonly alpha?: number;
  /** Rate at the end of a linear warm-up; null for none. */
  readonly warmupTarget?: number | null;
  /** Steps of the warm-up. Default 0. */
  readonly warmupSteps?: number;
  readonly name?: string;
}

/** Half a cosine wave from the initial rate (or the warm-up's target) down to `alpha` times it. */
export class CosineDecay extends LearningRateSchedule {
  static readonly className = 'CosineDecay';
  static readonly requiredArgs = ['initialLearningRate', 'decaySteps'] as const;
  readonly name: string;
  readonly alpha: number;
  readonly warmupTarget: number | null;
  readonly warmupSteps: number;

  constructor(
    readonly initialLearningRate: number,
    readonly decaySteps: number,
    args: CosineDecayArgs = {},
  ) {
    super();
    this.alpha = args.alpha ?? 0;
    this.warmupTarget = args.warmupTarget ?? null;
    this.warmupSteps = args.warmupSteps ?? 0;
    this.name = args.name ?? 'CosineDecay';
    checkDecaySteps(this.name, decaySteps);
  }

  protected rateAt(step: Tensor): Tensor {
    const { warmupTarget, warmupSteps, decaySteps } = this;
    if (warmupTarget === null) return this.decayed(minimum(step, decaySteps), this.initialLearningRate);
    const limited = minimum(step, decaySteps + warmupSteps);
    const climb = multiply(divide(limited, warmupSteps), warmupTarget - this.initialLearningRate);
    const warm = add(climb, this.initialLearningRate);
    return where(less(limited, warmupSteps), warm, this.decayed(subtract(limited, warmupSteps), warmupTarget));
  }

  private decayed(step: Tensor, from: number): Tensor {
    const wave = multiply(0.5, add(1, cos(multiply(Math.PI, divide(step, this.decaySteps)))));
    return multiply(from, add(multiply(1 - this.alpha, wave), this.alpha));
  }

  getConfig(): Record<string, unknown> {
    const { initialLearningRate, decaySteps, alpha, name, warmupTarget, warmupSteps } = this;
    return { initialLearningRate, decaySteps, alpha, name, warmupTarget, warmupSteps };
  }
}

export interface CosineDecayRestartsArgs {
  /** Each round is so many times as long as the one before. Default 2. */
  readonly tMul?: number;
  /** Each round starts at so many times the rate of the one before. Default 1. */
  readonly mMul?: number;
  /** Lowest rate as a share of the initial one. Default 0. */
  readonly alpha?: number;
  readonly name?: string;
}

/** Cosine decay in rounds, each starting anew. */
export class CosineDecayRestarts extends LearningRateSchedule {
  static readonly className = 'CosineDecayRestarts';
  static readonly requiredArgs = ['initialLearningRate', 'firstDecaySteps'] as const;
  readonly name: string;
  readonly tMul: number;
  readonly mMul: number;
  readonly alpha: number;

  constructor(
    readonly initialLearningRate: number,
    readonly firstDecaySteps: number,
    args: CosineDecayRestartsArgs = {},
  ) {
    super();
    this.tMul = args.tMul ?? 2;
    this.mMul = args.mMul ?? 1;
    this.alpha = args.alpha ?? 0;
    this.name = args.name ?? 'SGDRDecay';
    checkDecaySteps(this.name, firstDecaySteps);
  }

  protected rateAt(step: Tensor): Tensor {
    const progress = divide(step, this.firstDecaySteps);
    const [round, fraction] = this.tMul === 1 ? this.equalRounds(progress) : this.growingRounds(progress);
    const wave = multiply(0.5, add(1, cos(multiply(Math.PI, fraction))));
    const height = multiply(power(cast(this.mMul, 'float32'), round), wave);
    return multiply(this.initialLearningRate, add(multiply(1 - this.alpha, height), this.alpha));
  }

  private equalRounds(progress: Tensor): [Tensor, Tensor] {
    const round = floor(progress);
    return [round, subtract(progress, round)];
  }

  /** Rounds of lengths 1, t, t², …: the first n of them take (1 − tⁿ) / (1 − t). */
  private growingRounds(progress: Tensor): [Tensor, Tensor] {
    const t = this.tMul;
    // The logarithm decides in which round a step lies: float64, or steps near a restart fall on the wrong side.
    const inside = subtract(1, multiply(cast(progress, 'float64'), 1 - t));
    const round = cast(floor(divide(log(inside), Math.log(t))), 'float32');
    const length = power(cast(t, 'float32'), round);
    const start = divide(subtract(1, length), 1 - t);
    return [round, divide(subtract(progress, start), length)];
  }

  getConfig(): Record<string, unknown> {
    const { initialLearningRate, firstDecaySteps, tMul, mMul, alpha, name } = this;
    return { initialLearningRate, firstDecaySteps, tMul, mMul, alpha, name };
  }
}

for (const schedule of [CosineDecay, CosineDecayRestarts]) registerSerializable('keras.optimizers.schedules', schedule);
