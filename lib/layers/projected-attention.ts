// What MultiHeadAttention and GroupQueryAttention share: projections to heads and back, masks, and attention over any axes.
// Scores are written out only where somebody wants them or where some are to be dropped.
import { HornetError } from '../errors.js';
import { renewed } from '../initializers/initializer.js';
import { sizeOf } from '../graph/ir.js';
import {
  broadcastTo,
  dotProductAttention,
  einsum,
  expandDims,
  multiply,
  repeat,
  reshape,
  transpose,
} from '../ops/index.js';
import type { getRegularizer } from '../regularizers/index.js';
import type { Tensor } from '../tensor.js';
import type { Tree } from '../tree.js';
import { Softmax } from './activation-layers.js';
import { allOf, causalMask, windowMask } from './attention-masks.js';
import { checkPositive } from './conv.js';
import { EinsumDense } from './einsum-dense.js';
import type { Shape } from './input-spec.js';
import { kernelBiasOptions, type KernelBiasArgs, type KernelBiasOptions } from './kernel-bias.js';
import { Layer, type CallArgs, type CallOptions, type Config, type LayerArgs, type Mask } from './layer.js';
import { setMask } from './mask.js';
import { Dropout } from './noise.js';

/** Options that the attention layers with several heads share. */
export interface ProjectedAttentionArgs extends LayerArgs, KernelBiasArgs {
  /** Share of attention weights that training drops. Default 0. */
  readonly dropout?: number;
  /** Whether the projections have biases. Default true. */
  readonly useBias?: boolean;
  /** Queries see only keys less than this many positions away, on either side. Default: all. */
  readonly slidingWindow?: number | null;
  /**
   * True insists on attention that never writes scores out, and refuses what needs them. It is used wherever possible
   * in any case.
   */
  readonly flashAttention?: boolean | null;
  /** Whether a sigmoid of a projection of the query multiplies the result. Default false. */
  readonly useGate?: boolean;
  /** Of dropout. Default: from the global seed. */
  readonly seed?: number | null;
}

/** What may be said in a call of `MultiHeadAttention` and `GroupQueryAttention`, behind query and value. */
export interface ProjectedAttentionCallOptions extends CallOptions {
  /** Default: the value. */
  readonly key?: Tensor | null;
  /** Which queries count: [batch, queries]. Default: the mask that the query carries. */
  readonly queryMask?: Tensor | null;
  /** Which values count: [batch, keys]. Default: the mask that the value carries. */
  readonly valueMask?: Tensor | null;
  /** Which keys count: [batch, keys]. Default: the mask that the key carries. */
  readonly keyMask?: Tensor | null;
  /** Which keys a query may see: [batch, queries, keys], or with an axis of heads behind the batch. */
  readonly attentionMask?: Tensor | null;
  /** Gives `[outputs, weights]`, weights of shape [batch, heads, queries, keys]. Default false. */
  readonly returnAttentionScores?: boolean;
  /** Whether a query sees only keys up to its own position. Default false. */
  readonly useCausalMask?: boolean;
}

type Named = CallArgs &
  Pick<
    ProjectedAttentionCallOptions,
    'queryMask' | 'valueMask' | 'keyMask' | 'attentionMask' | 'returnAttentionScores' | 'useCausalMask'
  >;

const letters = 'abcdefghijklmnopqrstuvwxyz';

/** The einsum that replaces the last `bound` axes of an input by `added` others. */
function projection(rank: number, bound: number, added: number): { equation: string; biasAxes: string } {
  const free = letters.slice(0, rank - bound);
  const inner = letters.slice(rank - bound, rank);
  const outer = letters.slice(rank, rank + added);
  return { equation: `${free}${inner},${inner}${outer}->${free}${outer}`, biasAxes: outer };
}

/** Attention of several heads, each of a projection of query, key and value of its own. */
export abstract class ProjectedAttention extends Layer {
  static override readonly callArgs: readonly string[] = ['query', 'value', 'key'];
  readonly dropout: number;
  readonly useBias: boolean;
  readonly useGate: boolean;
  readonly slidingWindow: number | null;
  readonly flashAttention: boolean;
  readonly seed: number | null;
  queryDense: EinsumDense | null = null;
  keyDense: EinsumDense | null = null;
  gateDense: EinsumDense | null = null;
  valueDense: EinsumDense | null = null;
  private softmax: Softmax | null = null;
  private dropoutLayer: Dropout | null = null;
  outputDense: EinsumDense | null = null;
  /** Initializers, regularizers and constraints of the projections. */
  protected readonly weightArgs: KernelBiasOptions;

  constructor(
    /** Penalty on the outputs of the projections. */
    protected readonly projectionRegularizer: ReturnType<typeof getRegularizer>,
    args: ProjectedAttentionArgs,
  ) {
    super(args);
    this.dropout = args.dropout ?? 0;
    this.useBias = args.useBias ?? true;
    this.useGate = args.useGate ?? false;
    this.slidingWindow = args.slidingWindow ?? null;
    this.flashAttention = args.flashAttention ?? false;
    this.seed = args.seed ?? null;
    this.weightArgs = kernelBiasOptions(args);
    if (this.slidingWindow !== null) checkPositive(this.name, 'slidingWindow', this.slidingWindow);
    if (this.flashAttention && this.dropout > 0) {
      throw new HornetError(this.name, 'flashAttention cannot drop attention weights; set dropout to 0');
    }
    this.supportsMasking = true;
  }

  /** Heads of the queries, and of keys and values, and the size of each. */
  protected abstract get heads(): { queries: number; keys: number; keyDim: number; valueDim: number };

  /** The axes of the inputs along which queries see keys. */
  protected abstract axesFor(rank: number): readonly number[];

  /** The last axes of the outputs. */
  protected abstract outputSizes(queryShape: Shape): Shape;

  override build(queryShape: Shape, valueShape: Shape, ...[keyShape = valueShape]: Shape[]): void {
    const middle = (shape: Shape): string => shape.slice(1, -1).join();
    if (middle(valueShape) !== middle(keyShape)) {
      throw new HornetError(
        this.name,
        `expected key and value to differ in the last axis only, received shapes [${keyShape}] and [${valueShape}]`,
      );
    }
    const { queries, keys, keyDim, valueDim } = this.heads;
    this.queryDense = this.project('query', queryShape, [queries, keyDim]);
    this.keyDense = this.project('key', keyShape, [keys, keyDim]);
    if (this.useGate) this.gateDense = this.project('gate', queryShape, [queries, valueDim], 'sigmoid');
    this.valueDense = this.project('value', valueShape, [keys, valueDim]);
    const { dtypePolicy: dtype, seed } = this;
    this.softmax = new Softmax({ dtype });
    this.dropoutLayer = new Dropout(this.dropout, { dtype, seed });
    const attended = [...queryShape.slice(0, -1), queries, valueDim];
    this.outputDense = this.project('attention_output', attended, this.outputSizes(queryShape), null, 2);
  }

  /** A dense layer that replaces the last `bound` axes of an input by others. */
  private project(
    name: string,
    inputShape: Shape,
    sizes: Shape,
    activation: 'sigmoid' | null = null,
    bound = 1,
  ): EinsumDense {
    const { kernelInitializer, biasInitializer, ...others } = this.weightArgs;
    const { equation, biasAxes } = projection(inputShape.length, bound, sizes.length);
    const open = Array<null>(inputShape.length - bound - 1).fill(null);
    const layer = new EinsumDense(equation, [...open, ...sizes], {
      ...others,
      name,
      activation,
      biasAxes: this.useBias ? biasAxes : null,
      // Each projection draws numbers of its own.
      kernelInitializer: renewed(kernelInitializer),
      biasInitializer: renewed(biasInitializer),
      activityRegularizer: this.projectionRegularizer,
      dtype: this.dtypePolicy,
    });
    layer.build(inputShape);
    return layer;
  }

  override call(query: Tensor, value: Tensor, ...rest: readonly unknown[]): Tree<Tensor> {
    const options = rest.at(-1) as Named;
    const key = rest.length > 1 ? (rest[0] as Tensor) : value;
    const gate = this.gateDense?.(query);
    const mask = this.visible(query.shape[1], value.shape[1], options);
    const [y, weights] = this.attend(
      [this.queryDense!(query), this.keyDense!(key), this.valueDense!(value)],
      mask,
      options,
    );
    const outputs = this.outputDense!(gate ? multiply(y, gate) : y);
    return weights ? [outputs, weights] : outputs;
  }

  override computeMask(_inputs: Tree<Tensor>, previousMask: Mask): Mask {
    return previousMask;
  }

  /** Which keys a query may see: all masks but the causal one where it is alone. */
  private visible(queries: number, keys: number, options: Named): Tensor | null {
    const along = (mask: Tensor | null | undefined, axis: number): Tensor | null =>
      mask ? expandDims(mask, axis) : null;
    const given = [
      options.attentionMask ?? null,
      along(options.queryMask, -1),
      along(options.valueMask, -2),
      along(options.keyMask, -2),
      this.slidingWindow === null ? null : expandDims(windowMask(queries, keys, this.slidingWindow), 0),
    ];
    const alone = given.every((mask) => mask === null);
    return allOf([...given, options.useCausalMask && !alone ? expandDims(causalMask(queries, keys), 0) : null]);
  }

  /** Attention of projected [batch…, …, heads, depth]; the weights only where they are wanted. */
  private attend([q, k, v]: readonly Tensor[], mask: Tensor | null, options: Named): [Tensor, Tensor | null] {
    const { returnAttentionScores = false, useCausalMask = false, training } = options;
    const folding = new Folding(q.shape, k.shape, this.axesFor(q.rank));
    const [queries, keys, values] = [q, k, v].map((x) => folding.fold(x));
    const scale = 1 / Math.sqrt(this.heads.keyDim);
    const isCausal = useCausalMask && mask === null;
    const wide = mask && folding.widenMask(mask);
    if (this.flashAttention && returnAttentionScores) {
      throw new HornetError(this.name, 'flashAttention has no scores to return; leave it out to get them');
    }
    if (!returnAttentionScores && !(training && this.dropout > 0)) {
      const y = dotProductAttention(queries, keys, values, { mask: wide && folding.foldMask(wide), scale, isCausal });
      return [folding.unfold(y), null];
    }
    const times = q.shape.at(-2)! / k.shape.at(-2)!;
    const spread = (x: Tensor): Tensor => (times === 1 ? x : repeat(x, times, { axis: 2 }));
    const scores = einsum('bthd,bshd->bhts', multiply(queries, scale), spread(keys));
    const seen = isCausal ? folding.unfoldMask(causalMask(queries.shape[1], keys.shape[1])) : wide;
    const weights = this.softmax!(scores, { mask: seen && folding.foldMask(seen) });
    const dropped = this.dropout > 0 ? this.dropoutLayer!(weights, { training }) : weights;
    const y = folding.unfold(einsum('bhts,bshd->bthd', dropped, spread(values)));
    if (!returnAttentionScores) return [y, null];
    const unfolded = folding.unfoldScores(weights);
    setMask(unfolded, seen);
    return [y, unfolded];
  }

  override getConfig(): Config {
    const { dropout, useBias, useGate, slidingWindow, seed, projectionRegularizer } = this;
    const own = { dropout, useBias, useGate, slidingWindow, seed };
    return { ...super.getConfig(), ...own, ...this.weightArgs, activityRegularizer: projectionRegularizer };
  }
}

/** Brings inputs with any number of batch axes and attended axes into the form [batch, length, heads, depth] and back. */
class Folding {
  private readonly batch: readonly number[];
  private readonly perm: readonly number[];

  constructor(
    private readonly queryShape: readonly number[],
    private readonly keyShape: readonly number[],
    private readonly axes: readonly number[],
  ) {
    const rank = queryShape.length;
    this.batch = queryShape.map((_, axis) => axis).filter((axis) => axis < rank - 2 && !axes.includes(axis));
    this.perm = [...this.batch, ...axes, rank - 2, rank - 1];
  }

  private sizes(shape: readonly number[], axes: readonly number[]): number[] {
    return axes.map((axis) => shape[axis]);
  }

  fold(x: Tensor): Tensor {
    const shape = [sizeOf(this.sizes(x.shape, this.batch)), sizeOf(this.sizes(x.shape, this.axes))];
    return reshape(transpose(x, { axes: this.perm }), [...shape, ...x.shape.slice(-2)]);
  }

  unfold(y: Tensor): Tensor {
    const lead = this.perm.slice(0, -2);
    const wide = reshape(y, [...this.sizes(this.queryShape, lead), ...y.shape.slice(-2)]);
    return transpose(wide, { axes: this.perm.map((_, axis) => this.perm.indexOf(axis)) });
  }

  /** A mask [(batch…,) (heads,) queries…, keys…] with all axes that scores have. */
  widenMask(mask: Tensor): Tensor {
    const attended = 2 * this.axes.length;
    let wide = mask;
    while (wide.rank < this.batch.length + 1 + attended) wide = expandDims(wide, -attended - 1);
    return wide;
  }

  /** Such a mask for folded scores. */
  foldMask(wide: Tensor): Tensor {
    if (wide.rank === 4) return wide;
    const batch = this.sizes(this.queryShape, this.batch);
    const heads = wide.shape[this.batch.length];
    const [queries, keys] = [this.queryShape, this.keyShape].map((shape) => this.sizes(shape, this.axes));
    const whole = broadcastTo(wide, [...batch, heads, ...queries, ...keys]);
    return reshape(whole, [sizeOf(batch), heads, sizeOf(queries), sizeOf(keys)]);
  }

  /** A mask [queries, keys] of folded scores for those with all axes. */
  unfoldMask(mask: Tensor): Tensor {
    return reshape(mask, [...this.batch.map(() => 1), 1, ...this.attendedSizes()]);
  }

  unfoldScores(scores: Tensor): Tensor {
    return reshape(scores, [...this.sizes(this.queryShape, this.batch), scores.shape[1], ...this.attendedSizes()]);
  }

  private attendedSizes(): number[] {
    return [this.queryShape, this.keyShape].flatMap((shape) => this.sizes(shape, this.axes));
  }
}
