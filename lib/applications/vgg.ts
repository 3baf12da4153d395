// Plain stacks of convolutions. Source: Simonyan & Zisserman 2014.
import { conv2d } from '../layers/conv.js';
import { dense } from '../layers/dense.js';
import { maxPooling2d } from '../layers/pooling.js';
import { flatten } from '../layers/reshaping.js';
import { application, type Application } from './application.js';
import { pooledFeatures, predictions } from './blocks.js';
import { hosted } from './hosted.js';

const widths = [64, 128, 256, 512, 512];

const vgg = (name: 'vgg16' | 'vgg19', depths: readonly number[]): Application =>
  application({
    where: name,
    name,
    defaultSize: 224,
    minSize: 32,
    preprocess: 'caffe',
    defaults: {},
    hosted: ({ includeTop }) => hosted(name, name, includeTop),
    build(image, site) {
      let x = image;
      depths.forEach((depth, block) => {
        for (let i = 1; i <= depth; i++) {
          x = conv2d(widths[block], 3, { activation: 'relu', padding: 'same', name: `block${block + 1}_conv${i}` })(x);
        }
        x = maxPooling2d({ poolSize: 2, strides: 2, name: `block${block + 1}_pool` })(x);
      });
      if (!site.includeTop) return pooledFeatures(x, site);
      x = flatten({ name: 'flatten' })(x);
      for (const layer of ['fc1', 'fc2']) x = dense(4096, { activation: 'relu', name: layer })(x);
      return predictions(x, site);
    },
  });

export const vgg16 = vgg('vgg16', [2, 2, 3, 3, 3]);
export const vgg19 = vgg('vgg19', [2, 2, 4, 4, 4]);
