// Users' data for models that take strings, encoded before anything goes to the device: arrays at once, in turns with the
// event loop, batches as they come.
import { describe } from '../tensor.js';
import { HornetError } from '../errors.js';
import { finishInTurns } from '../turns.js';
import { isIterable, type Batch, type BatchIterable, type DataTree } from './data.js';
import type { Trainer } from './trainer.js';

/** The data with its strings encoded; itself where the model takes none. */
export async function encodeData<D extends DataTree | BatchIterable>(model: Trainer, where: string, x: D): Promise<D> {
  if (!model.takesStrings) return x;
  if (isIterable(x)) return encodedBatches(model, where, x) as D;
  return (await finishInTurns(model.encodeInputs(where, x))) as D;
}

/** The same for data that brings its targets along. */
export async function encodeBatch<B extends Batch | BatchIterable>(
  model: Trainer,
  where: string,
  batch: B,
): Promise<B> {
  if (!model.takesStrings) return batch;
  if (Array.isArray(batch))
    return [await encodeData(model, where, batch[0] as DataTree), ...(batch.slice(1) as unknown[])] as never;
  if (batch !== null && typeof batch === 'object' && 'x' in batch) {
    return { ...batch, x: await encodeData(model, where, batch.x) };
  }
  if (isIterable(batch)) return encodedBatches(model, where, batch) as B;
  throw new HornetError(where, `expected batches of the form { x, y } or [x, y], received ${describe(batch)}`);
}

/** Begins anew whenever what it reads from does. */
const encodedBatches = (model: Trainer, where: string, batches: BatchIterable): BatchIterable => ({
  async *[Symbol.asyncIterator]() {
    for await (const batch of batches as AsyncIterable<Batch>) yield await encodeBatch(model, where, batch);
  },
});
