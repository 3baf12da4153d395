// Convolutions arranged as in a vision transformer. Source: Liu et al. 2022.
import { constant } from '../initializers/index.js';
import { conv2d } from '../layers/conv.js';
import { activation } from '../layers/core.js';
import { dense } from '../layers/dense.js';
import { Layer, type Config, type LayerArgs } from '../layers/layer.js';
import { uniqueName } from '../layers/naming.js';
import { layerNormalization } from '../layers/normalization.js';
import { globalAveragePooling2d } from '../layers/pooling.js';
import { normalization } from '../layers/standardization.js';
import { Sequential } from '../models/sequential.js';
import { add, multiply } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { application, type Application } from './application.js';
import { channelsOf, pooledFeatures } from './blocks.js';
import { hosted } from './hosted.js';

/** What only these networks have. */
export interface ConvNeXtArgs {
  /** Whether the model itself standardizes pixels of 0 to 255. Default true. */
  readonly includePreprocessing?: boolean;
}

/** A learned factor for every channel, small in the beginning. */
class LayerScale extends Layer {
  static readonly className: string = 'LayerScale';
  static override readonly requiredArgs: readonly string[] = ['initValues', 'projectionDim'];
  gamma!: Variable;

  constructor(
    readonly initValues: number,
    readonly projectionDim: number,
    args: LayerArgs = {},
  ) {
    super(args);
  }

  override build(): void {
    this.gamma = this.addWeight({
      name: uniqueName('variable'),
      shape: [this.projectionDim],
      initializer: constant(this.initValues),
    });
  }

  override call(inputs: Tensor): Tensor {
    return multiply(inputs, this.gamma);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), initValues: this.initValues, projectionDim: this.projectionDim };
  }
}

registerSerializable('keras.src.applications.convnext', LayerScale);

const standard = (name?: string): Layer => layerNormalization({ epsilon: 1e-6, name });

function block(inputs: Tensor, channels: number, name: string): Tensor {
  const depthwise = { padding: 'same', groups: channels, name: `${name}_depthwise_conv` } as const;
  let x = standard(`${name}_layernorm`)(conv2d(channels, 7, depthwise)(inputs));
  x = dense(4 * channels, { name: `${name}_pointwise_conv_1` })(x);
  x = activation('gelu', { name: `${name}_gelu` })(x);
  x = dense(channels, { name: `${name}_pointwise_conv_2` })(x);
  x = new LayerScale(1e-6, channels, { name: `${name}_layer_scale` })(x);
  return add(inputs, activation('linear', { name: `${name}_identity` })(x));
}

/** To a fraction of the size: patches without overlap. */
function downsample(x: Tensor, stage: number, channels: number, name: string): Tensor {
  const layers =
    stage === 0
      ? [conv2d(channels, 4, { strides: 4, name: `${name}_stem_conv` }), standard(`${name}_stem_layernorm`)]
      : [
          standard(`${name}_downsampling_layernorm_${stage - 1}`),
          conv2d(channels, 2, { strides: 2, name: `${name}_downsampling_conv_${stage - 1}` }),
        ];
  const label = stage === 0 ? `${name}_stem` : `${name}_downsampling_block_${stage - 1}`;
  return new Sequential(layers, { name: label })(x);
}

const pixels = {
  mean: [0.485, 0.456, 0.406].map((mean) => mean * 255),
  variance: [0.229, 0.224, 0.225].map((deviation) => (deviation * 255) ** 2),
};

function convNeXt(variant: string, depths: readonly number[], width: number): Application<ConvNeXtArgs> {
  const published = `convnext_${variant.toLowerCase()}`;
  return application<ConvNeXtArgs>({
    where: `convNeXt${variant}`,
    name: published,
    defaultSize: 224,
    minSize: 32,
    channelsLastOnly: true,
    defaults: { includePreprocessing: true },
    hosted: ({ includeTop }) => hosted('convnext', published, includeTop),
    build(image, site) {
      const { name } = site;
      let x = image;
      if (site.includePreprocessing && channelsOf(x) === 3) {
        x = normalization({ ...pixels, name: `${name}_prestem_normalization` })(x);
      }
      depths.forEach((depth, stage) => {
        const channels = width * 2 ** stage;
        x = downsample(x, stage, channels, name);
        for (let i = 0; i < depth; i++) x = block(x, channels, `${name}_stage_${stage}_block_${i}`);
      });
      if (!site.includeTop) return standard()(pooledFeatures(x, site));
      x = standard(`${name}_head_layernorm`)(globalAveragePooling2d({ name: `${name}_head_gap` })(x));
      return dense(site.classes, { activation: site.classifierActivation, name: `${name}_head_dense` })(x);
    },
  });
}

export const convNeXtTiny = convNeXt('Tiny', [3, 3, 9, 3], 96);
export const convNeXtSmall = convNeXt('Small', [3, 3, 27, 3], 96);
export const convNeXtBase = convNeXt('Base', [3, 3, 27, 3], 128);
export const convNeXtLarge = convNeXt('Large', [3, 3, 27, 3], 192);
export const convNeXtXLarge = convNeXt('XLarge', [3, 3, 27, 3], 256);
export const { preprocessInput, decodePredictions } = convNeXtTiny;
