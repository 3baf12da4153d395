// Branches of convolutions of several sizes, side by side. Source: Szegedy et al. 2015.
import { conv2d } from '../layers/conv.js';
import { averagePooling2d, maxPooling2d } from '../layers/pooling.js';
import type { Tensor } from '../tensor.js';
import { application } from './application.js';
import { averageHead, joined, normalized, relu } from './blocks.js';
import { hosted } from './hosted.js';

/** A convolution: filters, kernel, and for a few the strides, without padding then. */
export type Conv = readonly [filters: number, kernelSize: number | readonly [number, number], strides?: number];
/** What lies side by side: each a chain of convolutions. */
export type Branches = readonly (readonly Conv[])[];

/** A convolution of a network, followed by normalization and activation. */
export type MakeConv = (x: Tensor, conv: Conv) => Tensor;

function conv(x: Tensor, [filters, kernelSize, strides]: Conv): Tensor {
  const padding = strides === undefined ? 'same' : 'valid';
  const y = conv2d(filters, kernelSize, { strides: strides ?? 1, padding, useBias: false })(x);
  return relu(normalized(y, { scale: false }));
}

export const chain = (x: Tensor, convs: readonly Conv[], make: MakeConv): Tensor => convs.reduce(make, x);

/** The beginning that both networks of this family share. */
export function inceptionStem(image: Tensor, make: MakeConv): Tensor {
  const convs: Branches = [
    [
      [32, 3, 2],
      [32, 3, 1],
      [64, 3],
    ],
    [
      [80, 1, 1],
      [192, 3, 1],
    ],
  ];
  return convs.reduce((x, part) => maxPooling2d({ poolSize: 3, strides: 2 })(chain(x, part, make)), image);
}

/** Branches, and behind them one that pools: to the same size, then `pooled` filters; to half of it without. */
export function inception(
  x: Tensor,
  branches: Branches,
  { pooled, name, make }: { pooled?: number; name: string; make: MakeConv },
): Tensor {
  const outputs = branches.map((convs) => chain(x, convs, make));
  return joined([...outputs, pool(x, pooled, make)], name);
}

function pool(x: Tensor, filters: number | undefined, make: MakeConv): Tensor {
  if (filters === undefined) return maxPooling2d({ poolSize: 3, strides: 2 })(x);
  return make(averagePooling2d({ poolSize: 3, strides: 1, padding: 'same' })(x), [filters, 1]);
}

/** Kernels up to 5 × 5. */
const small: Branches = [
  [[64, 1]],
  [
    [48, 1],
    [64, 5],
  ],
  [
    [64, 1],
    [96, 3],
    [96, 3],
  ],
];

/** Rows and columns of seven. */
const sevens = (width: number): Branches => [
  [[192, 1]],
  [
    [width, 1],
    [width, [1, 7]],
    [192, [7, 1]],
  ],
  [
    [width, 1],
    [width, [7, 1]],
    [width, [1, 7]],
    [width, [7, 1]],
    [192, [1, 7]],
  ],
];

/** To half the size. */
const reductions: Record<'first' | 'second', Branches> = {
  first: [
    [[384, 3, 2]],
    [
      [64, 1],
      [96, 3],
      [96, 3, 2],
    ],
  ],
  second: [
    [
      [192, 1],
      [320, 3, 2],
    ],
    [
      [192, 1],
      [192, [1, 7]],
      [192, [7, 1]],
      [192, 3, 2],
    ],
  ],
};

/** The last kind of block: branches that end in a row and a column side by side. */
function spread(x: Tensor, name: string, innerName: string): Tensor {
  const fork = (y: Tensor, label?: string): Tensor => joined([conv(y, [384, [1, 3]]), conv(y, [384, [3, 1]])], label);
  const plain = conv(x, [320, 1]);
  const short = fork(conv(x, [384, 1]), innerName);
  const long = fork(
    chain(
      x,
      [
        [448, 1],
        [384, 3],
      ],
      conv,
    ),
  );
  return joined([plain, short, long, pool(x, 192, conv)], name);
}

export const inceptionV3 = application({
  where: 'inceptionV3',
  name: 'inception_v3',
  defaultSize: 299,
  minSize: 75,
  preprocess: 'tf',
  defaults: {},
  hosted: ({ includeTop }) => hosted('inceptionV3', 'inception_v3', includeTop),
  build(image, site) {
    let x = inceptionStem(image, conv);
    let index = 0;
    const mix = (branches: Branches, pooled?: number): void => {
      x = inception(x, branches, { pooled, name: `mixed${index++}`, make: conv });
    };
    for (const pooled of [32, 64, 64]) mix(small, pooled);
    mix(reductions.first);
    for (const width of [128, 160, 160, 192]) mix(sevens(width), 192);
    mix(reductions.second);
    for (const i of [0, 1]) x = spread(x, `mixed${index++}`, `mixed9_${i}`);
    return averageHead(x, site, 'avg_pool');
  },
});
