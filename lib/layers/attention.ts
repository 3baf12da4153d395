// Attention and AdditiveAttention, of one head: dot products or learned sums. What they share is in base-attention.ts.
import { HornetError } from '../errors.js';
import { add, expandDims, matmul, multiply, sum, swapaxes, tanh } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { BaseAttention, type BaseAttentionArgs } from './base-attention.js';
import type { Config, Shapes } from './layer.js';

/** Options of `attention`. */
export interface AttentionLayerArgs extends BaseAttentionArgs {
  /** Whether a learned number scales the scores. Default false. */
  readonly useScale?: boolean;
  /** Scores are dot products of query and key, or sums of `tanh(query + key)`. Default `dot`. */
  readonly scoreMode?: 'dot' | 'concat';
}

/** Options of `additiveAttention`. */
export interface AdditiveAttentionArgs extends BaseAttentionArgs {
  /** Whether learned numbers weigh the features. Default true. */
  readonly useScale?: boolean;
}

/** query + key of every pair: [batch, queries, keys, dim]. */
const meet = (query: Tensor, key: Tensor): Tensor => add(expandDims(query, -2), expandDims(key, -3));

/**
 * Dot-product attention: `[query, value]` or `[query, value, key]` of shapes [batch, queries, dim], [batch, keys, dim] →
 * [batch, queries, dim]. Call options: `mask` ([queryMask, valueMask]), `useCausalMask`, `returnAttentionScores`.
 * Source: Luong et al. 2015.
 */
export class Attention extends BaseAttention {
  static readonly className: string = 'Attention';
  readonly useScale: boolean;
  readonly scoreMode: 'dot' | 'concat';
  scale: Variable | null = null;
  concatScoreWeight: Variable | null = null;

  constructor(args: AttentionLayerArgs = {}) {
    super(args);
    this.useScale = args.useScale ?? false;
    this.scoreMode = args.scoreMode ?? 'dot';
    if (!['dot', 'concat'].includes(this.scoreMode)) {
      throw new HornetError(this.name, `expected scoreMode to be 'dot' or 'concat', received '${this.scoreMode}'`);
    }
  }

  override build(inputShape: Shapes): void {
    this.depthOf(inputShape);
    const weight = (name: string): Variable => this.addWeight({ name, shape: [], initializer: 'ones' });
    if (this.useScale) this.scale = weight('scale');
    if (this.scoreMode === 'concat') this.concatScoreWeight = weight('concat_score_weight');
  }

  protected scores(query: Tensor, key: Tensor): Tensor {
    const scaled = (x: Tensor): Tensor => (this.scale ? multiply(x, this.scale) : x);
    if (this.scoreMode === 'dot') return scaled(matmul(query, swapaxes(key, -2, -1)));
    return multiply(this.concatScoreWeight!, sum(tanh(scaled(meet(query, key))), { axis: -1 }));
  }

  override getConfig(): Config {
    return { ...super.getConfig(), useScale: this.useScale, scoreMode: this.scoreMode };
  }
}

/**
 * Additive attention: scores are sums of `tanh(query + key)`, each feature with a learned weight. Inputs and call options
 * are those of `Attention`. Source: Bahdanau et al. 2014.
 */
export class AdditiveAttention extends BaseAttention {
  static readonly className: string = 'AdditiveAttention';
  readonly useScale: boolean;
  scale: Variable | null = null;

  constructor(args: AdditiveAttentionArgs = {}) {
    super(args);
    this.useScale = args.useScale ?? true;
  }

  override build(inputShape: Shapes): void {
    const shape = [this.depthOf(inputShape)];
    if (this.useScale) this.scale = this.addWeight({ name: 'scale', shape, initializer: 'glorotUniform' });
  }

  protected scores(query: Tensor, key: Tensor): Tensor {
    const met = tanh(meet(query, key));
    return sum(this.scale ? multiply(met, this.scale) : met, { axis: -1 });
  }

  override getConfig(): Config {
    return { ...super.getConfig(), useScale: this.useScale };
  }
}

registerSerializable('keras.layers', Attention);
registerSerializable('keras.layers', AdditiveAttention);

/** Makes an `Attention` layer: a sum of values, weighted by the dot products of queries and keys. */
export const attention = (args?: AttentionLayerArgs): Attention => new Attention(args);
/** Makes an `AdditiveAttention` layer: a sum of values, weighted by learned sums over queries and keys. */
export const additiveAttention = (args?: AdditiveAttentionArgs): AdditiveAttention => new AdditiveAttention(args);
