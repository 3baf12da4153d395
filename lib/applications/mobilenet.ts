// Depthwise separable convolutions for phones. Source: Howard et al. 2017.
import { HornetError } from '../errors.js';
import { reLU } from '../layers/activation-layers.js';
import { zeroPadding2d } from '../layers/borders.js';
import { conv2d } from '../layers/conv.js';
import { activation } from '../layers/core.js';
import { depthwiseConv2d } from '../layers/depthwise-conv.js';
import { dropout } from '../layers/noise.js';
import { globalAveragePooling2d } from '../layers/pooling.js';
import { reshape } from '../layers/reshaping.js';
import type { Tensor } from '../tensor.js';
import { application } from './application.js';
import { normalized, pooledFeatures } from './blocks.js';
import { hosted } from './hosted.js';

/** What only this network has. */
export interface MobileNetArgs {
  /** Factor of all widths. Default 1. */
  readonly alpha?: number;
  /** Outputs of depthwise convolutions per channel. Default 1. */
  readonly depthMultiplier?: number;
  /** Rate of the dropout in front of the classifier. Default 0.001. */
  readonly dropout?: number;
}

/** Filters and strides of the blocks. */
const blocks = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  ...Array.from({ length: 5 }, () => [512, 1]),
  [1024, 2],
  [1024, 1],
] as const;

const sizes = [128, 160, 192, 224];
/** How file names write the factors of width. */
const alphas = new Map([
  [0.25, '2_5'],
  [0.5, '5_0'],
  [0.75, '7_5'],
  [1, '1_0'],
]);

const activated = (x: Tensor, name: string): Tensor =>
  reLU({ maxValue: 6, name: `${name}_relu` })(normalized(x, { name: `${name}_bn` }));

/** The size whose weights are hosted. */
export const hostedSize = (size: readonly (number | null)[], known: readonly number[]): number =>
  size[0] === size[1] && known.includes(size[0]!) ? size[0]! : 224;

/** Throws unless weights are hosted for that factor of width. */
export function checkAlpha(where: string, alpha: number, hostedAlphas: readonly number[]): void {
  if (hostedAlphas.includes(alpha)) return;
  const known = hostedAlphas.join(', ');
  throw new HornetError(where, `the weights of ImageNet are there for alpha ${known}, received ${String(alpha)}`);
}

export const mobileNet = application<MobileNetArgs>({
  where: 'mobileNet',
  name: ({ alpha, size, weights }) =>
    `mobilenet_${alpha.toFixed(2)}_${weights === 'imagenet' ? hostedSize(size, sizes) : (size[0] ?? 'None')}`,
  defaultSize: 224,
  otherSizes: sizes,
  minSize: 32,
  preprocess: 'tf',
  defaults: { alpha: 1, depthMultiplier: 1, dropout: 0.001 },
  checkHosted({ alpha, depthMultiplier }) {
    checkAlpha('mobileNet', alpha, [...alphas.keys()]);
    if (depthMultiplier === 1) return;
    const message = `the weights of ImageNet are there for depthMultiplier 1, received ${depthMultiplier}`;
    throw new HornetError('mobileNet', message);
  },
  hosted: ({ alpha, size, includeTop }) =>
    hosted('mobilenet', `${alphas.get(alpha)!}_${hostedSize(size, sizes)}`, includeTop),
  build(image, site) {
    const { alpha, depthMultiplier, classes } = site;
    const width = (filters: number): number => Math.trunc(filters * alpha);
    const first = { strides: 2, padding: 'same', useBias: false, name: 'conv1' } as const;
    let x = activated(conv2d(width(32), 3, first)(image), 'conv1');
    blocks.forEach(([filters, strides], i) => {
      const [depthwise, pointwise] = [`conv_dw_${i + 1}`, `conv_pw_${i + 1}`];
      const margin: [[number, number], [number, number]] = [
        [0, 1],
        [0, 1],
      ];
      if (strides > 1) x = zeroPadding2d({ padding: margin, name: `conv_pad_${i + 1}` })(x);
      const padding = strides > 1 ? 'valid' : 'same';
      x = depthwiseConv2d(3, { strides, padding, depthMultiplier, useBias: false, name: depthwise })(x);
      x = activated(x, depthwise);
      x = activated(conv2d(width(filters), 1, { padding: 'same', useBias: false, name: pointwise })(x), pointwise);
    });
    if (!site.includeTop) return pooledFeatures(x, site);
    x = dropout(site.dropout, { name: 'dropout' })(globalAveragePooling2d({ keepdims: true })(x));
    x = conv2d(classes, 1, { padding: 'same', name: 'conv_preds' })(x);
    x = reshape([classes], { name: 'reshape_2' })(x);
    return activation(site.classifierActivation ?? 'linear', { name: 'predictions' })(x);
  },
});

export const { preprocessInput, decodePredictions } = mobileNet;
