// Embedding: a trained vector for each of a number of words.
import { getConstraint, type ConstraintLike } from '../constraints/index.js';
import { isInteger, type DType, type TypedArray } from '../dtype.js';
import { HornetError } from '../errors.js';
import { getInitializer, type InitializerLike } from '../initializers/index.js';
import { add, cast, notEqual, take } from '../ops/index.js';
import type { QuantizationConfig } from '../quantizers/config.js';
import { getRegularizer, type RegularizerLike } from '../regularizers/index.js';
import { registerSerializable } from '../saving/registry.js';
import { tensor, Tensor, type NestedArray } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Layer, type CallArgs, type Config, type LayerArgs, type Mask } from './layer.js';
import { Lora, loraConfig, type LoraArgs, type LoraRankArgs } from './lora.js';
import { blockSizeOf } from './quantization.js';
import { matrixLayout, QuantizedWeight } from './quantized-weight.js';

/** Options of `embedding`. */
export interface EmbeddingArgs extends LayerArgs, LoraRankArgs {
  /** Default `randomUniform`. */
  readonly embeddingsInitializer?: InitializerLike;
  readonly embeddingsRegularizer?: RegularizerLike | null;
  readonly embeddingsConstraint?: ConstraintLike | null;
  /** Whether index 0 is padding, to be masked. Default false. */
  readonly maskZero?: boolean;
  /** The vectors to begin with: [inputDim, outputDim]. Default: from the initializer. */
  readonly weights?: Tensor | NestedArray | TypedArray | null;
  /** How the vectors are quantized, where `dtype` says that they are. Default: that of the mode. */
  readonly quantizationConfig?: QuantizationConfig | null;
}

/** Looks up a vector for each index: integers [...] → [..., outputDim]. */
export class Embedding extends Layer {
  static readonly className: string = 'Embedding';
  static override readonly requiredArgs: readonly string[] = ['inputDim', 'outputDim'];
  readonly maskZero: boolean;
  embeddings: Variable | null = null;
  quantizationConfig: QuantizationConfig | null;
  protected quantized: QuantizedWeight | null = null;
  #lora: Lora | null = null;
  protected readonly weightArgs: Required<
    Pick<EmbeddingArgs, 'embeddingsInitializer' | 'embeddingsRegularizer' | 'embeddingsConstraint'>
  >;
  readonly #loraArgs: LoraRankArgs;
  readonly #given: EmbeddingArgs['weights'];

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
    this.#given = args.weights ?? null;
    this.weightArgs = {
      embeddingsInitializer: getInitializer(args.embeddingsInitializer ?? 'randomUniform'),
      embeddingsRegularizer: getRegularizer(args.embeddingsRegularizer ?? null),
      embeddingsConstraint: getConstraint(args.embeddingsConstraint ?? null),
    };
    this.quantizationConfig = args.quantizationConfig ?? null;
    this.#loraArgs = { loraRank: args.loraRank, loraAlpha: args.loraAlpha };
    this.autocast = false;
    this.supportsMasking = this.maskZero;
  }

  override get inputDtype(): DType {
    return 'int32';
  }

  override build(_inputShape: unknown): void {
    if (this.quantizationMode) {
      this.addQuantized(this.quantizationConfig);
    } else {
      const { embeddingsInitializer, embeddingsRegularizer, embeddingsConstraint } = this.weightArgs;
      this.embeddings = this.addWeight({
        name: 'embeddings',
        shape: [this.inputDim, this.outputDim],
        initializer: this.#given ? (shape) => asTensor(this.#given!, shape) : embeddingsInitializer,
        regularizer: embeddingsRegularizer,
        constraint: embeddingsConstraint,
      });
    }
    const { loraRank, loraAlpha } = this.#loraArgs;
    if (loraRank) this.enableLora(loraRank, { loraAlpha });
  }

  /** Makes the weights of the present mode, or of that of a config. */
  protected addQuantized(config: QuantizationConfig | null): void {
    const mode = this.wholeMode(config);
    const layout = matrixLayout('embeddings', [this.inputDim, this.outputDim], 1);
    this.quantized = new QuantizedWeight(this, layout, mode, blockSizeOf(config, this.dtypePolicy));
    this.embeddings = this.quantized.codes;
    if (this.#lora) this.#lora.packed = this.quantized;
  }

  /** The mode of quantization; words have no 8-bit floats. */
  protected wholeMode(config: QuantizationConfig | null): 'int8' | 'int4' {
    const mode = config?.mode ?? this.quantizationMode;
    if (mode === 'int8' || mode === 'int4') return mode;
    throw new HornetError(this.name, `expected the quantization mode to be int8 or int4, received '${mode}'`);
  }

  override quantizeWeights(config: QuantizationConfig): void {
    this.wholeMode(config);
    this.quantizationConfig = config;
    const embeddings = this.embeddings!;
    this.dropWeight(embeddings);
    this.addQuantized(config);
    this.quantized!.assign(embeddings.value, config.weightQuantizer);
  }

  /**
   * Freezes the vectors and trains a product of two matrices of this rank that is added to them.
   *
   * @throws HornetError when the layer is not built, or adapted already.
   */
  enableLora(rank: number, args: LoraArgs = {}): void {
    const shape = [this.inputDim, this.outputDim];
    this.#lora = Lora.enable(this, this.#lora, this.embeddings, shape, rank, args);
    this.#lora.packed = this.quantized;
  }

  override call(inputs: Tensor, _options: CallArgs): Tensor {
    const { computeDtype: dtype, quantized } = this;
    const indices = isInteger(inputs.dtype) ? inputs : cast(inputs, 'int32');
    const find = (rows: Tensor | Variable): Tensor => take(rows, indices, { axis: 0 });
    const found = quantized ? quantized.float(dtype, find) : find(this.embeddings!);
    return cast(this.#lora ? add(found, this.#lora.change(find)) : found, dtype);
  }

  /** The vectors as floats, one a row, adapted where they are. */
  protected vectors(): Tensor {
    return this.#lora?.applyTo(this.embeddings!) ?? this.embeddings!.value;
  }

  override computeMask(inputs: Tensor, _previousMask: Mask): Mask {
    return this.maskZero ? notEqual(inputs, 0) : null;
  }

  override getConfig(): Config {
    const { inputDim, outputDim, maskZero, activityRegularizer, quantizationConfig } = this;
    return {
      ...super.getConfig(),
      inputDim,
      outputDim,
      ...this.weightArgs,
      activityRegularizer,
      maskZero,
      quantizationConfig,
      ...loraConfig(this.#lora, this.#loraArgs),
    };
  }
}

/** Typed arrays are flat. */
const asTensor = (values: Tensor | NestedArray | TypedArray, shape: readonly number[]): Tensor =>
  values instanceof Tensor ? values : tensor(values, ArrayBuffer.isView(values) ? shape : undefined);

registerSerializable('keras.layers', Embedding);

/** A trained vector of length `outputDim` for each of `inputDim` indices: integers [...] → [..., outputDim]. */
export const embedding = (inputDim: number, outputDim: number, args?: EmbeddingArgs): Embedding =>
  new Embedding(inputDim, outputDim, args);
