// The networks and numbers that the benchmarks train on: the same as in rivals.py, from the same generator.
import { readFileSync } from 'node:fs';
import { conv2d, dense, dropout, flatten, lstm, maxPooling2d, Sequential, type layers } from 'hornet';

type LayerSpec = readonly [kind: string, size?: number, activation?: string];

/** One row of workloads.json: a small network by its layers. */
export interface Workload {
  readonly title: string;
  readonly batchSize: number;
  /** Batches in the data set, and passes over it in one measurement. */
  readonly batches: number;
  readonly epochs: number;
  readonly inputShape: readonly number[];
  readonly layers: readonly LayerSpec[];
}

/** Types in which GPUs compute; `tf32` is float32 with shortened products. */
export type Precision = 'float32' | 'tf32' | 'bfloat16' | 'float16';

/** A large network by its recipe in networks.ts. */
export interface NetworkWorkload extends Omit<Workload, 'layers'> {
  readonly network: string;
  readonly precision: Precision;
  readonly classes: number;
  /** Predictions only, in batches of these sizes. */
  readonly predict?: readonly number[];
}

/** One operation on large operands. */
export interface OperationWorkload {
  readonly title: string;
  readonly operation: 'matmul' | 'chain';
  readonly size: number;
  readonly precision: Precision;
}

type AnyWorkload = Workload | NetworkWorkload | OperationWorkload;

const all = JSON.parse(readFileSync(new URL('workloads.json', import.meta.url), 'utf8')) as Record<string, AnyWorkload>;

/** The workload of a name. */
export function anyWorkload(name: string): AnyWorkload {
  if (!all[name]) throw new Error(`expected one of ${Object.keys(all).join(', ')}, received ${name}`);
  return all[name];
}

/** The small network of a name. */
export function workload(name: string): Workload {
  const found = anyWorkload(name);
  if ('layers' in found) return found;
  throw new Error(`expected a small network, received ${name}`);
}

const CLASSES = 10;

/** A number of 24 bits for every index: a 32-bit integer hash, which numpy computes as well. */
export function hash24(stream: number, index: number): number {
  let z = (Math.imul(index, 0x9e3779b1) + Math.imul(stream + 1, 0x85ebca77)) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x7feb352d);
  z = Math.imul(z ^ (z >>> 15), 0x846ca68b);
  return (z ^ (z >>> 16)) >>> 8;
}

export const uniform = (stream: number, index: number): number => hash24(stream, index) / 2 ** 24;

/** Noisy pictures of ten patterns, and their one-hot labels, one in four of which is drawn anew: losses stay large. */
export function makeData({ batchSize, batches, inputShape }: Workload): { x: Float32Array; y: Float32Array } {
  const rows = batchSize * batches;
  const size = inputShape.reduce((a, b) => a * b, 1);
  const x = new Float32Array(rows * size);
  const y = new Float32Array(rows * CLASSES);
  for (let row = 0; row < rows; row++) {
    const label = hash24(0, row) % CLASSES;
    y[row * CLASSES + (hash24(3, row) % 4 === 0 ? hash24(4, row) % CLASSES : label)] = 1;
    for (let i = 0; i < size; i++) {
      x[row * size + i] = (uniform(1, row * size + i) + uniform(2, label * size + i)) / 2;
    }
  }
  return { x, y };
}

/** The uncompiled network with Glorot-uniform kernels from the generator and zero biases. */
export function makeModel({ inputShape, layers: specs }: Workload, dropoutRate?: number): Sequential {
  const model = new Sequential(specs.map((spec) => makeLayer(spec, dropoutRate)));
  model.build([null, ...inputShape]);
  model.setWeights(
    model.weights.map(({ shape }, stream) => {
      const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
      if (shape.length === 1) return values;
      const field = shape.slice(0, -2).reduce((a, b) => a * b, 1);
      const limit = Math.sqrt(6 / (field * (shape.at(-2)! + shape.at(-1)!)));
      return values.map((_, i) => (2 * uniform(10 + stream, i) - 1) * limit);
    }),
  );
  return model;
}

function makeLayer([kind, size = 0, activation]: LayerSpec, dropoutRate = size): layers.Layer {
  switch (kind) {
    case 'dense':
      return dense(size, { activation });
    case 'conv':
      return conv2d(size, 3, { activation: 'relu' });
    case 'pool':
      return maxPooling2d({ poolSize: 2 });
    case 'dropout':
      return dropout(dropoutRate);
    case 'lstm':
      return lstm(size);
    default:
      return flatten();
  }
}
