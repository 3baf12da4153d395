// What Attention and AdditiveAttention share: inputs, masks, dropout and the weighted sum. How well a query and a key match
// is theirs. Attention of several heads has a file of its own.
import { HornetError } from '../errors.js';
import { cast, expandDims, logicalNot, matmul, multiply, softmax, subtract } from '../ops/index.js';
import { dropout, SeedGenerator } from '../random.js';
import type { Tensor } from '../tensor.js';
import type { Tree } from '../tree.js';
import { allOf, causalMask } from './attention-masks.js';
import type { Shape } from './input-spec.js';
import {
  Layer,
  type CallArgs,
  type CallOptions,
  type Config,
  type LayerArgs,
  type Mask,
  type Shapes,
} from './layer.js';

/** Options that the attention layers share. */
export interface BaseAttentionArgs extends LayerArgs {
  /** Share of attention weights that training drops. Default 0. */
  readonly dropout?: number;
  /** Default: from the global seed. */
  readonly seed?: number | null;
}

/** What may be said in a call of an attention layer. */
export interface AttentionCallOptions extends CallOptions {
  /** Masks of query and value: [batch, queries] and [batch, keys]. */
  readonly mask?: Mask;
  /** Gives `[outputs, weights]`, weights of shape [batch, queries, keys]. Default false. */
  readonly returnAttentionScores?: boolean;
  /** Whether a query sees only keys up to its own position. Default false. */
  readonly useCausalMask?: boolean;
}

type Named = CallArgs & Pick<AttentionCallOptions, 'returnAttentionScores' | 'useCausalMask'>;

/** Sums values, weighted by how well their keys match a query. */
export abstract class BaseAttention extends Layer {
  readonly dropout: number;
  readonly seed: number | null;
  protected readonly seedGenerator: SeedGenerator | null;

  constructor(args: BaseAttentionArgs) {
    super(args);
    this.dropout = args.dropout ?? 0;
    this.seed = args.seed ?? null;
    this.seedGenerator = this.dropout > 0 ? new SeedGenerator(this.seed) : null;
    this.supportsMasking = true;
  }

  /** How well each query matches each key: [batch, queries, dim] and [batch, keys, dim] → [batch, queries, keys]. */
  protected abstract scores(query: Tensor, key: Tensor): Tensor;

  override call(inputs: Tree<Tensor>, options: Named): Tree<Tensor> {
    const [query, value, key = value] = this.checked<Tensor>(inputs);
    const [queryMask, valueMask] = this.masksOf(options.mask);
    const scores = this.visible(this.scores(query, key), valueMask, options.useCausalMask ?? false);
    const softened = softmax(scores, { axis: -1 });
    const drop = options.training && this.seedGenerator;
    const weights = drop ? dropout(softened, this.dropout, { seed: drop }) : softened;
    const summed = matmul(weights, value);
    const outputs = queryMask ? multiply(summed, cast(expandDims(queryMask, -1), summed.dtype)) : summed;
    return options.returnAttentionScores ? [outputs, weights] : outputs;
  }

  override computeMask(_inputs: Tree<Tensor>, previousMask: Mask): Mask {
    return this.masksOf(previousMask)[0];
  }

  /** Takes a large number off the scores of keys that a query must not see; not infinity, which could give NaN. */
  private visible(scores: Tensor, valueMask: Tensor | null, causal: boolean): Tensor {
    const [queries, keys] = scores.shape.slice(-2);
    const past = causal ? expandDims(causalMask(queries, keys), 0) : null;
    const seen = allOf([valueMask && expandDims(valueMask, -2), past]);
    if (!seen) return scores;
    const large = scores.dtype === 'float16' ? 65504 : 1e9;
    return subtract(scores, multiply(cast(logicalNot(seen), scores.dtype), large));
  }

  private masksOf(mask: Mask): readonly (Tensor | null)[] {
    if (mask === null) return [null, null];
    if (!Array.isArray(mask) || mask.length < 2 || mask.length > 3) {
      throw new HornetError(this.name, 'expected the mask to be a list [queryMask, valueMask]');
    }
    return (mask as (Tensor | null)[]).map((each) => each && cast(each, 'bool'));
  }

  private checked<T>(inputs: unknown): T[] {
    if (Array.isArray(inputs) && (inputs.length === 2 || inputs.length === 3)) return inputs as T[];
    throw new HornetError(this.name, 'expected a list of inputs: [query, value] or [query, value, key]');
  }

  /** The last size of the query. Throws where the inputs are no list of two or three tensors. */
  protected depthOf(inputShape: Shapes): number | null {
    const [query] = this.checked<Shape>((inputShape as readonly Shapes[]).every(Array.isArray) ? inputShape : null);
    return query.at(-1) ?? null;
  }

  override getConfig(): Config {
    return { ...super.getConfig(), dropout: this.dropout, seed: this.seed };
  }
}
