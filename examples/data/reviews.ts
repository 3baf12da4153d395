// Generated: reviews of films. What counts is what they say in the end: praise and blame stand side by side, some of it
// denied, so that looking for single words is not enough.
import { drawIndex, pick, randomSource } from './random.js';

const things = ['plot', 'acting', 'music', 'camera work', 'ending', 'dialogue', 'cast', 'story', 'pace', 'script'];
const praise = ['great', 'wonderful', 'moving', 'clever', 'funny', 'brilliant', 'touching', 'charming'];
const blame = ['boring', 'awful', 'predictable', 'dull', 'silly', 'annoying', 'flat', 'terrible'];
const degrees = ['', '', 'really', 'very', 'quite', 'simply', 'absolutely'];
const asides = [
  'I saw it with my sister on a rainy Sunday.',
  'The cinema was half empty.',
  'It runs for almost two hours.',
  'The director has made three films before.',
  'My friends had told me about it for weeks.',
  'I had not read the book.',
];
const verdicts = {
  good: ['I would watch it again.', 'Go and see it!', 'I left with a smile.', 'It stays with you for days.'],
  bad: ['I want my money back.', 'Do not bother.', 'I nearly fell asleep.', 'Spare yourself the trip.'],
};

/** Texts, and 1 for those that praise. */
export function reviews(count: number, seed: number): { texts: string[]; labels: number[] } {
  const random = randomSource(seed);
  const labels = Array.from({ length: count }, () => drawIndex(random, 2));
  return { labels, texts: labels.map((label) => review(random, label === 1)) };
}

function review(random: () => number, good: boolean): string {
  const sentences = Array.from({ length: 1 + drawIndex(random, 3) }, () => opinion(random, good));
  // Now and then an aside, or a word for the other side that is outweighed in the same breath.
  if (random() < 0.5) sentences.push(pick(random, asides));
  if (random() < 0.5) sentences.push(`${claim(random, !good)}, but ${claim(random, good).replace('The', 'the')}.`);
  sentences.sort(() => random() - 0.5);
  if (random() < 0.3) sentences.push(pick(random, verdicts[good ? 'good' : 'bad']));
  return sentences.join(' ');
}

const opinion = (random: () => number, good: boolean): string => `${claim(random, good)}${pick(random, ['.', '.', '!'])}`;

/** `The music was not very boring` is praise. */
function claim(random: () => number, good: boolean): string {
  const denied = random() < 0.3;
  const words = good !== denied ? praise : blame;
  const verb = denied ? pick(random, ['was not', "wasn't", 'was never']) : pick(random, ['was', 'is', 'seemed']);
  return `The ${pick(random, things)} ${[verb, pick(random, degrees), pick(random, words)].filter(Boolean).join(' ')}`;
}
