// FeatureSpace: structured data, column by column, as one vector or a record of encoded features.
import { HornetError } from '../errors.js';
import { readNumbers, type Adaptable, type AdaptArray } from '../layers/adapt.js';
import { CategoryEncoding } from '../layers/category-encoding.js';
import { HashedCrossing } from '../layers/hashing.js';
import { input } from '../layers/input.js';
import { Layer, type Config, type Inputs } from '../layers/layer.js';
import { snakeCase } from '../layers/naming.js';
import type { KerasTensor, SymbolicDType } from '../models/keras-tensor.js';
import { Model } from '../models/model.js';
import { convertToTensor, type TensorLike } from '../ops/convert.js';
import { reshape, squeeze } from '../ops/index.js';
import { saveKeras } from '../saving/keras-file.js';
import { registerSerializable } from '../saving/registry.js';
import { isStrings, StringArray, type StringData } from '../strings.js';
import { describe, type Tensor } from '../tensor.js';
import { isInteger } from '../dtype.js';
import { isBranch, mapTree, type Tree } from '../tree.js';
import {
  cardinalityOf,
  Cross,
  Feature,
  floatDiscretized,
  floatFeature,
  floatNormalized,
  floatRescaled,
  integerCategorical,
  integerHashed,
  stringCategorical,
  stringHashed,
  TFDConcat,
  type FeatureOutput,
} from './features.js';
import { lockstep } from './lockstep.js';

/** Kinds of features that have a name of their own. */
export type FeatureKind =
  | 'float'
  | 'float_rescaled'
  | 'float_normalized'
  | 'float_discretized'
  | 'integer_categorical'
  | 'string_categorical'
  | 'integer_hashed'
  | 'string_hashed';

/** Columns by name: each one value, an array with one per row, or [n, 1]. */
export type FeatureData = Readonly<Record<string, AdaptArray | number>>;

/** Options of `featureSpace`. */
export interface FeatureSpaceArgs {
  /** One vector per row, or a record. Default `concat`. */
  readonly outputMode?: 'concat' | 'dict';
  /** Features that also count together: lists of names, or `FeatureSpace.cross(…)`. */
  readonly crosses?: readonly (readonly string[] | Cross)[] | null;
  /** Bins of a cross that is given as a list. Default 32. */
  readonly crossingDim?: number;
  /** Bins of features `integer_hashed` and `string_hashed`. Default 32. */
  readonly hashingDim?: number;
  /** Bins of features `float_discretized`. Default 32. */
  readonly numDiscretizationBins?: number;
  readonly name?: string;
}

/** Rows of arrays that are learned from at a time, as Keras does. */
const BATCH = 32;

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- instances are functions, see callable.ts
export interface FeatureSpace {
  /** Encodes rows, or one row where columns are single values: a tensor, or a record with `outputMode: 'dict'`. */
  (data: FeatureData): Tensor;
  <R extends Tree<Tensor>>(data: FeatureData): R;
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- instances are functions, see callable.ts
export interface FeatureSpace {
  /** The columns, prepared: with `outputMode: 'dict'` a record. */
  (data: FeatureData | Inputs): Tensor;
  <R extends Tree<Tensor>>(data: FeatureData | Inputs, ...rest: unknown[]): R;
}

/**
 * Prepares structured data: every column by its kind, and crosses of several columns.
 *
 * @example
 * const space = featureSpace({ age: 'float_normalized', job: 'string_categorical' }, { crosses: [['age', 'job']] });
 * await space.adapt({ age: [31, 44, 58], job: ['cook', 'poet', 'cook'] });
 * const x = space({ age: [40], job: ['poet'] });
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- instances are functions, see callable.ts
export class FeatureSpace extends Layer {
  static readonly className: string = 'FeatureSpace';
  static override readonly requiredArgs: readonly string[] = ['features'];
  readonly features: Readonly<Record<string, Feature>>;
  readonly crosses: readonly Cross[];
  readonly outputMode: 'concat' | 'dict';
  /** The layer of each feature. */
  readonly preprocessors: Readonly<Record<string, Layer>>;
  readonly crossers: Readonly<Record<string, HashedCrossing>>;
  readonly #inputs: Readonly<Record<string, KerasTensor>>;
  readonly #args: Required<Pick<FeatureSpaceArgs, 'crossingDim' | 'hashingDim' | 'numDiscretizationBins'>>;
  #isAdapted = false;
  #encoder: Model | null = null;

  /** @param features - Kinds of the columns by name, or `FeatureSpace.float()` and the like. */
  constructor(features: Readonly<Record<string, FeatureKind | Feature>>, args: FeatureSpaceArgs = {}) {
    super({ name: args.name });
    const { outputMode = 'concat', crosses = null, crossingDim = 32 } = args;
    this.#args = {
      crossingDim,
      hashingDim: args.hashingDim ?? 32,
      numDiscretizationBins: args.numDiscretizationBins ?? 32,
    };
    if (!isBranch(features) || Object.keys(features).length === 0) {
      throw new HornetError(this.name, `expected at least one feature, received ${describe(features)}`);
    }
    if (outputMode !== 'concat' && outputMode !== 'dict') {
      throw new HornetError(
        this.name,
        `expected outputMode to be 'concat' or 'dict', received '${String(outputMode)}'`,
      );
    }
    this.outputMode = outputMode;
    const each = <T>(make: (name: string, feature: Feature) => T): Record<string, T> =>
      Object.fromEntries(Object.entries(this.features).map(([name, feature]) => [name, make(name, feature)]));
    this.features = Object.fromEntries(
      Object.entries(features).map(([name, feature]) => [name, this.#featureOf(name, feature)]),
    );
    this.crosses = (crosses ?? []).map((cross) => (cross instanceof Cross ? cross : this.#crossOf(cross, args)));
    this.preprocessors = each((_, { preprocessor }) => preprocessor);
    this.#inputs = each((name, { dtype }) => input({ shape: [1], dtype, name }));
    this.crossers = Object.fromEntries(
      this.crosses.map(({ name, crossingDim: bins }) => [name, new HashedCrossing(bins, { name })]),
    );
  }

  #featureOf(name: string, feature: FeatureKind | Feature): Feature {
    if (feature instanceof Feature) return feature;
    const { hashingDim, numDiscretizationBins } = this.#args;
    const kinds: Record<FeatureKind, () => Feature> = {
      float: () => floatFeature({ name }),
      float_rescaled: () => floatRescaled({ name }),
      float_normalized: () => floatNormalized({ name }),
      float_discretized: () => floatDiscretized(numDiscretizationBins, { name }),
      integer_categorical: () => integerCategorical({ name }),
      string_categorical: () => stringCategorical({ name }),
      integer_hashed: () => integerHashed(hashingDim, { name }),
      string_hashed: () => stringHashed(hashingDim, { name }),
    };
    const kind = typeof feature === 'string' ? (snakeCase(feature) as FeatureKind) : feature;
    if (Object.hasOwn(kinds, kind)) return kinds[kind]();
    throw new HornetError(
      this.name,
      `expected the kind of '${name}' to be one of ${Object.keys(kinds).join(', ')}, received ${describe(feature)}`,
    );
  }

  #crossOf(names: readonly string[], { crossingDim = 32 }: FeatureSpaceArgs): Cross {
    if (!crossingDim) throw new HornetError(this.name, 'expected crossingDim beside crosses, received none');
    const unknown = names.find((name) => !Object.hasOwn(this.features, name));
    if (unknown === undefined) return new Cross(names, crossingDim);
    throw new HornetError(this.name, `expected crosses of features, received '${unknown}', which is none`);
  }

  // — features —

  static readonly float = floatFeature;
  static readonly floatRescaled = floatRescaled;
  static readonly floatNormalized = floatNormalized;
  static readonly floatDiscretized = floatDiscretized;
  static readonly integerCategorical = integerCategorical;
  static readonly stringCategorical = stringCategorical;
  static readonly integerHashed = integerHashed;
  static readonly stringHashed = stringHashed;

  /** A feature with a layer of your own. */
  static feature(dtype: SymbolicDType, preprocessor: Layer, outputMode: FeatureOutput): Feature {
    return new Feature(dtype, preprocessor, outputMode);
  }

  /** Features that count together, as one of `crossingDim` bins. */
  static cross(featureNames: readonly string[], crossingDim: number, args?: { outputMode?: 'int' | 'one_hot' }): Cross {
    return new Cross(featureNames, crossingDim, args);
  }

  // — learning from data —

  /** The layers that learn from data, by feature. */
  #adaptable(): [string, Adaptable][] {
    const layers = Object.entries(this.preprocessors) as unknown as [string, Partial<Adaptable>][];
    return layers.filter(([, layer]) => layer.adapt && !layer.isFixed) as [string, Adaptable][];
  }

  /**
   * Lets the layers of all features learn from data.
   *
   * @param data - Columns by name, or batches of such, which are read once.
   */
  async adapt(data: FeatureData | Iterable<FeatureData> | AsyncIterable<FeatureData>): Promise<void> {
    const layers = this.#adaptable();
    if (layers.length > 0) {
      const isColumns = isBranch(data) && !Array.isArray(data);
      const names = layers.map(([name]) => name);
      const batches = isColumns ? this.#inBatches(data, names) : (data as AsyncIterable<FeatureData>);
      const readers = lockstep(batches, layers.length);
      await Promise.all(layers.map(([name, layer], i) => layer.adapt(this.#column(name, readers[i]))));
    }
    this.#isAdapted = true;
    this.#model();
  }

  /** One column of batches, each row a sample of one number or string. */
  async *#column(name: string, batches: AsyncIterable<FeatureData>): AsyncGenerator<AdaptArray> {
    for await (const batch of batches) yield (await this.#rowsOf(batch, name)).map((value) => [value]) as AdaptArray;
  }

  /** Columns in batches of the size that Keras takes, since some layers learn from each batch by itself. */
  async *#inBatches(data: FeatureData, names: readonly string[]): AsyncGenerator<FeatureData> {
    const columns = await Promise.all(names.map((name) => this.#rowsOf(data, name)));
    for (let from = 0; from < columns[0].length; from += BATCH) {
      yield Object.fromEntries(names.map((name, i) => [name, columns[i].slice(from, from + BATCH) as AdaptArray]));
    }
  }

  /** The values of a column. */
  async #rowsOf(data: FeatureData, name: string): Promise<readonly (number | string)[]> {
    if (!(name in data)) throw new HornetError(this.name, `expected a column '${name}' in the data, received none`);
    const column = data[name];
    if (typeof column === 'number') return [column];
    const { values, shape } = isStrings(column) ? StringArray.from(column) : await readNumbers(this.name, column);
    if (shape.length < 2 || shape.slice(1).every((dim) => dim === 1)) return Array.from(values as ArrayLike<number>);
    throw new HornetError(
      this.name,
      `expected column '${name}' to have shape [n] or [n, 1], received [${shape.join(', ')}]`,
    );
  }

  // — the graph —

  /** The symbolic inputs by name, of shape [1]. */
  getInputs(): Readonly<Record<string, KerasTensor>> {
    this.#model();
    return this.#inputs;
  }

  /**
   * The symbolic outputs: what a model goes on with.
   *
   * @throws HornetError before `adapt`, where some feature needs it.
   */
  getEncodedFeatures(): Tree<KerasTensor> {
    const model = this.#model();
    return model.graph!.outputs;
  }

  /** From the inputs to the encoded features. */
  #model(): Model {
    if (!this.#isAdapted && this.#adaptable().length > 0) {
      throw new HornetError(this.name, 'some features have to learn from data; call adapt() first');
    }
    return (this.#encoder ??= new Model({ inputs: this.#inputs, outputs: this.#encode() }));
  }

  #encode(): Tree<KerasTensor> {
    const prepared: Record<string, KerasTensor> = {};
    for (const [name, layer] of Object.entries(this.preprocessors)) prepared[name] = layer(this.#inputs[name]);
    const crossed: Record<string, KerasTensor> = {};
    for (const { name, featureNames } of this.crosses) {
      crossed[name] = this.crossers[name](featureNames.map((feature) => prepared[feature]));
    }
    const encoded: Record<string, KerasTensor> = {};
    for (const name of Object.keys(prepared).sort()) {
      encoded[name] = this.#output(name, prepared[name], this.features[name].outputMode, this.preprocessors[name]);
    }
    for (const name of Object.keys(crossed).sort()) {
      const { outputMode } = this.crosses.find((cross) => cross.name === name)!;
      encoded[name] = this.#output(name, crossed[name], outputMode, this.crossers[name]);
    }
    return this.outputMode === 'dict' ? encoded : new TFDConcat({ axis: -1 })(Object.values(encoded));
  }

  #output(name: string, feature: KerasTensor, mode: FeatureOutput, layer: Layer): KerasTensor {
    const encoded = mode === 'one_hot' ? this.#oneHot(name, feature, layer) : feature;
    if (this.outputMode === 'concat' && isInteger(encoded.dtype)) {
      const message = `feature '${name}' is not encoded (${encoded.dtype}) and cannot stand beside others; use outputMode 'dict'`;
      throw new HornetError(this.name, message);
    }
    return encoded;
  }

  #oneHot(name: string, feature: KerasTensor, layer: Layer): KerasTensor {
    const where = `feature '${name}' has outputMode 'one_hot'`;
    if (!isInteger(feature.dtype)) throw new HornetError(this.name, `${where}, but its layer gives ${feature.dtype}`);
    const count = cardinalityOf(layer);
    if (count === null)
      throw new HornetError(this.name, `${where}, but how many categories there are is not known; use 'int'`);
    return new CategoryEncoding(count, { outputMode: 'multi_hot' })(feature);
  }

  // — calls —

  protected override invoke([data]: readonly unknown[]): unknown {
    if (!isBranch(data) || Array.isArray(data)) {
      throw new HornetError(this.name, `expected columns by name, received ${describe(data)}`);
    }
    let isSingle = false;
    const columns: Record<string, unknown> = {};
    for (const [name, { dtype }] of Object.entries(this.features)) {
      if (!(name in data)) throw new HornetError(this.name, `expected a column '${name}' in the data, received none`);
      const value = (data as Record<string, TensorLike & StringData>)[name];
      const column = dtype === 'string' ? StringArray.from(value) : convertToTensor(value, dtype);
      isSingle ||= column.rank === 0;
      columns[name] =
        column.rank > 0 ? column : column instanceof StringArray ? column.reshape([1, 1]) : reshape(column, [1, 1]);
    }
    const outputs = this.call(columns as Record<string, Tensor>);
    return isSingle ? mapTree(outputs, (leaf) => squeeze(leaf, { axis: 0 })) : outputs;
  }

  /** Encodes columns of shape [n] or [n, 1]. */
  override call(columns: Record<string, Tensor>): Tree<Tensor> {
    return (this.#model() as Layer)<Tree<Tensor>>(columns);
  }

  // — files —

  /**
   * Writes the features with what they have learned; `loadModel` reads it.
   *
   * @param path - Ends in `.keras`.
   * @throws HornetError before `adapt`, where some feature needs it.
   */
  async save(path: string): Promise<void> {
    if (!path.endsWith('.keras')) {
      throw new HornetError(this.name, `expected a path that ends in .keras, received '${path}'`);
    }
    this.#model();
    await saveKeras(this, path);
  }

  // — configuration —

  override getConfig(): Config {
    return { features: this.features, outputMode: this.outputMode, crosses: this.crosses, ...this.#args };
  }

  override getBuildConfig(): Config | null {
    return Object.fromEntries(
      Object.entries(this.preprocessors).map(([name, layer]) => [name, layer.getBuildConfig()]),
    );
  }

  /** What is built has been adapted before. */
  override buildFromConfig(): void {
    this.#isAdapted = true;
  }
}

// Keras has it among its utilities, where it is no layer for users.
registerSerializable('keras.utils', FeatureSpace);
registerSerializable('keras.layers', FeatureSpace);

/** Prepares structured data, column by column. */
export const featureSpace = (
  features: Readonly<Record<string, FeatureKind | Feature>>,
  args?: FeatureSpaceArgs,
): FeatureSpace => new FeatureSpace(features, args);
