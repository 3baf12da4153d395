// Generated: sentences of a small grammar, whose verbs agree with a subject that may stand far before them.
import { drawIndex, pick } from './random.js';

const nouns = ['dog', 'cat', 'bird', 'child', 'farmer', 'teacher', 'sailor', 'queen'];
const plurals = ['dogs', 'cats', 'birds', 'children', 'farmers', 'teachers', 'sailors', 'queens'];
const adjectives = ['small', 'old', 'happy', 'tired', 'clever'];
const verbs = ['see', 'hear', 'know', 'like', 'follow', 'remember'];
const third = verbs.map((verb) => `${verb}s`);
const moods = ['sleep', 'sing', 'wait', 'laugh'];
const thirdMoods = moods.map((verb) => `${verb}s`);

/** All words, with the full stop. */
export const sentenceWords = [
  ...['.', 'a', 'the', 'two', 'some', 'that', 'and'],
  ...[nouns, plurals, adjectives, verbs, third, moods, thirdMoods].flat(),
];

/** A sentence as its words: `['the', 'old', 'dog', 'that', 'two', 'birds', 'see', 'sleeps', '.']`. */
export function sentence(random: () => number): string[] {
  const plural = random() < 0.5;
  return [...subject(random, plural, 2), ...predicate(random, plural), '.'];
}

function subject(random: () => number, plural: boolean, depth: number): string[] {
  const article = pick(random, plural ? ['the', 'two', 'some'] : ['the', 'a']);
  const described = random() < 0.4 ? [pick(random, adjectives)] : [];
  return [article, ...described, pick(random, plural ? plurals : nouns), ...clause(random, plural, depth - 1)];
}

/** `that sees a cat` tells more of the subject, `that a cat sees` of what it does not do itself. */
function clause(random: () => number, plural: boolean, depth: number): string[] {
  if (depth === 0 || random() < 0.5) return [];
  const other = random() < 0.5;
  const second = subject(random, other, depth);
  const agreeing = (of: boolean): string => pick(random, of ? verbs : third);
  return random() < 0.5 ? ['that', agreeing(plural), ...second] : ['that', ...second, agreeing(other)];
}

function predicate(random: () => number, plural: boolean): string[] {
  const one = (): string[] =>
    drawIndex(random, 2) === 0
      ? [pick(random, plural ? moods : thirdMoods)]
      : [pick(random, plural ? verbs : third), ...subject(random, random() < 0.5, 1)];
  return random() < 0.3 ? [...one(), 'and', ...one()] : one();
}

/** Whether the grammar makes a sentence (without its full stop). */
export function isGrammatical(words: readonly string[]): boolean {
  const ends = subjectEnds(words, 0, 2);
  return ends.some(({ at, plural }) => predicateEnds(words, at, plural).includes(words.length));
}

interface End {
  readonly at: number;
  readonly plural: boolean;
}

/** Where a subject that begins at `at` may end. */
function subjectEnds(words: readonly string[], at: number, depth: number): End[] {
  const noun = at + (adjectives.includes(words[at + 1]) ? 2 : 1);
  const plural = plurals.includes(words[noun]);
  const articles = plural ? ['the', 'two', 'some'] : ['the', 'a'];
  if (!articles.includes(words[at]) || !(plural || nouns.includes(words[noun]))) return [];
  const bare = { at: noun + 1, plural };
  if (depth === 1 || words[noun + 1] !== 'that') return [bare];
  const agrees = (i: number, of: boolean): boolean => (of ? verbs : third).includes(words[i]);
  const active = agrees(noun + 2, plural) ? subjectEnds(words, noun + 3, depth - 1) : [];
  const passive = subjectEnds(words, noun + 2, depth - 1).filter((other) => agrees(other.at, other.plural));
  return [bare, ...active.map(({ at }) => ({ at, plural })), ...passive.map(({ at }) => ({ at: at + 1, plural }))];
}

function predicateEnds(words: readonly string[], at: number, plural: boolean): number[] {
  const one = (from: number): number[] => {
    const intransitive = (plural ? moods : thirdMoods).includes(words[from]) ? [from + 1] : [];
    const transitive = (plural ? verbs : third).includes(words[from]) ? subjectEnds(words, from + 1, 1) : [];
    return [...intransitive, ...transitive.map((end) => end.at)];
  };
  const ends = one(at);
  return [...ends, ...ends.flatMap((end) => (words[end] === 'and' ? one(end + 1) : []))];
}
