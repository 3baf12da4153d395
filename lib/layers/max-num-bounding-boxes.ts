// A layer that gives every image the same number of bounding boxes.
import { HornetError } from '../errors.js';
import { pad, slice } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { BoundingBoxes } from '../utils/bounding-boxes/formats.js';
import { BaseImagePreprocessingLayer, type ImagePreprocessingArgs } from './image-preprocessing.js';
import type { Config } from './layer.js';

export interface MaxNumBoundingBoxesArgs extends ImagePreprocessingArgs {
  /** What boxes and labels are filled up with. Default −1. */
  readonly fillValue?: number;
}

/** Cuts the boxes of every image off, or fills them up, to `maxNumber`. */
export class MaxNumBoundingBoxes extends BaseImagePreprocessingLayer {
  static readonly className: string = 'MaxNumBoundingBoxes';
  static override readonly requiredArgs: readonly string[] = ['maxNumber'];
  readonly fillValue: number;

  constructor(
    readonly maxNumber: number,
    args: MaxNumBoundingBoxesArgs = {},
  ) {
    super(args);
    if (!(Number.isInteger(maxNumber) && maxNumber >= 0)) {
      throw new HornetError(this.where, `expected maxNumber to be a non-negative integer, received ${maxNumber}`);
    }
    this.fillValue = Math.trunc(args.fillValue ?? -1);
  }

  override transformImages(images: Tensor): Tensor {
    return images;
  }

  override transformBoundingBoxes(given: BoundingBoxes): BoundingBoxes {
    const resize = (x: Tensor): Tensor => {
      const [batch, count, ...rest] = x.shape;
      const kept = slice(
        x,
        x.shape.map(() => 0),
        [batch, Math.min(count, this.maxNumber), ...rest],
      );
      const missing = Math.max(this.maxNumber - count, 0);
      const width = x.shape.map((_, axis) => (axis === 1 ? [0, missing] : [0, 0]));
      return pad(kept, width, { constantValues: this.fillValue });
    };
    return { ...given, boxes: resize(given.boxes), labels: resize(given.labels) };
  }

  override getConfig(): Config {
    return { ...super.getConfig(), maxNumber: this.maxNumber, fillValue: this.fillValue };
  }
}

registerSerializable('keras.layers', MaxNumBoundingBoxes);

/** Makes a `MaxNumBoundingBoxes` layer. */
export const maxNumBoundingBoxes = (maxNumber: number, args?: MaxNumBoundingBoxesArgs): MaxNumBoundingBoxes =>
  new MaxNumBoundingBoxes(maxNumber, args);
