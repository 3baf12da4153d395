// Adafactor: second moments kept as sums of rows and columns. Source: Shazeer & Stern 2018.
import {
  add,
  cast,
  divide,
  expandDims,
  maximum,
  mean,
  minimum,
  multiply,
  power,
  sqrt,
  square,
  subtract,
} from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Optimizer, type OptimizerArgs } from './optimizer.js';

export interface AdafactorArgs extends OptimizerArgs {
  /** Default 0.001. */
  readonly learningRate?: OptimizerArgs['learningRate'];
  /** Exponent of the decay of the second moment: `1 - step ** beta2Decay`. Default -0.8. */
  readonly beta2Decay?: number;
  /** Added to squared gradients. Default 1e-30. */
  readonly epsilon1?: number;
  /** Lower bound of a variable's scale in its step. Default 0.001. */
  readonly epsilon2?: number;
  /** Steps with a larger root mean square are scaled down to it; apart from clipping of gradients. Default 1. */
  readonly clipThreshold?: number;
  /** Whether a constant learning rate falls with the root of the number of steps. Default true. */
  readonly relativeStep?: boolean;
}

const rms = (x: Tensor): Tensor => sqrt(mean(square(x)));

/** Steps scaled by factored second moments: little memory for large matrices. */
export class Adafactor extends Optimizer {
  static readonly className = 'Adafactor';
  readonly beta2Decay: number;
  readonly epsilon1: number;
  readonly epsilon2: number;
  readonly clipThreshold: number;
  readonly relativeStep: boolean;
  private rows: Variable[] = [];
  private columns: Variable[] = [];
  private squares: Variable[] = [];

  constructor(args: AdafactorArgs = {}) {
    super(args, 0.001);
    this.beta2Decay = args.beta2Decay ?? -0.8;
    this.epsilon1 = args.epsilon1 ?? 1e-30;
    this.epsilon2 = args.epsilon2 ?? 0.001;
    this.clipThreshold = args.clipThreshold ?? 1;
    this.relativeStep = args.relativeStep ?? true;
  }

  protected override buildSlots(variables: readonly Variable[]): void {
    variables.forEach((variable, i) => {
      if (variable.overwriteWithGradient) return;
      const { shape, dtype, name } = variable;
      // What has no rows and columns still takes two places in the state, as in Keras: files have them, too.
      const factored = shape.length >= 2;
      const [row, column] = factored ? [shape.slice(0, -1), [...shape.slice(0, -2), shape.at(-1)!]] : [[], []];
      this.rows[i] = this.addVariable(row, factored ? dtype : 'int32', name);
      this.columns[i] = this.addVariable(column, factored ? dtype : 'int32', name);
      this.squares[i] = this.addSlot(variable, 'velocity');
    });
  }

  protected updateStep(gradient: Tensor, variable: Variable, rate: Tensor): void {
    const index = this.indexOf(variable);
    const [row, column, second] = [this.rows[index], this.columns[index], this.squares[index]];
    const step = cast(add(this.iterations, 1), variable.dtype);
    // In Keras, too, the rate is bounded whether `relativeStep` is set or not.
    const bounded = minimum(rate, divide(1, sqrt(step)));
    const scale = multiply(maximum(this.epsilon2, rms(variable.value)), bounded);
    const squares = add(square(gradient), this.epsilon1);
    const decay = subtract(1, power(step, this.beta2Decay));
    const blend = (old: Variable, next: Tensor): void =>
      old.assign(add(multiply(decay, old), multiply(subtract(1, decay), next)));

    if (variable.rank >= 2) {
      blend(row, mean(squares, { axis: -1 }));
      blend(column, mean(squares, { axis: -2 }));
      const share = divide(row, mean(row.value, { axis: -1, keepdims: true }));
      second.assign(multiply(expandDims(share, -1), expandDims(column, -2)));
    } else {
      blend(second, squares);
    }
    const direction = divide(gradient, sqrt(second));
    const update = divide(direction, maximum(1, divide(rms(direction), this.clipThreshold)));
    variable.assign(subtract(variable, multiply(scale, update)));
  }

  override getConfig(): Record<string, unknown> {
    const { beta2Decay, epsilon1, epsilon2, clipThreshold, relativeStep } = this;
    return { ...super.getConfig(), beta2Decay, epsilon1, epsilon2, clipThreshold, relativeStep };
  }
}
registerSerializable('keras.optimizers', Adafactor);

/** Makes an `Adafactor` optimizer. */
export const adafactor = (args?: AdafactorArgs): Adafactor => new Adafactor(args);
