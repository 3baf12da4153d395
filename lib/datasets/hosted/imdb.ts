// IMDB: reviews of films, positive and negative (Maas et al., "Learning Word Vectors for Sentiment Analysis", 2011).
import { HornetError } from '../../errors.js';
import { hostedFile } from './files.js';
import {
  cutOf,
  encodeTexts,
  keepShort,
  readTexts,
  readWordIndex,
  type Selection,
  type TextsArgs,
  type WordIndexArgs,
} from './texts.js';
import { randomState, type TrainAndTest } from './train-and-test.js';

/**
 * 25,000 reviews of films to train with and 25,000 to test with, downloaded once. A review is a list of the ranks of its
 * words by frequency, `indexFrom` added, behind a `startChar`; 0 is left for padding.
 *
 * @returns `[[xTrain, yTrain], [xTest, yTest]]`: lists of different lengths, and labels [n] as int64, 1 for positive.
 * @throws HornetError when the file cannot be downloaded or read, or `maxlen` leaves nothing.
 *
 * @example
 * const [[xTrain, yTrain]] = await datasets.imdb.loadData({ numWords: 20_000 });
 * await model.fit(padSequences(xTrain, { maxlen: 200 }), yTrain);
 */
export async function loadData(args: TextsArgs = {}): Promise<TrainAndTest<number[][]>> {
  const where = 'imdb.loadData';
  const { seed = 113 } = args;
  const cut = cutOf(where, args);
  const random = randomState(where, seed);
  const path = await hostedFile(where, 'imdb.npz', args.path);
  const selections: Selection[] = [];
  for (const part of ['train', 'test']) {
    const labelled = await readTexts(where, path, `x_${part}`, `y_${part}`);
    const order = keepShort(labelled.texts, random.permutation(labelled.labels.size), cut);
    if (order.length === 0) throw new HornetError(where, `no review is shorter than maxlen ${cut.maxlen}`);
    selections.push({ ...labelled, order });
  }
  const [train, test] = await encodeTexts(where, selections, cut);
  return [train, test];
}

/**
 * The ranks of all words by frequency, from 1 on. In reviews `indexFrom` is added to them.
 *
 * @throws HornetError when the file cannot be downloaded or read.
 *
 * @example
 * const words = new Map(Object.entries(await datasets.imdb.getWordIndex()).map(([word, rank]) => [rank + 3, word]));
 * const review = xTrain[0].map((index) => words.get(index) ?? '?').join(' ');
 */
export async function getWordIndex(args: WordIndexArgs = {}): Promise<Record<string, number>> {
  const where = 'imdb.getWordIndex';
  return readWordIndex(where, await hostedFile(where, 'imdb_word_index.json', args.path));
}
