// How free the event loop stays while a model trains: the gaps between the calls of a timer of one millisecond.
import { tensor } from 'hornet';
import { makeData, makeModel, workload } from './workloads.js';

const SECONDS = 5;

/** Runs a timer of 1 ms until `work` is done; gives all gaps in milliseconds, sorted. */
async function gapsDuring(work: Promise<unknown>): Promise<number[]> {
  const gaps: number[] = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    gaps.push(now - last);
    last = now;
  }, 1);
  await work;
  clearInterval(timer);
  return gaps.sort((a, b) => a - b);
}

/** Trains for some seconds, shuffling, a callback looking at every epoch only. */
async function train(name: string): Promise<void> {
  const work = workload(name);
  const { batchSize, batches, inputShape } = work;
  const { x, y } = makeData(work);
  const model = makeModel(work);
  model.compile({ optimizer: 'adam', loss: 'categorical_crossentropy', metrics: ['accuracy'] });
  const [inputs, labels] = [tensor(x, [batchSize * batches, ...inputShape]), tensor(y, [batchSize * batches, 10])];
  const end = performance.now() + SECONDS * 1000;
  while (performance.now() < end) await model.fit(inputs, labels, { batchSize, verbose: 0 });
}

const show = (name: string, gaps: readonly number[]): void => {
  const at = (share: number): string => gaps[Math.min(gaps.length - 1, Math.floor(share * gaps.length))].toFixed(2);
  console.log(
    `${name.padEnd(10)} ${String(gaps.length).padStart(6)} gaps   p50 ${at(0.5)}   p99 ${at(0.99)}   max ${at(1)} ms`,
  );
};

show('idle', await gapsDuring(new Promise((resolve) => setTimeout(resolve, SECONDS * 1000))));
for (const name of ['C1', 'C2', 'C3']) show(`${name} fit`, await gapsDuring(train(name)));
