// Whether memory stays flat: that of the process and of the device over 10,000 steps of fit, 10,000 of trainOnBatch and
// 100,000 predictions. memory.ts [--steps N] [--predictions N] [--json FILE]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { currentDevice, LambdaCallback, type Sequential } from 'hornet';
import { makeData, makeModel, workload } from './workloads.js';

const { values: options } = parseArgs({
  options: {
    steps: { type: 'string', default: '10000' },
    predictions: { type: 'string', default: '100000' },
    json: { type: 'string' },
  },
});
const steps = Number(options.steps);
const predictions = Number(options.predictions);
/** What growth from the second tenth to the last still counts as flat, in megabytes. */
const SLACK = 8;

const work = workload('C1');
const { batchSize, inputShape } = work;
const { x, y } = makeData({ ...work, batches: steps / 10 });
const batchX = x.subarray(0, batchSize * inputShape[0]);
const batchY = y.subarray(0, batchSize * 10);

function compiled(): Sequential {
  const model = makeModel(work);
  model.compile({ optimizer: 'adam', loss: 'categorical_crossentropy', metrics: ['accuracy'] });
  return model;
}

const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 18) / 4;

interface Watched {
  readonly name: string;
  /** Megabytes at the start and after each tenth. */
  readonly resident: readonly number[];
  readonly device: readonly number[];
  readonly devicePeak: number;
  readonly flat: boolean;
}

const watched: Watched[] = [];

/** Runs ten tenths of something and notes resident and device memory at the start and after each. */
async function watch(name: string, run: (tenthDone: () => void) => Promise<void>): Promise<void> {
  const resident: number[] = [];
  const device: number[] = [];
  const look = (): void => {
    resident.push(megabytes(process.memoryUsage.rss()));
    device.push(megabytes(currentDevice().memory().currentBytes));
  };
  look();
  await run(look);
  const growth = (seen: readonly number[]): number => seen[seen.length - 1] - seen[2];
  const flat = growth(resident) <= SLACK && growth(device) <= SLACK;
  watched.push({ name, resident, device, devicePeak: megabytes(currentDevice().memory().peakBytes), flat });
  const text = (seen: readonly number[]): string => seen.map((value) => value.toFixed(1)).join(' ');
  console.log(`${name}: ${text(resident)} MB resident, ${text(device)} MB on the device`);
  console.log(
    `  grew by ${growth(resident)} and ${growth(device)} MB from the second tenth to the last: ${flat ? 'flat' : 'NOT FLAT'}`,
  );
}

await watch(`${steps} steps of fit`, async (tenthDone) => {
  const note = new LambdaCallback({ onEpochEnd: tenthDone });
  await compiled().fit(x, y, { batchSize, epochs: 10, verbose: 0, callbacks: [note] });
});

await watch(`${steps} steps of trainOnBatch`, async (tenthDone) => {
  const model = compiled();
  for (let i = 1; i <= steps; i++) {
    await model.trainOnBatch(batchX, batchY);
    if (i % (steps / 10) === 0) tenthDone();
  }
});

await watch(`${predictions} predictions`, async (tenthDone) => {
  const model = compiled();
  for (let i = 1; i <= predictions; i++) {
    await model.predictOnBatch(batchX).data();
    if (i % (predictions / 10) === 0) tenthDone();
  }
});

if (options.json) writeFileSync(options.json, JSON.stringify(watched));
process.exitCode = watched.every(({ flat }) => flat) ? 0 : 1;
