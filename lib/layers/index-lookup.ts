// IndexLookup: tokens of a vocabulary as indices and back. The base of IntegerLookup and StringLookup.
import { floatx } from '../config.js';
import { currentDevice, onDevice, perDevice, type Device } from '../device.js';
import { HornetError } from '../errors.js';
import { currentTrace } from '../graph/trace.js';
import type { SymbolicDType } from '../models/keras-tensor.js';
import { add, cast, equal, logicalOr, minimum, mod, multiply, searchsorted, take, where } from '../ops/index.js';
import { binOf, binsOf, hashDecimals, hashStrings, type Salt } from '../ops/hash.js';
import { registerSerializable } from '../saving/registry.js';
import { StringArray } from '../strings.js';
import { readArray, tensor, type Tensor, type NestedArray } from '../tensor.js';
import type { TypedArray } from '../dtype.js';
import { finishInTurns, type Steps } from '../turns.js';
import { Variable } from '../variable.js';
import {
  eachBatch,
  readNumbers,
  readStrings,
  type Adaptable,
  type AdaptArgs,
  type AdaptArray,
  type AdaptData,
} from './adapt.js';
import { checkOutputMode, encodeCategories, refuse, type OutputMode } from './categories.js';
import { checkSalt } from './hashing.js';
import type { Config, LayerArgs } from './layer.js';
import { inPieces, StringCodes, StringLayer, type StringCallArgs } from './string-layer.js';
import type { SavedWeight } from './weights.js';
import { checkTokens, linesOf, readVocabulary, TokenCounts, type Token, type VocabularyData } from './vocabulary.js';

/** The asset that holds a vocabulary. */
const FILE = 'vocabulary.txt';
const modes = ['int', 'one_hot', 'multi_hot', 'count', 'tf_idf'] as const;

/** Options of all lookups. */
export interface IndexLookupArgs extends Pick<LayerArgs, 'name' | 'inputShape' | 'batchSize'> {
  /** The tokens, or a file with one per line. Default: learned by `adapt`. */
  readonly vocabulary?: VocabularyData | null;
  /** What each token of the vocabulary counts for in `outputMode: 'tf_idf'`. */
  readonly idfWeights?: ArrayLike<number> | null;
  /** Whether indices are turned into tokens instead. Default false. */
  readonly invert?: boolean;
  /** Default `int`. */
  readonly outputMode?: OutputMode;
  /** Not supported: outputs are dense. */
  readonly sparse?: false;
  /** Whether encoded outputs are `maxTokens` wide, however small the vocabulary. Default false. */
  readonly padToMaxTokens?: boolean;
  /** How unknown integers are spread over several indices: by remainder (default), or by hash. */
  readonly oovMethod?: 'floormod' | 'farmhash';
  /** The key of the hash for unknown tokens: one number, or two. */
  readonly salt?: number | readonly [number, number] | null;
  /** Size of the vocabulary that a config remembers. Internal. */
  readonly vocabularySize?: number | null;
}

/** The vocabulary of integers in device memory: sorted, with the index of each. */
interface Table {
  readonly keys: Tensor;
  readonly indices: Tensor;
  /** The tokens by index, reserved ones included. */
  readonly tokens: Tensor;
}

/** Turns tokens into indices of a vocabulary, or with `invert` indices into tokens. */
export class IndexLookup extends StringLayer implements Adaptable {
  static readonly className: string = 'IndexLookup';
  static override readonly requiredArgs: readonly string[] = [
    'maxTokens',
    'numOovIndices',
    'maskToken',
    'oovToken',
    'vocabularyDtype',
  ];
  readonly invert: boolean;
  readonly outputMode: OutputMode;
  readonly padToMaxTokens: boolean;
  readonly oovMethod: 'floormod' | 'farmhash';
  readonly salt: Salt;
  readonly isFixed: boolean;
  readonly #given: { readonly vocabulary: readonly Token[] | null; readonly idfWeights: readonly number[] | null };
  #tokens: readonly Token[] = [];
  #indices: ReadonlyMap<Token, number> = new Map();
  #idf: Variable | null = null;
  #size: number | null;
  #counts = new TokenCounts();
  #table: (device: Device) => Table = () => this.#noTable();

  /**
   * @param maxTokens - Most tokens, reserved ones included; null for any number.
   * @param numOovIndices - Indices for tokens that are not in the vocabulary; with 0 such are an error.
   * @param maskToken - A token that stands for padding: index 0, or left out of what is encoded.
   * @param oovToken - What unknown indices are turned into.
   */
  constructor(
    readonly maxTokens: number | null,
    readonly numOovIndices: number,
    readonly maskToken: Token | null,
    readonly oovToken: Token | null,
    readonly vocabularyDtype: 'string' | 'int64',
    args: IndexLookupArgs = {},
  ) {
    const { name, inputShape, batchSize } = args;
    super({ name, inputShape, batchSize });
    const { vocabulary = null, idfWeights = null, invert = false, padToMaxTokens = false } = args;
    if (maxTokens !== null && !(Number.isInteger(maxTokens) && maxTokens > 1)) {
      throw new HornetError(this.name, `expected maxTokens to be an integer above 1, received ${String(maxTokens)}`);
    }
    if (padToMaxTokens && maxTokens === null) {
      throw new HornetError(this.name, 'padToMaxTokens needs maxTokens');
    }
    if (!(Number.isInteger(numOovIndices) && numOovIndices >= 0)) {
      const received = String(numOovIndices);
      throw new HornetError(this.name, `expected numOovIndices to be a non-negative integer, received ${received}`);
    }
    if (vocabularyDtype !== 'string' && vocabularyDtype !== 'int64') {
      const received = String(vocabularyDtype);
      throw new HornetError(this.name, `expected vocabularyDtype to be 'string' or 'int64', received '${received}'`);
    }
    this.oovMethod = args.oovMethod ?? 'floormod';
    if (!['floormod', 'farmhash'].includes(this.oovMethod)) {
      throw new HornetError(
        this.name,
        `expected oovMethod to be 'floormod' or 'farmhash', received '${this.oovMethod}'`,
      );
    }
    this.salt = checkSalt(this.name, args.salt);
    if (this.salt && vocabularyDtype === 'int64' && this.oovMethod !== 'farmhash') {
      throw new HornetError(this.name, `salt needs oovMethod 'farmhash', received '${this.oovMethod}'`);
    }
    this.outputMode = checkOutputMode(this.name, args.outputMode ?? 'int', modes);
    if (invert && this.outputMode !== 'int') {
      throw new HornetError(this.name, `expected outputMode 'int' with invert, received '${this.outputMode}'`);
    }
    refuse(this.name, { sparse: args.sparse });
    this.invert = invert;
    this.padToMaxTokens = padToMaxTokens;
    this.#size = args.vocabularySize ?? null;
    this.isFixed = vocabulary !== null;
    const isPath = typeof vocabulary === 'string';
    this.#given = {
      vocabulary: vocabulary === null || isPath ? null : readVocabulary(this.name, vocabulary, vocabularyDtype),
      idfWeights: idfWeights && Array.from(idfWeights),
    };
    this.#checkWeights(idfWeights, vocabulary !== null);
    if (vocabulary !== null) this.setVocabulary(vocabulary, idfWeights);
    else if (this.outputMode === 'tf_idf' && this.#size !== null)
      this.#setWeights(Array<number>(this.#size).fill(0), true);
  }

  override get inputDtype(): SymbolicDType {
    return this.vocabularyDtype === 'string' && !this.invert ? 'string' : 'int64';
  }

  /** The index of the first unknown token. */
  get #oovStart(): number {
    return this.maskToken !== null && this.outputMode === 'int' ? 1 : 0;
  }

  get #tokenStart(): number {
    return this.#oovStart + this.numOovIndices;
  }

  // — the vocabulary —

  /** Number of tokens, reserved ones included. */
  vocabularySize(): number {
    return this.#tokens.length + this.#tokenStart;
  }

  /** The tokens by index. Without special tokens only those of the vocabulary proper. */
  getVocabulary(includeSpecialTokens = true): Token[] {
    return [...(includeSpecialTokens ? this.#reserved() : []), ...this.#tokens];
  }

  #reserved(): Token[] {
    const unknown = this.oovToken ?? (this.vocabularyDtype === 'string' ? '' : -1);
    const mask = this.#oovStart === 1 ? [this.maskToken!] : [];
    return [...mask, ...Array<Token>(this.numOovIndices).fill(unknown)];
  }

  /**
   * Replaces the vocabulary, instead of `adapt`. A model that is compiled already has to be compiled again.
   *
   * @param vocabulary - Tokens, with all reserved ones first or none of them; or a file with one per line.
   * @param idfWeights - One per token, for `outputMode: 'tf_idf'`.
   * @throws HornetError on repeated or misplaced tokens, or too many.
   */
  setVocabulary(vocabulary: VocabularyData, idfWeights: ArrayLike<number> | null = null): void {
    this.#checkWeights(idfWeights, true);
    if (typeof vocabulary === 'string' && this.outputMode === 'tf_idf') {
      throw new HornetError(this.name, `a vocabulary file has no weights for outputMode 'tf_idf'`);
    }
    const all = readVocabulary(this.name, vocabulary, this.vocabularyDtype);
    const reserved = this.#reserved();
    const withReserved = reserved.every((token, i) => all[i] === token);
    const tokens = withReserved ? all.slice(reserved.length) : all;
    checkTokens(this.name, tokens, [this.maskToken, this.invert ? this.oovToken : null]);
    if (idfWeights && idfWeights.length !== all.length) {
      const received = `${idfWeights.length} for ${all.length}`;
      throw new HornetError(this.name, `expected as many idfWeights as tokens, received ${received}`);
    }
    this.#setTokens(tokens);
    if (idfWeights) this.#setWeights(Array.from(idfWeights), withReserved);
  }

  #setTokens(tokens: readonly Token[]): void {
    const size = tokens.length + this.#tokenStart;
    if (this.maxTokens !== null && size > this.maxTokens) {
      throw new HornetError(this.name, `expected at most ${this.maxTokens} tokens (maxTokens), received ${size}`);
    }
    const mayGrow = this.outputMode === 'int' || this.padToMaxTokens || this.#size === null;
    if (!mayGrow && size !== this.#size) {
      const message = `outputs are ${this.#size} wide and cannot become ${size}; set padToMaxTokens, or make a new layer`;
      throw new HornetError(this.name, message);
    }
    this.#tokens = tokens;
    this.#indices = new Map(tokens.map((token, i) => [token, i + this.#tokenStart]));
    this.#size = size;
    this.#table = perDevice((device) => onDevice(device, () => this.#makeTable()));
  }

  /** Reserved tokens count as much as the others on average, padding nothing. */
  #setWeights(weights: readonly number[], withReserved: boolean): void {
    const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
    const front = withReserved ? [] : Array<number>(this.#tokenStart).fill(mean);
    const known = [...front, ...weights];
    const width = this.padToMaxTokens ? this.maxTokens! : known.length;
    const padded = Float32Array.from({ length: width }, (_, i) => known[i] ?? 0);
    this.#idf = new Variable(padded, { name: 'idf_weights', trainable: false });
  }

  #checkWeights(weights: ArrayLike<number> | null, wanted: boolean): void {
    if (weights !== null && this.outputMode !== 'tf_idf') {
      throw new HornetError(this.name, `idfWeights are for outputMode 'tf_idf', received '${this.outputMode}'`);
    }
    if (weights === null && wanted && this.outputMode === 'tf_idf') {
      throw new HornetError(this.name, `expected idfWeights beside the vocabulary in outputMode 'tf_idf'`);
    }
  }

  /** A model may be made before its vocabulary is there. Its program fails: the places that it looks up do not exist. */
  #unlearned(x: Tensor): Tensor {
    if (!currentTrace()) this.#noTable();
    return take(cast([0], 'int64'), where(equal(x, x), 1, 0));
  }

  #makeTable(): Table {
    const sorted = [...(this.#indices as ReadonlyMap<number, number>)].sort(([a], [b]) => a - b);
    const int64 = (numbers: readonly Token[]): Tensor => tensor(BigInt64Array.from(numbers as number[], BigInt));
    const [keys, indices] = [0, 1].map((part) => int64(sorted.map((pair) => pair[part])));
    return { keys, indices, tokens: int64(this.getVocabulary()) };
  }

  #noTable(): never {
    throw new HornetError(this.name, 'there is no vocabulary yet; pass one, or call adapt() first');
  }

  // — learning it —

  /**
   * Learns the vocabulary, the most frequent tokens first. A model that is compiled already has to be compiled again.
   *
   * @param data - An array whose rows are documents (in one dimension each token is one), or batches of such.
   * @throws HornetError when the layer was given its vocabulary.
   */
  async adapt(data: AdaptData, args: AdaptArgs = {}): Promise<void> {
    this.#mustLearn();
    this.resetState();
    await eachBatch(this.name, data, args, async (array, whole) => {
      await this.updateState(await this.readDocuments(array, whole));
    });
    this.finalizeState();
  }

  /** The rows of an array; a batch of one dimension is a single document. */
  protected async readDocuments(array: AdaptArray, whole: boolean): Promise<Iterable<readonly Token[]>> {
    const isText = this.vocabularyDtype === 'string';
    const { values, shape } = isText ? readStrings(this.name, array) : await readNumbers(this.name, array);
    const rows = shape.length > 1 || (shape.length === 1 && whole) ? shape[0] : 1;
    const width = values.length / Math.max(rows, 1);
    return Array.from({ length: rows }, (_, row) => Array.from({ length: width }, (_, i) => values[row * width + i]));
  }

  /** Counts the tokens of documents. */
  async updateState(documents: Iterable<Iterable<Token>>): Promise<void> {
    this.#mustLearn();
    await finishInTurns(this.#counts.add(documents));
  }

  #mustLearn(): void {
    if (this.isFixed) throw new HornetError(this.name, 'adapt() learns a vocabulary, but the layer was given one');
  }

  /** Makes what has been counted the vocabulary. */
  finalizeState(): void {
    if (this.isFixed || this.#counts.isEmpty) return;
    const most = this.maxTokens === null ? Infinity : this.maxTokens - this.#tokenStart;
    const tokens = this.#counts.ranked([this.maskToken, this.oovToken], most);
    this.#setTokens(tokens);
    if (this.outputMode === 'tf_idf') {
      const weights = tokens.map((token) => this.#counts.inverseFrequency(token));
      this.#setWeights(weights, false);
    }
    this.resetState();
  }

  /** Forgets what has been counted; the vocabulary stays. */
  resetState(): void {
    this.#counts = new TokenCounts();
  }

  // — looking up —

  /** Says what is wrong with a token that is not in a vocabulary that has to hold all. */
  #unknown(token: Token): never {
    const message = `'${token}' is not in the vocabulary, which has to hold all tokens; set numOovIndices to 1 or more`;
    throw new HornetError(this.name, message);
  }

  protected override *encode({ values, shape }: StringArray): Steps<StringCodes> {
    const codes = new StringCodes(shape);
    for (const [from, to] of inPieces(values.length)) {
      this.#encodeWords(values.slice(from, to), codes, from);
      yield;
    }
    return codes;
  }

  /** Codes of rows of words that are cut, or padded with the mask token, to the last size of a shape. */
  *encodeRows(rows: readonly (readonly string[])[], shape: readonly number[]): Steps<StringCodes> {
    const codes = new StringCodes(shape);
    const length = shape.at(-1)!;
    const padding = this.#maskIndex;
    for (const [row, words] of rows.entries()) {
      this.#encodeWords(words.length > length ? words.slice(0, length) : words, codes, row * length);
      for (let i = words.length; i < length; i++) codes.set(row * length + i, padding);
      if (row % 64 === 63) yield;
    }
    return codes;
  }

  #encodeWords(words: readonly string[], codes: StringCodes, at: number): void {
    const { numOovIndices, maskToken } = this;
    if (this.#tokens.length === 0) this.#noTable();
    const [indices, padding, unknown] = [this.#indices, this.#maskIndex, this.#oovStart];
    const spread: number[] = [];
    words.forEach((word, i) => {
      const index = word === maskToken ? padding : indices.get(word);
      if (index !== undefined) codes.set(at + i, index);
      else if (numOovIndices === 0) this.#unknown(word);
      else if (numOovIndices === 1) codes.set(at + i, unknown);
      else spread.push(i);
    });
    if (spread.length === 0) return;
    const hashed = spread.map((i) => words[i]);
    hashStrings(hashed, this.salt).forEach((hash, k) =>
      codes.set(at + spread[k], binOf(hash, numOovIndices) + unknown),
    );
  }

  /** Padding has index 0, and is left out of what is encoded. */
  get #maskIndex(): number {
    return this.outputMode === 'int' ? 0 : -1;
  }

  protected override readInputs(inputs: unknown): unknown {
    const isPlain = Array.isArray(inputs) || typeof inputs === 'number';
    if (isPlain && this.vocabularyDtype === 'int64' && !this.invert && this.numOovIndices === 0) {
      const unknown = Array.from(readArray(inputs as NestedArray).values as ArrayLike<number>).find(
        (token) => token !== this.maskToken && !this.#indices.has(token),
      );
      if (unknown !== undefined) this.#unknown(unknown);
    }
    return super.readInputs(inputs);
  }

  override call(inputs: Tensor, options: StringCallArgs): Tensor {
    if (this.invert) return this.#tokensAt(inputs);
    if (this.vocabularyDtype === 'int64') return this.encodeCodes(this.#lookUp(cast(inputs, 'int64')));
    this.needStrings(options);
    return this.encodeCodes(inputs);
  }

  /** Indices in the output mode. */
  encodeCodes(codes: Tensor): Tensor {
    const { outputMode: mode } = this;
    if (mode === 'int') return codes;
    const depth = this.padToMaxTokens ? this.maxTokens : this.#size;
    if (depth === null) {
      const message = `the width of outputs in outputMode '${mode}' is not known without a vocabulary; pass one, or call adapt() first`;
      throw new HornetError(this.name, message);
    }
    const encoded = encodeCategories(codes, mode === 'tf_idf' ? 'count' : mode, depth, 'int64');
    if (mode !== 'tf_idf') return encoded;
    if (!this.#idf) this.#noTable();
    return multiply(cast(encoded, floatx()), cast(this.#idf, floatx()));
  }

  /** Indices of integers, by search in the sorted vocabulary. */
  #lookUp(ids: Tensor): Tensor {
    if (this.#tokens.length === 0) return this.#unlearned(ids);
    const { numOovIndices, maskToken } = this;
    const { keys, indices } = this.#table(currentDevice());
    const last = keys.size - 1;
    const place = minimum(searchsorted(keys, ids), last);
    const isKnown = equal(take(keys, place), ids);
    const isMask = maskToken === null ? null : equal(ids, maskToken as number);
    const masked = (codes: Tensor): Tensor => (isMask ? where(isMask, this.#maskIndex, codes) : codes);
    if (numOovIndices === 0) {
      // A place that is not there: the program fails where it looks it up.
      return masked(take(indices, where(isMask ? logicalOr(isMask, isKnown) : isKnown, place, last + 1)));
    }
    return masked(where(isKnown, take(indices, place), this.#spread(ids)));
  }

  /** The indices of unknown integers. */
  #spread(ids: Tensor): Tensor | number {
    const { numOovIndices: count } = this;
    if (count === 1) return this.#oovStart;
    const bin = this.oovMethod === 'floormod' ? mod(ids, count) : binsOf(hashDecimals(ids, this.salt), count);
    return add(bin, this.#oovStart);
  }

  /** The integers at indices; unknown indices give the token for unknown ones. */
  #tokensAt(indices: Tensor): Tensor {
    if (this.vocabularyDtype === 'string') {
      throw new HornetError(this.name, 'strings are no tensors; call decode() for the strings of indices');
    }
    if (this.#tokens.length === 0) return this.#unlearned(indices);
    const { tokens } = this.#table(currentDevice());
    const ids = cast(indices, 'int64');
    const place = minimum(where(ids, ids, 0), tokens.size - 1);
    return where(equal(place, ids), take(tokens, place), this.oovToken as number);
  }

  /** The tokens at indices, with unknown ones for indices that are not there; of a lookup with or without `invert`. */
  async decode(indices: Tensor | TypedArray | NestedArray): Promise<StringArray> {
    if (this.vocabularyDtype !== 'string') throw new HornetError(this.name, 'decode() is for vocabularies of strings');
    if (this.#tokens.length === 0) this.#noTable();
    const { values, shape } = await readNumbers(this.name, indices);
    const tokens = this.getVocabulary();
    const unknown = String(this.oovToken ?? '');
    return new StringArray(
      Array.from(values, (index) => String(tokens[index] ?? unknown)),
      shape,
    );
  }

  // — configuration and files —

  override getConfig(): Config {
    const { maxTokens, numOovIndices, maskToken, oovToken, vocabularyDtype } = this;
    const { invert, outputMode, padToMaxTokens, oovMethod, salt } = this;
    const given = { maxTokens, numOovIndices, oovToken, maskToken, vocabularyDtype };
    const { vocabulary, idfWeights } = this.#given;
    const state = { vocabulary, idfWeights, vocabularySize: this.#size };
    return {
      ...super.getConfig(),
      ...given,
      ...state,
      invert,
      outputMode,
      sparse: false,
      padToMaxTokens,
      oovMethod,
      salt,
    };
  }

  override getBuildConfig(): Config | null {
    return {};
  }

  /** A config must not make us read files: where Keras was given one, the vocabulary is among the assets. */
  static override fromConfig<T>(this: new (...args: never[]) => T, config: Config): T {
    if (typeof config.vocabulary === 'string') {
      throw new HornetError('fromConfig', `a config may not name a vocabulary file (${config.vocabulary})`);
    }
    return super.fromConfig.call(this as never, config) as T;
  }

  /** The vocabulary as a text; none where the config holds it. */
  override saveAssets(): Readonly<Record<string, string>> {
    return this.#given.vocabulary === null ? { [FILE]: this.getVocabulary().join('\n') } : {};
  }

  /** Takes the vocabulary that `saveAssets` gave. Weights of its tokens come after it. */
  override loadAssets({ [FILE]: text }: Readonly<Record<string, string>>): void {
    if (text === undefined || this.#given.vocabulary !== null) return;
    const lines = linesOf(text);
    const weights = this.outputMode === 'tf_idf' ? lines.map(() => 0) : null;
    this.setVocabulary(this.vocabularyDtype === 'int64' ? lines.map(Number) : lines, weights);
  }

  /** What files hold beside the vocabulary: the weights of its tokens. */
  override savedWeights(): SavedWeight[] {
    return this.#idf ? [{ variable: this.#idf, name: this.#idf.name }] : [];
  }
}

registerSerializable('keras.src.layers.preprocessing.index_lookup', IndexLookup);
registerSerializable('keras.layers', IndexLookup);
