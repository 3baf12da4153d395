// Running files of ONNX: onnxruntime, compiled to WebAssembly.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { InferenceSession, Tensor as OnnxTensor, env } from 'onnxruntime-web';
import { decodeNumber, type TypedArray } from '../../lib/dtype.js';
import { flatten, type Tree } from '../../lib/tree.js';
import type { DType, Model, Tensor } from 'hornet';

env.wasm.numThreads = 1;
env.logLevel = 'error';

export interface Numbers {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** What a file makes of inputs, by the names of its outputs. */
export async function runOnnx(
  path: string,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<{ readonly inputs: readonly string[]; readonly outputs: ReadonlyMap<string, Numbers> }> {
  const weights = await readFile(`${path}.data`).catch(() => null);
  const session = await InferenceSession.create(await readFile(path), {
    graphOptimizationLevel: 'basic',
    ...(weights && { externalData: [{ path: `${basename(path)}.data`, data: weights }] }),
  });
  try {
    const feeds: Record<string, OnnxTensor> = {};
    for (const [name, tensor] of Object.entries(inputs)) {
      feeds[name] = new OnnxTensor(tensor.dtype as 'float32', (await tensor.data()) as Float32Array, tensor.shape);
    }
    const results = await session.run(feeds);
    const outputs = session.outputNames.map((name) => {
      const { type, dims, data } = results[name];
      return [name, { dtype: type, shape: dims, values: decoded(data as TypedArray, type as DType) }] as const;
    });
    return { inputs: session.inputNames, outputs: new Map(outputs) };
  } finally {
    await session.release();
  }
}

const decoded = (data: TypedArray, dtype: DType): number[] =>
  Array.from({ length: data.length }, (_, i) => decodeNumber(data, i, dtype));

/** Exports a model, and compares what onnxruntime makes of inputs with what the model predicts. */
export async function expectSameOnnx(
  path: string,
  model: Model,
  x: Tree<Tensor>,
  args: Parameters<Model['export']>[1] = {},
): Promise<void> {
  await model.export(path, { verbose: false, ...args });
  const leaves = flatten(x);
  const names = model.inputNames.length > 0 ? model.inputNames : ['input'];
  const found = await runOnnx(path, Object.fromEntries(leaves.map((leaf, i) => [names[i], leaf])));
  expect(found.inputs).toEqual(names);
  const wanted = flatten(await model.predict<Tree<Tensor>>(x, { batchSize: 64 }));
  const { outputNames } = model;
  const expected = wanted.map(async (each, i): Promise<readonly [string, Numbers]> => {
    const { dtype, shape } = each;
    return [outputNames[i], { dtype, shape, values: await each.numbers() }];
  });
  expectNumbers(found.outputs, await Promise.all(expected));
}

/** Compares outputs with predictions: their names in order, dtypes and shapes, and numbers by the largest of them. */
export function expectNumbers(
  found: ReadonlyMap<string, Numbers>,
  wanted: readonly (readonly [string, Numbers])[],
): void {
  expect([...found.keys()]).toEqual(wanted.map(([name]) => name));
  for (const [name, { dtype, shape, values }] of wanted) {
    const own = found.get(name)!;
    expect({ dtype: own.dtype, shape: own.shape }).toEqual({ dtype, shape });
    const scale = Math.max(1e-6, ...values.map(Math.abs).filter(Number.isFinite));
    const worst = Math.max(
      0,
      ...values.map((n, i) => (Object.is(n, own.values[i]) ? 0 : Math.abs(n - own.values[i]) / scale)),
    );
    expect(worst).toBeLessThan(dtype === 'float16' ? 1e-2 : 1e-4);
  }
}
