// Reuters: newswires by topic (Reuters-21578).
import { HornetError } from '../../errors.js';
import { hostedFile } from './files.js';
import {
  cutOf,
  encodeTexts,
  keepShort,
  readTexts,
  readWordIndex,
  type TextsArgs,
  type WordIndexArgs,
} from './texts.js';
import { checkTestSplit, divide, randomState, type TrainAndTest } from './train-and-test.js';

/** Options of `reuters.loadData`. */
export interface ReutersArgs extends TextsArgs {
  /** Which part of the newswires is for testing: from 0 on, below 1. Default 0.2. */
  readonly testSplit?: number;
}

/**
 * 11,228 newswires with one of 46 topics each, downloaded once. A newswire is a list of the ranks of its words by
 * frequency, `indexFrom` added, behind a `startChar`; 0 is left for padding.
 *
 * @returns `[[xTrain, yTrain], [xTest, yTest]]`: lists of different lengths, and topics [n] as int64.
 * @throws HornetError when the file cannot be downloaded or read, or `maxlen` leaves nothing.
 */
export async function loadData(args: ReutersArgs = {}): Promise<TrainAndTest<number[][]>> {
  const where = 'reuters.loadData';
  const { testSplit = 0.2, seed = 113 } = args;
  const cut = cutOf(where, args);
  checkTestSplit(where, testSplit);
  const random = randomState(where, seed);
  const path = await hostedFile(where, 'reuters.npz', args.path);
  const labelled = await readTexts(where, path, 'x', 'y');
  const order = keepShort(labelled.texts, random.permutation(labelled.labels.size), cut);
  if (order.length === 0) throw new HornetError(where, `no newswire is shorter than maxlen ${cut.maxlen}`);
  const selections = divide(order, testSplit).map((part) => ({ ...labelled, order: part }));
  const [train, test] = await encodeTexts(where, selections, cut);
  return [train, test];
}

/**
 * The ranks of all words by frequency, from 1 on. In newswires `indexFrom` is added to them.
 *
 * @throws HornetError when the file cannot be downloaded or read.
 */
export async function getWordIndex(args: WordIndexArgs = {}): Promise<Record<string, number>> {
  const where = 'reuters.getWordIndex';
  return readWordIndex(where, await hostedFile(where, 'reuters_word_index.json', args.path));
}

const topics = [
  'cocoa',
  'grain',
  'veg-oil',
  'earn',
  'acq',
  'wheat',
  'copper',
  'housing',
  'money-supply',
  'coffee',
  'sugar',
  'trade',
  'reserves',
  'ship',
  'cotton',
  'carcass',
  'crude',
  'nat-gas',
  'cpi',
  'money-fx',
  'interest',
  'gnp',
  'meal-feed',
  'alum',
  'oilseed',
  'gold',
  'tin',
  'strategic-metal',
  'livestock',
  'retail',
  'ipi',
  'iron-steel',
  'rubber',
  'heat',
  'jobs',
  'lei',
  'bop',
  'zinc',
  'orange',
  'pet-chem',
  'dlr',
  'gas',
  'silver',
  'wpi',
  'hog',
  'lead',
] as const;

/** The names of the topics: that of topic `i` is at `i`. */
export const getLabelNames = (): readonly string[] => topics;
