// The pretrained networks: counts as published, checks of the options, weights from files, images and classes. Outputs are
// compared with Keras by the vectors.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applications, clearSession, HornetError, input, ops, tensor, type Model, type Tensor } from 'hornet';
import { hosted } from '../../lib/applications/hosted.js';

const { mobileNet, resNet50, vgg16 } = applications;

let home: string;
const before = process.env.KERAS_HOME;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'hornet-applications-'));
  await mkdir(join(home, 'models'));
  process.env.KERAS_HOME = home;
});
afterAll(async () => {
  if (before === undefined) delete process.env.KERAS_HOME;
  else process.env.KERAS_HOME = before;
  await rm(home, { recursive: true, force: true });
});

// Of Keras's models: layers, variables, parameters.
test.each([
  ['resNet50', 177, 320, 25636712],
  ['resNet50V2', 192, 272, 25613800],
  ['xception', 134, 236, 22910480],
  ['inceptionV3', 313, 378, 23851784],
  ['inceptionResNetV2', 782, 898, 55873736],
  ['mobileNet', 91, 137, 4253864],
  ['mobileNetV2', 156, 262, 3538984],
  ['mobileNetV3Large', 194, 266, 5507432],
  ['denseNet169', 597, 846, 14307880],
  ['efficientNetB1', 343, 442, 7856239],
  ['efficientNetV2B0', 273, 361, 7200312],
  ['convNeXtTiny', 135, 182, 28589128],
] as const)('%s has %i layers, %i variables and %i parameters', (name, layers, variables, parameters) => {
  const model = applications[name].architecture();
  expect(model.layers.length).toBe(layers);
  expect(model.weights.length).toBe(variables);
  expect(model.countParams()).toBe(parameters);
});

test('features are pooled as asked, of images of any size', () => {
  const shapes = ([null, 'avg', 'max'] as const).map((pooling) => {
    const model = mobileNet({ weights: null, includeTop: false, alpha: 0.25, pooling });
    return model<Tensor>(ops.zeros([2, 64, 96, 3]));
  });
  expect(shapes.map(({ shape }) => shape)).toEqual([
    [2, 2, 3, 256],
    [2, 256],
    [2, 256],
  ]);
});

test('a symbolic tensor takes the place of the input', () => {
  const image = input({ shape: [32, 32, 3], name: 'pixels' });
  const scaled = ops.divide(image, 255);
  const model = mobileNet({ weights: null, includeTop: false, alpha: 0.25, inputTensor: scaled, name: 'inner' });
  expect(model.name).toBe('inner');
  expect(model.layers[0].name).toBe('pixels');
  expect(model<Tensor>(ops.ones([1, 32, 32, 3])).shape).toEqual([1, 1, 1, 256]);
});

test.each([
  [() => resNet50({ weights: 'nowhere.h5' }), /\[resNet50\] expected weights to be null, 'imagenet' or a file/],
  [() => resNet50({ classes: 10 }), /ImageNet with includeTop have 1000 classes, received 10/],
  [() => resNet50({ weights: null, inputShape: [31, 64, 3] }), /at least 32 × 32, received inputShape \[31, 64, 3\]/],
  [() => resNet50({ weights: null, inputShape: [null, 64, 3] }), /without null, received \[null, 64, 3\]/],
  [() => resNet50({ weights: null, inputShape: [64, 64] }), /three sizes, received \[64, 64\]/],
  [() => resNet50({ inputShape: [64, 64, 3] }), /expected inputShape to be \[224, 224, 3\]/],
  [() => resNet50({ includeTop: false, inputShape: [64, 64, 1] }), /images of 3 channels/],
  [() => resNet50({ classifierActivation: 'relu' }), /softmax or null \(logits\), received 'relu'/],
  [() => resNet50({ weights: null, includeTop: false, pooling: 'mean' as never }), /'avg', 'max' or null/],
  [() => mobileNet({ alpha: 0.3 }), /alpha 0.25, 0.5, 0.75, 1, received 0.3/],
  [() => mobileNet({ depthMultiplier: 2 }), /depthMultiplier 1, received 2/],
  [() => vgg16({ weights: null, inputTensor: tensor([1]) }), /expected inputTensor to be symbolic/],
])('wrong options are named: %#', (make, message) => {
  expect(make).toThrow(HornetError);
  expect(make).toThrow(message);
});

const bytesOf = async (model: Model): Promise<Buffer> =>
  Buffer.concat(await Promise.all(model.weights.map(async (variable) => Buffer.from((await variable.data()).buffer))));

test('weights come from a file, or from the cache of hosted files', async () => {
  clearSession();
  const source = mobileNet({ weights: null, alpha: 0.25 });
  const path = join(home, 'models', 'mobilenet_2_5_224_tf.h5');
  await source.saveWeights(path);
  const [fromFile, fromCache] = [await mobileNet({ weights: path, alpha: 0.25 }), await mobileNet({ alpha: 0.25 })];
  const wanted = await bytesOf(source);
  for (const model of [fromFile, fromCache]) expect((await bytesOf(model)).equals(wanted)).toBe(true);
});

test('names and hashes of hosted files', () => {
  expect(hosted('nasnet', 'mobile', false)).toEqual({
    path: 'tensorflow/keras-applications/nasnet/NASNet-mobile-no-top.h5',
    name: 'nasnet_mobile_no_top.h5',
    hash: '1ed92395b5b598bdda52abe5c0dbfd63',
  });
  expect(hosted('efficientnet', 'efficientnetb0', true)).toEqual({
    path: 'keras-applications/efficientnetb0.h5',
    name: 'efficientnetb0.h5',
    hash: '902e53a9f72be733fc0bcb005b3ebbac',
  });
  expect(hosted('mobilenetV3', 'small_minimalistic_224_1.0', false)).toMatchObject({
    name: 'weights_mobilenet_v3_small_minimalistic_224_1.0_float_no_top_v2.h5',
    hash: 'cde8136e733e811080d9fcd8a252f7e4',
  });
});

test('images are prepared as each network was trained', async () => {
  const image = ops.cast(tensor([[[10, 20, 30]]]), 'uint8');
  const of = async (x: unknown): Promise<number[]> => Array.from((await (x as Tensor).data()) as Float32Array);
  const near = (values: number[]): unknown[] => values.map((value) => expect.closeTo(value, 4) as unknown);
  expect(await of(vgg16.preprocessInput(image))).toEqual(near([30 - 103.939, 20 - 116.779, 10 - 123.68]));
  expect(await of(mobileNet.preprocessInput(image))).toEqual(near([10 / 127.5 - 1, 20 / 127.5 - 1, 30 / 127.5 - 1]));
  expect(await of(applications.densenet.preprocessInput(image))).toEqual(
    near([(10 / 255 - 0.485) / 0.229, (20 / 255 - 0.456) / 0.224, (30 / 255 - 0.406) / 0.225]),
  );
  expect(applications.efficientnet.preprocessInput(image)).toBe(image);
  expect(() => applications.imagenetUtils.preprocessInput(image, { mode: 'keras' as never })).toThrow(/'caffe', 'tf'/);
});

test('predictions of a wrong shape are refused', async () => {
  await expect(resNet50.decodePredictions(ops.zeros([1, 10]))).rejects.toThrow(/\[batch, 1000\]/);
});
