// Whether memory stays flat: resident memory over 10,000 steps of fit, 10,000 of trainOnBatch and 100,000 predictions.
import { LambdaCallback, type Sequential } from 'hornet';
import { currentDevice } from '../lib/device.js';
import { makeData, makeModel, workload } from './workloads.js';

const STEPS = 10_000;
const PREDICTS = 100_000;
/** What growth from the second tenth to the last still counts as flat, in megabytes. */
const SLACK = 8;

const work = workload('C1');
const { batchSize, inputShape } = work;
const { x, y } = makeData({ ...work, batches: STEPS / 10 });
const batchX = x.subarray(0, batchSize * inputShape[0]);
const batchY = y.subarray(0, batchSize * 10);

function compiled(): Sequential {
  const model = makeModel(work);
  model.compile({ optimizer: 'adam', loss: 'categorical_crossentropy', metrics: ['accuracy'] });
  return model;
}

const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 18) / 4;

let steady = true;

/** Runs ten tenths of something; prints resident and device memory at the start and after each. */
async function watch(name: string, run: (tenthDone: () => void) => Promise<void>): Promise<void> {
  const seen = [process.memoryUsage.rss()];
  await run(() => void seen.push(process.memoryUsage.rss()));
  const growth = megabytes(seen[seen.length - 1] - seen[2]);
  const flat = growth <= SLACK;
  steady &&= flat;
  console.log(`${name}: ${seen.map((bytes) => megabytes(bytes).toFixed(1)).join(' ')} MB resident`);
  const { currentBytes, peakBytes } = currentDevice().memory();
  console.log(
    `  grew by ${growth} MB from the second tenth to the last: ${flat ? 'flat' : 'NOT FLAT'};` +
      ` device memory ${megabytes(currentBytes)} MB, at most ${megabytes(peakBytes)} MB`,
  );
}

await watch(`${STEPS} steps of fit`, async (tenthDone) => {
  const note = new LambdaCallback({ onEpochEnd: tenthDone });
  await compiled().fit(x, y, { batchSize, epochs: 10, verbose: 0, callbacks: [note] });
});

await watch(`${STEPS} steps of trainOnBatch`, async (tenthDone) => {
  const model = compiled();
  for (let i = 1; i <= STEPS; i++) {
    await model.trainOnBatch(batchX, batchY);
    if (i % (STEPS / 10) === 0) tenthDone();
  }
});

await watch(`${PREDICTS} predictions`, async (tenthDone) => {
  const model = compiled();
  for (let i = 1; i <= PREDICTS; i++) {
    await model.predictOnBatch(batchX).data();
    if (i % (PREDICTS / 10) === 0) tenthDone();
  }
});

process.exitCode = steady ? 0 : 1;
