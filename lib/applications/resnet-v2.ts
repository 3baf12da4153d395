// Residual networks whose blocks normalize first. Source: He et al. 2016.
import { conv2d } from '../layers/conv.js';
import { maxPooling2d } from '../layers/pooling.js';
import type { Tensor } from '../tensor.js';
import { application, type Application } from './application.js';
import { averageHead, normalized, padded, poolNames, relu, sum } from './blocks.js';
import { hosted } from './hosted.js';
import { EPSILON, stages, stem } from './resnet.js';

/** Three convolutions beside a shortcut; the last block of a stage halves the size. */
function block(x: Tensor, filters: number, strides: number, first: boolean, name: string): Tensor {
  const activated = (from: Tensor, part: string): Tensor =>
    relu(normalized(from, { epsilon: EPSILON, name: `${name}_${part}_bn` }), `${name}_${part}_relu`);
  const before = activated(x, 'preact');
  const smaller = (from: Tensor): Tensor => (strides > 1 ? maxPooling2d({ poolSize: 1, strides })(from) : from);
  const shortcut = first ? conv2d(4 * filters, 1, { strides, name: `${name}_0_conv` })(before) : smaller(x);
  let y = activated(conv2d(filters, 1, { useBias: false, name: `${name}_1_conv` })(before), '1');
  y = conv2d(filters, 3, { strides, useBias: false, name: `${name}_2_conv` })(padded(y, 1, `${name}_2_pad`));
  y = conv2d(4 * filters, 1, { name: `${name}_3_conv` })(activated(y, '2'));
  return sum([shortcut, y], `${name}_out`);
}

const resNetV2 = (where: string, depths: readonly number[]): Application => {
  const name = where.toLowerCase();
  return application({
    where,
    name,
    defaultSize: 224,
    minSize: 32,
    preprocess: 'tf',
    defaults: {},
    hosted: ({ includeTop }) => hosted('resnet', name, includeTop),
    build(image, site) {
      const last = depths.length - 1;
      const x = stages(
        stem(image, true, (y) => y),
        depths,
        (y, filters, i, stage, label) =>
          block(y, filters, i === depths[stage] - 1 && stage < last ? 2 : 1, i === 0, label),
      );
      const features = relu(normalized(x, { epsilon: EPSILON, name: 'post_bn' }), 'post_relu');
      return averageHead(features, site, poolNames.avg, poolNames);
    },
  });
};

export const resNet50V2 = resNetV2('resNet50V2', [3, 4, 6, 3]);
export const resNet101V2 = resNetV2('resNet101V2', [3, 4, 23, 3]);
export const resNet152V2 = resNetV2('resNet152V2', [3, 8, 36, 3]);
export const { preprocessInput, decodePredictions } = resNet50V2;
