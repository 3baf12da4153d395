// Boxes as what a detector learns: how far they are from anchors, in sizes of the anchor.
import { epsilon } from '../../config.js';
import { HornetError } from '../../errors.js';
import {
  add,
  cast,
  concatenate,
  convertToTensor,
  divide,
  exp,
  log,
  maximum,
  multiply,
  split,
  subtract,
  type TensorLike,
} from '../../ops/index.js';
import { Tensor } from '../../tensor.js';
import { Variable } from '../../variable.js';
import { convertFormat, type BoundingBoxFormat, type ConvertFormatArgs } from './formats.js';

/** The formats in which differences are taken. */
export type DeltaFormat = 'center_xywh' | 'center_yxhw';

interface DeltaArgs {
  /** Four numbers by which differences are divided. Default: none. */
  readonly variance?: readonly number[] | Tensor | null;
  /** [height, width, channels], needed for relative formats. */
  readonly imageShape?: readonly number[] | null;
}

export interface EncodeArgs extends DeltaArgs {
  /** Default `center_yxhw`. */
  readonly encodingFormat?: DeltaFormat;
}

export interface DecodeArgs extends DeltaArgs {
  /** Default `center_yxhw`. */
  readonly encodedFormat?: DeltaFormat;
}

function readArgs(
  where: string,
  name: string,
  format: DeltaFormat,
  { variance, imageShape }: DeltaArgs,
): { variance: Tensor | null; size: ConvertFormatArgs } {
  if (format !== 'center_xywh' && format !== 'center_yxhw') {
    throw new HornetError(where, `expected ${name} to be center_xywh or center_yxhw, received '${String(format)}'`);
  }
  const factors = variance ? cast(variance, 'float32') : null;
  if (factors && factors.shape.at(-1) !== 4) {
    throw new HornetError(where, `expected variance to be four numbers, received shape [${factors.shape.join(', ')}]`);
  }
  return { variance: factors, size: imageShape ? { height: imageShape[0], width: imageShape[1] } : {} };
}

/** The two numbers of the place and the two of the size. */
const halves = (boxes: Tensor): Tensor[] => split(boxes, 2, { axis: -1 });

/**
 * Differences of boxes [n, 4] or [batch, n, 4] from anchors [n, 4]: of the places in sizes of the anchor, of the sizes as
 * logarithms.
 *
 * @throws HornetError for unknown formats, and a variance that is not four numbers.
 */
export function encodeBoxToDeltas(
  anchors: TensorLike,
  boxes: TensorLike,
  anchorFormat: BoundingBoxFormat,
  boxFormat: BoundingBoxFormat,
  options: EncodeArgs = {},
): Tensor {
  const { encodingFormat = 'center_yxhw' } = options;
  const { variance, size } = readArgs('encodeBoxToDeltas', 'encodingFormat', encodingFormat, options);
  const [anchorPlace, anchorSize] = halves(convertFormat(anchors, anchorFormat, encodingFormat, size));
  const [boxPlace, boxSize] = halves(convertFormat(boxes, boxFormat, encodingFormat, size));
  const [anchorSide, boxSide] = [maximum(anchorSize, epsilon()), maximum(boxSize, epsilon())];
  const deltas = concatenate([divide(subtract(boxPlace, anchorPlace), anchorSide), log(divide(boxSide, anchorSide))], {
    axis: -1,
  });
  return variance ? divide(deltas, variance) : deltas;
}

/** Tensors by level of a feature pyramid. */
export type ByLevel = { readonly [level: string]: TensorLike };

/**
 * Boxes from their differences, the inverse of `encodeBoxToDeltas`. Anchors and differences may come as records with one
 * tensor per level; then so does the result.
 *
 * @throws HornetError for unknown formats, and a variance that is not four numbers.
 */
export function decodeDeltasToBoxes<A extends TensorLike | ByLevel>(
  anchors: A,
  boxesDelta: A extends ByLevel ? ByLevel : TensorLike,
  anchorFormat: BoundingBoxFormat,
  boxFormat: BoundingBoxFormat,
  options: DecodeArgs = {},
): A extends TensorLike ? Tensor : { [level: string]: Tensor } {
  const { encodedFormat = 'center_yxhw' } = options;
  const { variance, size } = readArgs('decodeDeltasToBoxes', 'encodedFormat', encodedFormat, options);
  const decode = (anchor: TensorLike, delta: TensorLike): Tensor => {
    const [anchorPlace, anchorSize] = halves(convertFormat(anchor, anchorFormat, encodedFormat, size));
    const [place, side] = halves(variance ? multiply(delta, variance) : convertToTensor(delta));
    const box = concatenate([add(multiply(place, anchorSize), anchorPlace), multiply(exp(side), anchorSize)], {
      axis: -1,
    });
    return convertFormat(box, encodedFormat, boxFormat, size);
  };
  const result = isByLevel(anchors)
    ? Object.fromEntries(
        Object.entries(anchors).map(([level, each]) => [level, decode(each, (boxesDelta as ByLevel)[level])]),
      )
    : decode(anchors, boxesDelta as TensorLike);
  return result as A extends TensorLike ? Tensor : { [level: string]: Tensor };
}

const isByLevel = (anchors: TensorLike | ByLevel): anchors is ByLevel =>
  typeof anchors === 'object' &&
  !(anchors instanceof Tensor) &&
  !(anchors instanceof Variable) &&
  !Array.isArray(anchors) &&
  !ArrayBuffer.isView(anchors);
