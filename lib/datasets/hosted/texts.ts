// What the two data sets of texts share: each text is a list of words by rank, which options cut and shift.
import { readFile } from 'node:fs/promises';
import { HornetError } from '../../errors.js';
import type { DeviceTensor } from '../../tensor.js';
import { finishInTurns, type Steps } from '../../turns.js';
import { readMembers, readNpz } from '../npz.js';
import { readSequences, type Sequences } from './pickles.js';
import { checkPairs, rowsOf } from './train-and-test.js';

/** Options of `loadData` of the data sets of texts. */
export interface TextsArgs {
  /** Name of the file in the cache. Default: its name at its host. */
  readonly path?: string;
  /** Indices from it on become `oovChar`. Default: the largest index, which alone is cut. */
  readonly numWords?: number | null;
  /** Indices below it become `oovChar`. Default 0. */
  readonly skipTop?: number;
  /** Texts that are not shorter, with the `startChar`, are left out. Default: none are. */
  readonly maxlen?: number | null;
  /** Decides on the order, as in Keras; null: by chance. Default 113. */
  readonly seed?: number | null;
  /** What each text begins with; null for nothing. Default 1. */
  readonly startChar?: number | null;
  /** What takes the place of words that are cut; null leaves them out. Default 2. */
  readonly oovChar?: number | null;
  /** Added to the rank of each word. Default 3. */
  readonly indexFrom?: number;
}

/** Options of `getWordIndex`. */
export interface WordIndexArgs {
  /** Name of the file in the cache. Default: its name at its host. */
  readonly path?: string;
}

/** The options with their defaults. */
export interface Cut {
  readonly numWords: number | null;
  readonly skipTop: number;
  readonly maxlen: number | null;
  readonly startChar: number | null;
  readonly oovChar: number | null;
  readonly indexFrom: number;
}

/** Texts and their labels as the file has them. */
export interface LabelledTexts {
  readonly texts: Sequences;
  readonly labels: DeviceTensor;
}

/** Some of the texts, in an order. */
export interface Selection extends LabelledTexts {
  readonly order: Int32Array;
}

export function cutOf(where: string, args: TextsArgs): Cut {
  const { numWords, skipTop = 0, maxlen, startChar = 1, oovChar = 2, indexFrom = 3 } = args;
  for (const [name, value] of Object.entries({ numWords, skipTop, maxlen, startChar, oovChar, indexFrom })) {
    if (value === null || value === undefined || (Number.isInteger(value) && value >= 0)) continue;
    throw new HornetError(where, `expected ${name} to be a non-negative integer, received ${value}`);
  }
  // As in Keras, 0 stands for no limit.
  return { numWords: numWords || null, skipTop, maxlen: maxlen || null, startChar, oovChar, indexFrom };
}

/** @param x - The name of the array of texts in the file; @param y - that of their labels. */
export async function readTexts(where: string, path: string, x: string, y: string): Promise<LabelledTexts> {
  const { [y]: labels } = await readNpz(where, path, [y]);
  const read = (name: string, bytes: Buffer): Promise<Sequences> => readSequences(where, `'${name}' in ${path}`, bytes);
  const { [x]: texts } = await readMembers(where, path, [x], read);
  checkPairs(where, path, texts.ends.length, labels);
  return { texts, labels };
}

/** What is left of an order when the texts that are too long are left out. */
export function keepShort({ ends }: Sequences, order: Int32Array, { maxlen, startChar }: Cut): Int32Array {
  if (maxlen === null) return order;
  const start = startChar === null ? 0 : 1;
  return order.filter((i) => ends[i] - (ends[i - 1] ?? 0) + start < maxlen);
}

/** The texts as lists of indices, with their labels. Limits are found among all selections. */
export async function encodeTexts(
  where: string,
  selections: readonly Selection[],
  cut: Cut,
): Promise<[texts: number[][], labels: DeviceTensor][]> {
  const numWords = cut.numWords ?? (await finishInTurns(largest(selections, cut)));
  const parts: [number[][], DeviceTensor][] = [];
  for (const { texts, labels, order } of selections) {
    const lists = await finishInTurns(encode(texts, order, cut, numWords));
    parts.push([lists, rowsOf(where, labels, order)]);
  }
  return parts;
}

function* largest(selections: readonly Selection[], { startChar, indexFrom }: Cut): Steps<number> {
  let found = 0;
  for (const { texts, order } of selections) {
    for (const i of order) {
      if (startChar !== null) found = Math.max(found, startChar);
      for (let at = texts.ends[i - 1] ?? 0; at < texts.ends[i]; at++) {
        found = Math.max(found, texts.values[at] + indexFrom);
      }
      yield;
    }
  }
  return found;
}

function* encode({ values, ends }: Sequences, order: Int32Array, cut: Cut, numWords: number): Steps<number[][]> {
  const { skipTop, startChar, oovChar, indexFrom } = cut;
  const lists: number[][] = [];
  for (const i of order) {
    const list: number[] = [];
    const add = (index: number): void => {
      const isKept = index >= skipTop && index < numWords;
      if (isKept || oovChar !== null) list.push(isKept ? index : oovChar!);
    };
    if (startChar !== null) add(startChar);
    for (let at = ends[i - 1] ?? 0; at < ends[i]; at++) add(values[at] + indexFrom);
    lists.push(list);
    yield;
  }
  return lists;
}

/** Words and their ranks, from JSON. */
export async function readWordIndex(where: string, path: string): Promise<Record<string, number>> {
  let index: unknown;
  try {
    index = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new HornetError(where, `${path} is damaged: ${(error as Error).message}`, { cause: error });
  }
  const isIndex = index !== null && typeof index === 'object' && Object.values(index).every(Number.isInteger);
  if (!isIndex) throw new HornetError(where, `${path} is damaged: it holds no ranks of words`);
  // `index.constructor` is a word, or nothing.
  return Object.setPrototypeOf(index, null) as Record<string, number>;
}
