// Depthwise separable convolutions all the way. Source: Chollet 2016.
import { conv2d } from '../layers/conv.js';
import { separableConv2d } from '../layers/depthwise-conv.js';
import { maxPooling2d } from '../layers/pooling.js';
import type { Tensor } from '../tensor.js';
import { application } from './application.js';
import { averageHead, normalized, relu, sum } from './blocks.js';
import { hosted } from './hosted.js';

const separable = (x: Tensor, filters: number, name: string): Tensor =>
  normalized(separableConv2d(filters, 3, { padding: 'same', useBias: false, name })(x), { name: `${name}_bn` });

/** Separable convolutions, an activation in front of each, beside a shortcut that halves the size. */
function entry(x: Tensor, filters: readonly number[], index: number): Tensor {
  const name = `block${index}`;
  const shortcut = normalized(conv2d(filters.at(-1)!, 1, { strides: 2, padding: 'same', useBias: false })(x), {});
  let y = x;
  filters.forEach((width, i) => {
    // The first block comes after an activation.
    if (index > 2 || i > 0) y = relu(y, `${name}_sepconv${i + 1}_act`);
    y = separable(y, width, `${name}_sepconv${i + 1}`);
  });
  return sum([maxPooling2d({ poolSize: 3, strides: 2, padding: 'same', name: `${name}_pool` })(y), shortcut]);
}

function middle(x: Tensor, index: number): Tensor {
  let y = x;
  for (const part of [1, 2, 3].map((i) => `block${index}_sepconv${i}`))
    y = separable(relu(y, `${part}_act`), 728, part);
  return sum([y, x]);
}

export const xception = application({
  where: 'xception',
  name: 'xception',
  defaultSize: 299,
  minSize: 71,
  preprocess: 'tf',
  defaults: {},
  hosted: ({ includeTop }) => hosted('xception', 'xception', includeTop),
  build(image, site) {
    let x = image;
    [32, 64].forEach((filters, i) => {
      const name = `block1_conv${i + 1}`;
      x = conv2d(filters, 3, { strides: i === 0 ? 2 : 1, useBias: false, name })(x);
      x = relu(normalized(x, { name: `${name}_bn` }), `${name}_act`);
    });
    [128, 256, 728].forEach((filters, i) => (x = entry(x, [filters, filters], i + 2)));
    for (let index = 5; index < 13; index++) x = middle(x, index);
    x = entry(x, [728, 1024], 13);
    [1536, 2048].forEach((filters, i) => {
      const name = `block14_sepconv${i + 1}`;
      x = relu(separable(x, filters, name), `${name}_act`);
    });
    return averageHead(x, site, 'avg_pool');
  },
});
