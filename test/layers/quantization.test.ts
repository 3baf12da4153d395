// Quantized layers compared with Keras: weights, outputs, functions, 8-bit training; and what `quantize` does to models.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { valueAndGrad } from '../../lib/graph/transforms.js';
import * as layers from '../../lib/layers/index.js';
import { Int4DTypePolicy, QuantizedFloat8DTypePolicy, setDtypePolicy } from '../../lib/layers/dtype-policy.js';
import { Model } from '../../lib/models/model.js';
import { Sequential } from '../../lib/models/sequential.js';
import * as ops from '../../lib/ops/index.js';
import { SGD } from '../../lib/optimizers/index.js';
import * as quantizers from '../../lib/quantizers/index.js';
import { normal } from '../../lib/random.js';
import { toCamel } from '../../lib/saving/config-case.js';
import { loadModel, saveModel } from '../../lib/saving/models.js';
import { deserialize, serialize, type SerializedObject } from '../../lib/saving/serialize.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';
import type { Variable } from '../../lib/variable.js';

interface Weight {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly trainable: boolean;
  readonly values: readonly number[];
}

interface LayerCase {
  readonly class: 'Dense';
  readonly args: Record<string, unknown>;
  readonly shape: readonly number[];
  readonly integers: boolean;
  readonly mode: 'int8' | 'int4';
  readonly block_size: number | null;
  readonly lora: boolean;
  readonly reverse: boolean;
  readonly policy: string;
  readonly weights: readonly Weight[];
  readonly output: readonly number[];
}

const golden = JSON.parse(readFileSync(new URL('../golden/quantization.json', import.meta.url), 'utf8')) as {
  readonly layers: readonly LayerCase[];
  readonly float8: {
    readonly weights: string[];
    readonly losses: number[];
    readonly after: Weight[];
    readonly output: number[];
  };
  readonly functions: Record<'e4m3' | 'e5m2' | 'amax' | 'scale' | 'fake' | 'fake_channels', number[]> & {
    readonly packed: number[][];
    readonly grouped: number[][][];
  };
  readonly saved: { readonly inputs: number[][]; readonly output: number[] };
};

const read = (x: Tensor | Variable): Promise<number[]> =>
  ('numbers' in x ? (x as DeviceTensor) : (x.value as DeviceTensor)).numbers();

/** As scripts/make-quantization-golden.py has it. */
function ramp(shape: readonly number[], start = 1): Tensor {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return tensor(
    Float64Array.from({ length: size }, (_, i) => (((i + start) * 0.6180339887) % 1) * 4 - 2),
    shape,
  );
}

function expectClose(actual: readonly number[], wanted: readonly number[], tol = 2e-6): void {
  expect(actual).toHaveLength(wanted.length);
  const scale = Math.max(...wanted.map(Math.abs), 1e-3);
  actual.forEach((value, i) => expect(Math.abs(value - wanted[i])).toBeLessThanOrEqual(tol * scale));
}

const describeCase = (each: LayerCase): string =>
  [each.class, each.args.equation, each.mode, each.block_size, each.lora && 'adapted', each.reverse && 'back']
    .filter((part) => part !== undefined && part !== false)
    .join(' ');

const byName = golden.layers.map((each): [string, LayerCase] => [describeCase(each), each]);

test.each(byName)('%s', async (_name, wanted) => {
  const { [wanted.class]: cls } = layers;
  const args = Object.fromEntries(Object.entries(wanted.args).map(([key, value]) => [toCamel(key), value]));
  const layer = (cls as unknown as { fromConfig(config: object): layers.Dense }).fromConfig(args);
  layer.build(wanted.shape);
  layer.weights.forEach((weight, i) => weight.assign(ramp(weight.shape, 7 * i + 1)));
  const { mode, block_size: blockSize } = wanted;
  if (mode === 'int8') layer.quantize('int8');
  else layer.quantize(null, { config: new quantizers.Int4QuantizationConfig({ blockSize }) });
  if (wanted.lora) {
    layer.enableLora(2, { loraAlpha: 3 });
    for (const variable of layer.weights.filter(({ name }) => name.startsWith('lora'))) {
      variable.assign(ramp(variable.shape, 5));
    }
  }
  expect(layer.dtypePolicy.name).toBe(wanted.policy);
  expect(layer.weights.map(({ name, dtype, shape, trainable }) => ({ name, dtype, shape, trainable }))).toEqual(
    wanted.weights.map(({ name, dtype, shape, trainable }) => ({ name, dtype, shape, trainable })),
  );
  for (const [i, weight] of layer.weights.entries()) expectClose(await read(weight), wanted.weights[i].values);
  const size = wanted.shape.reduce((product, dim) => product * dim, 1);
  const inputs = wanted.integers
    ? tensor(
        Array.from({ length: size }, (_, i) => i % 6),
        undefined,
        'int32',
      )
    : ramp(wanted.shape, 3);
  const options = wanted.reverse ? { reverse: true } : {};
  expectClose(await read(layer(ops.reshape(inputs, wanted.shape), options)), wanted.output, 1e-5);

  // The config leads back to a layer with weights of the same form, which computes the same.
  const json = JSON.parse(JSON.stringify(serialize(layer))) as SerializedObject;
  const copy = deserialize(json) as layers.Dense;
  copy.setWeights(await layer.getWeights());
  expect(JSON.parse(JSON.stringify(serialize(copy)))).toEqual(json);
  expectClose(await read(copy(ops.reshape(inputs, wanted.shape), options)), wanted.output, 1e-5);
});

test('functions of keras.quantizers', async () => {
  const { functions } = golden;
  const edges = tensor([0.3, -1.7, 447.9, 500, 1e-3, 0.0019, -6e-5, 17, 19, 0, 2 ** -9, 2 ** -10 * 1.01]);
  const { quantizeAndDequantize, computeFloat8Scale, fakeQuantWithMinMaxVars, packInt4, unpackInt4 } = quantizers;
  expectClose(await read(quantizeAndDequantize(edges, 1, 'float8_e4m3fn', 'float32')), functions.e4m3, 1e-7);
  expectClose(await read(quantizeAndDequantize(edges, 0.5, 'float8_e5m2', 'float32')), functions.e5m2, 1e-7);
  expect(await read(quantizers.computeFloat8AmaxHistory(edges, tensor([1, 2, 3])))).toEqual(functions.amax);
  const scales = [0, 4, Infinity].map((amax) => computeFloat8Scale(tensor(amax), tensor(2), 448));
  expectClose((await Promise.all(scales.map(read))).flat(), functions.scale);
  const x = ramp([6, 2], 5);
  expectClose(await read(fakeQuantWithMinMaxVars(x, -1.3, 1.1, { numBits: 4 })), functions.fake);
  const ends = [tensor([-1, -0.45]), tensor([1, 0.7])] as const;
  const channels = fakeQuantWithMinMaxVars(x, ...ends, { numBits: 3, narrowRange: true, axis: -1 });
  expectClose(await read(channels), functions.fake_channels);
  const int4 = tensor(
    Array.from({ length: 15 }, (_, i) => i - 7),
    [5, 3],
    'int8',
  );
  for (const axis of [0, 1]) {
    const [packed, shape, length] = packInt4(int4, { axis });
    expect(shape).toEqual(axis === 0 ? [3, 3] : [5, 2]);
    expect(await read(packed)).toEqual(functions.packed[axis]);
    expect(await read(unpackInt4(packed, length, { axis }))).toEqual(await read(int4));
  }
  const grouped = [2, 8].flatMap((size) =>
    [false, true].map((toNumpy) => quantizers.absMaxQuantizeGroupedWithZeroPoint(ramp([5, 2], 3), size, { toNumpy })),
  );
  for (const [i, parts] of grouped.entries()) {
    for (const [k, part] of parts.entries()) expectClose(await read(part), functions.grouped[i][k]);
  }
});

test('fake quantization trains the ends of its range', async () => {
  const loss = (x: Tensor, low: Tensor, high: Tensor): Tensor =>
    ops.sum(ops.multiply(quantizers.fakeQuantWithMinMaxVars(x, low, high), [1, 10, 100]));
  const args = [tensor([-5, 0.1, 7]), tensor(-1), tensor(1)] as const;
  const { argGrads } = valueAndGrad(loss, { argnums: [0, 1, 2] })(...args);
  expect(await Promise.all(argGrads.map((grad) => read(grad as Tensor)))).toEqual([[0, 10, 0], [1], [100]]);
});

test('training in 8-bit floats takes the steps that Keras takes', async () => {
  const dtype = new QuantizedFloat8DTypePolicy('float8', { sourceName: 'float32', amaxHistoryLength: 3 });
  const layer = layers.dense(3, { dtype, inputShape: [5] });
  const model = new Sequential([layer]);
  layer.kernel!.assign(ramp([5, 3], 1));
  layer.bias!.assign(ramp([3], 8));
  expect(layer.weights.map(({ name }) => name)).toEqual(golden.float8.weights);
  model.compile({ optimizer: new SGD({ learningRate: 0.1 }), loss: 'mse' });
  for (const [i, wanted] of golden.float8.losses.entries()) {
    model.resetMetrics();
    const { loss } = await model.trainOnBatch(ramp([4, 5], 3 * i), ramp([4, 3], 5 * i), { returnDict: true });
    expectClose([loss], [wanted], 1e-5);
  }
  for (const [i, weight] of layer.weights.entries()) {
    expectClose(await read(weight), golden.float8.after[i].values, 1e-5);
  }
  expectClose(await read(model(ramp([4, 5], 2))), golden.float8.output, 1e-5);
});

test('a model that Keras quantized, adapted and saved computes what it computes there, and survives our saving', async () => {
  const { inputs, output } = golden.saved;
  const data = tensor(inputs, undefined, 'int32');
  const model = await loadModel(fileURLToPath(new URL('../golden/quantization.keras', import.meta.url)));
  expectClose(await read(model(data)), output, 1e-6);
  const adapted = model.getLayer('adapted') as layers.Dense;
  for (const each of adapted.weights.filter(({ name }) => name.startsWith('lora'))) each.assign(ramp(each.shape, 3));
  const path = join(await mkdtemp(join(tmpdir(), 'hornet-quantized-')), 'model.keras');
  await saveModel(model, path);
  const copy = await loadModel(path);
  // The adaptation has become part of the quantized kernel: as exact as eight bits are.
  const [before, after] = await Promise.all([model, copy].map((each) => read(each(data))));
  expectClose(after, before, 0.02);
  await rm(dirname(path), { recursive: true });
});

test('a layer quantized to 8-bit floats begins with scales of one, behind its weights', () => {
  const layer = layers.dense(3);
  layer(ramp([2, 4]));
  layer.quantize('float8');
  expect(layer.dtypePolicy.getConfig()).toEqual({ mode: 'float8', sourceName: 'float32', amaxHistoryLength: 1024 });
  expect(layer.weights.map(({ name }) => name).slice(0, 3)).toEqual(['kernel', 'bias', 'inputs_scale']);
});

test('a model quantizes what is inside, attention included, and predicts nearly the same', async () => {
  const x = layers.input({ shape: [6, 8] });
  const pooled = layers.globalAveragePooling1d()(layers.multiHeadAttention(2, 4)(x, x));
  const model = new Model({ inputs: x, outputs: layers.dense(3, { activation: 'softmax' })(pooled) });
  const data = normal([16, 6, 8], { seed: 4 });
  const before = await (await model.predict(data)).numbers();
  model.quantize('int8');
  const kernels = model.weights.filter(({ name }) => name === 'kernel');
  expect(kernels.map(({ dtype }) => dtype)).toEqual(Array(5).fill('int8'));
  const after = await (await model.predict(data)).numbers();
  expect(Math.max(...after.map((value, i) => Math.abs(value - before[i])))).toBeLessThan(0.02);
  expect(after).not.toEqual(before);
  expect(() => model.quantize('int8')).toThrow('quantized already');
});

test('filters choose layers; others with weights are named in a warning', () => {
  const model = new Sequential([
    layers.dense(4, { name: 'first', inputShape: [4] }),
    layers.batchNormalization({ name: 'norm' }),
    layers.dense(4, { name: 'second' }),
  ]);
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  model.quantize('int4', { filters: ['^fir', /norm/] });
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('norm'));
  warn.mockRestore();
  expect(model.layers.map(({ quantizationMode }) => quantizationMode)).toEqual(['int4', null, null]);
  model.quantize('int8', { filters: ({ name }) => name === 'second' });
  expect(model.layers[2].dtypePolicy.name).toBe('int8_from_float32');
});

test('gradients pass a quantized product as if it were none', async () => {
  const layer = layers.dense(3, { useBias: false });
  const x = ramp([4, 5]);
  layer(x);
  layer.quantize('int8');
  const { argGrads } = valueAndGrad((v: Tensor) => ops.sum(layer(v)))(x);
  const [codes, scale] = await Promise.all(layer.weights.map(read));
  const sums = [0, 1, 2, 3, 4].map((row) => [0, 1, 2].reduce((sum, i) => sum + codes[3 * row + i] / scale[i], 0));
  expectClose((await read(argGrads[0] as Tensor)).slice(0, 5), sums, 1e-5);
});

test('a policy says how a layer is quantized, before and after it is built', () => {
  const early = layers.dense(4, { dtype: 'int4/2_from_mixed_bfloat16' });
  early.build([2, 6]);
  expect(early.weights.map(({ name }) => name)).toEqual(['bias', 'kernel', 'kernel_scale', 'kernel_zero', 'g_idx']);
  const late = layers.embedding(5, 4);
  late(tensor([1], undefined, 'int32'));
  late.dtypePolicy = new Int4DTypePolicy('int4/-1');
  expect(late.weights.map(({ name, dtype }) => [name, dtype])).toEqual([
    ['embeddings', 'int8'],
    ['embeddings_scale', 'float32'],
  ]);
});

test('refuses what makes no sense', () => {
  const built = (dtype: 'float32' | 'mixed_float16' = 'float32'): layers.Dense => {
    const layer = layers.dense(2, { dtype });
    layer.build([1, 3]);
    return layer;
  };
  class Own extends layers.Dense {}
  const own = new Own(2);
  own.build([1, 3]);
  expect(() => layers.dense(2).quantize('int8')).toThrow('needs a built layer');
  expect(() => built().quantize()).toThrow('a mode or a config');
  expect(() => built().quantize('gptq' as never)).toThrow('calibrates weights on data');
  expect(() => built('mixed_float16').quantize('int8')).toThrow('float16');
  expect(() => built().quantize('int4', { config: new quantizers.Int8QuantizationConfig() })).toThrow('contradicts');
  expect(() => own.quantize('int8')).toThrow('typeCheck');
  own.quantize('int8', { typeCheck: false });
  expect(own.quantizationMode).toBe('int8');
  const conv = layers.conv1d(2, 1);
  conv.build([1, 3, 2]);
  expect(() => conv.quantize('int8')).toThrow('cannot be quantized');
  const words = layers.embedding(3, 2);
  words.build([]);
  expect(() => words.quantize('float8')).toThrow('int8 or int4');
  expect(() => new quantizers.Int4QuantizationConfig({ blockSize: 0 })).toThrow('blockSize');
  expect(() => new quantizers.AbsMaxQuantizer({ valueRange: [-200, 127] })).toThrow('[-128, 127]');
  expect(() => setDtypePolicy('int2_from_float32' as never)).toThrow("received 'int2'");
  expect(() => new Int4DTypePolicy('int4/0')).toThrow('int4/<block size>');
});
