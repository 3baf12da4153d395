// Low-rank adaptation: a weight is frozen, and the product of two small trained matrices is added to it.
import { HornetError } from '../errors.js';
import type { InitializerLike } from '../initializers/index.js';
import { add, matmul, multiply, zerosLike } from '../ops/index.js';
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

/** The two matrices beside a frozen weight. */
export class Lora implements Adaptation {
  readonly a: Variable;
  readonly b: Variable;
  readonly alpha: number;

  /** The adaptation of a built layer that has none yet. Throws a `HornetError` otherwise. */
  static enable(
    layer: WeightOwner,
    present: Lora | null,
    weight: Variable | null,
    name: string,
    rank: number,
    args: LoraArgs,
  ): Lora {
    if (!weight) throw new HornetError(layer.name, 'enableLora() needs a built layer; call it on data first');
    if (present) throw new HornetError(layer.name, 'this layer is adapted already');
    return new Lora(layer, weight, name, rank, args);
  }

  /**
   * @param weight - The weight; it is no longer trained.
   * @param name - Its name: the matrices are called `lora_<name>_a` and `lora_<name>_b`.
   * @throws HornetError when the rank is not a positive integer.
   */
  constructor(
    layer: WeightOwner,
    readonly weight: Variable,
    name: string,
    readonly rank: number,
    args: LoraArgs = {},
  ) {
    if (!(Number.isInteger(rank) && rank > 0)) {
      throw new HornetError(layer.name, `expected the rank to be a positive integer, received ${String(rank)}`);
    }
    const { shape, regularizer } = weight;
    const { aInitializer = 'heUniform', bInitializer = 'zeros' } = args;
    const make = (suffix: string, size: readonly number[], initializer: InitializerLike): Variable =>
      layer.addWeight({ name: `lora_${name}_${suffix}`, shape: size, initializer, regularizer });
    this.alpha = args.loraAlpha ?? rank;
    this.a = make('a', [...shape.slice(0, -1), rank], aInitializer);
    this.b = make('b', [rank, shape.at(-1)!], bInitializer);
    weight.trainable = false;
    layer.adaptation = this;
  }

  /** What the product counts. */
  get scale(): number {
    return this.alpha / this.rank;
  }

  /** The adapted weight. */
  get value(): Tensor {
    return add(this.weight, multiply(matmul(this.a, this.b), this.scale));
  }

  /** The layer's weights as files hold them: the adapted weight in the place of the weight, without the two matrices. */
  saved(weights: readonly SavedWeight[]): SavedWeight[] {
    return weights
      .filter(({ variable }) => variable !== this.a && variable !== this.b)
      .map((saved) => (saved.variable === this.weight ? { ...saved, value: () => this.value } : saved));
  }

  /** Starts over from a weight that has come from a file. */
  reset(): void {
    for (const matrix of [this.a, this.b]) matrix.assign(zerosLike(matrix));
  }
}
