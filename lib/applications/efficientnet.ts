// Width, depth and size scaled together. Source: Tan & Le 2019.
import { rescaling } from '../layers/scaling.js';
import { normalization } from '../layers/standardization.js';
import type { Tensor } from '../tensor.js';
import { application, type Application } from './application.js';
import { channelAxis, paddedForStride, roundedChannels } from './blocks.js';
import { hosted } from './hosted.js';
import { activated, efficientHead, mbConv, plainConv, stack, type Block } from './mb-conv.js';

/** Kernel, repeats, filters in and out, expansion, strides. */
const table = [
  [3, 1, 32, 16, 1, 1],
  [3, 2, 16, 24, 6, 2],
  [5, 2, 24, 40, 6, 2],
  [3, 3, 40, 80, 6, 2],
  [5, 3, 80, 112, 6, 1],
  [5, 4, 112, 192, 6, 2],
  [3, 1, 192, 320, 6, 1],
] as const;

const MOMENTUM = 0.99;
/** The square roots of the deviations: as the published weights were trained. */
const deviations = [0.229, 0.224, 0.225].map((deviation) => 1 / Math.sqrt(deviation));

function efficientNet(
  index: number,
  [width, depth, size, rate]: readonly [number, number, number, number],
): Application {
  const name = `efficientnetb${index}`;
  const channels = (filters: number): number => roundedChannels(filters * width);
  const stages = table.map(([kernelSize, repeats, filtersIn, filtersOut, expansion, strides]) => ({
    repeats: Math.ceil(depth * repeats),
    block: {
      kernelSize,
      strides,
      filtersIn: channels(filtersIn),
      filtersOut: channels(filtersOut),
      expansion,
      seRatio: 0.25,
    },
    make: (x: Tensor, block: Block) => mbConv(x, block, MOMENTUM, { name: 'dwconv', padded: true }),
  }));
  const count = stages.reduce((total, { repeats }) => total + repeats, 0);
  return application({
    where: `efficientNetB${index}`,
    name,
    defaultSize: size,
    minSize: 32,
    defaults: {},
    hosted: ({ includeTop }) => hosted('efficientnet', name, includeTop),
    build(image, site) {
      let x = normalization({ axis: channelAxis() })(rescaling(1 / 255)(image));
      if (site.weights === 'imagenet') x = rescaling(deviations)(x);
      x = paddedForStride(x, 3, 'stem_conv_pad');
      x = plainConv(x, channels(32), 3, { strides: 2, padding: 'valid', name: 'stem_conv' });
      x = stack(activated(x, MOMENTUM, 'stem_'), stages, count);
      x = activated(plainConv(x, channels(1280), 1, { name: 'top_conv' }), MOMENTUM, 'top_');
      return efficientHead(x, site, rate);
    },
  });
}

/** Width, depth, size of images, rate of dropout in front of the classifier. */
const scales = [
  [1, 1, 224, 0.2],
  [1, 1.1, 240, 0.2],
  [1.1, 1.2, 260, 0.3],
  [1.2, 1.4, 300, 0.3],
  [1.4, 1.8, 380, 0.4],
  [1.6, 2.2, 456, 0.4],
  [1.8, 2.6, 528, 0.5],
  [2, 3.1, 600, 0.5],
] as const;

export const [
  efficientNetB0,
  efficientNetB1,
  efficientNetB2,
  efficientNetB3,
  efficientNetB4,
  efficientNetB5,
  efficientNetB6,
  efficientNetB7,
] = scales.map((scale, index) => efficientNet(index, scale)) as [
  Application,
  Application,
  Application,
  Application,
  Application,
  Application,
  Application,
  Application,
];
export const { preprocessInput, decodePredictions } = efficientNetB0;
