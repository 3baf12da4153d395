// Inverted residuals with squeeze and excitation, found by search. Source: Howard et al. 2019.
import { HornetError } from '../errors.js';
import { reLU } from '../layers/activation-layers.js';
import { conv2d } from '../layers/conv.js';
import { activation } from '../layers/core.js';
import { depthwiseConv2d } from '../layers/depthwise-conv.js';
import { multiply as product } from '../layers/merging.js';
import { dropout } from '../layers/noise.js';
import { globalAveragePooling2d } from '../layers/pooling.js';
import { flatten } from '../layers/reshaping.js';
import { rescaling } from '../layers/scaling.js';
import { add, multiply } from '../ops/index.js';
import type { Tensor } from '../tensor.js';
import { application, type Application } from './application.js';
import { channelsOf, normalized, paddedForStride, pooledFeatures, poolNames, roundedChannels, sum } from './blocks.js';
import { hosted } from './hosted.js';
import { checkAlpha } from './mobilenet.js';
import { normalization } from './mobilenet-v2.js';

/** What only these networks have. */
export interface MobileNetV3Args {
  /** Factor of all widths. Default 1. */
  readonly alpha?: number;
  /** Without what accelerators are slow at: large kernels, squeeze and excitation, hard swish. Default false. */
  readonly minimalistic?: boolean;
  /** Rate of the dropout in front of the classifier. Default 0.2. */
  readonly dropoutRate?: number;
  /** Whether the model itself scales pixels of 0 to 255. Default true. */
  readonly includePreprocessing?: boolean;
}

/** Expansion, filters, kernel, strides, whether it squeezes, whether hard swish takes the place of ReLU. */
type Block = readonly [
  expansion: number,
  filters: number,
  kernel: number,
  strides: number,
  se: boolean,
  swish: boolean,
];

const small: readonly Block[] = [
  [1, 16, 3, 2, true, false],
  [72 / 16, 24, 3, 2, false, false],
  [88 / 24, 24, 3, 1, false, false],
  [4, 40, 5, 2, true, true],
  [6, 40, 5, 1, true, true],
  [6, 40, 5, 1, true, true],
  [3, 48, 5, 1, true, true],
  [3, 48, 5, 1, true, true],
  [6, 96, 5, 2, true, true],
  [6, 96, 5, 1, true, true],
  [6, 96, 5, 1, true, true],
];

const large: readonly Block[] = [
  [1, 16, 3, 1, false, false],
  [4, 24, 3, 2, false, false],
  [3, 24, 3, 1, false, false],
  [3, 40, 5, 2, true, false],
  [3, 40, 5, 1, true, false],
  [3, 40, 5, 1, true, false],
  [6, 80, 3, 2, false, true],
  [2.5, 80, 3, 1, false, true],
  [2.3, 80, 3, 1, false, true],
  [2.3, 80, 3, 1, false, true],
  [6, 112, 3, 1, true, true],
  [6, 112, 3, 1, true, true],
  [6, 160, 5, 2, true, true],
  [6, 160, 5, 1, true, true],
  [6, 160, 5, 1, true, true],
];

const plain = { padding: 'same', useBias: false } as const;

/** Multiplies every channel with a factor that depends on the means of all. */
function squeezed(inputs: Tensor, channels: number, prefix: string): Tensor {
  const name = (part: string): string => `${prefix}squeeze_excite_${part}`;
  let x = globalAveragePooling2d({ keepdims: true, name: name('avg_pool') })(inputs);
  x = conv2d(roundedChannels(channels * 0.25), 1, { padding: 'same', name: name('conv') })(x);
  x = conv2d(channels, 1, { padding: 'same', name: name('conv_1') })(reLU({ name: name('relu') })(x));
  x = multiply(reLU({ maxValue: 6 })(add(x, 3)), 1 / 6);
  return product([inputs, x], { name: name('mul') });
}

function block(inputs: Tensor, [expansion, filters, kernel, strides, se, swish]: Block, index: number): Tensor {
  const prefix = index === 0 ? 'expanded_conv_' : `expanded_conv_${index}_`;
  const standard = (x: Tensor, part: string): Tensor =>
    normalized(x, { ...normalization, name: `${prefix}${part}_bn` });
  const activate = (x: Tensor): Tensor => (swish ? activation('hard_swish') : reLU())(x);
  const channels = channelsOf(inputs);
  const inner = roundedChannels(channels * expansion);
  let x = inputs;
  if (index > 0) x = activate(standard(conv2d(inner, 1, { ...plain, name: `${prefix}expand` })(x), 'expand'));
  if (strides === 2) x = paddedForStride(x, kernel, `${prefix}depthwise_pad`);
  const padding = strides === 1 ? 'same' : 'valid';
  x = depthwiseConv2d(kernel, { strides, padding, useBias: false, name: `${prefix}depthwise` })(x);
  x = activate(standard(x, 'depthwise'));
  if (se) x = squeezed(x, inner, prefix);
  x = standard(conv2d(filters, 1, { ...plain, name: `${prefix}project` })(x), 'project');
  return strides === 1 && channels === filters ? sum([inputs, x], `${prefix}add`) : x;
}

/** The block without what the minimalistic networks leave out. */
const simplified = ([expansion, filters, , strides]: Block): Block => [expansion, filters, 3, strides, false, false];

function mobileNetV3(kind: 'Small' | 'Large', table: readonly Block[], points: number): Application<MobileNetV3Args> {
  const where = `mobileNetV3${kind}`;
  return application<MobileNetV3Args>({
    where,
    name: `MobileNetV3${kind}`,
    defaultSize: 224,
    minSize: 32,
    sized: 'never',
    defaults: { alpha: 1, minimalistic: false, dropoutRate: 0.2, includePreprocessing: true },
    checkHosted: ({ alpha, minimalistic }) => checkAlpha(where, alpha, minimalistic ? [1] : [0.75, 1]),
    hosted({ alpha, minimalistic, includeTop }) {
      const variant = `${kind.toLowerCase()}${minimalistic ? '_minimalistic' : ''}_224_${alpha === 1 ? '1.0' : alpha}`;
      return hosted('mobilenetV3', variant, includeTop);
    },
    build(image, site) {
      const { alpha, minimalistic, classes, dropoutRate } = site;
      if (dropoutRate < 0 || dropoutRate > 1) {
        throw new HornetError(where, `expected dropoutRate to be within [0, 1], received ${dropoutRate}`);
      }
      const activate = (x: Tensor): Tensor => (minimalistic ? reLU() : activation('hard_swish'))(x);
      const standard = (x: Tensor, name: string): Tensor =>
        activate(normalized(x, { ...normalization, name: `${name}_bn` }));
      let x = site.includePreprocessing ? rescaling(1 / 127.5, { offset: -1 })(image) : image;
      x = standard(conv2d(16, 3, { ...plain, strides: 2, name: 'conv' })(x), 'conv');
      table.forEach((row, i) => {
        const [expansion, filters, ...rest] = minimalistic ? simplified(row) : row;
        x = block(x, [expansion, roundedChannels(filters * alpha), ...rest], i);
      });
      x = conv2d(roundedChannels(channelsOf(x) * 6), 1, { ...plain, name: 'conv_1' })(x);
      x = standard(x, 'conv_1');
      if (!site.includeTop) return pooledFeatures(x, site, poolNames);
      x = globalAveragePooling2d({ keepdims: true })(x);
      const width = alpha > 1 ? roundedChannels(points * alpha) : points;
      x = activate(conv2d(width, 1, { padding: 'same', name: 'conv_2' })(x));
      if (dropoutRate > 0) x = dropout(dropoutRate)(x);
      x = flatten()(conv2d(classes, 1, { padding: 'same', name: 'logits' })(x));
      return activation(site.classifierActivation ?? 'linear', { name: 'predictions' })(x);
    },
  });
}

export const mobileNetV3Small = mobileNetV3('Small', small, 1024);
export const mobileNetV3Large = mobileNetV3('Large', large, 1280);
export const { preprocessInput, decodePredictions } = mobileNetV3Large;
