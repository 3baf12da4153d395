// Normalization: features to mean 0 and variance 1, by moments that are given or learned from data before training.
import { epsilon } from '../config.js';
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import {
  add,
  cast,
  divide,
  maximum,
  mean,
  multiply,
  reshape,
  sqrt,
  square,
  subtract,
  var as variance,
} from '../ops/index.js';
import { broadcastTo } from '../ops/index.js';
import { convertToTensor } from '../ops/convert.js';
import { registerSerializable } from '../saving/registry.js';
import { isStrings } from '../strings.js';
import { describe, readArray, type NestedArray, type Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { eachBatch, type Adaptable, type AdaptArgs, type AdaptArray, type AdaptData } from './adapt.js';
import { shapeText, type Shape } from './input-spec.js';
import { Layer, type Config, type LayerArgs, type Shapes } from './layer.js';

/** Numbers for each feature: one, or nested arrays. */
export type Moments = number | NestedArray;

/** Options of `normalization`. */
export interface NormalizationArgs extends LayerArgs {
  /** The axes of features, which have moments of their own; null for one mean and variance of everything. Default -1. */
  readonly axis?: number | readonly number[] | null;
  /** Default: learned by `adapt`. */
  readonly mean?: Moments | null;
  /** Default: learned by `adapt`. */
  readonly variance?: Moments | null;
  /** Whether normalized inputs are brought back instead. Default false. */
  readonly invert?: boolean;
}

/** How the axes of the inputs are divided. */
interface Axes {
  readonly inputShape: Shape;
  /** With moments of their own, rising. */
  readonly kept: readonly number[];
  readonly reduced: readonly number[];
  /** Sizes of `kept`. */
  readonly shape: readonly number[];
  /** The same, with 1 in the place of all other axes. */
  readonly broadcast: readonly number[];
}

/** `(inputs - mean) / sqrt(variance)` along the axes of features. */
export class Normalization extends Layer implements Adaptable {
  static readonly className: string = 'Normalization';
  readonly axis: readonly number[];
  readonly invert: boolean;
  /** What `adapt` has learned; null where the moments were given. */
  adaptMean: Variable | null = null;
  adaptVariance: Variable | null = null;
  readonly #given: { readonly mean: Moments; readonly variance: Moments } | null;
  #axes: Axes | null = null;

  constructor(args: NormalizationArgs = {}) {
    super(args);
    const { axis = -1, mean: givenMean = null, variance: givenVariance = null } = args;
    this.axis = axis === null ? [] : typeof axis === 'number' ? [axis] : axis;
    this.invert = args.invert ?? false;
    this.supportsMasking = true;
    if ((givenMean === null) !== (givenVariance === null)) {
      const received = givenMean === null ? 'variance' : 'mean';
      throw new HornetError(this.name, `expected both mean and variance or neither, received ${received} only`);
    }
    this.#given = givenMean === null ? null : { mean: givenMean, variance: givenVariance! };
    if (!this.#given) return;
    const [a, b] = [shapeOf(this.#given.mean), shapeOf(this.#given.variance)];
    if (a.join() !== b.join()) {
      throw new HornetError(
        this.name,
        `expected mean and variance of one shape, received [${a.join(', ')}] and [${b.join(', ')}]`,
      );
    }
    if (a.length > this.axis.length) {
      const message = `expected mean of rank ${this.axis.length} or less for axis [${this.axis.join(', ')}], received rank ${a.length}`;
      throw new HornetError(this.name, message);
    }
  }

  override build(inputShape: Shapes): void {
    const axes = (this.#axes = this.#divide(inputShape as Shape));
    if (this.#given) return;
    const weight = { shape: axes.shape, trainable: false };
    this.adaptMean = this.addWeight({ ...weight, name: 'mean', initializer: 'zeros' });
    this.adaptVariance = this.addWeight({ ...weight, name: 'variance', initializer: 'ones' });
    // Nobody counts any more, but files have a place for it.
    this.addWeight({ name: 'count', shape: [], dtype: 'int32', initializer: 'zeros', trainable: false });
  }

  get isFixed(): boolean {
    return this.#given !== null;
  }

  #divide(inputShape: Shape): Axes {
    const rank = inputShape.length;
    if (this.axis.some((axis) => axis < -rank || axis >= rank)) {
      const received = `[${this.axis.join(', ')}] for inputs of shape ${shapeText(inputShape)}`;
      throw new HornetError(this.name, `expected axis to be within [-${rank}, ${rank}), received ${received}`);
    }
    const kept = this.axis.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
    const shape = kept.map((axis) => inputShape[axis]);
    if (shape.includes(null)) {
      const received = `${shapeText(inputShape)} for axis [${this.axis.join(', ')}]`;
      throw new HornetError(
        this.name,
        `expected the sizes along axis to be known, received inputs of shape ${received}`,
      );
    }
    const all = inputShape.map((_, axis) => axis);
    return {
      inputShape,
      kept,
      reduced: all.filter((axis) => !kept.includes(axis)),
      shape: shape as number[],
      broadcast: all.map((axis) => (kept.includes(axis) ? inputShape[axis]! : 1)),
    };
  }

  /**
   * Learns mean and variance from data, and forgets what was learned before.
   *
   * @throws HornetError when the layer was given them, or the data has other features than the inputs.
   */
  async adapt(data: AdaptData, args: AdaptArgs = {}): Promise<void> {
    if (this.#given) throw new HornetError(this.name, 'adapt() learns mean and variance, but these were given');
    let total: { readonly mean: Tensor; readonly variance: Tensor } | null = null;
    let count = 0;
    await eachBatch(this.name, data, args, (array) => {
      const batch = this.#readBatch(array);
      const { reduced } = this.#axes!;
      const own = reduced.length === 0 ? 1 : sizeOf(reduced.map((axis) => batch.shape[axis]));
      const along = { axis: [...reduced] };
      const moments = { mean: mean(batch, along), variance: variance(batch, along) };
      total = total ? combine(total, count, moments, own) : moments;
      count += own;
      // Learning goes no further ahead of the device than one batch.
      return moments.mean.data().then(() => undefined);
    });
    if (!total) throw new HornetError(this.name, 'adapt() expects at least one batch, received none');
    const { mean: learnedMean, variance: learnedVariance } = total as { mean: Tensor; variance: Tensor };
    this.adaptMean!.assign(learnedMean);
    this.adaptVariance!.assign(learnedVariance);
  }

  #readBatch(array: AdaptArray): Tensor {
    if (isStrings(array)) throw new HornetError(this.name, `adapt() expects numbers, received ${describe(array)}`);
    const batch = convertToTensor(array, this.variableDtype);
    if (!this.built) this.build(batch.shape);
    const { inputShape, kept } = this.#axes!;
    if (batch.rank === inputShape.length && kept.every((axis) => batch.shape[axis] === inputShape[axis])) return batch;
    const received = `${shapeText(batch.shape)}, the layer was built with ${shapeText(inputShape)}`;
    throw new HornetError(
      this.name,
      `adapt() expects data with the features of the inputs, received shape ${received}`,
    );
  }

  override call(inputs: Tensor): Tensor {
    const x = cast(inputs, this.computeDtype);
    const [center, spread] = this.#moments();
    const deviation = maximum(sqrt(spread), epsilon());
    return this.invert ? add(center, multiply(x, deviation)) : divide(subtract(x, center), deviation);
  }

  /** Mean and variance in the type of computation, one for each feature. */
  #moments(): readonly [Tensor, Tensor] {
    const { broadcast, kept } = this.#axes!;
    const spread = (moment: Moments | Variable): Tensor => {
      const values = cast(moment, this.computeDtype);
      if (!this.#given) return reshape(values, broadcast);
      // Given moments may have fewer axes than there are of features: the last ones.
      const own = broadcast.map((_, axis) => {
        const place = kept.indexOf(axis);
        return place < 0 ? 1 : (values.shape.at(place - kept.length + values.rank) ?? 1);
      });
      return broadcastTo(reshape(values, values.rank === 0 ? broadcast.map(() => 1) : own), broadcast);
    };
    const { mean: center, variance: width } = this.#given ?? { mean: this.adaptMean!, variance: this.adaptVariance! };
    return [spread(center), spread(width)];
  }

  override getConfig(): Config {
    const { axis, invert } = this;
    const { mean: givenMean = null, variance: givenVariance = null } = this.#given ?? {};
    return { ...super.getConfig(), axis, invert, mean: givenMean, variance: givenVariance };
  }
}

/** The moments of two amounts of data together. */
function combine(
  a: { readonly mean: Tensor; readonly variance: Tensor },
  countA: number,
  b: { readonly mean: Tensor; readonly variance: Tensor },
  countB: number,
): { readonly mean: Tensor; readonly variance: Tensor } {
  const [shareA, shareB] = [countA / (countA + countB), countB / (countA + countB)];
  const both = add(multiply(a.mean, shareA), multiply(b.mean, shareB));
  const part = (one: typeof a, share: number): Tensor =>
    multiply(add(one.variance, square(subtract(one.mean, both))), share);
  return { mean: both, variance: add(part(a, shareA), part(b, shareB)) };
}

const shapeOf = (moments: Moments): readonly number[] => (typeof moments === 'number' ? [] : readArray(moments).shape);

registerSerializable('keras.layers', Normalization);

/** Brings features to mean 0 and variance 1. */
export const normalization = (args?: NormalizationArgs): Normalization => new Normalization(args);
