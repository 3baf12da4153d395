// Vocabularies: reading them, checking them, and learning them from data.
import { existsSync, readFileSync } from 'node:fs';
import { HornetError } from '../errors.js';
import { StringArray } from '../strings.js';
import type { Steps } from '../turns.js';

/** A category: a word, or an integer. */
export type Token = string | number;

/** Tokens as users hold them; a string is the path of a file with one per line. */
export type VocabularyData = string | readonly Token[] | StringArray | ArrayLike<number | bigint>;

/** The tokens of a vocabulary. Throws a `HornetError` on a file that does not exist, or none at all. */
export function readVocabulary(where: string, data: VocabularyData, dtype: 'string' | 'int64'): Token[] {
  const tokens = typeof data === 'string' ? readLines(where, data) : data instanceof StringArray ? data.values : data;
  const read = Array.from(tokens as ArrayLike<Token | bigint>, (token) => (dtype === 'int64' ? Number(token) : token));
  if (read.length === 0) throw new HornetError(where, 'expected a vocabulary with at least one token, received none');
  const wrong = read.find((token) => (dtype === 'int64' ? !Number.isInteger(token) : typeof token !== 'string'));
  if (wrong !== undefined) {
    const wanted = dtype === 'int64' ? 'integers' : 'strings';
    throw new HornetError(where, `expected a vocabulary of ${wanted}, received ${String(wrong)}`);
  }
  return read as Token[];
}

function readLines(where: string, path: string): string[] {
  if (!existsSync(path)) throw new HornetError(where, `there is no vocabulary file ${path}`);
  return linesOf(readFileSync(path, 'utf8'));
}

/** One token per line; empty lines at the end are none. */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Throws a `HornetError` where a token stands twice, or one that is reserved. */
export function checkTokens(where: string, tokens: readonly Token[], reserved: readonly (Token | null)[]): void {
  const seen = new Set<Token>();
  const repeated = tokens.filter((token) => seen.size === seen.add(token).size);
  if (repeated.length > 0) {
    throw new HornetError(
      where,
      `expected every token once, received several times: ${repeated.slice(0, 10).join(', ')}`,
    );
  }
  for (const token of reserved) {
    if (token === null || !seen.has(token)) continue;
    const message = `the reserved token '${token}' is in the vocabulary; leave reserved ones out, or put all of them first`;
    throw new HornetError(where, message);
  }
}

/** How often tokens occur in data, and in how many documents. */
export class TokenCounts {
  private readonly occurrences = new Map<Token, number>();
  private readonly documents = new Map<Token, number>();
  private documentCount = 0;

  get isEmpty(): boolean {
    return this.occurrences.size === 0;
  }

  /** Counts the tokens of documents. */
  *add(documents: Iterable<Iterable<Token>>): Steps<void> {
    let work = 0;
    for (const document of documents) {
      this.documentCount++;
      const seen = new Set<Token>();
      for (const token of document) {
        this.occurrences.set(token, (this.occurrences.get(token) ?? 0) + 1);
        seen.add(token);
        if (++work % 1024 === 0) yield;
      }
      for (const token of seen) this.documents.set(token, (this.documents.get(token) ?? 0) + 1);
    }
  }

  /** The most frequent tokens first, but for reserved ones; those that are as frequent in falling order. */
  ranked(reserved: readonly (Token | null)[], most: number): Token[] {
    const excluded = new Set(reserved);
    const counted = [...this.occurrences].filter(([token]) => !excluded.has(token));
    counted.sort(([a, m], [b, n]) => n - m || compareTokens(b, a));
    return counted.slice(0, most).map(([token]) => token);
  }

  /** How rare a token is among the documents. */
  inverseFrequency(token: Token): number {
    return Math.log(1 + this.documentCount / (1 + (this.documents.get(token) ?? 0)));
  }
}

/** Integers by size, strings by code points, which is the order of their UTF-8. */
function compareTokens(a: Token, b: Token): number {
  if (typeof a === 'number' || typeof b === 'number') return (a as number) - (b as number);
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i === length) return a.length - b.length;
  return rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
}

/** Halves of surrogate pairs stand for code points above all others. */
const rank = (unit: number): number => (unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit);
