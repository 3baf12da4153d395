// Graphs of ONNX in Python: all pass the checker of onnx, and onnxruntime computes from them what the models predict. Needs a
// Python that has onnx and onnxruntime, named by HORNET_ONNX_PYTHON.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clearSession, type Tensor } from 'hornet';
import { flatten, type Tree } from '../../lib/tree.js';
import { layerCases } from '../layers/layer-cases.js';
import { graphs, modelOf, network, networkNames, refusedLayers, type OnnxCase } from './onnx-cases.js';
import { expectNumbers, type Numbers } from './onnx-runtime.js';

const python = process.env.HORNET_ONNX_PYTHON;
if (!python)
  console.log('skipped: no Python with onnx (set HORNET_ONNX_PYTHON); onnxruntime in WebAssembly runs all the same');

const cases: (readonly [string, () => OnnxCase])[] = [
  ...layerCases
    .filter(([name]) => !refusedLayers.includes(name))
    .map((each) => [each[0], () => modelOf(each)] as const),
  ...Object.entries(graphs),
  ...networkNames.map((name) => [name, () => network(name)] as const),
];

const numbersOf = async (tensor: Tensor): Promise<Numbers> => ({
  dtype: tensor.dtype,
  shape: tensor.shape,
  values: await tensor.numbers(),
});

(python ? describe : describe.skip)('onnx in Python', () => {
  let folder: string;
  const wanted = new Map<string, readonly (readonly [string, Numbers])[]>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hornet-onnx-python-'));
    for (const [i, [name, make]] of cases.entries()) {
      clearSession();
      const { model, x, args } = make();
      await model.export(join(folder, `${i}.onnx`), { verbose: false, ...args });
      const names = model.inputNames.length > 0 ? model.inputNames : ['input'];
      const inputs = await Promise.all(flatten(x).map(async (leaf, k) => [names[k], await numbersOf(leaf)] as const));
      await writeFile(join(folder, `${i}.json`), JSON.stringify(Object.fromEntries(inputs)));
      const outputs = flatten(await model.predict<Tree<Tensor>>(x, { batchSize: 64 }));
      const { outputNames } = model;
      wanted.set(
        name,
        await Promise.all(outputs.map(async (output, k) => [outputNames[k], await numbersOf(output)] as const)),
      );
    }
    await promisify(execFile)(python!, [join(process.cwd(), 'scripts/onnx-check.py'), folder]);
  }, 1_200_000);

  afterAll(() => rm(folder, { recursive: true }));

  test.each(cases.map(([name], i) => [name, i] as const))('%s', async (name, i) => {
    const found = JSON.parse(await readFile(join(folder, `${i}.out`), 'utf8')) as Record<string, Numbers>;
    expectNumbers(new Map(Object.entries(found)), wanted.get(name)!);
  });
});
