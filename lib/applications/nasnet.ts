// Cells found by search on small images. Source: Zoph et al. 2017.
import { cropping2d, zeroPadding2d } from '../layers/borders.js';
import { conv2d } from '../layers/conv.js';
import { separableConv2d } from '../layers/depthwise-conv.js';
import { averagePooling2d, maxPooling2d } from '../layers/pooling.js';
import type { Tensor } from '../tensor.js';
import { HornetError } from '../errors.js';
import { application, type Application } from './application.js';
import { averageHead, channelsOf, imageSize, joined, normalized, paddedForStride, relu, sum } from './blocks.js';
import { hosted } from './hosted.js';

const standard = (x: Tensor, name: string): Tensor => normalized(x, { momentum: 0.9997, epsilon: 0.001, name });

const pointwise = (x: Tensor, filters: number, name: string): Tensor =>
  conv2d(filters, 1, { padding: 'same', useBias: false, kernelInitializer: 'heNormal', name })(x);

const averaged = (x: Tensor, strides: number, name: string): Tensor =>
  averagePooling2d({ poolSize: 3, strides, padding: strides === 1 ? 'same' : 'valid', name })(x);

const highest = (x: Tensor, name: string): Tensor => maxPooling2d({ poolSize: 3, strides: 2, name })(x);

/** Two separable convolutions, an activation in front of each. */
function separable(inputs: Tensor, filters: number, kernelSize: number, strides: number, id: string): Tensor {
  let x = relu(inputs);
  if (strides === 2) x = paddedForStride(x, kernelSize, `separable_conv_1_pad_${id}`);
  const first = { strides, padding: strides === 2 ? 'valid' : 'same', useBias: false } as const;
  x = separableConv2d(filters, kernelSize, { ...first, name: `separable_conv_1_${id}` })(x);
  x = relu(standard(x, `separable_conv_1_bn_${id}`));
  const second = { padding: 'same', useBias: false, name: `separable_conv_2_${id}` } as const;
  return standard(separableConv2d(filters, kernelSize, second)(x), `separable_conv_2_bn_${id}`);
}

/** The output of the cell before the last one, with the size and channels of the last one's. */
function adjusted(previous: Tensor | null, x: Tensor, filters: number, id: string): Tensor {
  if (previous === null) return x;
  if (imageSize(previous)[1] !== imageSize(x)[1]) return halved(previous, filters, id);
  if (channelsOf(previous) === filters) return previous;
  return standard(pointwise(relu(previous), filters, `adjust_conv_projection_${id}`), `adjust_bn_${id}`);
}

/** Half the size: every second pixel, and those between them. */
function halved(inputs: Tensor, filters: number, id: string): Tensor {
  const x = relu(inputs, `adjust_relu_1_${id}`);
  const path = (from: Tensor, i: number): Tensor => {
    const every = averagePooling2d({ poolSize: 1, strides: 2, name: `adjust_avg_pool_${i}_${id}` })(from);
    return pointwise(every, Math.floor(filters / 2), `adjust_conv_${i}_${id}`);
  };
  const first = path(x, 1);
  const [after, before] = [
    [0, 1],
    [1, 0],
  ] as const;
  const shifted = cropping2d({ cropping: [before, before] })(zeroPadding2d({ padding: [after, after] })(x));
  return standard(joined([first, path(shifted, 2)]), `adjust_bn_${id}`);
}

/** What two kinds of cells begin with: the adjusted output of the cell before, and the input with `filters` channels. */
function beginning(x: Tensor, previous: Tensor | null, filters: number, kind: string, id: string): [Tensor, Tensor] {
  const p = adjusted(previous, x, filters, id);
  return [p, standard(pointwise(relu(x), filters, `${kind}_conv_1_${id}`), `${kind}_bn_1_${id}`)];
}

/** Keeps the size. */
function normalCell(x: Tensor, previous: Tensor | null, filters: number, id: string): Tensor {
  const [p, h] = beginning(x, previous, filters, 'normal', id);
  const name = (part: string): string => `normal_${part}_${id}`;
  const conv = (from: Tensor, kernelSize: number, part: string): Tensor =>
    separable(from, filters, kernelSize, 1, name(part));
  const x1 = sum([conv(h, 5, 'left1'), conv(p, 3, 'right1')], name('add_1'));
  const x2 = sum([conv(p, 5, 'left2'), conv(p, 3, 'right2')], name('add_2'));
  const x3 = sum([averaged(h, 1, name('left3')), p], name('add_3'));
  const x4 = sum([averaged(p, 1, name('left4')), averaged(p, 1, name('right4'))], name('add_4'));
  const x5 = sum([conv(h, 3, 'left5'), h], name('add_5'));
  return joined([p, x1, x2, x3, x4, x5], name('concat'));
}

/** Halves the size. */
function reductionCell(x: Tensor, previous: Tensor | null, filters: number, id: string): Tensor {
  const [p, h] = beginning(x, previous, filters, 'reduction', id);
  const name = (part: string): string => `reduction_${part}_${id}`;
  const conv = (from: Tensor, kernelSize: number, strides: number, part: string): Tensor =>
    separable(from, filters, kernelSize, strides, name(part));
  const wide = paddedForStride(h, 3, name('pad_1'));
  const x1 = sum([conv(h, 5, 2, 'left1'), conv(p, 7, 2, 'right1')], name('add_1'));
  const x2 = sum([highest(wide, name('left2')), conv(p, 7, 2, 'right2')], name('add_2'));
  const x3 = sum([averaged(wide, 2, name('left3')), conv(p, 5, 2, 'right3')], name('add3'));
  const x4 = sum([x2, averaged(x1, 1, name('left4'))]);
  const x5 = sum([conv(x1, 3, 1, 'left4'), highest(wide, name('right5'))], name('add4'));
  return joined([x2, x3, x4, x5], name('concat'));
}

interface Kind {
  readonly size: number;
  readonly penultimate: number;
  /** Normal cells between reductions. */
  readonly cells: number;
  readonly stemFilters: number;
  /** Whether the cell behind a reduction sees what was two cells before it, not one. */
  readonly skipReduction: boolean;
}

function nasNet(
  variant: 'Mobile' | 'Large',
  { size, penultimate, cells, stemFilters, skipReduction }: Kind,
): Application {
  const where = `nasNet${variant}`;
  return application({
    where,
    name: `nasnet_${variant.toLowerCase()}`,
    defaultSize: size,
    minSize: 32,
    channelsLastOnly: true,
    sized: variant === 'Mobile' ? 'always' : 'withTop',
    preprocess: 'tf',
    defaults: {},
    checkHosted({ inputShape }) {
      if (!inputShape.includes(null)) return;
      throw new HornetError(where, 'the weights of ImageNet need an inputShape without null');
    },
    hosted: ({ includeTop }) => hosted('nasnet', variant.toLowerCase(), includeTop),
    build(image, site) {
      const filters = penultimate / 24;
      const stem = { strides: 2, useBias: false, kernelInitializer: 'heNormal', name: 'stem_conv1' } as const;
      let x = standard(conv2d(stemFilters, 3, stem)(image), 'stem_bn1');
      let previous: Tensor | null = null;
      const append = (cell: typeof normalCell, width: number, id: string, keepPrevious = false): void => {
        const next = cell(x, previous, width, id);
        if (!keepPrevious) previous = x;
        x = next;
      };
      append(reductionCell, filters / 4, 'stem_1');
      append(reductionCell, filters / 2, 'stem_2');
      for (let stage = 0; stage < 3; stage++) {
        const width = filters * 2 ** stage;
        if (stage > 0) append(reductionCell, width, `reduce_${stage * cells}`, skipReduction);
        for (let i = 0; i < cells; i++) append(normalCell, width, String(stage * cells + i + (stage > 0 ? 1 : 0)));
      }
      return averageHead(relu(x), site);
    },
  });
}

export const nasNetMobile = nasNet('Mobile', {
  size: 224,
  penultimate: 1056,
  cells: 4,
  stemFilters: 32,
  skipReduction: false,
});
export const nasNetLarge = nasNet('Large', {
  size: 331,
  penultimate: 4032,
  cells: 6,
  stemFilters: 96,
  skipReduction: true,
});
export const { preprocessInput, decodePredictions } = nasNetMobile;
