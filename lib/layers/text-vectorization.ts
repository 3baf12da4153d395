// TextVectorization: text as sequences of word indices, or as what words it holds. How text becomes words is TensorFlow's.
import { HornetError } from '../errors.js';
import type { SymbolicDType } from '../models/keras-tensor.js';
import { lookUpFunction, registerSerializable } from '../saving/registry.js';
import type { StringArray } from '../strings.js';
import { describe, type Tensor } from '../tensor.js';
import type { Steps } from '../turns.js';
import { eachBatch, readStrings, type Adaptable, type AdaptArgs, type AdaptData } from './adapt.js';
import { refuse, type OutputMode } from './categories.js';
import type { Shape } from './input-spec.js';
import type { Config, LayerArgs } from './layer.js';
import { checkEncoding, StringLookup } from './lookups.js';
import { type StringCodes, StringLayer, type StringCallArgs } from './string-layer.js';
import type { SavedWeight } from './weights.js';
import type { VocabularyData } from './vocabulary.js';

/** How text is made uniform, or a function that does it. */
export type Standardize =
  'lower_and_strip_punctuation' | 'lower' | 'strip_punctuation' | ((text: string) => string) | null;
/** Where text is split, or a function that does it. */
export type Split = 'whitespace' | 'character' | ((text: string) => readonly string[]) | null;

/** Options of `textVectorization`. */
export interface TextVectorizationArgs extends Pick<
  LayerArgs,
  'name' | 'trainable' | 'dtype' | 'inputShape' | 'batchSize'
> {
  /** Most words, those for padding and for unknown words included. Default null: any number. */
  readonly maxTokens?: number | null;
  /** Letters are those of ASCII, as in Keras. Default `lower_and_strip_punctuation`. */
  readonly standardize?: Standardize;
  /** Default `whitespace`. With null every string is one word. */
  readonly split?: Split;
  /** Words in a row that count as one, too: all up to this number, or those of these lengths. Default null: none. */
  readonly ngrams?: number | readonly number[] | null;
  /** Default `int`. */
  readonly outputMode?: OutputMode;
  /** Length of the sequences in `outputMode: 'int'`. Default null: that of the longest text of a call. */
  readonly outputSequenceLength?: number | null;
  /** Whether encoded outputs are `maxTokens` wide, however small the vocabulary. Default false. */
  readonly padToMaxTokens?: boolean;
  /** The words, or a file with one per line. Default: learned by `adapt`. */
  readonly vocabulary?: VocabularyData | null;
  /** What each word of the vocabulary counts for in `outputMode: 'tf_idf'`. */
  readonly idfWeights?: ArrayLike<number> | null;
  /** Not supported: outputs are dense. */
  readonly sparse?: false;
  /** Not supported: outputs are dense. */
  readonly ragged?: false;
  /** `utf-8`; there is no other. */
  readonly encoding?: 'utf-8';
  /** Size of the vocabulary that a config remembers. Internal. */
  readonly vocabularySize?: number | null;
}

const punctuation = /[!-/:-@[-`{-~]/g;
const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
const strip = (text: string): string => text.replace(punctuation, '');

const standardizers: Record<string, (text: string) => string> = {
  lower,
  strip_punctuation: strip,
  lower_and_strip_punctuation: (text) => strip(lower(text)),
};

const splitters: Record<string, (text: string) => readonly string[]> = {
  whitespace: (text) => text.split(/[ \t-\r]+/).filter((word) => word !== ''),
  character: (text) => Array.from(text),
};

/** The function that a name stands for. */
function pick<F>(where: string, option: string, choice: string | F | null, known: Record<string, F>): F | null {
  if (choice === null || typeof choice === 'function') return choice;
  const name = String(choice);
  const found = Object.hasOwn(known, name) ? known[name] : lookUpFunction(name);
  if (found) return found as F;
  const wanted = Object.keys(known).map((name) => `'${name}'`);
  throw new HornetError(
    where,
    `expected ${option} to be ${wanted.join(', ')}, a function or null, received ${describe(choice)}`,
  );
}

/** Turns text into sequences of word indices, padded with 0, or into which words it holds and how often. */
export class TextVectorization extends StringLayer implements Adaptable {
  static readonly className: string = 'TextVectorization';
  static override readonly savedNames: Readonly<Record<string, string>> = { lookupLayer: '_lookup_layer' };
  /** Knows the words. */
  readonly lookupLayer: StringLookup;
  readonly outputMode: OutputMode;
  readonly outputSequenceLength: number | null;
  readonly #args: {
    readonly standardize: Standardize;
    readonly split: Split;
    readonly ngrams: TextVectorizationArgs['ngrams'];
  };
  readonly #standardize: ((text: string) => string) | null;
  readonly #split: ((text: string) => readonly string[]) | null;
  readonly #ngrams: readonly number[] | null;

  constructor(args: TextVectorizationArgs = {}) {
    super(args);
    const { standardize = 'lower_and_strip_punctuation', split = 'whitespace', ngrams = null } = args;
    this.#args = { standardize, split, ngrams };
    this.#standardize = pick(this.name, 'standardize', standardize, standardizers);
    this.#split = pick(this.name, 'split', split, splitters);
    this.#ngrams = widthsOf(this.name, ngrams);
    const { outputSequenceLength: length = null } = args;
    this.lookupLayer = new StringLookup({
      maxTokens: args.maxTokens,
      vocabulary: args.vocabulary,
      idfWeights: args.idfWeights,
      padToMaxTokens: args.padToMaxTokens,
      maskToken: '',
      outputMode: args.outputMode,
      vocabularySize: args.vocabularySize,
    });
    this.outputMode = this.lookupLayer.outputMode;
    if (length !== null && this.outputMode !== 'int') {
      const received = `${length} in outputMode '${this.outputMode}'`;
      throw new HornetError(this.name, `expected outputSequenceLength in outputMode 'int' only, received ${received}`);
    }
    if (length !== null && !(Number.isInteger(length) && length >= 0)) {
      const received = String(length);
      throw new HornetError(
        this.name,
        `expected outputSequenceLength to be a non-negative integer, received ${received}`,
      );
    }
    refuse(this.name, { sparse: args.sparse, ragged: args.ragged });
    checkEncoding(this.name, args.encoding);
    this.outputSequenceLength = length;
  }

  override get inputDtype(): SymbolicDType {
    return 'string';
  }

  // — the vocabulary —

  get isFixed(): boolean {
    return this.lookupLayer.isFixed;
  }

  /** Number of words, those for padding and unknown words included. */
  vocabularySize(): number {
    return this.lookupLayer.vocabularySize();
  }

  /** The words by index. Without special tokens only those of the vocabulary proper. */
  getVocabulary(includeSpecialTokens = true): string[] {
    return this.lookupLayer.getVocabulary(includeSpecialTokens) as string[];
  }

  /**
   * Replaces the vocabulary, instead of `adapt`. A model that is compiled already has to be compiled again.
   *
   * @throws HornetError on repeated or misplaced words, or too many.
   */
  setVocabulary(vocabulary: VocabularyData, idfWeights: ArrayLike<number> | null = null): void {
    this.lookupLayer.setVocabulary(vocabulary, idfWeights);
  }

  /**
   * Learns the vocabulary, the most frequent words first. A model that is compiled already has to be compiled again.
   *
   * @param data - An array of texts, or batches of such.
   * @throws HornetError when the layer was given its vocabulary.
   */
  async adapt(data: AdaptData, args: AdaptArgs = {}): Promise<void> {
    const { lookupLayer } = this;
    lookupLayer.resetState();
    await eachBatch(this.name, data, args, async (array) => {
      await lookupLayer.updateState(this.#documents(readStrings(this.name, array)));
    });
    lookupLayer.finalizeState();
  }

  // — text as words —

  /** The words of each text; one by one, since the texts may be many. */
  *#documents(texts: StringArray): Generator<readonly string[]> {
    const { values, shape } = this.#split ? this.#squeezed(texts) : texts;
    const width = this.#split || shape.length === 0 ? 1 : shape.at(-1)!;
    const standard = (text: string): string => this.#standardize?.(text) ?? text;
    for (let at = 0; at < values.length; at += width) {
      const words = this.#split ? this.#split(standard(values[at])) : values.slice(at, at + width).map(standard);
      yield this.#ngrams ? withNgrams(words, this.#ngrams) : words;
    }
  }

  /** Texts that are to be split, without a last axis of size one. */
  #squeezed(texts: StringArray): StringArray {
    const { shape } = texts;
    if (shape.length < 2) return texts;
    if (shape.at(-1) === 1) return texts.reshape(shape.slice(0, -1));
    throw new HornetError(this.name, `expected texts of shape [n] or [n, 1], received [${shape.join(', ')}]`);
  }

  protected override *encode(texts: StringArray): Steps<StringCodes> {
    const rows: (readonly string[])[] = [];
    for (const words of this.#documents(texts)) if (rows.push(words) % 64 === 0) yield;
    const samples = this.#samplesOf(this.#split ? this.#squeezed(texts).shape : texts.shape);
    const longest = rows.reduce((most, words) => Math.max(most, words.length), 0);
    const length = this.outputSequenceLength ?? (this.#isSequence ? longest : roundUp(longest));
    return yield* this.lookupLayer.encodeRows(rows, [...samples, length]);
  }

  /** Whether the outputs have a place for each word. */
  get #isSequence(): boolean {
    return this.outputMode === 'int' || this.outputMode === 'one_hot';
  }

  /** The axes beside that of the words. */
  #samplesOf<D extends number | null>(shape: readonly D[]): readonly D[] {
    return this.#split ? shape : shape.slice(0, -1);
  }

  protected override encodedShape(shape: Shape): Shape {
    const texts = this.#split && shape.length > 1 ? shape.slice(0, -1) : shape;
    const isWord = this.#isSequence && !this.#split && !this.#ngrams && shape.length > 0;
    return [...this.#samplesOf(texts), this.outputSequenceLength ?? (isWord ? shape.at(-1)! : null)];
  }

  override call(inputs: Tensor, options: StringCallArgs): Tensor {
    this.needStrings(options);
    return this.lookupLayer.encodeCodes(inputs);
  }

  // — configuration and files —

  override getConfig(): Config {
    const { outputMode, outputSequenceLength } = this;
    const { maxTokens, padToMaxTokens, vocabulary, idfWeights, encoding } = this.lookupLayer.getConfig();
    return {
      ...super.getConfig(),
      maxTokens,
      ...this.#args,
      outputMode,
      outputSequenceLength,
      padToMaxTokens,
      sparse: false,
      ragged: false,
      vocabulary,
      idfWeights,
      encoding,
      vocabularySize: this.vocabularySize(),
    };
  }

  static override fromConfig<T>(this: new (...args: never[]) => T, config: Config): T {
    return StringLookup.fromConfig.call(this, config) as T;
  }

  /** The vocabulary as a text; none where the config holds it. */
  override saveAssets(): Readonly<Record<string, string>> {
    return this.lookupLayer.saveAssets();
  }

  /** Takes the vocabulary that `saveAssets` gave. */
  override loadAssets(texts: Readonly<Record<string, string>>): void {
    this.lookupLayer.loadAssets(texts);
  }

  /** Files hold the weights of the words here, and with the layer inside once more. */
  override savedWeights(): SavedWeight[] {
    return this.lookupLayer.savedWeights();
  }
}

/** Where outputs do not depend on padding, few lengths make few programs. */
const roundUp = (length: number): number => (length <= 1 ? length : 2 ** Math.ceil(Math.log2(length)));

function widthsOf(where: string, ngrams: TextVectorizationArgs['ngrams']): readonly number[] | null {
  if (ngrams === null || ngrams === undefined) return null;
  const isCount = (width: unknown): boolean => Number.isInteger(width) && (width as number) > 0;
  if (typeof ngrams === 'number' && isCount(ngrams)) return Array.from({ length: ngrams }, (_, i) => i + 1);
  if (Array.isArray(ngrams) && ngrams.every(isCount)) return ngrams as readonly number[];
  throw new HornetError(
    where,
    `expected ngrams to be a positive integer, a list of such or null, received ${describe(ngrams)}`,
  );
}

/** All runs of words of the given lengths. */
const withNgrams = (words: readonly string[], widths: readonly number[]): string[] =>
  widths.flatMap((width) =>
    Array.from({ length: Math.max(words.length - width + 1, 0) }, (_, i) => words.slice(i, i + width).join(' ')),
  );

registerSerializable('keras.layers', TextVectorization);

/** Turns text into sequences of word indices, or into which words it holds. */
export const textVectorization = (args?: TextVectorizationArgs): TextVectorization => new TextVectorization(args);
