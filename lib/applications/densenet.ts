// Every layer sees what all before it gave. Source: Huang et al. 2016.
import { conv2d } from '../layers/conv.js';
import { averagePooling2d, maxPooling2d } from '../layers/pooling.js';
import type { Tensor } from '../tensor.js';
import { application, type Application } from './application.js';
import { averageHead, channelsOf, joined, normalized, padded, poolNames, relu } from './blocks.js';
import { hosted } from './hosted.js';
import { EPSILON } from './resnet.js';

const GROWTH = 32;

const activated = (x: Tensor, normalization: string, activation: string): Tensor =>
  relu(normalized(x, { epsilon: EPSILON, name: normalization }), activation);

function block(x: Tensor, name: string): Tensor {
  let y = activated(x, `${name}_0_bn`, `${name}_0_relu`);
  y = conv2d(4 * GROWTH, 1, { useBias: false, name: `${name}_1_conv` })(y);
  y = activated(y, `${name}_1_bn`, `${name}_1_relu`);
  y = conv2d(GROWTH, 3, { padding: 'same', useBias: false, name: `${name}_2_conv` })(y);
  return joined([x, y], `${name}_concat`);
}

/** Half the channels, half the size. */
function transition(x: Tensor, name: string): Tensor {
  const y = activated(x, `${name}_bn`, `${name}_relu`);
  const narrow = conv2d(Math.trunc(channelsOf(x) / 2), 1, { useBias: false, name: `${name}_conv` })(y);
  return averagePooling2d({ poolSize: 2, strides: 2, name: `${name}_pool` })(narrow);
}

function denseNet(depth: number, depths: readonly number[]): Application {
  const name = `densenet${depth}`;
  return application({
    where: `denseNet${depth}`,
    name,
    defaultSize: 224,
    minSize: 32,
    channelsLastOnly: true,
    preprocess: 'torch',
    defaults: {},
    hosted: ({ includeTop }) => hosted('densenet', name, includeTop),
    build(image, site) {
      let x = conv2d(64, 7, { strides: 2, useBias: false, name: 'conv1_conv' })(padded(image, 3));
      x = padded(activated(x, 'conv1_bn', 'conv1_relu'), 1);
      x = maxPooling2d({ poolSize: 3, strides: 2, name: 'pool1' })(x);
      depths.forEach((count, stage) => {
        if (stage > 0) x = transition(x, `pool${stage + 1}`);
        for (let i = 1; i <= count; i++) x = block(x, `conv${stage + 2}_block${i}`);
      });
      return averageHead(activated(x, 'bn', 'relu'), site, poolNames.avg, poolNames);
    },
  });
}

export const denseNet121 = denseNet(121, [6, 12, 24, 16]);
export const denseNet169 = denseNet(169, [6, 12, 32, 32]);
export const denseNet201 = denseNet(201, [6, 12, 48, 32]);
export const { preprocessInput, decodePredictions } = denseNet121;
