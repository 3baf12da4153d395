// Boxes around objects in images: formats, what transformations of the image do to them, overlap, anchors.
export {
  convertFormat,
  type BoundingBoxes,
  type BoundingBoxFormat,
  type ConvertFormatArgs,
  type ImageSizeArgs,
} from './formats.js';
export {
  affineTransform,
  clipToImageSize,
  crop,
  pad,
  type AffineArgs,
  type ClipArgs,
  type CornersArgs,
} from './geometry.js';
export { computeCiou, computeIou, type CiouArgs, type IouArgs } from './iou.js';
export {
  decodeDeltasToBoxes,
  encodeBoxToDeltas,
  type ByLevel,
  type DecodeArgs,
  type DeltaFormat,
  type EncodeArgs,
} from './deltas.js';
