// Hornet's fit and predict on a large network: SGD with momentum, data on the device, mixed precision where asked for.
import { LambdaCallback, losses, optimizers, setDtypePolicy, tensor, type DeviceTensor, type Model } from 'hornet';
import type { Commands } from './hornet.js';
import { buildNetwork, recipes } from './networks.js';
import { hash24, uniform, type NetworkWorkload } from './workloads.js';

/** Steps whose losses are compared: after the first, so many passes over the data. */
const PASSES = 10;
/** Different samples; the data repeats them. */
const SAMPLES = 64;
const PREDICTS = 50;

/** What a contender answers on a large network. */
export function largeCommands(work: NetworkWorkload, stepsPerExecution: number): Commands {
  const { batchSize, batches, epochs, inputShape, precision } = work;
  const sampleSize = inputShape.reduce((a, b) => a * b, 1);
  const samples = Float32Array.from({ length: SAMPLES * sampleSize }, (_, i) => uniform(1, i) - 0.5);

  /** So many rows of inputs. */
  const rows = (count: number): Float32Array => {
    const x = new Float32Array(count * sampleSize);
    for (let row = 0; row < count; row++) {
      const sample = (row % SAMPLES) * sampleSize;
      x.set(samples.subarray(sample, sample + sampleSize), row * sampleSize);
    }
    return x;
  };

  const half = precision === 'bfloat16' || precision === 'float16';
  setDtypePolicy(half ? `mixed_${precision}` : 'float32');
  const { model, weighted } = buildNetwork(recipes[work.network](), inputShape);
  let stream = 0;
  for (const layer of weighted) {
    for (const variable of layer.weights.filter(({ rank }) => rank > 1)) {
      variable.assign(tensor(kernel(variable.shape, 10 + stream++), variable.shape));
    }
  }
  let data: [DeviceTensor, DeviceTensor];

  const fit = (target: Model, args: object): Promise<unknown> =>
    target.fit(...data, { batchSize, shuffle: false, verbose: 0, ...args });

  return {
    async compile() {
      const start = performance.now();
      if (work.predict) {
        for (const size of work.predict) await model.predictOnBatch(rows(size)).data();
        return { compileMs: performance.now() - start };
      }
      const count = batches * batchSize;
      const labels = Int32Array.from({ length: count }, (_, row) => hash24(0, row) % work.classes);
      data = [tensor(rows(count), [count, ...inputShape]), tensor(labels)];
      model.compile({
        optimizer: new optimizers.SGD({ learningRate: 0.01, momentum: 0.9 }),
        loss: new losses.SparseCategoricalCrossentropy({ fromLogits: true }),
        stepsPerExecution,
      });
      await fit(model, { stepsPerEpoch: 1 });
      return { compileMs: performance.now() - start };
    },
    /** The running means of each pass; of predictions some outputs. */
    async losses() {
      if (work.predict) {
        const outputs = await model.predictOnBatch(rows(1)).numbers();
        return { losses: outputs.slice(0, 20) };
      }
      const seen: number[] = [];
      const note = new LambdaCallback({ onTrainBatchEnd: (_batch, logs) => void seen.push(logs.loss) });
      await fit(model, { epochs: PASSES, callbacks: [note] });
      return { losses: seen };
    },
    async fit() {
      const [before, start] = [process.cpuUsage(), performance.now()];
      await fit(model, { epochs });
      const steps = epochs * batches;
      const { user, system } = process.cpuUsage(before);
      return { stepMs: (performance.now() - start) / steps, cpuMs: (user + system) / 1000 / steps };
    },
    async predict(size) {
      const batch = rows(Number(size));
      const times: number[] = [];
      for (let i = 0; i < PREDICTS; i++) {
        const start = performance.now();
        await model.predictOnBatch(batch).data();
        times.push(performance.now() - start);
      }
      times.sort((a, b) => a - b);
      return { predictMs: times[PREDICTS >> 1], p99Ms: times[PREDICTS - 1] };
    },
  };
}

/** Uniform numbers of the variance that keeps the scale of what passes through a ReLU. */
function kernel(shape: readonly number[], stream: number): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  const isDepthwise = shape.length === 4 && shape[3] === 1;
  const limit = Math.sqrt(6 / (isDepthwise ? shape[0] * shape[1] : size / shape[shape.length - 1]));
  return Float32Array.from({ length: size }, (_, i) => (2 * uniform(stream, i) - 1) * limit);
}
