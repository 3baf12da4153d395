// Generated: numbers below a million, in words and in digits.

const units = 'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(' '); // prettier-ignore
const tens = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];

/** All words that numbers are made of. */
export const numberWords = [...units, ...tens.slice(2), 'hundred', 'thousand', 'and'];

/** `4072` as `['four', 'thousand', 'and', 'seventy', 'two']`. */
export function inWords(number: number): string[] {
  if (number < 20) return [units[number]];
  if (number < 100) return [tens[Math.floor(number / 10)], ...rest(number % 10, [])];
  if (number < 1000) return [units[Math.floor(number / 100)], 'hundred', ...rest(number % 100, ['and'])];
  const below = number % 1000;
  return [...inWords(Math.floor(number / 1000)), 'thousand', ...rest(below, below < 100 ? ['and'] : [])];
}

const rest = (number: number, joint: readonly string[]): string[] =>
  number === 0 ? [] : [...joint, ...inWords(number)];
