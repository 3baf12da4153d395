// Inception blocks whose outputs are added to their inputs. Source: Szegedy et al. 2016.
import { conv2d } from '../layers/conv.js';
import { Layer, type Config, type LayerArgs } from '../layers/layer.js';
import { add, multiply } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { application } from './application.js';
import { averageHead, channelsOf, joined, normalized, relu } from './blocks.js';
import { hosted } from './hosted.js';
import { chain, inception, inceptionStem, type Branches, type Conv } from './inception-v3.js';

/** The first of two inputs plus the second one, scaled. */
class CustomScaleLayer extends Layer {
  static readonly className: string = 'CustomScaleLayer';
  static override readonly requiredArgs: readonly string[] = ['scale'];

  constructor(
    readonly scale: number,
    args: LayerArgs = {},
  ) {
    super(args);
    this.built = true;
  }

  override call([x, residual]: readonly [Tensor, Tensor]): Tensor {
    return add(x, multiply(residual, this.scale));
  }

  override getConfig(): Config {
    return { ...super.getConfig(), scale: this.scale };
  }
}

registerSerializable('keras.src.applications.inception_resnet_v2', CustomScaleLayer);

const named = (x: Tensor, [filters, kernelSize, strides]: Conv, name?: string): Tensor => {
  const padding = strides === undefined ? 'same' : 'valid';
  const y = conv2d(filters, kernelSize, { strides: strides ?? 1, padding, useBias: false, name })(x);
  return relu(normalized(y, { scale: false, name: name && `${name}_bn` }), name && `${name}_ac`);
};
const conv = (x: Tensor, given: Conv): Tensor => named(x, given);

const first: Branches = [
  [[96, 1]],
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

/** To half the size. */
const reductions: Record<'a' | 'b', Branches> = {
  a: [
    [[384, 3, 2]],
    [
      [256, 1],
      [256, 3],
      [384, 3, 2],
    ],
  ],
  b: [
    [
      [256, 1],
      [384, 3, 2],
    ],
    [
      [256, 1],
      [288, 3, 2],
    ],
    [
      [256, 1],
      [288, 3],
      [320, 3, 2],
    ],
  ],
};

/** The residual blocks, by the size of the image at their place. */
const residuals: Record<'block35' | 'block17' | 'block8', Branches> = {
  block35: [
    [[32, 1]],
    [
      [32, 1],
      [32, 3],
    ],
    [
      [32, 1],
      [48, 3],
      [64, 3],
    ],
  ],
  block17: [
    [[192, 1]],
    [
      [128, 1],
      [160, [1, 7]],
      [192, [7, 1]],
    ],
  ],
  block8: [
    [[192, 1]],
    [
      [192, 1],
      [224, [1, 3]],
      [256, [3, 1]],
    ],
  ],
};

/** Repeats a residual block; `last`: the scale of one more that ends without activation. */
function repeat(image: Tensor, kind: keyof typeof residuals, count: number, scale: number, last?: number): Tensor {
  let x = image;
  const scales = [...Array<number>(count).fill(scale), ...(last === undefined ? [] : [last])];
  scales.forEach((factor, i) => {
    const name = `${kind}_${i + 1}`;
    const outputs = residuals[kind].map((convs) => chain(x, convs, conv));
    const mixed = joined(outputs, `${name}_mixed`);
    const up = conv2d(channelsOf(x), 1, { padding: 'same', name: `${name}_conv` })(mixed);
    x = new CustomScaleLayer(factor)([x, up]);
    if (i < count) x = relu(x, `${name}_ac`);
  });
  return x;
}

export const inceptionResNetV2 = application({
  where: 'inceptionResNetV2',
  name: 'inception_resnet_v2',
  defaultSize: 299,
  minSize: 75,
  preprocess: 'tf',
  defaults: {},
  hosted: ({ includeTop }) => hosted('inceptionResNetV2', 'inception_resnet_v2', includeTop),
  build(image, site) {
    let x = inception(inceptionStem(image, conv), first, { pooled: 64, name: 'mixed_5b', make: conv });
    x = repeat(x, 'block35', 10, 0.17);
    x = inception(x, reductions.a, { name: 'mixed_6a', make: conv });
    x = repeat(x, 'block17', 20, 0.1);
    x = inception(x, reductions.b, { name: 'mixed_7a', make: conv });
    x = repeat(x, 'block8', 9, 0.2, 1);
    return averageHead(named(x, [1536, 1], 'conv_7b'), site, 'avg_pool');
  },
});

export const { preprocessInput, decodePredictions } = inceptionResNetV2;
