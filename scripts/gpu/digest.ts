// Trains small networks of all kinds and writes every bit of their state: digest FILE. Two runs that should be equal are
// compared by what they wrote: with CUDA graphs and without, twice in deterministic mode.
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import {
  batchNormalization,
  conv2d,
  dense,
  depthwiseConv2d,
  dropout,
  embedding,
  flatten,
  globalAveragePooling1d,
  layerNormalization,
  maxPooling2d,
  optimizers,
  Sequential,
  setDtypePolicy,
  setRandomSeed,
  tensor,
  type DTypePolicyName,
  type layers,
} from 'hornet';

const BATCH = 32;
const BATCHES = 10;
const CLASSES = 5;

interface Network {
  readonly name: string;
  readonly layers: () => layers.Layer[];
  readonly inputShape: readonly number[];
  readonly optimizer: () => optimizers.Optimizer;
  readonly policy?: DTypePolicyName;
  /** The inputs are places in a table of this length. */
  readonly words?: number;
  readonly stepsPerExecution?: number;
}

const image = (): layers.Layer[] => [
  conv2d(16, 3, { padding: 'same', useBias: false, inputShape: [16, 16, 4] }),
  batchNormalization(),
  maxPooling2d({ poolSize: 2 }),
  depthwiseConv2d(3, { activation: 'relu' }),
  flatten(),
  dropout(0.3),
  dense(CLASSES, { activation: 'softmax', dtype: 'float32' }),
];
const table = (): layers.Layer[] => [
  dense(64, { activation: 'relu', inputShape: [20] }),
  layerNormalization(),
  dropout(0.5),
  dense(64, { activation: 'gelu' }),
  dense(CLASSES, { activation: 'softmax' }),
];
const momentum = (): optimizers.Optimizer => new optimizers.SGD({ learningRate: 0.05, momentum: 0.9 });
const adam = (): optimizers.Optimizer => new optimizers.Adam({ learningRate: 0.01 });

const networks: readonly Network[] = [
  { name: 'mlp', layers: table, inputShape: [20], optimizer: adam },
  { name: 'mlp in executions of 5', layers: table, inputShape: [20], optimizer: adam, stepsPerExecution: 5 },
  { name: 'convnet', layers: image, inputShape: [16, 16, 4], optimizer: momentum },
  { name: 'convnet in float16', layers: image, inputShape: [16, 16, 4], optimizer: momentum, policy: 'mixed_float16' },
  { name: 'convnet in bfloat16', layers: image, inputShape: [16, 16, 4], optimizer: adam, policy: 'mixed_bfloat16' },
  {
    name: 'words',
    layers: () => [
      embedding(50, 16, { inputShape: [12] }),
      globalAveragePooling1d(),
      dense(CLASSES, { activation: 'softmax' }),
    ],
    inputShape: [12],
    optimizer: () => new optimizers.AdamW({ learningRate: 0.01 }),
    words: 50,
  },
];

/** Numbers that look drawn, the same in each run. */
const drawn = (i: number): number => ((Math.imul(i + 1, 0x9e3779b1) >>> 8) / 2 ** 24) * 2 - 1;

async function train(network: Network): Promise<Record<string, number[]>> {
  setRandomSeed(3);
  setDtypePolicy(network.policy ?? 'float32');
  const model = new Sequential(network.layers());
  setDtypePolicy('float32');
  model.compile({
    optimizer: network.optimizer(),
    loss: 'sparse_categorical_crossentropy',
    metrics: ['accuracy'],
    stepsPerExecution: network.stepsPerExecution ?? 1,
  });
  const rows = BATCH * BATCHES;
  const shape = [rows, ...network.inputShape];
  const numbers = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => drawn(i));
  const { words } = network;
  const x = words
    ? tensor(
        Int32Array.from(numbers, (v) => Math.floor(((v + 1) / 2) * words)),
        shape,
      )
    : tensor(numbers, shape);
  const y = tensor(Int32Array.from({ length: rows }, (_, i) => i % CLASSES));
  const { history } = await model.fit(x, y, { batchSize: BATCH, epochs: 3, shuffle: false, verbose: 0 });
  // One batch at a time takes another way: programs that are not bound to their memory.
  const batch = await model.trainOnBatch(x, y);
  const predicted = await model.predict(x, { batchSize: BATCH, verbose: 0 });
  const result: Record<string, number[]> = { loss: history.loss, accuracy: history.accuracy, batch };
  result.predicted = await predicted.numbers();
  for (const variable of [...model.variables, ...model.optimizer.variables]) {
    if (variable.dtype !== 'uint32') result[variable.path] = await variable.value.numbers();
  }
  return result;
}

const [file] = process.argv.slice(2);
const digest: Record<string, Record<string, number[]>> = {};
for (const network of networks) digest[network.name] = await train(network);
writeFileSync(file, JSON.stringify(digest));
