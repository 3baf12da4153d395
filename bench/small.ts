// Hornet's fit and predict on a small network, a Sequential with Adam.
import { LambdaCallback, tensor, type DeviceTensor, type FitArgs, type Sequential } from 'hornet';
import type { Commands } from './hornet.js';
import { makeData, makeModel, type Workload } from './workloads.js';

const LOSSES = 20;
const PREDICTS = 100;

/** What a contender answers on a small network. */
export function smallCommands(work: Workload, stepsPerExecution: number): Commands {
  const { batchSize, batches, epochs, inputShape } = work;
  const host = makeData(work);
  const sampleSize = inputShape.reduce((a, b) => a * b, 1);

  /** The first rows of the data. */
  const rows = (count: number): [DeviceTensor, DeviceTensor] => [
    tensor(host.x.subarray(0, count * sampleSize), [count, ...inputShape]),
    tensor(host.y.subarray(0, count * 10), [count, 10]),
  ];

  const compiled = (dropoutRate?: number, perExecution = stepsPerExecution): Sequential => {
    const made = makeModel(work, dropoutRate);
    made.compile({
      optimizer: 'adam',
      loss: 'categorical_crossentropy',
      metrics: ['accuracy'],
      stepsPerExecution: perExecution,
    });
    return made;
  };

  const fit = async (target: Sequential, [x, y]: [DeviceTensor, DeviceTensor], args: FitArgs = {}): Promise<number> => {
    const start = performance.now();
    await target.fit(x, y, { batchSize, shuffle: false, verbose: 0, ...args });
    return performance.now() - start;
  };

  const data = rows(batches * batchSize);
  let model: Sequential;

  return {
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
  };
}
