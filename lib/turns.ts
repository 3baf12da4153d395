// Long work on the host in short pieces, so that other work on the event loop gets its turn.
import { setImmediate } from 'node:timers/promises';

/** Work that yields every now and then: when is up to whoever runs it. */
export type Steps<T> = Generator<void, T>;

/** After so many milliseconds the event loop gets its turn. */
const TURN = 8;

/** Runs the work at one go. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Runs the work in turns with the event loop. */
export async function finishInTurns<T>(steps: Steps<T>): Promise<T> {
  for (let since = performance.now(); ;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() - since < TURN) continue;
    await setImmediate();
    since = performance.now();
  }
}
