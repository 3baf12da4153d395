// ReversibleEmbedding: an embedding that also leads back, from vectors to a score for each word.
import type { DType } from '../dtype.js';
import { cast, divide, matmul, multiply, tanh, transpose } from '../ops/index.js';
import type { QuantizationConfig } from '../quantizers/config.js';
import { AbsMaxQuantizer, type Quantizer } from '../quantizers/quantizer.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { Embedding, type EmbeddingArgs } from './embedding.js';
import type { CallArgs, CallOptions, Config, Mask } from './layer.js';
import { setMask } from './mask.js';
import { blockSizeOf, multiplyQuantized, type QuantizedOperand } from './quantization.js';
import { matrixLayout, QuantizedWeight } from './quantized-weight.js';

/** Options of `reversibleEmbedding`. */
export interface ReversibleEmbeddingArgs extends EmbeddingArgs {
  /** Whether the way back uses the same vectors. Default true. */
  readonly tieWeights?: boolean;
  /** Type in which the way back is computed. Default: that of its inputs. */
  readonly reverseDtype?: DType | null;
  /** Limits the scores smoothly to ± this number. Default: no limit. */
  readonly logitSoftCap?: number | null;
}

/** What may be said in a call of a `ReversibleEmbedding`. */
export interface ReversibleCallOptions extends CallOptions {
  /** Whether vectors [..., outputDim] become scores [..., inputDim]. Default false. */
  readonly reverse?: boolean;
}

/**
 * An embedding that also leads back: integers [...] → [..., outputDim], and with the call option `reverse` vectors
 * [..., outputDim] → scores of all words [..., inputDim].
 */
export class ReversibleEmbedding extends Embedding {
  static override readonly className: string = 'ReversibleEmbedding';
  readonly tieWeights: boolean;
  readonly reverseDtype: DType | null;
  readonly logitSoftCap: number | null;
  reverseEmbeddings: Variable | null = null;
  #quantizedReverse: QuantizedWeight | null = null;

  constructor(inputDim: number, outputDim: number, args: ReversibleEmbeddingArgs = {}) {
    super(inputDim, outputDim, args);
    this.tieWeights = args.tieWeights ?? true;
    this.reverseDtype = args.reverseDtype ?? null;
    this.logitSoftCap = args.logitSoftCap ?? null;
  }

  override build(inputShape: unknown): void {
    super.build(inputShape);
    if (this.tieWeights || this.quantizationMode) return;
    this.reverseEmbeddings = this.addWeight({
      name: 'reverse_embeddings',
      shape: [this.outputDim, this.inputDim],
      initializer: this.weightArgs.embeddingsInitializer,
    });
  }

  protected override addQuantized(config: QuantizationConfig | null): void {
    super.addQuantized(config);
    if (this.tieWeights) return;
    const layout = matrixLayout('reverse_embeddings', [this.outputDim, this.inputDim], 0, {
      packed: 0,
      zeroDtype: this.variableDtype,
    });
    const blockSize = blockSizeOf(config, this.dtypePolicy);
    const { groups } = this.quantized!;
    this.#quantizedReverse = new QuantizedWeight(this, layout, this.wholeMode(config), blockSize, groups);
    this.reverseEmbeddings = this.#quantizedReverse.codes;
  }

  override quantizeWeights(config: QuantizationConfig): void {
    const reverse = this.reverseEmbeddings;
    if (reverse) this.dropWeight(reverse);
    super.quantizeWeights(config);
    if (reverse) this.#quantizedReverse!.assign(reverse.value, config.weightQuantizer);
  }

  override call(inputs: Tensor, options: CallArgs & Pick<ReversibleCallOptions, 'reverse'>): Tensor {
    if (!options.reverse) {
      const vectors = super.call(inputs, options);
      if (this.maskZero) setMask(vectors, super.computeMask(inputs, null) as Tensor);
      return vectors;
    }
    // Keras reads arrays of doubles as single precision; with vectors of doubles they stay.
    const isWide = inputs.dtype === 'float64' && this.computeDtype !== 'float64';
    const scores = this.scores(isWide ? cast(inputs, 'float32') : inputs);
    const { logitSoftCap: cap } = this;
    return cap === null ? scores : multiply(tanh(divide(scores, cap)), cap);
  }

  private scores(inputs: Tensor): Tensor {
    const { reverseDtype, quantized } = this;
    if (quantized) {
      return multiplyQuantized(inputs, this.#quantizedReverse ?? turned(quantized), {
        product: matmul,
        quantizer: this.inputQuantizer,
        axis: null,
        align: (scale) => scale,
        dtype: this.computeDtype,
      });
    }
    const kernel = this.reverseEmbeddings?.value ?? transpose(this.vectors());
    return reverseDtype ? matmul(cast(inputs, reverseDtype), cast(kernel, reverseDtype)) : matmul(inputs, kernel);
  }

  private get inputQuantizer(): Quantizer | null {
    const { quantizationConfig } = this;
    return quantizationConfig ? quantizationConfig.activationQuantizer : new AbsMaxQuantizer();
  }

  /** On the way there the call itself leaves a mask; on the way back there is none. */
  override computeMask(_inputs: Tensor, _previousMask: Mask): Mask {
    return null;
  }

  override getConfig(): Config {
    const { tieWeights, reverseDtype, logitSoftCap } = this;
    return { ...super.getConfig(), tieWeights, reverseDtype, logitSoftCap };
  }
}

/** Vectors as the matrix of the way back. */
const turned = (vectors: QuantizedWeight): QuantizedOperand => ({
  float: (dtype) => transpose(vectors.float(dtype)),
  get whole() {
    const { whole } = vectors;
    return whole && { codes: transpose(whole.codes), scale: whole.scale };
  },
});

registerSerializable('keras.layers', ReversibleEmbedding);

/** An `Embedding` whose call option `reverse` leads from vectors to scores of all words. */
export const reversibleEmbedding = (
  inputDim: number,
  outputDim: number,
  args?: ReversibleEmbeddingArgs,
): ReversibleEmbedding => new ReversibleEmbedding(inputDim, outputDim, args);
