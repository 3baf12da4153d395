// Masks of classes over images.
import { isInteger } from '../../dtype.js';
import { HornetError } from '../../errors.js';
import {
  add,
  cast,
  clip,
  convertToTensor,
  expandDims,
  greaterEqual,
  less,
  logicalAnd,
  max,
  mod,
  multiply,
  notEqual,
  squeeze,
  take,
  where as choose,
  type TensorLike,
} from '../../ops/index.js';
import { tensor, type Tensor } from '../../tensor.js';
import { batchOf, channelsLast, type Color, type LayoutArgs } from './batch.js';

/** How masks are drawn. */
export interface MaskDrawingArgs {
  /** A color for each class, from 0 on. Default: black, then colors that lie far from each other. */
  readonly colorMapping?: Readonly<Record<number, Color>> | null;
  /** How opaque the masks are, from 0 to 1. Default 0.8. */
  readonly alpha?: number;
  /** Whether the image shows through. Default true. */
  readonly blend?: boolean;
  /** A class that is not drawn. Default −1. */
  readonly ignoreIndex?: number;
}

/** Options of `drawSegmentationMasks`. */
export interface DrawMasksArgs extends MaskDrawingArgs, LayoutArgs {
  /** Classes 0 to numClasses − 1 are drawn. Default: the largest class of the masks, which is then not drawn, as in Keras. */
  readonly numClasses?: number | null;
}

/** Red, green and blue of class 1; class n has n times as much, without multiples of 255. */
const firstColor = [1, 127, 31];

/**
 * Images with the classes of their pixels laid over them in colors: uint8 [batch, height, width, 3], float32 where nothing
 * is blended, in the layout of `images`.
 *
 * @param images - [batch, height, width, 3] from 0 to 255, or with the channels first.
 * @param segmentationMasks - Whole numbers [batch, height, width, 1] or [batch, height, width]; the channel's axis as in `images`.
 * @throws HornetError for other shapes, masks that are not whole numbers, and classes without a color.
 */
export function drawSegmentationMasks(
  images: TensorLike,
  segmentationMasks: TensorLike,
  args: DrawMasksArgs = {},
): Tensor {
  const where = 'drawSegmentationMasks';
  const { numClasses = null, colorMapping = null, alpha = 0.8, blend = true, ignoreIndex = -1 } = args;
  const { batch, restore } = batchOf(where, images, args);
  const image = cast(batch, 'float32');
  if (image.shape[3] !== 3) {
    throw new HornetError(where, `expected images with 3 channels, received shape [${image.shape.join(', ')}]`);
  }
  const mask = classesOf(where, segmentationMasks, image, args);
  const drawn = logicalAnd(
    logicalAnd(greaterEqual(mask, 0), less(mask, numClasses ?? max(mask))),
    notEqual(mask, ignoreIndex),
  );
  const colors = colorMapping
    ? take(tableOf(where, colorMapping, numClasses), clip(mask, 0, largestOf(colorMapping)), { axis: 0 })
    : mod(multiply(expandDims(mask, -1), cast(firstColor, 'int32')), 255);
  const painted = choose(expandDims(drawn, -1), cast(colors, 'float32'), image);
  if (!blend) return restore(painted);
  const mixed = add(multiply(image, 1 - alpha), multiply(painted, alpha));
  const visible = choose(expandDims(notEqual(mask, ignoreIndex), -1), mixed, image);
  return restore(cast(clip(visible, 0, 255), 'uint8'));
}

/** The masks as int32 [batch, height, width]. */
function classesOf(where: string, masks: TensorLike, image: Tensor, { dataFormat }: LayoutArgs): Tensor {
  // Plain numbers have no type of their own.
  const given = Array.isArray(masks) ? cast(masks, 'int32') : convertToTensor(masks);
  if (!isInteger(given.dtype)) {
    throw new HornetError(where, `expected segmentationMasks of whole numbers, received dtype ${given.dtype}`);
  }
  const first = given.rank === 4 && dataFormat === 'channels_first';
  const planes = first ? channelsLast(given) : given;
  const mask = planes.rank === 4 && planes.shape[3] === 1 ? squeeze(planes, { axis: -1 }) : planes;
  const wanted = image.shape.slice(0, 3);
  if (mask.shape.join() !== wanted.join()) {
    const text = `[${wanted.join(', ')}] or [${wanted.join(', ')}, 1]`;
    throw new HornetError(where, `expected segmentationMasks of shape ${text}, received [${given.shape.join(', ')}]`);
  }
  return cast(mask, 'int32');
}

const largestOf = (colors: Readonly<Record<number, Color>>): number => Math.max(...Object.keys(colors).map(Number));

/** The colors by class. */
function tableOf(where: string, colors: Readonly<Record<number, Color>>, numClasses: number | null): Tensor {
  const classes = numClasses ?? largestOf(colors) + 1;
  const rows = Array.from({ length: Math.max(classes, largestOf(colors) + 1) }, (_, i) => {
    if (!colors[i] && i < classes) {
      throw new HornetError(
        where,
        `expected colorMapping to have the colors of classes 0 to ${classes - 1}, not of ${i}`,
      );
    }
    return [...(colors[i] ?? [0, 0, 0])];
  });
  return tensor(rows, undefined, 'float32');
}
