// Layers that spread the values of every channel over the whole range: AutoContrast evenly, Equalization by frequency.
import { HornetError } from '../errors.js';
import {
  add,
  amax,
  amin,
  cast,
  clip,
  countNonzero,
  cumsum,
  divide,
  equal,
  greater,
  isnan,
  lessEqual,
  moveaxis,
  multiply,
  reshape,
  round,
  slice,
  subtract,
  takeAlongAxis,
  where,
} from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { bytes, changeRange, checkValueRange, type ValueRange } from './augmentation-args.js';
import { histogramRows } from './histograms.js';
import { BaseImagePreprocessingLayer, type ImagePreprocessingArgs, type TransformArgs } from './image-preprocessing.js';
import type { Config } from './layer.js';

export interface AutoContrastArgs extends ImagePreprocessingArgs {
  /** The values that pixels have. Default [0, 255]. */
  readonly valueRange?: ValueRange;
}

/** Stretches the values of every channel so that they fill the range; in training and outside of it. */
export class AutoContrast extends BaseImagePreprocessingLayer {
  static readonly className: string = 'AutoContrast';
  readonly valueRange: ValueRange;

  constructor(args: AutoContrastArgs = {}) {
    super(args);
    this.valueRange = checkValueRange(this.where, args.valueRange);
  }

  override transformImages(images: Tensor): Tensor {
    const given = cast(images, this.computeDtype);
    // As in Keras, these axes whatever the layout.
    const over = { axis: [1, 2], keepdims: true };
    const result = changeRange(given, [amin(given, over), amax(given, over)], this.valueRange);
    // What is all the same has no contrast to stretch.
    return where(isnan(result), given, result);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), valueRange: this.valueRange };
  }
}

export interface EqualizationArgs extends AutoContrastArgs {
  /** How many values are told apart. Default 256. */
  readonly bins?: number;
}

/** Spreads the values of every channel so that all of them are as frequent, over the whole batch. */
export class Equalization extends BaseImagePreprocessingLayer {
  static readonly className: string = 'Equalization';
  readonly bins: number;
  readonly valueRange: ValueRange;

  constructor(args: EqualizationArgs = {}) {
    super(args);
    this.bins = args.bins ?? 256;
    if (!(Number.isInteger(this.bins) && this.bins > 0)) {
      throw new HornetError(this.where, `expected bins to be a positive integer, received ${this.bins}`);
    }
    this.valueRange = checkValueRange(this.where, args.valueRange);
  }

  override transformImages(images: Tensor, _transformation: unknown, options: TransformArgs = {}): Tensor {
    const given = cast(images, this.computeDtype);
    if (options.training === false) return given;
    const planes = moveaxis(given, this.channelAxis, 0);
    const rows = scaleValues(reshape(planes, [planes.shape[0], -1]), this.valueRange, bytes);
    const equalized = scaleValues(this.equalize(rows), bytes, this.valueRange);
    return cast(moveaxis(reshape(equalized, planes.shape), 0, this.channelAxis), this.computeDtype);
  }

  /** Equalizes each row. */
  private equalize(rows: Tensor): Tensor {
    const last = this.bins - 1;
    const binned = cast(divide(multiply(cast(rows, 'float32'), last), 255), 'int32');
    const counts = histogramRows(clip(binned, 0, last), this.bins);
    const below = cast(cumsum(counts, { axis: 1 }), 'int64');
    const total = slice(below, [0, last], [rows.shape[0], 1]);
    const first = amin(where(greater(below, 0), below, total), { axis: 1, keepdims: true });
    const others = subtract(total, first);
    const spread = divide(multiply(subtract(below, first), 255), where(equal(others, 0), 1, others));
    const table = clip(round(spread), ...bytes);
    const places = cast(clip(multiply(divide(rows, 255), last), 0, last), 'int32');
    const isFlat = lessEqual(countNonzero(counts, { axis: 1 }), 1);
    return where(reshape(isFlat, [-1, 1]), rows, takeAlongAxis(table, places, { axis: 1 }));
  }

  override getConfig(): Config {
    return { ...super.getConfig(), bins: this.bins, valueRange: this.valueRange };
  }
}

/** Like `changeRange`, with one product and one sum: borders between bins depend on the rounding. */
function scaleValues(values: Tensor, [low, high]: ValueRange, [newLow, newHigh]: ValueRange): Tensor {
  const scale = (newHigh - newLow) / (high - low);
  return add(multiply(values, scale), newLow - low * scale);
}

for (const layer of [AutoContrast, Equalization]) registerSerializable('keras.layers', layer);

/** Makes an `AutoContrast` layer. */
export const autoContrast = (args?: AutoContrastArgs): AutoContrast => new AutoContrast(args);
/** Makes an `Equalization` layer. */
export const equalization = (args?: EqualizationArgs): Equalization => new Equalization(args);
