// EfficientNets whose first stages have plain convolutions, which are faster to train. Source: Tan & Le 2021.
import { rescaling } from '../layers/scaling.js';
import { normalization } from '../layers/standardization.js';
import type { Tensor } from '../tensor.js';
import { application, type Application } from './application.js';
import { channelAxis, channelsOf, normalized } from './blocks.js';
import { hosted } from './hosted.js';
import { activated, efficientHead, mbConv, plainConv, shortcut, squeezed, stack, type Block } from './mb-conv.js';

/** What only these networks have. */
export interface EfficientNetV2Args {
  /** Whether the model itself scales pixels of 0 to 255. Default true. */
  readonly includePreprocessing?: boolean;
}

/** Repeats, filters in and out, expansion, strides, whether the block is fused. All kernels are 3 × 3. */
type Row = readonly [
  repeats: number,
  filtersIn: number,
  filtersOut: number,
  expansion: number,
  strides: number,
  fused: boolean,
];

const tables: Record<'s' | 'm' | 'l' | 'b', readonly Row[]> = {
  s: [
    [2, 24, 24, 1, 1, true],
    [4, 24, 48, 4, 2, true],
    [4, 48, 64, 4, 2, true],
    [6, 64, 128, 4, 2, false],
    [9, 128, 160, 6, 1, false],
    [15, 160, 256, 6, 2, false],
  ],
  m: [
    [3, 24, 24, 1, 1, true],
    [5, 24, 48, 4, 2, true],
    [5, 48, 80, 4, 2, true],
    [7, 80, 160, 4, 2, false],
    [14, 160, 176, 6, 1, false],
    [18, 176, 304, 6, 2, false],
    [5, 304, 512, 6, 1, false],
  ],
  l: [
    [4, 32, 32, 1, 1, true],
    [7, 32, 64, 4, 2, true],
    [7, 64, 96, 4, 2, true],
    [10, 96, 192, 4, 2, false],
    [19, 192, 224, 6, 1, false],
    [25, 224, 384, 6, 2, false],
    [7, 384, 640, 6, 1, false],
  ],
  b: [
    [1, 32, 16, 1, 1, true],
    [2, 16, 32, 4, 2, true],
    [2, 32, 48, 4, 2, true],
    [3, 48, 96, 4, 2, false],
    [5, 96, 112, 6, 1, false],
    [8, 112, 192, 6, 2, false],
  ],
};

const MOMENTUM = 0.9;

/** The multiple of 8 next to a number of channels. */
const rounded = (channels: number): number => Math.max(8, Math.floor(Math.trunc(channels + 4) / 8) * 8);

/** A block whose first convolution takes the place of the wide and the depthwise one. */
function fusedMbConv(inputs: Tensor, block: Block): Tensor {
  const { kernelSize, strides, filtersIn, filtersOut, expansion, name } = block;
  const wide = expansion !== 1;
  let x = inputs;
  if (wide) {
    x = plainConv(x, filtersIn * expansion, kernelSize, { strides, name: `${name}expand_conv` });
    x = activated(x, MOMENTUM, `${name}expand_`);
  }
  x = squeezed(x, block);
  const geometry = wide ? { kernelSize: 1, strides: 1 } : { kernelSize, strides };
  x = plainConv(x, filtersOut, geometry.kernelSize, { strides: geometry.strides, name: `${name}project_conv` });
  x = wide
    ? normalized(x, { momentum: MOMENTUM, name: `${name}project_bn` })
    : activated(x, MOMENTUM, `${name}project_`);
  return shortcut(x, inputs, block);
}

/** Pixels of 0 to 255 as the network wants them: the small ones were trained on standardized colors. */
function preprocessed(image: Tensor, standardized: boolean): Tensor {
  if (!standardized || channelsOf(image) !== 3) return rescaling(1 / 128, { offset: -1 })(image);
  const moments = { mean: [0.485, 0.456, 0.406], variance: [0.229 ** 2, 0.224 ** 2, 0.225 ** 2] };
  return normalization({ ...moments, axis: channelAxis() })(rescaling(1 / 255)(image));
}

function efficientNetV2(variant: string, size: number, width = 1, depth = 1): Application<EfficientNetV2Args> {
  const name = `efficientnetv2-${variant.toLowerCase()}`;
  const kind = variant[0].toLowerCase() as keyof typeof tables;
  const table = tables[kind];
  const stages = table.map(([repeats, filtersIn, filtersOut, expansion, strides, fused]) => ({
    repeats: Math.ceil(depth * repeats),
    block: {
      kernelSize: 3,
      strides,
      filtersIn: rounded(filtersIn * width),
      filtersOut: rounded(filtersOut * width),
      expansion,
      seRatio: fused ? 0 : 0.25,
    },
    make: (x: Tensor, block: Block) =>
      fused ? fusedMbConv(x, block) : mbConv(x, block, MOMENTUM, { name: 'dwconv2', padded: false }),
  }));
  // Rates of dropout rise over the blocks of the table, whatever the depth.
  const count = table.reduce((total, [repeats]) => total + repeats, 0);
  return application<EfficientNetV2Args>({
    where: `efficientNetV2${variant}`,
    name,
    defaultSize: size,
    minSize: 32,
    defaults: { includePreprocessing: true },
    hosted: ({ includeTop }) => hosted('efficientnetV2', name, includeTop),
    build(image, site) {
      let x = site.includePreprocessing ? preprocessed(image, kind === 'b') : image;
      x = plainConv(x, stages[0].block.filtersIn, 3, { strides: 2, name: 'stem_conv' });
      x = stack(activated(x, MOMENTUM, 'stem_'), stages, count);
      x = activated(plainConv(x, rounded(1280 * width), 1, { name: 'top_conv' }), MOMENTUM, 'top_');
      return efficientHead(x, site, 0.2);
    },
  });
}

export const efficientNetV2B0 = efficientNetV2('B0', 224);
export const efficientNetV2B1 = efficientNetV2('B1', 240, 1, 1.1);
export const efficientNetV2B2 = efficientNetV2('B2', 260, 1.1, 1.2);
export const efficientNetV2B3 = efficientNetV2('B3', 300, 1.2, 1.4);
export const efficientNetV2S = efficientNetV2('S', 384);
export const efficientNetV2M = efficientNetV2('M', 480);
export const efficientNetV2L = efficientNetV2('L', 480);
export const { preprocessInput, decodePredictions } = efficientNetV2S;
