// Residual networks of 50, 101 and 152 layers. Source: He et al. 2015.
import { conv2d } from '../layers/conv.js';
import { maxPooling2d } from '../layers/pooling.js';
import type { Tensor } from '../tensor.js';
import { application, type Application } from './application.js';
import { averageHead, normalized, padded, poolNames, relu, sum } from './blocks.js';
import { hosted } from './hosted.js';

/** Added to variances by this family and its relatives. */
export const EPSILON = 1.001e-5;

/** The beginning: a quarter of the size. */
export function stem(image: Tensor, useBias: boolean, activate: (x: Tensor) => Tensor): Tensor {
  const x = conv2d(64, 7, { strides: 2, useBias, name: 'conv1_conv' })(padded(image, 3, 'conv1_pad'));
  return maxPooling2d({ poolSize: 3, strides: 2, name: 'pool1_pool' })(padded(activate(x), 1, 'pool1_pad'));
}

/** Three convolutions beside a shortcut, which is a convolution itself where a stage begins. */
function block(x: Tensor, filters: number, strides: number, first: boolean, name: string): Tensor {
  const part = (from: Tensor, i: number, width: number, kernelSize: number, args = {}): Tensor =>
    normalized(conv2d(width, kernelSize, { ...args, name: `${name}_${i}_conv` })(from), {
      epsilon: EPSILON,
      name: `${name}_${i}_bn`,
    });
  const shortcut = first ? part(x, 0, 4 * filters, 1, { strides }) : x;
  let y = relu(part(x, 1, filters, 1, { strides }), `${name}_1_relu`);
  y = relu(part(y, 2, filters, 3, { padding: 'same' }), `${name}_2_relu`);
  y = part(y, 3, 4 * filters, 1);
  return relu(sum([shortcut, y], `${name}_add`), `${name}_out`);
}

/** Calls `make` for every block of every stage. */
export function stages(
  image: Tensor,
  depths: readonly number[],
  make: (x: Tensor, filters: number, index: number, stage: number, name: string) => Tensor,
): Tensor {
  let x = image;
  depths.forEach((depth, stage) => {
    for (let i = 0; i < depth; i++) x = make(x, 64 * 2 ** stage, i, stage, `conv${stage + 2}_block${i + 1}`);
  });
  return x;
}

const resNet = (where: string, depths: readonly number[]): Application => {
  const name = where.toLowerCase();
  return application({
    where,
    name,
    defaultSize: 224,
    minSize: 32,
    preprocess: 'caffe',
    defaults: {},
    hosted: ({ includeTop }) => hosted('resnet', name, includeTop),
    build(image, site) {
      const x = stem(image, true, (y) => relu(normalized(y, { epsilon: EPSILON, name: 'conv1_bn' }), 'conv1_relu'));
      const features = stages(x, depths, (y, filters, i, stage, label) =>
        block(y, filters, i === 0 && stage > 0 ? 2 : 1, i === 0, label),
      );
      return averageHead(features, site, poolNames.avg, poolNames);
    },
  });
};

export const resNet50 = resNet('resNet50', [3, 4, 6, 3]);
export const resNet101 = resNet('resNet101', [3, 4, 23, 3]);
export const resNet152 = resNet('resNet152', [3, 8, 36, 3]);
export const { preprocessInput, decodePredictions } = resNet50;
