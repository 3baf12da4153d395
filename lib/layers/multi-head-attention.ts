// MultiHeadAttention and GroupQueryAttention: their options and geometry. How they attend is in projected-attention.ts.
import { HornetError } from '../errors.js';
import { getRegularizer } from '../regularizers/index.js';
import { registerSerializable } from '../saving/registry.js';
import { checkPositive } from './conv.js';
import type { Shape } from './input-spec.js';
import type { Config } from './layer.js';
import { uniqueName } from './naming.js';
import { ProjectedAttention, type ProjectedAttentionArgs } from './projected-attention.js';

/** Options of `multiHeadAttention`. */
export interface MultiHeadAttentionArgs extends ProjectedAttentionArgs {
  /** Size of each head of the values. Default: `keyDim`. */
  readonly valueDim?: number | null;
  /** Sizes that take the place of the last axis in the outputs. Default: as in the query. */
  readonly outputShape?: number | Shape | null;
  /** Axes of the inputs along which queries see keys. Default: all between the batch and the last one. */
  readonly attentionAxes?: number | readonly number[] | null;
}

/**
 * Attention of several heads, each over projections of its own: query [batch, queries, dim] and value [batch, keys, dim]
 * → [batch, queries, dim]. Call options: `key`, the masks (those that the inputs carry count by themselves),
 * `useCausalMask`, `returnAttentionScores`. Source: Vaswani et al. 2017.
 *
 * @example
 * multiHeadAttention(8, 64)(x, x, { useCausalMask: true });
 */
export class MultiHeadAttention extends ProjectedAttention {
  static readonly className: string = 'MultiHeadAttention';
  static override readonly requiredArgs: readonly string[] = ['numHeads', 'keyDim'];
  readonly valueDim: number;
  readonly outputShape: Shape | null;
  attentionAxes: readonly number[] | null;

  /**
   * @param numHeads - Number of heads.
   * @param keyDim - Size of each head of queries and keys.
   */
  constructor(
    readonly numHeads: number,
    readonly keyDim: number,
    args: MultiHeadAttentionArgs = {},
  ) {
    // The outputs themselves have no penalty, as in Keras: only the projections do.
    super(getRegularizer(args.activityRegularizer ?? null), { ...args, activityRegularizer: null });
    const { outputShape = null, attentionAxes = null } = args;
    checkPositive(this.name, 'numHeads', numHeads);
    checkPositive(this.name, 'keyDim', keyDim);
    this.valueDim = args.valueDim ?? keyDim;
    checkPositive(this.name, 'valueDim', this.valueDim);
    this.outputShape = typeof outputShape === 'number' ? [outputShape] : outputShape;
    if (this.outputShape) this.outputShape.forEach((size) => checkPositive(this.name, 'outputShape', size!));
    this.attentionAxes = typeof attentionAxes === 'number' ? [attentionAxes] : attentionAxes;
  }

  protected get heads() {
    const { numHeads, keyDim, valueDim } = this;
    return { queries: numHeads, keys: numHeads, keyDim, valueDim };
  }

  override build(queryShape: Shape, valueShape: Shape, ...more: Shape[]): void {
    this.attentionAxes = this.axesFor(valueShape.length + 1);
    super.build(queryShape, valueShape, ...more);
  }

  protected axesFor(rank: number): readonly number[] {
    const axes = this.attentionAxes ?? Array.from({ length: rank - 3 }, (_, i) => i + 1);
    return axes.map((axis) => (axis < 0 ? axis + rank - 1 : axis));
  }

  protected outputSizes(queryShape: Shape): Shape {
    return this.outputShape ?? [queryShape.at(-1) ?? null];
  }

  override getConfig(): Config {
    const { numHeads, keyDim, valueDim, outputShape, attentionAxes } = this;
    return { ...super.getConfig(), numHeads, keyDim, valueDim, outputShape, attentionAxes };
  }
}

/** Options of `groupQueryAttention`. */
export type GroupQueryAttentionArgs = ProjectedAttentionArgs;

/**
 * Attention in which several heads of queries share one head of keys and values: query [batch, queries, dim] and value
 * [batch, keys, dim] → [batch, queries, dim]. Call options are those of `MultiHeadAttention`. Source: Ainslie et al. 2023.
 */
export class GroupQueryAttention extends ProjectedAttention {
  static readonly className: string = 'GroupQueryAttention';
  static override readonly requiredArgs: readonly string[] = ['headDim', 'numQueryHeads', 'numKeyValueHeads'];
  static override readonly savedNames = {
    queryDense: '_query_dense',
    keyDense: '_key_dense',
    gateDense: '_gate_dense',
    valueDense: '_value_dense',
    outputDense: '_output_dense',
  };

  /**
   * @param headDim - Size of each head.
   * @param numQueryHeads - Heads of queries: a multiple of the others.
   * @param numKeyValueHeads - Heads of keys and values.
   */
  constructor(
    readonly headDim: number,
    readonly numQueryHeads: number,
    readonly numKeyValueHeads: number,
    args: GroupQueryAttentionArgs = {},
  ) {
    const name = args.name ?? uniqueName('grouped_query_attention');
    super(getRegularizer(args.activityRegularizer ?? null), { ...args, name });
    checkPositive(name, 'headDim', headDim);
    checkPositive(name, 'numQueryHeads', numQueryHeads);
    checkPositive(name, 'numKeyValueHeads', numKeyValueHeads);
    if (numQueryHeads % numKeyValueHeads !== 0) {
      throw new HornetError(
        name,
        `expected numQueryHeads to be a multiple of numKeyValueHeads, received ${numQueryHeads} and ${numKeyValueHeads}`,
      );
    }
  }

  protected get heads() {
    const { numQueryHeads, numKeyValueHeads, headDim } = this;
    return { queries: numQueryHeads, keys: numKeyValueHeads, keyDim: headDim, valueDim: headDim };
  }

  override get pythonName(): string {
    return 'GroupedQueryAttention';
  }

  protected axesFor(): readonly number[] {
    return [1];
  }

  protected outputSizes(queryShape: Shape): Shape {
    return [queryShape.at(-1) ?? null];
  }

  override getConfig(): Config {
    const { headDim, numQueryHeads, numKeyValueHeads } = this;
    return { ...super.getConfig(), headDim, numQueryHeads, numKeyValueHeads };
  }
}

registerSerializable('keras.layers', MultiHeadAttention);
registerSerializable('keras.layers', GroupQueryAttention);
// As older .h5 files call it.
registerSerializable('keras.layers', GroupQueryAttention, 'GroupedQueryAttention');

/** Makes a `MultiHeadAttention` layer: `numHeads` heads, each over projections of size `keyDim`. */
export const multiHeadAttention = (
  numHeads: number,
  keyDim: number,
  args?: MultiHeadAttentionArgs,
): MultiHeadAttention => new MultiHeadAttention(numHeads, keyDim, args);
/** Makes a `GroupQueryAttention` layer: several heads of queries share one of keys and values. */
export const groupQueryAttention = (
  headDim: number,
  numQueryHeads: number,
  numKeyValueHeads: number,
  args?: GroupQueryAttentionArgs,
): GroupQueryAttention => new GroupQueryAttention(headDim, numQueryHeads, numKeyValueHeads, args);
