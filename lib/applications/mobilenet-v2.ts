// Inverted residuals: wide inside, narrow between blocks. Source: Sandler et al. 2018.
import { reLU } from '../layers/activation-layers.js';
import { conv2d } from '../layers/conv.js';
import { depthwiseConv2d } from '../layers/depthwise-conv.js';
import type { Tensor } from '../tensor.js';
import { application } from './application.js';
import { averageHead, channelsOf, normalized, paddedForStride, roundedChannels, sum } from './blocks.js';
import { hosted } from './hosted.js';
import { checkAlpha, hostedSize } from './mobilenet.js';

/** What only this network has. */
export interface MobileNetV2Args {
  /** Factor of all widths. Default 1. */
  readonly alpha?: number;
}

/** Filters, strides of the first block, number of blocks. */
const stages = [
  [16, 1, 1],
  [24, 2, 2],
  [32, 2, 3],
  [64, 2, 4],
  [96, 1, 3],
  [160, 2, 3],
  [320, 1, 1],
] as const;

const sizes = [96, 128, 160, 192, 224];
const alphas = [0.35, 0.5, 0.75, 1, 1.3, 1.4];
/** How this family and the next normalize. */
export const normalization = { epsilon: 0.001, momentum: 0.999 };

function block(inputs: Tensor, filters: number, strides: number, index: number): Tensor {
  const prefix = index === 0 ? 'expanded_conv_' : `block_${index}_`;
  const plain = { useBias: false, padding: 'same' } as const;
  const standard = (x: Tensor, part: string): Tensor =>
    normalized(x, { ...normalization, name: `${prefix}${part}_BN` });
  const activated = (x: Tensor, part: string): Tensor =>
    reLU({ maxValue: 6, name: `${prefix}${part}_relu` })(standard(x, part));
  const channels = channelsOf(inputs);
  let x = inputs;
  if (index > 0) x = activated(conv2d(6 * channels, 1, { ...plain, name: `${prefix}expand` })(x), 'expand');
  if (strides === 2) x = paddedForStride(x, 3, `${prefix}pad`);
  const padding = strides === 1 ? 'same' : 'valid';
  x = depthwiseConv2d(3, { strides, padding, useBias: false, name: `${prefix}depthwise` })(x);
  x = conv2d(filters, 1, { ...plain, name: `${prefix}project` })(activated(x, 'depthwise'));
  x = standard(x, 'project');
  return channels === filters && strides === 1 ? sum([inputs, x], `${prefix}add`) : x;
}

export const mobileNetV2 = application<MobileNetV2Args>({
  where: 'mobileNetV2',
  name: ({ alpha, size, weights }) =>
    `mobilenetv2_${alpha.toFixed(2)}_${weights === 'imagenet' ? hostedSize(size, sizes) : (size[0] ?? 'None')}`,
  defaultSize: 224,
  otherSizes: sizes,
  minSize: 32,
  preprocess: 'tf',
  defaults: { alpha: 1 },
  checkHosted: ({ alpha }) => checkAlpha('mobileNetV2', alpha, alphas),
  hosted: ({ alpha, size, includeTop }) =>
    hosted('mobilenetV2', `${alpha === 1 ? '1.0' : alpha}_${hostedSize(size, sizes)}`, includeTop),
  build(image, site) {
    const { alpha } = site;
    const standard = (x: Tensor, name: string, label: string): Tensor =>
      reLU({ maxValue: 6, name: label })(normalized(x, { ...normalization, name }));
    const first = { strides: 2, padding: 'same', useBias: false, name: 'Conv1' } as const;
    let x = standard(conv2d(roundedChannels(32 * alpha), 3, first)(image), 'bn_Conv1', 'Conv1_relu');
    let index = 0;
    for (const [filters, strides, count] of stages) {
      const width = roundedChannels(Math.trunc(filters * alpha));
      for (let i = 0; i < count; i++) x = block(x, width, i === 0 ? strides : 1, index++);
    }
    const last = alpha > 1 ? roundedChannels(1280 * alpha) : 1280;
    x = standard(conv2d(last, 1, { useBias: false, name: 'Conv_1' })(x), 'Conv_1_bn', 'out_relu');
    return averageHead(x, site);
  },
});

export const { preprocessInput, decodePredictions } = mobileNetV2;
