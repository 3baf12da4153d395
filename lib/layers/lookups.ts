// IntegerLookup and StringLookup: what users see of IndexLookup.
import { HornetError } from '../errors.js';
import { registerSerializable } from '../saving/registry.js';
import { IndexLookup, type IndexLookupArgs } from './index-lookup.js';
import type { Config } from './layer.js';

/** Options of `integerLookup`. */
export interface IntegerLookupArgs extends IndexLookupArgs {
  /** Most tokens, reserved ones included. Default null: any number. */
  readonly maxTokens?: number | null;
  /** Indices for integers that are not in the vocabulary; with 0 such are an error. Default 1. */
  readonly numOovIndices?: number;
  /** An integer that stands for padding: index 0, or left out of what is encoded. Default: none. */
  readonly maskToken?: number | null;
  /** What unknown indices are turned into with `invert`. Default -1. */
  readonly oovToken?: number;
  /** `int64`; there is no other. */
  readonly vocabularyDtype?: 'int64';
}

/** Turns integers into indices of a vocabulary, or with `invert` indices into integers. Runs in programs. */
export class IntegerLookup extends IndexLookup {
  static override readonly className: string = 'IntegerLookup';
  static override readonly requiredArgs: readonly string[] = [];

  constructor(args: IntegerLookupArgs = {}) {
    const { maxTokens = null, numOovIndices = 1, maskToken = null, oovToken = -1, vocabularyDtype = 'int64' } = args;
    if (vocabularyDtype !== 'int64') {
      const received = String(vocabularyDtype);
      throw new HornetError('integerLookup', `expected vocabularyDtype to be 'int64', received '${received}'`);
    }
    super(maxTokens, numOovIndices, maskToken, oovToken, vocabularyDtype, args);
  }
}

/** Options of `stringLookup`. */
export interface StringLookupArgs extends IndexLookupArgs {
  /** Most tokens, reserved ones included. Default null: any number. */
  readonly maxTokens?: number | null;
  /** Indices for strings that are not in the vocabulary; with 0 such are an error. Default 1. */
  readonly numOovIndices?: number;
  /** A string that stands for padding: index 0, or left out of what is encoded. Default: none. */
  readonly maskToken?: string | null;
  /** What unknown indices are turned into by `decode`. Default `[UNK]`. */
  readonly oovToken?: string;
  /** `utf-8`; there is no other. */
  readonly encoding?: 'utf-8';
}

/** Turns strings into indices of a vocabulary. `decode` turns indices into strings. */
export class StringLookup extends IndexLookup {
  static override readonly className: string = 'StringLookup';
  static override readonly requiredArgs: readonly string[] = [];
  readonly encoding = 'utf-8';

  constructor(args: StringLookupArgs = {}) {
    const { maxTokens = null, numOovIndices = 1, maskToken = null, oovToken = '[UNK]' } = args;
    super(maxTokens, numOovIndices, maskToken, oovToken, 'string', args);
    checkEncoding(this.name, args.encoding);
  }

  override getConfig(): Config {
    const { vocabularyDtype: _, ...config } = super.getConfig();
    return { ...config, encoding: this.encoding };
  }
}

/** JavaScript's strings are Unicode; files are UTF-8. */
export function checkEncoding(where: string, encoding: string | undefined): void {
  if (encoding === undefined || /^utf-?8$/i.test(encoding)) return;
  throw new HornetError(where, `expected encoding to be 'utf-8', received '${encoding}'`);
}

for (const layer of [IntegerLookup, StringLookup]) registerSerializable('keras.layers', layer);

/** Turns integers into indices of a vocabulary. */
export const integerLookup = (args?: IntegerLookupArgs): IntegerLookup => new IntegerLookup(args);
/** Turns strings into indices of a vocabulary. */
export const stringLookup = (args?: StringLookupArgs): StringLookup => new StringLookup(args);
