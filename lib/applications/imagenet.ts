// Images as the pretrained networks expect them, and their answers as names of classes.
import { checkDataFormat, floatx, type DataFormat } from '../config.js';
import { readFile } from 'node:fs/promises';
import { isFloat } from '../dtype.js';
import { HornetError } from '../errors.js';
import { cast, convertToTensor, divide, flip, reshape, subtract } from '../ops/index.js';
import type { TensorLike } from '../ops/convert.js';
import { describe, type DeviceTensor, type Tensor } from '../tensor.js';
import { hostedFile } from './hosted-file.js';

/**
 * What is done to pixels of 0 to 255: `caffe` turns RGB into BGR and subtracts the means of ImageNet, `tf` scales to −1 to 1,
 * `torch` scales to 0 to 1 and standardizes by the statistics of ImageNet.
 */
export type PreprocessMode = 'caffe' | 'tf' | 'torch';

/** Options of a network's `preprocessInput`. */
export interface PreprocessArgs {
  /** Default: `imageDataFormat()`. */
  readonly dataFormat?: DataFormat | null;
}

/** Options of `imagenetUtils.preprocessInput`. */
export interface PreprocessModeArgs extends PreprocessArgs {
  /** Default `caffe`. */
  readonly mode?: PreprocessMode;
}

/** Scale first, then subtract the means and divide by the deviations of the channels. */
const statistics: Record<PreprocessMode, { scale?: number; mean: readonly number[]; deviation?: readonly number[] }> = {
  caffe: { mean: [103.939, 116.779, 123.68] },
  tf: { scale: 127.5, mean: [1] },
  torch: { scale: 255, mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] },
};

/** Prepares an image or a batch of images, with values of 0 to 255, for a pretrained network. */
export function preprocessInput(x: TensorLike, args: PreprocessModeArgs = {}): Tensor {
  const where = 'preprocessInput';
  const { mode = 'caffe' } = args;
  const format = checkDataFormat(args.dataFormat, where);
  if (!Object.hasOwn(statistics, mode)) {
    throw new HornetError(where, `expected mode to be 'caffe', 'tf' or 'torch', received '${String(mode)}'`);
  }
  const images = convertToTensor(x);
  if (images.rank !== 3 && images.rank !== 4) {
    throw new HornetError(where, `expected an image or a batch of images, received ${describe(images)}`);
  }
  const axis = format === 'channels_last' ? images.rank - 1 : images.rank - 3;
  const { scale, mean, deviation } = statistics[mode];
  const channels = (values: readonly number[]): Tensor =>
    reshape(
      cast([...values], y.dtype),
      images.shape.map((_, i) => (i === axis ? values.length : 1)),
    );
  let y = isFloat(images.dtype) ? images : cast(images, floatx());
  if (mode === 'caffe') y = flip(y, { axis });
  if (scale) y = divide(y, scale);
  y = subtract(y, channels(mean));
  return deviation ? divide(y, channels(deviation)) : y;
}

/** One guess: the id of the class in WordNet, its name, its score. */
export type Prediction = readonly [wordnetId: string, name: string, score: number];

/** Options of `decodePredictions`. */
export interface DecodeArgs {
  /** How many guesses per image. Default 5. */
  readonly top?: number;
}

const CLASSES = 1000;
let classIndex: Promise<Record<string, readonly [string, string]>> | null = null;

/** The names of ImageNet's classes; a failed attempt does not count. */
async function namesOfClasses(): Promise<Record<string, readonly [string, string]>> {
  classIndex ??= hostedFile({
    path: 'download.tensorflow.org/data/imagenet_class_index.json',
    hash: 'c2c37ea517e94d9795004a39431a14cb',
  }).then(async (path) => JSON.parse(await readFile(path, 'utf8')) as Record<string, readonly [string, string]>);
  try {
    return await classIndex;
  } catch (error) {
    classIndex = null;
    throw error;
  }
}

/** The best guesses for every image of a batch, best first, of a network with ImageNet's 1000 classes. */
export async function decodePredictions(predictions: TensorLike, args: DecodeArgs = {}): Promise<Prediction[][]> {
  const where = 'decodePredictions';
  const { top = 5 } = args;
  const tensor = convertToTensor(predictions);
  if (tensor.rank !== 2 || tensor.shape[1] !== CLASSES) {
    throw new HornetError(where, `expected predictions of shape [batch, ${CLASSES}], received ${describe(tensor)}`);
  }
  if (!Number.isInteger(top) || top <= 0) {
    throw new HornetError(where, `expected top to be a positive integer, received ${String(top)}`);
  }
  const names = await namesOfClasses();
  const scores = Array.from(await (cast(tensor, 'float32') as DeviceTensor).data(), Number);
  return Array.from({ length: tensor.shape[0] }, (_, image) => {
    const own = scores.slice(image * CLASSES, (image + 1) * CLASSES);
    const order = own.map((_score, i) => i).sort((a, b) => own[b] - own[a] || b - a);
    return order.slice(0, top).map((i): Prediction => [...names[i], own[i]]);
  });
}
