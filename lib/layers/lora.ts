// Low-rank adaptation: a weight is frozen, and the product of two small trained matrices is added to it.
import { HornetError } from '../errors.js';
import type { InitializerLike } from '../initializers/index.js';
import { add, cast, matmul, multiply, zerosLike } from '../ops/index.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import type { Adaptation, SavedWeight, WeightOwner } from './weights.js';

/** Options of `enableLora`. */
export interface LoraArgs {
  /** Default `heUniform`. */
  readonly aInitializer?: InitializerLike;
  /** Default `zeros`. */
  readonly bInitializer?: InitializerLike;
  /** The product counts `loraAlpha / rank` times. Default: the rank. */
  readonly loraAlpha?: number | null;
}

/** Constructor options of layers that can be adapted; configs carry them. */
export interface LoraRankArgs {
  /** Rank of a low-rank adaptation; see `enableLora`. Default: none. */
  readonly loraRank?: number | null;
  /** The adaptation counts `loraAlpha / loraRank` times. Default: the rank. */
  readonly loraAlpha?: number | null;
}

/** What the config says of an adaptation: nothing where there is none. */
export const loraConfig = (lora: Lora | null, { loraRank, loraAlpha }: LoraRankArgs): LoraRankArgs => {
  const rank = lora?.rank ?? loraRank;
  return rank ? { loraRank: rank, loraAlpha: lora?.alpha ?? loraAlpha ?? rank } : {};
};

/** A weight that is kept in few bits. */
export interface PackedWeight {
  /** What it consists of. */
  readonly variables: readonly Variable[];
  float(): Tensor;
  /** The values of the variables that stand for other numbers. */
  encoded(weight: Tensor): ReadonlyMap<Variable, Tensor>;
}

/** The two matrices beside a frozen weight. */
export class Lora implements Adaptation {
  /** What stands in the place of the weight since it was quantized. */
  packed: PackedWeight | null = null;
  readonly a: Variable;
  readonly b: Variable;
  readonly alpha: number;

  /** The adaptation of a built layer that has none yet. Throws a `HornetError` otherwise. */
  static enable(
    layer: WeightOwner,
    present: Lora | null,
    weight: Variable | null,
    shape: readonly number[] | undefined,
    rank: number,
    args: LoraArgs,
  ): Lora {
    if (!weight) throw new HornetError(layer.name, 'enableLora() needs a built layer; call it on data first');
    if (present) throw new HornetError(layer.name, 'this layer is adapted already');
    return new Lora(layer, weight, rank, args, shape);
  }

  /**
   * @param weight - The weight; it is no longer trained. The matrices are called `lora_<its name>_a` and `…_b`.
   * @param shape - Its shape before it was packed.
   * @throws HornetError when the rank is not a positive integer, or the weight has a constraint.
   */
  constructor(
    layer: WeightOwner,
    private readonly weight: Variable,
    readonly rank: number,
    args: LoraArgs = {},
    shape: readonly number[] = weight.shape,
  ) {
    if (!(Number.isInteger(rank) && rank > 0)) {
      throw new HornetError(layer.name, `expected the rank to be a positive integer, received ${String(rank)}`);
    }
    if (weight.constraint) {
      throw new HornetError(layer.name, `a constraint on '${weight.name}' does not go with its adaptation`);
    }
    const { name, regularizer } = weight;
    const { aInitializer = 'heUniform', bInitializer = 'zeros' } = args;
    // In float32 whatever the layer's type: the changes are small.
    const make = (suffix: string, size: readonly number[], initializer: InitializerLike): Variable =>
      layer.addWeight({ name: `lora_${name}_${suffix}`, shape: size, initializer, regularizer, dtype: 'float32' });
    this.alpha = args.loraAlpha ?? rank;
    this.a = make('a', [...shape.slice(0, -1), rank], aInitializer);
    this.b = make('b', [rank, shape.at(-1)!], bInitializer);
    weight.trainable = false;
    layer.adaptation = this;
  }

  /** The adapted weight. */
  applyTo(weight: Variable): Tensor {
    return cast(add(weight, this.change()), weight.readDtype);
  }

  /** What is added to the result of something that is done with the weight: `use` does it with another one. */
  change(use: (a: Tensor) => Tensor = (a) => a): Tensor {
    return multiply(matmul(use(this.a.value), this.b), this.alpha / this.rank);
  }

  /** The layer's weights as files hold them: the adapted weight in the place of the weight, without the two matrices. */
  saved(weights: readonly SavedWeight[]): SavedWeight[] {
    const { packed, weight } = this;
    let merged: ReadonlyMap<Variable, Tensor> | null = null;
    const merge = (): ReadonlyMap<Variable, Tensor> =>
      packed ? packed.encoded(add(packed.float(), this.change())) : new Map([[weight, this.applyTo(weight)]]);
    const own = packed?.variables ?? [weight];
    return weights
      .filter(({ variable }) => variable !== this.a && variable !== this.b)
      .map((saved) =>
        own.includes(saved.variable) ? { ...saved, value: () => (merged ??= merge()).get(saved.variable)! } : saved,
      );
  }

  /** Starts over from a weight that has come from a file. */
  reset(): void {
    for (const matrix of [this.a, this.b]) matrix.assign(zerosLike(matrix));
  }
}
