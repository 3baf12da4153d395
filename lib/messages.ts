// Where messages for the user go: to standard output, or, where nobody watches, to standard error without what is redrawn.

let interactive = true;

/** Messages and progress bars go to standard output. So it is at first. */
export function enableInteractiveLogging(): void {
  interactive = true;
}

/**
 * Messages go to standard error, one line each, for jobs that nobody watches: of a progress bar only the last state is
 * written. What `verbose: 0` silences stays silent.
 */
export function disableInteractiveLogging(): void {
  interactive = false;
}

/** Whether messages go to standard output. */
export const isInteractiveLoggingEnabled = (): boolean => interactive;

/** Whether somebody watches a terminal, where a line can be drawn again. */
export const canRedraw = (): boolean => interactive && process.stdout.isTTY === true;

/** Tells the user something, as a line. */
export function printLine(text: string): void {
  if (interactive) process.stdout.write(`${text}\n`);
  else process.stderr.write(`${text.trim()}\n`);
}
