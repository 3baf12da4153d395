// What both families of EfficientNets share: inverted residual blocks with squeeze and excitation, and the classifier.
import { varianceScaling } from '../initializers/index.js';
import { conv2d, type ConvArgs } from '../layers/conv.js';
import { activation } from '../layers/core.js';
import { depthwiseConv2d } from '../layers/depthwise-conv.js';
import { multiply } from '../layers/merging.js';
import { dropout } from '../layers/noise.js';
import { globalAveragePooling2d } from '../layers/pooling.js';
import { reshape } from '../layers/reshaping.js';
import type { PerAxis } from '../ops/window.js';
import type { Tensor } from '../tensor.js';
import type { Site } from './application.js';
import {
  channelAxis,
  channelsOf,
  normalized,
  paddedForStride,
  pooledFeatures,
  poolNames,
  predictions,
  sum,
} from './blocks.js';

/** One block. */
export interface Block {
  readonly kernelSize: number;
  readonly strides: number;
  readonly filtersIn: number;
  readonly filtersOut: number;
  /** How much wider the block is inside. */
  readonly expansion: number;
  /** Channels between squeeze and excitation, as a part of the input's; 0: none. */
  readonly seRatio: number;
  /** Rate at which the block is left out of a sample in training. */
  readonly dropRate: number;
  readonly name: string;
}

const convInitializer = (): ReturnType<typeof varianceScaling> =>
  varianceScaling({ scale: 2, mode: 'fan_out', distribution: 'truncated_normal' });

/** A convolution without bias. */
export const plainConv = (x: Tensor, filters: number, kernelSize: PerAxis, args: ConvArgs): Tensor =>
  conv2d(filters, kernelSize, { padding: 'same', useBias: false, kernelInitializer: convInitializer(), ...args })(x);

/** Normalization and swish. */
export const activated = (x: Tensor, momentum: number, name: string): Tensor =>
  activation('swish', { name: `${name}activation` })(normalized(x, { momentum, name: `${name}bn` }));

/** Multiplies every channel with a factor that depends on the means of all. */
export function squeezed(x: Tensor, { filtersIn, seRatio, name }: Block): Tensor {
  if (seRatio === 0) return x;
  const filters = channelsOf(x);
  const part = (label: string, act: string): ConvArgs => ({
    padding: 'same',
    activation: act,
    kernelInitializer: convInitializer(),
    name: `${name}se_${label}`,
  });
  let se = globalAveragePooling2d({ name: `${name}se_squeeze` })(x);
  se = reshape(channelAxis() === 1 ? [filters, 1, 1] : [1, 1, filters], { name: `${name}se_reshape` })(se);
  se = conv2d(Math.max(1, Math.trunc(filtersIn * seRatio)), 1, part('reduce', 'swish'))(se);
  se = conv2d(filters, 1, part('expand', 'sigmoid'))(se);
  return multiply([x, se], { name: `${name}se_excite` });
}

/** Adds the input, where it has the shape of the output; in training the block is left out now and then. */
export function shortcut(x: Tensor, inputs: Tensor, { strides, filtersIn, filtersOut, dropRate, name }: Block): Tensor {
  if (strides !== 1 || filtersIn !== filtersOut) return x;
  const kept = dropRate > 0 ? dropout(dropRate, { noiseShape: [null, 1, 1, 1], name: `${name}drop` })(x) : x;
  return sum([kept, inputs], `${name}add`);
}

/** An inverted residual block. `padded`: zeros in front of strides are a layer of their own. */
export function mbConv(
  inputs: Tensor,
  block: Block,
  momentum: number,
  depthwise: { name: string; padded: boolean },
): Tensor {
  const { kernelSize, strides, filtersIn, expansion, name } = block;
  let x = inputs;
  if (expansion !== 1) {
    x = plainConv(x, filtersIn * expansion, 1, { name: `${name}expand_conv` });
    x = activated(x, momentum, `${name}expand_`);
  }
  const explicit = depthwise.padded && strides === 2;
  if (explicit) x = paddedForStride(x, kernelSize, `${name}dwconv_pad`);
  x = depthwiseConv2d(kernelSize, {
    strides,
    padding: explicit ? 'valid' : 'same',
    useBias: false,
    depthwiseInitializer: convInitializer(),
    name: `${name}${depthwise.name}`,
  })(x);
  x = squeezed(activated(x, momentum, name), block);
  x = plainConv(x, block.filtersOut, 1, { name: `${name}project_conv` });
  return shortcut(normalized(x, { momentum, name: `${name}project_bn` }), inputs, block);
}

/** One stage of a network: `repeats` blocks, the first of which takes the strides. */
export interface Stage {
  readonly repeats: number;
  readonly block: Omit<Block, 'dropRate' | 'name'>;
  readonly make: (x: Tensor, block: Block) => Tensor;
}

/** All stages. Rates of dropout rise from 0 to `dropConnect` over `count` blocks. */
export function stack(image: Tensor, stages: readonly Stage[], count: number, dropConnect = 0.2): Tensor {
  let x = image;
  let index = 0;
  stages.forEach(({ repeats, block, make }, stage) => {
    for (let i = 0; i < repeats; i++) {
      const name = `block${stage + 1}${String.fromCharCode('a'.charCodeAt(0) + i)}_`;
      const following = i === 0 ? {} : { strides: 1, filtersIn: block.filtersOut };
      x = make(x, { ...block, ...following, dropRate: (dropConnect * index++) / count, name });
    }
  });
  return x;
}

/** The end of both families. */
export function efficientHead(x: Tensor, site: Site, rate: number): Tensor {
  if (!site.includeTop) return pooledFeatures(x, site, poolNames);
  const pooled = globalAveragePooling2d({ name: 'avg_pool' })(x);
  const kernelInitializer = varianceScaling({ scale: 1 / 3, mode: 'fan_out', distribution: 'uniform' });
  return predictions(dropout(rate, { name: 'top_dropout' })(pooled), site, { kernelInitializer });
}
