// Contrast limited adaptive histogram equalization (CLAHE): every pixel is equalized by the histograms of the tiles around.
import { checkSizes } from '../ops/image/layout.js';
import {
  add,
  amin,
  arange,
  cast,
  clip,
  convertToTensor,
  cumsum,
  divide,
  equal,
  moveaxis,
  multiply,
  pad,
  ravel,
  reshape,
  subtract,
  sum,
  take,
  transpose,
  where,
} from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { bytes, changeRange, checkValueRange, type ValueRange } from './augmentation-args.js';
import { histogramRows } from './histograms.js';
import { BaseImagePreprocessingLayer, type ImagePreprocessingArgs } from './image-preprocessing.js';
import type { Config } from './layer.js';

export interface ContrastLimitedAdaptiveHistogramEqualizationArgs extends ImagePreprocessingArgs {
  /** The values that pixels have. Default [0, 255]. */
  readonly valueRange?: ValueRange;
  /** How much more frequent than on average a value may count, 0 for no limit. Default 4. */
  readonly clipLimit?: number;
  /** In how many tiles height and width are divided. Default [8, 8]. */
  readonly tileGridSize?: readonly [number, number];
}

const BINS = 256;

/** One axis of the grid: for each pixel the two nearest tiles, and how close the second one is. */
interface Neighbors {
  readonly first: readonly number[];
  readonly second: readonly number[];
  readonly weights: readonly number[];
}

function neighbors(length: number, tile: number, tiles: number): Neighbors {
  const within = (index: number): number => Math.min(Math.max(index, 0), tiles - 1);
  const positions = Array.from({ length }, (_, i) => Math.fround((i - tile / 2) / tile));
  const first = positions.map(Math.floor);
  return {
    first: first.map(within),
    second: first.map((index) => within(index + 1)),
    weights: positions.map((position, i) => position - first[i]),
  };
}

/**
 * Equalizes contrast locally: every tile of the image has its own histogram, cut off at a limit so that noise is not
 * amplified, and pixels are mapped by the tiles around them. Acts in training and outside of it and keeps the dtype.
 */
export class ContrastLimitedAdaptiveHistogramEqualization extends BaseImagePreprocessingLayer {
  static readonly className: string = 'ContrastLimitedAdaptiveHistogramEqualization';
  readonly valueRange: ValueRange;
  readonly clipLimit: number;
  readonly tileGridSize: readonly [number, number];

  constructor(args: ContrastLimitedAdaptiveHistogramEqualizationArgs = {}) {
    super(args);
    this.valueRange = checkValueRange(this.where, args.valueRange);
    this.clipLimit = args.clipLimit ?? 4;
    this.tileGridSize = args.tileGridSize ?? [8, 8];
    checkSizes(this.where, 'tileGridSize', this.tileGridSize);
  }

  override transformImages(images: Tensor): Tensor {
    const values = changeRange(cast(moveaxis(images, this.channelAxis, -1), 'float32'), this.valueRange, bytes);
    const equalized = changeRange(this.equalize(values), bytes, this.valueRange);
    return cast(moveaxis(equalized, -1, this.channelAxis), images.dtype);
  }

  /** Equalizes bytes [batch, height, width, channels]. */
  private equalize(values: Tensor): Tensor {
    const [batch, height, width, channels] = values.shape;
    const [rows, columns] = this.tileGridSize;
    const [tileHeight, tileWidth] = [Math.ceil(height / rows), Math.ceil(width / columns)];
    const pixels = cast(clip(values, ...bytes), 'int32');
    const missing = [[0, 0], [0, tileHeight * rows - height], [0, tileWidth * columns - width], [0, 0]]; // prettier-ignore
    const whole = pad(pixels, missing, { mode: 'symmetric' });
    const tiles = transpose(reshape(whole, [batch, rows, tileHeight, columns, tileWidth, channels]), {
      axes: [0, 1, 3, 5, 2, 4],
    });
    const table = ravel(this.mapsOf(reshape(tiles, [batch * rows * columns * channels, tileHeight * tileWidth])));

    const along = (axis: number, numbers: readonly number[], dtype: 'int32' | 'float32'): Tensor =>
      reshape(convertToTensor(numbers, { dtype }), [1, 1, 1, 1].with(axis, numbers.length));
    const [down, right] = [neighbors(height, tileHeight, rows), neighbors(width, tileWidth, columns)];
    const inTile = add(multiply(reshape(arange(channels), [1, 1, 1, channels]), BINS), pixels);
    const step = BINS * channels;
    const image = multiply(reshape(arange(batch), [batch, 1, 1, 1]), step * rows * columns);
    const valueIn = (row: readonly number[], column: readonly number[]): Tensor => {
      const tile = add(
        along(1, row.map((index) => index * columns * step), 'int32'), // prettier-ignore
        along(2, column.map((index) => index * step), 'int32'), // prettier-ignore
      );
      return take(table, add(add(image, tile), inTile));
    };
    const mix = (a: Tensor, b: Tensor, weight: Tensor): Tensor =>
      add(multiply(a, subtract(1, weight)), multiply(b, weight));
    const [isLower, isRight] = [along(1, down.weights, 'float32'), along(2, right.weights, 'float32')];
    const rowOf = (row: readonly number[]): Tensor =>
      mix(valueIn(row, right.first), valueIn(row, right.second), isRight);
    return mix(rowOf(down.first), rowOf(down.second), isLower);
  }

  /** The new value of each byte by the pixels of a tile: [tiles, pixels] to [tiles, 256]. */
  private mapsOf(tiles: Tensor): Tensor {
    const count = tiles.shape[1];
    const counts = cast(histogramRows(tiles, BINS), 'float32');
    const limited = this.clipLimit > 0 ? spreadExcess(counts, (this.clipLimit * count) / BINS) : counts;
    const below = cumsum(limited, { axis: 1 });
    const least = amin(below, { axis: 1, keepdims: true });
    const others = subtract(count, least);
    return clip(divide(multiply(subtract(below, least), 255), where(equal(others, 0), 1, others)), ...bytes);
  }

  override getConfig(): Config {
    const { valueRange, clipLimit, tileGridSize } = this;
    return { ...super.getConfig(), valueRange, clipLimit, tileGridSize };
  }
}

/** What is above the limit is spread over all bins. */
function spreadExcess(counts: Tensor, limit: number): Tensor {
  const clipped = clip(counts, 0, limit);
  const excess = sum(subtract(counts, clipped), { axis: 1, keepdims: true });
  return add(clipped, divide(excess, BINS));
}

registerSerializable('keras.layers', ContrastLimitedAdaptiveHistogramEqualization);

/** Makes a `ContrastLimitedAdaptiveHistogramEqualization` layer. */
export const contrastLimitedAdaptiveHistogramEqualization = (
  args?: ContrastLimitedAdaptiveHistogramEqualizationArgs,
): ContrastLimitedAdaptiveHistogramEqualization => new ContrastLimitedAdaptiveHistogramEqualization(args);
