// The models of the tests of model files, as Hornet makes them; scripts/keras-files.py makes the same in Python.
import {
  add,
  batchNormalization,
  bidirectional,
  concatenate,
  conv2d,
  dense,
  embedding,
  globalAveragePooling2d,
  gruCell,
  input,
  layerNormalization,
  losses,
  lstm,
  metrics,
  Model,
  ops,
  optimizers,
  regularizers,
  rnn,
  Sequential,
  simpleRnnCell,
  tensor,
  type DType,
} from 'hornet';
import { arrayOf } from '../../lib/dtype.js';
import type { DeviceTensor } from '../../lib/tensor.js';
import { flatten, mapTree, type Tree } from '../../lib/tree.js';

/** A tensor in JSON. */
export interface TensorJson {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

type TreeJson = TensorJson | { readonly [name: string]: TreeJson };

/** What a model says, and what it says after one more step. */
export interface Continuation {
  readonly predict: TreeJson;
  readonly loss?: number;
  readonly after?: TreeJson;
}

/** Data of a case with what follows. */
export interface CaseJson extends Continuation {
  readonly x: TreeJson;
  readonly y: TreeJson;
}

const isTensor = (json: TreeJson): json is TensorJson => Array.isArray((json as TensorJson).data);

/** Data from JSON. */
export function fromJson(json: TreeJson): Tree<DeviceTensor> {
  if (isTensor(json)) {
    const data = new (arrayOf(json.dtype))(json.data.length);
    data.set(json.data as never);
    return tensor(data, json.shape, json.dtype);
  }
  return Object.fromEntries(Object.entries(json).map(([name, each]) => [name, fromJson(each)]));
}

async function toJson(tree: Tree<DeviceTensor>): Promise<TreeJson> {
  const leaves = flatten(tree);
  const data = await Promise.all(leaves.map((leaf) => leaf.numbers()));
  let next = 0;
  return mapTree(tree, ({ dtype, shape }) => ({ dtype, shape, data: data[next++] })) as unknown as TreeJson;
}

/** Predicts, takes one step on all data, predicts again. */
export async function goOn(model: Model, x: Tree<DeviceTensor>, y: Tree<DeviceTensor>): Promise<Continuation> {
  const predict = async (): Promise<TreeJson> =>
    toJson(await model.predict<Tree<DeviceTensor>>(x as never, { verbose: 0 }));
  const before = await predict();
  if (!model.isCompiled) return { predict: before };
  const batchSize = flatten(x)[0].shape[0];
  const history = await model.fit(x as never, y, { batchSize, epochs: 1, shuffle: false, verbose: 0 });
  return { predict: before, loss: history.history.loss[0], after: await predict() };
}

/** A model that has been trained for two steps, with its data. */
export interface Trained {
  readonly model: Model;
  readonly x: Tree<DeviceTensor>;
  readonly y: Tree<DeviceTensor>;
}

let state = 1;
const next = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 31 - 1;
};
const length = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);
const real = (...shape: number[]): DeviceTensor => tensor(Float32Array.from({ length: length(shape) }, next), shape);
const whole = (high: number, ...shape: number[]): DeviceTensor =>
  tensor(
    Int32Array.from({ length: length(shape) }, () => Math.floor(((next() + 1) / 2) * high)),
    shape,
  );

const makers: Record<string, () => Trained> = {
  mlp() {
    const model = new Sequential([
      input({ shape: [5] }),
      dense(6, { activation: 'relu', kernelRegularizer: new regularizers.L2({ l2: 0.01 }) }),
      batchNormalization(),
      dense(3, { activation: 'softmax' }),
    ]);
    const learningRate = new optimizers.schedules.ExponentialDecay(0.01, 10, 0.9);
    model.compile({
      optimizer: optimizers.adam({ learningRate }),
      loss: 'sparse_categorical_crossentropy',
      metrics: ['accuracy'],
    });
    return { model, x: real(12, 5), y: whole(3, 12) };
  },
  branches() {
    const inputs = input({ shape: [6, 6, 2] });
    const shared = conv2d(3, 3, { padding: 'same', activation: 'relu', name: 'shared' });
    const both = add([
      shared(conv2d(2, 1, { name: 'first' })(inputs)),
      shared(conv2d(2, 1, { name: 'second' })(inputs)),
    ]);
    const pooled = globalAveragePooling2d()(both);
    const outputs = { a: dense(2, { name: 'a' })(pooled), b: dense(1, { name: 'b' })(ops.multiply(pooled, 2)) };
    const model = new Model({ inputs, outputs: outputs as never });
    model.compile({
      optimizer: optimizers.sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true }),
      loss: { a: new losses.Huber(), b: 'mse' },
      lossWeights: { a: 1, b: 0.5 },
    });
    return { model, x: real(8, 6, 6, 2), y: { a: real(8, 2), b: real(8, 1) } };
  },
  sequence() {
    const model = new Sequential([
      input({ shape: [7], dtype: 'int32' }),
      embedding(11, 4, { maskZero: true }),
      bidirectional(lstm(3, { returnSequences: true })),
      rnn([gruCell(3), simpleRnnCell(2)]),
      dense(1, { activation: 'sigmoid' }),
    ]);
    model.compile({
      optimizer: 'rmsprop',
      loss: new losses.BinaryCrossentropy(),
      metrics: [new metrics.AUC({ numThresholds: 20 })],
    });
    return { model, x: whole(11, 8, 7), y: ops.cast(whole(2, 8, 1), 'float32') as DeviceTensor };
  },
  nested() {
    const inner = new Sequential([input({ shape: [4] }), dense(3, { activation: 'tanh' }), layerNormalization()]);
    const inputs = input({ shape: [4] });
    const joined = concatenate([inner(inputs), inner(dense(4)(inputs))]);
    const model = new Model({ inputs, outputs: dense(1)(joined) });
    model.layers[1].trainable = false;
    model.compile({ optimizer: optimizers.adamw({ learningRate: 0.01, clipnorm: 1, amsgrad: true }), loss: 'mse' });
    return { model, x: real(8, 4), y: real(8, 1) };
  },
  half() {
    const model = new Sequential([
      input({ shape: [4] }),
      dense(5, { activation: 'relu', dtype: 'mixed_float16' }),
      dense(3, { dtype: 'bfloat16' }),
      dense(1, { dtype: 'float32' }),
    ]);
    const inner = optimizers.sgd({ learningRate: 0.01, momentum: 0.5 });
    model.compile({ optimizer: optimizers.lossScaleOptimizer(inner), loss: 'mse' });
    return { model, x: real(8, 4), y: real(8, 1) };
  },
};

/** The names of all cases. */
export const names = Object.keys(makers);

/** Makes and trains the model of a case. */
export async function trained(name: string): Promise<Trained> {
  const made = makers[name]();
  await made.model.fit(made.x as never, made.y, { batchSize: 4, epochs: 2, verbose: 0 });
  return made;
}

/** Data of a case as JSON. */
export const dataJson = async ({ x, y }: Trained): Promise<Pick<CaseJson, 'x' | 'y'>> => ({
  x: await toJson(x),
  y: await toJson(y),
});

/** Throws unless all numbers are near the wanted ones. */
export function expectNear(got: TreeJson, wanted: TreeJson, tolerance: number): void {
  if (!isTensor(wanted)) {
    expect(Object.keys(got).sort()).toEqual(Object.keys(wanted).sort());
    for (const name of Object.keys(wanted)) {
      expectNear((got as Record<string, TreeJson>)[name], wanted[name], tolerance);
    }
    return;
  }
  const { shape, data } = got as TensorJson;
  expect(shape).toEqual(wanted.shape);
  const scale = Math.max(1e-3, ...wanted.data.map(Math.abs));
  const worst = Math.max(...wanted.data.map((number, i) => Math.abs(number - data[i])));
  expect(worst / scale).toBeLessThan(tolerance);
}

/** Half precision is rounded at other places than in Keras's backends. */
export const toleranceOf = (name: string): number => (name === 'half' ? 2e-2 : 1e-4);

/** The same for what follows a step. */
export function expectContinuation(got: Continuation, wanted: Continuation, tolerance: number): void {
  expectNear(got.predict, wanted.predict, tolerance);
  if (wanted.loss === undefined) return;
  expect(Math.abs(got.loss! - wanted.loss)).toBeLessThan(tolerance * Math.max(1, Math.abs(wanted.loss)));
  expectNear(got.after!, wanted.after!, tolerance);
}
