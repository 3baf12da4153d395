// What a FeatureSpace is made of: features of all kinds, each with the layer that prepares it, crosses of several, and the two
// small layers that stand in configs beside them.
import { HornetError } from '../errors.js';
import { CategoryEncoding } from '../layers/category-encoding.js';
import { Discretization } from '../layers/discretization.js';
import { HashedCrossing, Hashing } from '../layers/hashing.js';
import { IndexLookup } from '../layers/index-lookup.js';
import { Layer, type Config, type LayerArgs } from '../layers/layer.js';
import { IntegerLookup, StringLookup } from '../layers/lookups.js';
import { uniqueName } from '../layers/naming.js';
import { Rescaling } from '../layers/scaling.js';
import { Normalization } from '../layers/standardization.js';
import type { SymbolicDType } from '../models/keras-tensor.js';
import { concatenate } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';

/** How a feature is given out: encoded, as a number of a category, or as it is. */
export type FeatureOutput = 'int' | 'one_hot' | 'float';

const MODULE = 'keras.src.layers.preprocessing.feature_space';

function checkOutput<O extends string>(where: string, outputMode: O, allowed: readonly O[]): O {
  if (allowed.includes(outputMode)) return outputMode;
  const wanted = allowed.map((each) => `'${each}'`).join(', ');
  throw new HornetError(where, `expected outputMode to be one of ${wanted}, received '${outputMode}'`);
}

/** One column of data, and the layer that prepares it. */
export class Feature {
  static readonly className: string = 'Feature';
  static readonly requiredArgs: readonly string[] = ['dtype', 'preprocessor', 'outputMode'];

  constructor(
    readonly dtype: SymbolicDType,
    readonly preprocessor: Layer,
    readonly outputMode: FeatureOutput,
  ) {
    checkOutput('feature', outputMode, ['int', 'one_hot', 'float']);
  }

  getConfig(): Config {
    const { dtype, preprocessor, outputMode } = this;
    return { dtype, preprocessor, outputMode };
  }
}

/** Several features taken together as one category. */
export class Cross {
  static readonly className: string = 'Cross';
  static readonly requiredArgs: readonly string[] = ['featureNames', 'crossingDim'];
  readonly outputMode: 'int' | 'one_hot';

  constructor(
    readonly featureNames: readonly string[],
    readonly crossingDim: number,
    args: { readonly outputMode?: 'int' | 'one_hot' } = {},
  ) {
    this.outputMode = checkOutput('cross', args.outputMode ?? 'one_hot', ['int', 'one_hot']);
  }

  /** `a_X_b`. */
  get name(): string {
    return this.featureNames.join('_X_');
  }

  getConfig(): Config {
    const { featureNames, crossingDim, outputMode } = this;
    return { featureNames, crossingDim, outputMode };
  }
}

/** Gives a feature as it is. */
export class TFDIdentity extends Layer {
  static readonly className: string = 'TFDIdentity';

  override call(inputs: Tensor): Tensor {
    return inputs;
  }
}

/** Puts encoded features side by side. */
export class TFDConcat extends Layer {
  static readonly className: string = 'TFDConcat';
  readonly axis: number;

  constructor(args: LayerArgs & { readonly axis?: number } = {}) {
    super(args);
    this.axis = args.axis ?? -1;
  }

  override call(inputs: readonly Tensor[]): Tensor {
    return concatenate([...inputs], { axis: this.axis });
  }

  override getConfig(): Config {
    return { ...super.getConfig(), axis: this.axis };
  }
}

for (const cls of [Feature, Cross, TFDIdentity, TFDConcat]) registerSerializable(MODULE, cls);

const preprocessorName = (kind: string, name: string | null | undefined): string =>
  `${name ?? uniqueName(kind)}_preprocessor`;

/** Options of a feature. */
export interface FeatureArgs {
  /** Default: made of the kind. */
  readonly name?: string | null;
  /** Default `one_hot`. */
  readonly outputMode?: 'int' | 'one_hot';
}

/** Options of features with a vocabulary. */
export interface CategoricalArgs extends FeatureArgs {
  /** Most categories, that of unknown ones included. Default: any number. */
  readonly maxTokens?: number | null;
  /** Categories for what is not in the vocabulary. Default 1. */
  readonly numOovIndices?: number;
}

/** Options of features that stay numbers. */
export type FloatArgs = Pick<FeatureArgs, 'name'>;

/** Numbers as they are. */
export function floatFeature({ name }: FloatArgs = {}): Feature {
  return new Feature('float32', new TFDIdentity({ dtype: 'float32', name: preprocessorName('float', name) }), 'float');
}

/** Numbers times `scale` (default 1) plus `offset` (default 0). */
export function floatRescaled(args: FloatArgs & { readonly scale?: number; readonly offset?: number } = {}): Feature {
  const { scale = 1, offset = 0, name } = args;
  const layer = new Rescaling(scale, { offset, name: preprocessorName('float_rescaled', name) });
  return new Feature('float32', layer, 'float');
}

/** Numbers of mean 0 and variance 1. */
export function floatNormalized({ name }: FloatArgs = {}): Feature {
  return new Feature('float32', new Normalization({ name: preprocessorName('float_normalized', name) }), 'float');
}

/** Numbers by the bin in which they lie: one of `numBins`, or with null between `binBoundaries`. */
export function floatDiscretized(
  numBins: number | null,
  args: FeatureArgs & { readonly binBoundaries?: readonly number[] | null } = {},
): Feature {
  const { binBoundaries = null, outputMode = 'one_hot', name } = args;
  const layer = new Discretization({ numBins, binBoundaries, name: preprocessorName('float_discretized', name) });
  return new Feature('float32', layer, outputMode);
}

/** Integers of a vocabulary. */
export function integerCategorical(args: CategoricalArgs = {}): Feature {
  const { maxTokens, numOovIndices, outputMode = 'one_hot', name } = args;
  const layer = new IntegerLookup({ maxTokens, numOovIndices, name: preprocessorName('integer_categorical', name) });
  return new Feature('int32', layer, outputMode);
}

/** Strings of a vocabulary. */
export function stringCategorical(args: CategoricalArgs = {}): Feature {
  const { maxTokens, numOovIndices, outputMode = 'one_hot', name } = args;
  const layer = new StringLookup({ maxTokens, numOovIndices, name: preprocessorName('string_categorical', name) });
  return new Feature('string', layer, outputMode);
}

/** Integers by hash, as one of `numBins` bins. */
export function integerHashed(numBins: number, { outputMode = 'one_hot', name }: FeatureArgs = {}): Feature {
  return new Feature('int32', new Hashing(numBins, { name: preprocessorName('integer_hashed', name) }), outputMode);
}

/** Strings by hash, as one of `numBins` bins. */
export function stringHashed(numBins: number, { outputMode = 'one_hot', name }: FeatureArgs = {}): Feature {
  return new Feature('string', new Hashing(numBins, { name: preprocessorName('string_hashed', name) }), outputMode);
}

/** How many categories a layer gives out; null for one that gives none. */
export function cardinalityOf(preprocessor: Layer): number | null {
  if (preprocessor instanceof IndexLookup) return preprocessor.vocabularySize();
  if (preprocessor instanceof CategoryEncoding) return preprocessor.numTokens;
  if (preprocessor instanceof Discretization) return preprocessor.numBins ?? preprocessor.binBoundaries!.length + 1;
  return preprocessor instanceof Hashing || preprocessor instanceof HashedCrossing ? preprocessor.numBins : null;
}
