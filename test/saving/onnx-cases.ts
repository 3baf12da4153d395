// Models to write to ONNX, each with inputs of another number of rows than anything was traced with.
import {
  applications,
  input,
  Layer,
  layers,
  Model,
  ops,
  random,
  Sequential,
  setRandomSeed,
  tensor,
  type DType,
  type InputSpec,
  type KerasTensor,
  type Tensor,
} from 'hornet';
import type { Tree } from '../../lib/tree.js';
import type { LayerCase } from '../layers/layer-cases.js';

export interface OnnxCase {
  readonly model: Model;
  readonly x: Tree<Tensor>;
  readonly args?: Parameters<Model['export']>[1];
}

/** Numbers that look random: floats between -2 and 2, integers below 4. */
export function numbers(shape: readonly number[], dtype: DType = 'float32'): Tensor {
  const size = shape.reduce((product, dim) => product * dim, 1);
  const at = (i: number): number => 4 * ((i * 0.6180339887) % 1);
  const value = dtype.includes('float') ? (i: number) => at(i) - 2 : (i: number) => Math.floor(at(i));
  return tensor(
    Float64Array.from({ length: size }, (_, i) => value(i)),
    shape,
    dtype,
  );
}

/** A model of one layer, as the tests of layers have it. */
export function modelOf([, row]: LayerCase): OnnxCase {
  const isMany = typeof row.inputShape[0] !== 'number';
  const shapes = (isMany ? row.inputShape : [row.inputShape]) as readonly (readonly number[])[];
  const dtype = row.inputDType ?? 'float32';
  const inputs = shapes.map((shape, i) => input({ shape: shape.slice(1), dtype, name: `x${i}` }));
  const layer = row.layer({}) as unknown as (...args: unknown[]) => KerasTensor;
  const outputs = row.separate ? layer(...inputs) : layer(isMany ? inputs : inputs[0]);
  const x = shapes.map((shape) => numbers([3, ...shape.slice(1)], dtype));
  return { model: new Model({ inputs: isMany ? inputs : inputs[0], outputs }), x: isMany ? x : x[0] };
}

/** Whether a layer does something in inference. */
export const actsInInference = ([name]: LayerCase): boolean =>
  !/^Random|Dropout|Noise|Mix$|^CutMix|Augment$/.test(name);

/** ONNX has no hashes. */
export const refusedLayers = ['Hashing', 'HashedCrossing'];

const stack = (shape: readonly (number | null)[], ...rest: Layer[]): Model =>
  new Sequential([input({ shape }), ...rest]);

/** A layer that is a function. */
class Computed extends Layer {
  constructor(private readonly fn: (x: Tensor) => Tensor) {
    super({ name: 'computed' });
  }

  override call(x: Tensor): Tensor {
    return this.fn(x);
  }
}

export const computed = (shape: readonly (number | null)[], fn: (x: Tensor) => Tensor): Model =>
  stack(shape, new Computed(fn));

class Subclassed extends Model {
  readonly hidden = layers.dense(5, { activation: 'tanh' });
  readonly head = layers.dense(2);

  override call(x: Tree<Tensor>): Tensor {
    return this.head(this.hidden(x as Tensor));
  }
}
export const subclassed = (): Model => new Subclassed();

const convnet = (shape: readonly (number | null)[]): Model =>
  stack(
    shape,
    layers.conv2d(4, 3, { strides: 2, padding: 'same' }),
    layers.batchNormalization(),
    layers.activation('relu6'),
    layers.depthwiseConv2d(3, { padding: 'same', dilationRate: 2, activation: 'gelu' }),
    layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
    layers.averagePooling2d({ strides: 1, padding: 'same' }),
    layers.globalAveragePooling2d(),
    layers.dense(3, { activation: 'softmax' }),
  );

function transformer(length: number | null): Model {
  const tokens = input({ shape: [length], dtype: 'int32', name: 'tokens' });
  const embed = layers.reversibleEmbedding(4, 8);
  const x = embed<KerasTensor>(tokens);
  const attended = layers.multiHeadAttention(2, 4)(x, x, { useCausalMask: true });
  const y = layers.layerNormalization()(layers.add([x, attended]));
  return new Model({ inputs: tokens, outputs: embed(y, { reverse: true }) });
}

/** Inputs and outputs in a record or list; one output is the sum, the other reads both inputs. */
function twoByTwo(inRecords: boolean): OnnxCase {
  const [a, b] = ['a', 'b'].map((name) => input({ shape: [4], name }));
  const sum = new layers.Add({ name: 'sum' })<KerasTensor>([a, b]);
  const dense = layers.dense(2, { name: 'dense' })<KerasTensor>(layers.concatenate([a, b]));
  const x = { a: numbers([3, 4]), b: ops.square(numbers([3, 4])) };
  return inRecords
    ? { model: new Model({ inputs: { a, b }, outputs: { sum, dense } }), x }
    : { model: new Model({ inputs: [a, b], outputs: [sum, dense] }), x: [x.a, x.b] };
}

function sequencesApart(): OnnxCase {
  const [a, b] = ['a', 'b'].map((name) => input({ shape: [null, 4], name }));
  const outputs = layers.multiHeadAttention(2, 3)(a, b);
  return { model: new Model({ inputs: [a, b], outputs }), x: [numbers([3, 5, 4]), numbers([3, 6, 4])] };
}

function sequencesAlike(): OnnxCase {
  const [a, b] = ['a', 'b'].map((name) => input({ shape: [null, 4], name }));
  return {
    model: new Model({ inputs: [a, b], outputs: layers.add([a, b]) }),
    x: [numbers([3, 5, 4]), numbers([3, 5, 4])],
  };
}

function quantized(mode: 'int8' | 'int4'): Model {
  const model = stack([8], layers.dense(6), layers.dense(3));
  model.quantize(mode);
  return model;
}

const square = numbers([3, 4]);
const sequence = numbers([3, 7, 4]);
const image = numbers([3, 11, 13, 3]);

/** Many ops that ONNX has in another form or under another name. */
const manyOps = (x: Tensor): Tensor => {
  const [size, tenfold] = [ops.abs(x), ops.cast(ops.multiply(x, 10), 'int32')];
  const parts = [
    ...[ops.log1p, ops.log2, ops.log10, ops.rsqrt].map((op) => op(size)),
    ...[ops.expm1, ops.exp2, ops.cbrt, ops.trunc, ops.round, ops.erf, ops.softplus, ops.selu].map((op) => op(x)),
    ops.arctan2(x, ops.flip(x)),
    ops.mod(x, 0.3),
    ops.floorDivide(x, 0.3),
    ops.power(size, 1.7),
    ...[ops.mod(tenfold, 3), ops.floorDivide(tenfold, 3), ops.argsort(x), ops.argmax(x, { axis: 1, keepdims: true })],
    ops.sort(x),
    ops.cumsum(x, { axis: 1 }),
    ops.topK(x, 3)[0],
    ops.logSoftmax(x),
    ops.roll(x, 2, { axis: 1 }),
    ops.tile(x, [1, 2]),
    ops.take(x, [0, -1, 2], { axis: 1 }),
    ops.slice(x, [0, 1], [-1, 2]),
    ops.scatterUpdate(x, [[0, 1]], [5]),
    ops.subtract(x, ops.mean(x, { axis: 0 })),
  ];
  return ops.concatenate(
    parts.map((part) => ops.cast(part, 'float32')),
    { axis: 1 },
  );
};

/** Sequences of unknown length, cut and turned. */
const pieces = (x: Tensor): Tensor =>
  ops.concatenate(
    [
      x,
      ops.flip(x, { axis: 1 }),
      ops.getItem(x, [':', [null, null, 2]]),
      ops.getItem(x, [':', [1, -1]]),
      ops.multiply(ops.onesLike(x), ops.reshape(ops.arange(x.shape[1], { dtype: 'float32' }), [-1, 1])),
    ],
    { axis: 1 },
  );

/** Models by their names. */
export const graphs: Readonly<Record<string, () => OnnxCase>> = {
  'a convolutional network': () => ({ model: convnet([11, 13, 3]), x: image }),
  'images of unknown size': () => ({ model: convnet([null, null, 3]), x: image }),
  'images of unknown size, made larger': () => ({
    model: stack(
      [null, null, 3],
      layers.groupNormalization({ groups: 3 }),
      layers.conv2dTranspose(3, 3, { strides: 2, padding: 'same' }),
      layers.upSampling2d(),
    ),
    x: image,
  }),
  'channels first': () => ({
    model: stack(
      [4, 8, 8],
      layers.conv2d(6, 3, { dataFormat: 'channels_first' }),
      layers.maxPooling2d({ dataFormat: 'channels_first' }),
      layers.flatten(),
      layers.dense(2),
    ),
    x: numbers([3, 4, 8, 8]),
  }),
  'a transformer': () => ({ model: transformer(6), x: numbers([3, 6], 'int32') }),
  'a transformer, any length': () => ({ model: transformer(null), x: numbers([3, 5], 'int32') }),
  'recurrent layers, any length': () => ({
    model: stack(
      [null, 4],
      layers.lstm(4, { returnSequences: true }),
      layers.bidirectional(layers.gru(5)),
      layers.dense(2),
    ),
    x: sequence,
  }),
  'recurrent layers with masks, any length': () => ({
    model: new Sequential([
      input({ shape: [null], dtype: 'int32' }),
      layers.embedding(4, 3, { maskZero: true }),
      layers.lstm(4, { returnSequences: true }),
      layers.bidirectional(layers.gru(4)),
    ]),
    x: numbers([3, 7], 'int32'),
  }),
  'inputs and outputs in lists': () => twoByTwo(false),
  'inputs and outputs in records': () => twoByTwo(true),
  'sequences of different unknown lengths': sequencesApart,
  'sequences of one unknown length': sequencesAlike,
  'many ops': () => ({ model: computed([4], manyOps), x: square }),
  'pieces of sequences of unknown length': () => ({ model: computed([null, 4], pieces), x: sequence }),
  'Fourier transforms': () => ({
    model: computed([4, 6], (x) =>
      ops.concatenate([...ops.ifft2([x, ops.square(x)]), ...ops.fft([x, x])], { axis: -1 }),
    ),
    x: numbers([3, 4, 6]),
  }),
  foriLoop: () => ({
    model: computed([4], (x) =>
      ops.foriLoop(0, 50, (i: Tensor, y: Tensor) => ops.add(ops.multiply(y, 0.9), ops.cast(i, 'float32')), x),
    ),
    x: square,
  }),
  'foriLoop over an unknown number of steps': () => ({
    model: computed([null, 4], (x) =>
      ops.foriLoop(0, x.shape[1], (_i: Tensor, y: Tensor) => ops.add(ops.multiply(y, 0.9), 1), x),
    ),
    x: sequence,
  }),
  whileLoop: () => ({
    model: computed([4], (x) =>
      ops.whileLoop(
        (y: Tensor) => ops.less(ops.sum(ops.abs(y)), 100),
        (y: Tensor) => ops.multiply(y, 2),
        x,
      ),
    ),
    x: square,
  }),
  cond: () => ({
    model: computed([4], (x) =>
      ops.cond(
        ops.greater(ops.sum(x), 100),
        () => ops.multiply(x, 2),
        () => ops.subtract(x, 1),
      ),
    ),
    x: square,
  }),
  switch: () => ({
    model: computed([4], (x) =>
      ops.switch(
        ops.cast(ops.sum(ops.abs(x)), 'int32'),
        [(y: Tensor) => y, (y: Tensor) => ops.exp(y), (y: Tensor) => ops.square(y)],
        x,
      ),
    ),
    x: square,
  }),
  'half precision': () => ({
    model: stack([11, 13, 3], ...['conv2d', 'flatten', 'dense'].map((name) => halfLayer(name))),
    x: image,
  }),
  int8: () => ({ model: quantized('int8'), x: numbers([3, 8]) }),
  int4: () => ({ model: quantized('int4'), x: numbers([3, 8]) }),
  'an older set of operators': () => ({ model: convnet([null, null, 3]), x: image, args: { opsetVersion: 18 } }),
  'weights in a file of their own': () => ({
    model: stack([64], layers.dense(64), layers.dense(3)),
    x: numbers([3, 64]),
    args: { externalData: true },
  }),
  'a signature for a subclassed model': () => ({
    model: subclassed(),
    x: numbers([3, 4]),
    args: { inputSignature: { shape: [null, 4], dtype: 'float32', name: 'input' } satisfies InputSpec },
  }),
};

function halfLayer(name: string): Layer {
  const dtype = 'mixed_float16';
  if (name === 'conv2d') return layers.conv2d(4, 3, { dtype, activation: 'relu' });
  return name === 'flatten' ? layers.flatten({ dtype }) : layers.dense(3, { dtype });
}

const networks = {
  mobileNetV2: 64,
  resNet50: 64,
  efficientNetB0: 64,
  denseNet121: 64,
  inceptionV3: 96,
  convNeXtTiny: 64,
  nasNetMobile: 96,
} as const;
export const networkNames = Object.keys(networks) as readonly (keyof typeof networks)[];

/** A network with weights that are not what it begins with, so that none may be missing. */
export function network(name: keyof typeof networks, more: object = {}, size: number = networks[name]): OnnxCase {
  const make = applications[name] as (args: object) => Model;
  // With some weights a deep network multiplies the smallest difference; not with these.
  setRandomSeed(1);
  const model = make({ weights: null, includeTop: false, pooling: 'avg', inputShape: [size, size, 3], ...more });
  for (const weight of model.weights) {
    if (/variance|gamma/.test(weight.path)) weight.assign(random.uniform(weight.shape, { minval: 0.5, maxval: 1.5 }));
    else if (/mean|beta|bias/.test(weight.path))
      weight.assign(random.uniform(weight.shape, { minval: -0.2, maxval: 0.2 }));
  }
  return { model, x: numbers([3, size, size, 3]) };
}
