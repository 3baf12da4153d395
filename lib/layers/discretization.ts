// Discretization: numbers as the index of the bin they lie in, with bins given or learned from data.
import { floatx } from '../config.js';
import type { DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { digitize } from '../ops/index.js';
import { vector } from '../ops/fill.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { eachBatch, readNumbers, type Adaptable, type AdaptArgs, type AdaptData } from './adapt.js';
import { checkOutputMode, encodeCategories, refuse } from './categories.js';
import { Layer, type Config, type LayerArgs } from './layer.js';
import { binBoundaries, emptySummary, mergeSummaries, summarize, type Summary } from './quantiles.js';

const modes = ['int', 'one_hot', 'multi_hot', 'count'] as const;

/** Options of `discretization`: either `binBoundaries`, or `numBins` and a call of `adapt`. */
export interface DiscretizationArgs extends Pick<LayerArgs, 'name' | 'dtype' | 'inputShape' | 'batchSize'> {
  /** Rising edges; n of them make n + 1 bins, open to the right. */
  readonly binBoundaries?: readonly number[] | null;
  /** How many bins of about equal content `adapt` looks for. */
  readonly numBins?: number | null;
  /** How far the boundaries of `adapt` may be off, as a share of the data. Default 0.01. */
  readonly epsilon?: number;
  /** Default `int`. */
  readonly outputMode?: (typeof modes)[number];
  /** Not supported: outputs are dense. */
  readonly sparse?: false;
}

/** Gives the bin in which each number lies: by index (int32), or encoded. */
export class Discretization extends Layer implements Adaptable {
  static readonly className: string = 'Discretization';
  binBoundaries: readonly number[] | null;
  readonly numBins: number | null;
  readonly epsilon: number;
  readonly outputMode: (typeof modes)[number];
  #summary: Summary = emptySummary;

  constructor(args: DiscretizationArgs) {
    super(args);
    const { binBoundaries = null, numBins = null } = args;
    refuse(this.name, { sparse: args.sparse });
    this.outputMode = checkOutputMode(this.name, args.outputMode ?? 'int', modes);
    if (numBins !== null && !(Number.isInteger(numBins) && numBins >= 0)) {
      throw new HornetError(this.name, `expected numBins to be a non-negative integer, received ${numBins}`);
    }
    if ((numBins === null) === (binBoundaries === null)) {
      const received = numBins === null ? 'neither' : 'both';
      throw new HornetError(this.name, `expected either numBins or binBoundaries, received ${received}`);
    }
    this.binBoundaries = binBoundaries;
    this.numBins = numBins;
    this.epsilon = args.epsilon ?? 0.01;
  }

  get isFixed(): boolean {
    return this.numBins === null;
  }

  override get inputDtype(): DType {
    return floatx();
  }

  /**
   * Learns the boundaries from data. A model that is compiled already has to be compiled again.
   *
   * @throws HornetError when the layer was given its boundaries.
   */
  async adapt(data: AdaptData, args: AdaptArgs = {}): Promise<void> {
    this.resetState();
    await eachBatch(this.name, data, args, async (batch) => {
      const { values } = await readNumbers(this.name, batch);
      this.#summary = mergeSummaries(summarize(values, this.epsilon), this.#summary, this.epsilon);
    });
    this.binBoundaries = binBoundaries(this.#summary, this.numBins!);
  }

  /** Forgets what `adapt` has seen. */
  resetState(): void {
    if (this.numBins === null) {
      throw new HornetError(this.name, 'adapt() learns boundaries, but these were given; pass numBins instead');
    }
    this.#summary = emptySummary;
  }

  override call(inputs: Tensor): Tensor {
    const { binBoundaries: boundaries } = this;
    if (boundaries === null) {
      throw new HornetError(this.name, 'there are no boundaries yet; pass binBoundaries or call adapt() first');
    }
    const dtype = this.outputMode === 'int' ? 'int32' : this.computeDtype;
    const bins = digitize(inputs, vector(boundaries, floatx()));
    return encodeCategories(bins, this.outputMode, boundaries.length + 1, dtype);
  }

  override getConfig(): Config {
    const { binBoundaries, numBins, epsilon, outputMode, name, dtype } = this;
    return { binBoundaries, numBins, epsilon, outputMode, sparse: false, name, dtype };
  }

  /** An adapted layer has both the number of bins and their boundaries. */
  static override fromConfig<T extends Layer>(this: new (...args: never[]) => T, config: Config): T {
    const { binBoundaries = null, ...rest } = config;
    const adapted = binBoundaries !== null && (rest.numBins ?? null) !== null;
    const layer = new (this as unknown as new (args: Config) => T & Discretization)(adapted ? rest : config);
    if (adapted) layer.binBoundaries = binBoundaries as readonly number[];
    return layer;
  }
}

registerSerializable('keras.layers', Discretization);

/** Gives the bin in which each number lies. */
export const discretization = (args: DiscretizationArgs): Discretization => new Discretization(args);
