// Hornet on one network: hornet.ts CONTENDER WORKLOAD, driven by run.mjs with one command per line, as rivals.py is.
// `hornet@50` is fit with 50 steps per execution.
import { createInterface } from 'node:readline';
import { LambdaCallback, tensor, type DeviceTensor, type FitArgs, type Sequential } from 'hornet';
import { currentDevice } from '../lib/device.js';
import { makeData, makeModel, workload } from './workloads.js';

const LOSSES = 20;
const PREDICTS = 100;

const [contender = 'hornet', name = 'C1'] = process.argv.slice(2);
const stepsPerExecution = Number(contender.split('@')[1] ?? 1);
const work = workload(name);
const { batchSize, batches, epochs, inputShape } = work;
const host = makeData(work);
const sampleSize = inputShape.reduce((a, b) => a * b, 1);

/** The first rows of the data. */
function rows(count: number): [DeviceTensor, DeviceTensor] {
  return [
    tensor(host.x.subarray(0, count * sampleSize), [count, ...inputShape]),
    tensor(host.y.subarray(0, count * 10), [count, 10]),
  ];
}

const compiled = (dropoutRate?: number, perExecution = stepsPerExecution): Sequential => {
  const model = makeModel(work, dropoutRate);
  model.compile({
    optimizer: 'adam',
    loss: 'categorical_crossentropy',
    metrics: ['accuracy'],
    stepsPerExecution: perExecution,
  });
  return model;
};

const data = rows(batches * batchSize);
let model: Sequential;

async function fit(target: Sequential, [x, y]: [DeviceTensor, DeviceTensor], args: FitArgs = {}): Promise<number> {
  const start = performance.now();
  await target.fit(x, y, { batchSize, shuffle: false, verbose: 0, ...args });
  return performance.now() - start;
}

const commands: Record<string, () => Promise<object>> = {
  async losses() {
    const losses: number[] = [];
    const note = new LambdaCallback({ onTrainBatchEnd: (_batch, logs) => void losses.push(logs.loss) });
    await fit(compiled(0, 1), rows(LOSSES * batchSize), { callbacks: [note] });
    return { losses };
  },
  async compile() {
    model = compiled();
    return { compileMs: await fit(model, rows(stepsPerExecution * batchSize)) };
  },
  async fit() {
    const before = process.cpuUsage();
    const stepMs = (await fit(model, data, { epochs })) / epochs / batches;
    const { user, system } = process.cpuUsage(before);
    return { stepMs, cpuMs: (user + system) / 1000 / epochs / batches };
  },
  async predict() {
    const batch = host.x.subarray(0, batchSize * sampleSize);
    await model.predictOnBatch(batch).data();
    const start = performance.now();
    for (let i = 0; i < PREDICTS; i++) await model.predictOnBatch(batch).data();
    return { predictMs: (performance.now() - start) / PREDICTS };
  },
  end() {
    const { library, level, threads } = currentDevice().info();
    const versions = { node: process.versions.node, hornet: `${library}, ${level}, ${threads} threads` };
    return Promise.resolve({ peakMB: process.resourceUsage().maxRSS / 1024, versions });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await commands[line.trim()]()));
}
