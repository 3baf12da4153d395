// The end of a worker thread that does the work; the other one is worker-thread.ts. Plain JavaScript, as what a thread runs
// is, so that it can be run as it is.
import { parentPort } from 'node:worker_threads';

/** Memory that goes along with a result instead of being copied: the result itself, or arrays that it is made of. */
function memoryOf(result) {
  if (result instanceof ArrayBuffer) return [result];
  return Object.values(result ?? {})
    .filter(ArrayBuffer.isView)
    .map(({ buffer }) => buffer);
}

/** Answers requests `{ id, operation, args }` with what the operation of that name gives, or says why it does not. */
export function answer(operations) {
  parentPort.on('message', async ({ id, operation, args }) => {
    try {
      const result = await operations[operation](...args);
      parentPort.postMessage({ id, result }, memoryOf(result));
    } catch (error) {
      // An aborted library does not come back: `fatal` tells that another thread is needed.
      const fatal = error instanceof WebAssembly.RuntimeError;
      parentPort.postMessage({ id, error: String(error?.message ?? error), fatal });
    }
  });
}
