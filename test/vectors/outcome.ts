// How a case can end.

/** Passed, or not and why. A class or op that does not exist is a failure, too. */
export interface Outcome {
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly reason?: string;
}

/** Thrown while a case runs: what it needs is not in the library. */
export class NotImplemented extends Error {
  constructor(what: string) {
    super(`not implemented: ${what}`);
  }
}

/** Thrown while a case runs: a value is not what was recorded. */
export class Mismatch extends Error {}

/** Thrown while a case runs: it cannot be compared, for this reason. */
export class Skip extends Error {}

const unknownNames = [
  /^\[.*?\] class '(.+?)'.* is not known/,
  /^\[.*?\] unknown (\w+ '.+')/,
  /^\[.*?\] (function '.+?') is not known/,
];

/** The outcome of a case that threw. Errors about names that nobody registered mean that something is not there yet. */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof Skip) return { status: 'skipped', reason: error.message };
  if (!(error instanceof Error)) return { status: 'failed', reason: String(error) };
  const missing = missingName(error);
  if (missing) return { status: 'failed', reason: `not implemented: ${missing}` };
  const isOwn =
    error instanceof Mismatch || error instanceof NotImplemented || error.constructor.name === 'HornetError';
  return {
    status: 'failed',
    reason: isOwn ? error.message : `${error.constructor.name}: ${error.message} ${placeOf(error)}`,
  };
}

/** What an error says is not known, if that is what it says. */
export function missingName(error: Error): string | undefined {
  return unknownNames.map((pattern) => pattern.exec(error.message)?.[1]).find(Boolean);
}

const placeOf = (error: Error): string => /\n\s+at .*?((?:lib|test)\/[^\s)]+)/.exec(error.stack ?? '')?.[1] ?? '';
