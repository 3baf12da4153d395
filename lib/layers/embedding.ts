// Embedding: a trained vector for each of a number of words.
import { getConstraint, type ConstraintLike } from '../constraints/index.js';
import { isInteger, type DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { getInitializer, type InitializerLike } from '../initializers/index.js';
import { add, cast, matmul, multiply, notEqual, take } from '../ops/index.js';
import { getRegularizer, type RegularizerLike } from '../regularizers/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Layer, type Config, type LayerArgs, type Mask } from './layer.js';
import { Lora, loraConfig, type LoraArgs, type LoraRankArgs } from './lora.js';

/** Options of `embedding`. */
export interface EmbeddingArgs extends LayerArgs, LoraRankArgs {
  /** Default `randomUniform`. */
  readonly embeddingsInitializer?: InitializerLike;
  readonly embeddingsRegularizer?: RegularizerLike | null;
  readonly embeddingsConstraint?: ConstraintLike | null;
  /** Whether index 0 is padding, to be masked. Default false. */
  readonly maskZero?: boolean;
}

/** Looks up a vector for each index: integers [...] → [..., outputDim]. */
export class Embedding extends Layer {
  static readonly className: string = 'Embedding';
  static override readonly requiredArgs: readonly string[] = ['inputDim', 'outputDim'];
  readonly maskZero: boolean;
  embeddings: Variable | null = null;
  #lora: Lora | null = null;
  readonly #args: EmbeddingArgs;
  readonly #loraArgs: LoraRankArgs;

  /**
   * @param inputDim - Number of indices, the largest plus one.
   * @param outputDim - Length of the vectors.
   */
  constructor(
    readonly inputDim: number,
    readonly outputDim: number,
    args: EmbeddingArgs = {},
  ) {
    super(args);
    for (const [name, value] of Object.entries({ inputDim, outputDim })) {
      if (!(Number.isInteger(value) && value > 0)) {
        throw new HornetError(this.name, `expected ${name} to be a positive integer, received ${String(value)}`);
      }
    }
    this.maskZero = args.maskZero ?? false;
    this.#args = {
      embeddingsInitializer: getInitializer(args.embeddingsInitializer ?? 'randomUniform'),
      embeddingsRegularizer: getRegularizer(args.embeddingsRegularizer ?? null),
      embeddingsConstraint: getConstraint(args.embeddingsConstraint ?? null),
    };
    this.#loraArgs = { loraRank: args.loraRank, loraAlpha: args.loraAlpha };
    this.autocast = false;
    this.supportsMasking = this.maskZero;
  }

  override get inputDtype(): DType {
    return 'int32';
  }

  override build(): void {
    const { embeddingsInitializer, embeddingsRegularizer, embeddingsConstraint } = this.#args;
    this.embeddings = this.addWeight({
      name: 'embeddings',
      shape: [this.inputDim, this.outputDim],
      initializer: embeddingsInitializer,
      regularizer: embeddingsRegularizer,
      constraint: embeddingsConstraint,
    });
    const { loraRank, loraAlpha } = this.#loraArgs;
    if (loraRank) this.#lora = new Lora(this, this.embeddings, 'embeddings', loraRank, { loraAlpha });
  }

  /**
   * Freezes the vectors and trains a product of two matrices of this rank that is added to them.
   *
   * @throws HornetError when the layer is not built, or adapted already.
   */
  enableLora(rank: number, args: LoraArgs = {}): void {
    this.#lora = Lora.enable(this, this.#lora, this.embeddings, 'embeddings', rank, args);
  }

  override call(inputs: Tensor): Tensor {
    const indices = isInteger(inputs.dtype) ? inputs : cast(inputs, 'int32');
    const found = take(this.embeddings!, indices, { axis: 0 });
    const lora = this.#lora;
    if (!lora) return cast(found, this.computeDtype);
    const change = matmul(take(lora.a, indices, { axis: 0 }), lora.b);
    return cast(add(found, multiply(change, lora.scale)), this.computeDtype);
  }

  override computeMask(inputs: Tensor): Mask {
    return this.maskZero ? notEqual(inputs, 0) : null;
  }

  override getConfig(): Config {
    const { inputDim, outputDim, maskZero } = this;
    const { embeddingsInitializer, embeddingsRegularizer, embeddingsConstraint } = this.#args;
    return {
      ...super.getConfig(),
      inputDim,
      outputDim,
      embeddingsInitializer,
      embeddingsRegularizer,
      activityRegularizer: this.activityRegularizer,
      embeddingsConstraint,
      maskZero,
      ...loraConfig(this.#lora, this.#loraArgs),
    };
  }
}

registerSerializable('keras.layers', Embedding);

/** A trained vector of length `outputDim` for each of `inputDim` indices: integers [...] → [..., outputDim]. */
export const embedding = (inputDim: number, outputDim: number, args?: EmbeddingArgs): Embedding =>
  new Embedding(inputDim, outputDim, args);
