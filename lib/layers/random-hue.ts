// Layers that change colors in the space of hue, saturation and value.
import { epsilon } from '../config.js';
import {
  add,
  cast,
  clip,
  concatenate,
  divide,
  greater,
  image,
  less,
  multiply,
  split,
  subtract,
  where,
} from '../ops/index.js';
import type { SeedGenerator } from '../random.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { changeRange, type Bounds, type Factor } from './augmentation-args.js';
import { drawPerImage, drawWhether, type ImageSizes } from './image-preprocessing.js';
import { RandomColorLayer, type RandomColorArgs } from './random-color-layer.js';

type Planes = readonly [hue: Tensor, saturation: Tensor, value: Tensor];

abstract class HsvLayer extends RandomColorLayer {
  protected throughHsv(images: Tensor, change: (...planes: Planes) => Planes): Tensor {
    const { dataFormat, channelAxis } = this;
    const planes = split(image.rgbToHsv(images, { dataFormat }), 3, { axis: channelAxis }) as unknown as Planes;
    return image.hsvToRgb(concatenate(change(...planes), { axis: channelAxis }), { dataFormat });
  }
}

/** Turns the hue by up to half a circle in either direction, times a number drawn from `factor` within [0, 1]. */
export class RandomHue extends HsvLayer {
  static readonly className: string = 'RandomHue';

  protected override draw(sizes: ImageSizes, seed: SeedGenerator): Tensor {
    const isBackwards = drawWhether(sizes.batch, [0.5, 0.5], seed);
    const turn = multiply(super.draw(sizes, seed), 0.5);
    return where(isBackwards, multiply(turn, -1), turn);
  }

  protected augment(images: Tensor, turn: Tensor): Tensor {
    const turned = this.throughHsv(changeRange(images, this.valueRange, [0, 1]), (hue, ...others) => {
      const wide = add(hue, turn);
      const below = where(greater(wide, 1), subtract(wide, 1), wide);
      return [where(less(below, 0), add(below, 1), below), ...others];
    });
    return changeRange(clip(turned, 0, 1), [0, 1], this.valueRange);
  }
}

/** Scales the saturation by f / (1 − f): 0 is gray, 0.5 the image itself; f is drawn from `factor` within [−1, 1]. */
export class RandomSaturation extends HsvLayer {
  static readonly className: string = 'RandomSaturation';
  static override readonly factorLimits: Bounds = [-1, 1];

  protected override draw({ batch }: ImageSizes, seed: SeedGenerator): Tensor {
    const factor = drawPerImage(batch, this.factor, seed);
    return divide(factor, add(subtract(1, factor), epsilon()));
  }

  protected augment(images: Tensor, scale: Tensor): Tensor {
    return this.throughHsv(images, (hue, saturation, value) => [
      hue,
      clip(multiply(saturation, cast(scale, images.dtype)), ...this.valueRange),
      value,
    ]);
  }
}

for (const layer of [RandomHue, RandomSaturation]) registerSerializable('keras.layers', layer);

/** Makes a `RandomHue` layer. */
export const randomHue = (factor: Factor, args?: RandomColorArgs): RandomHue => new RandomHue(factor, args);
/** Makes a `RandomSaturation` layer. */
export const randomSaturation = (factor: Factor, args?: RandomColorArgs): RandomSaturation =>
  new RandomSaturation(factor, args);
