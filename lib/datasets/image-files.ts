// Single images. What an image of Pillow is in Keras is a uint8 tensor [height, width, channels] here.
import { extname } from 'node:path';
import { checkDataFormat, floatx, type DataFormat } from '../config.js';
import type { DType } from '../dtype.js';
import { HornetError, oneOf } from '../errors.js';
import { resize, type Interpolation } from '../ops/image/index.js';
import { checkSizes } from '../ops/image/layout.js';
import {
  cast,
  clip,
  divide,
  equal,
  expandDims,
  max,
  min,
  multiply,
  subtract,
  transpose,
  where as choose,
  type TensorLike,
} from '../ops/index.js';
import { replaceFile } from '../saving/atomic.js';
import { tensor, type Tensor } from '../tensor.js';
import { checkColorMode, decodeImage, type ColorMode } from './decode-image.js';
import { resampling, resamplingFilters, type ResamplingFilter } from './resampling.js';

/** Options of `loadImg`. */
export interface LoadImgArgs {
  /** Default `rgb`. */
  readonly colorMode?: ColorMode;
  /** [height, width]. Default: the image's own. */
  readonly targetSize?: readonly [number, number] | null;
  /** Default `nearest`. */
  readonly interpolation?: ResamplingFilter;
  /** Cut the middle out in the aspect ratio of `targetSize`, instead of distorting. Default false. */
  readonly keepAspectRatio?: boolean;
}

/**
 * An image from a file of JPEG, PNG, GIF (the first picture), WebP, TIFF, AVIF or BMP: uint8 [height, width, channels].
 *
 * @throws HornetError for a file that cannot be read or decoded.
 */
export async function loadImg(path: string, args: LoadImgArgs = {}): Promise<Tensor> {
  const where = 'loadImg';
  const { targetSize = null, keepAspectRatio = false, interpolation = 'nearest' } = args;
  const filter = oneOf(where, 'interpolation', interpolation, resamplingFilters);
  if (targetSize) checkSizes(where, 'targetSize', targetSize);
  const { pixels, shape } = await decodeImage(where, path, checkColorMode(where, args.colorMode), (image) =>
    targetSize ? resampling(image, targetSize, filter, keepAspectRatio) : null,
  );
  return tensor(Uint8Array.from(pixels), shape);
}

/** Options of `imgToArray`. */
export interface ImgToArrayArgs {
  /** Where the result has its channels. Default: `imageDataFormat()`. */
  readonly dataFormat?: DataFormat | null;
  /** Default: `floatx()`. */
  readonly dtype?: DType | null;
}

/** An image [height, width, channels] or [height, width] as numbers for a network, with an axis of channels. */
export function imgToArray(img: TensorLike, args: ImgToArrayArgs = {}): Tensor {
  const format = checkDataFormat(args.dataFormat, 'imgToArray');
  const image = cast(img, args.dtype ?? floatx());
  if (image.rank !== 2 && image.rank !== 3) {
    throw new HornetError(
      'imgToArray',
      `expected an image [height, width, channels] or [height, width], received shape [${image.shape.join(', ')}]`,
    );
  }
  const x = image.rank === 2 ? expandDims(image, -1) : image;
  return format === 'channels_first' ? transpose(x, { axes: [2, 0, 1] }) : x;
}

/** Options of `arrayToImg`. */
export interface ArrayToImgArgs {
  /** Where `x` has its channels. Default: `imageDataFormat()`. */
  readonly dataFormat?: DataFormat | null;
  /** Whether values are stretched so that they reach from 0 to 255. Default true. */
  readonly scale?: boolean;
  /** In what is computed. Default: `floatx()`. */
  readonly dtype?: DType | null;
}

/**
 * Numbers as an image: uint8 [height, width, channels]. Fractions are cut off; values beyond 0 to 255 take the nearest of
 * the two. Only an image of one channel that has larger values is int32.
 *
 * @param x - [height, width, channels] of 1, 3 or 4 channels, or with the channels first.
 * @throws HornetError for other shapes.
 */
export function arrayToImg(x: TensorLike, args: ArrayToImgArgs = {}): Promise<Tensor> {
  return toImage('arrayToImg', x, args);
}

async function toImage(where: string, x: TensorLike, args: ArrayToImgArgs): Promise<Tensor> {
  const { scale = true } = args;
  const format = checkDataFormat(args.dataFormat, where);
  let image = cast(x, args.dtype ?? floatx());
  const { shape } = image;
  if (image.rank === 3 && format === 'channels_first') image = transpose(image, { axes: [1, 2, 0] });
  if (image.rank !== 3 || ![1, 3, 4].includes(image.shape[2])) {
    throw new HornetError(where, `expected an image with 1, 3 or 4 channels, received shape [${shape.join(', ')}]`);
  }
  if (scale) {
    const above = subtract(image, min(image));
    const most = max(above);
    image = multiply(divide(above, choose(equal(most, 0), 1, most)), 255);
  } else if (image.shape[2] === 1 && Number(await cast(max(image), 'float32').array()) > 255) {
    return cast(image, 'int32');
  }
  return cast(clip(image, 0, 255), 'uint8');
}

/** By the ending of a file, the format in which sharp writes it. */
const formats = {
  jpg: 'jpeg',
  jpeg: 'jpeg',
  png: 'png',
  webp: 'webp',
  gif: 'gif',
  tif: 'tiff',
  tiff: 'tiff',
  avif: 'avif',
} as const;

/** Kinds of files that `saveImg` writes. */
export type ImageFileFormat = keyof typeof formats;

/** Options of `saveImg`. */
export interface SaveImgArgs {
  /** Where `x` has its channels. Default: `imageDataFormat()`. */
  readonly dataFormat?: DataFormat | null;
  /** The kind of file. Default: what the ending of `path` says. */
  readonly fileFormat?: ImageFileFormat | null;
  /** Whether values are stretched so that they reach from 0 to 255. Default true. */
  readonly scale?: boolean;
  /** Of JPEG, WebP and AVIF, from 1 to 100. Default: that of sharp, 80 for JPEG. */
  readonly quality?: number;
}

/**
 * Writes an image [height, width, channels] (1, 3 or 4 channels) into a file. JPEG has no opacity: it is left out, with a
 * warning. An image of one channel with values above 255 becomes a PNG or TIFF of 16 bits.
 *
 * @throws HornetError for other shapes and kinds of files, and where the file cannot be written.
 */
export async function saveImg(path: string, x: TensorLike, args: SaveImgArgs = {}): Promise<void> {
  const where = 'saveImg';
  const given = (args.fileFormat ?? extname(path).slice(1)).toLowerCase() as ImageFileFormat;
  const format = formats[oneOf(where, 'fileFormat', given, Object.keys(formats) as ImageFileFormat[])];
  const image = await toImage(where, x, args);
  const [height, width, channels] = image.shape;
  const deep = image.dtype === 'int32';
  if (deep && format !== 'png' && format !== 'tiff') {
    throw new HornetError(where, `expected values up to 255 for ${format}, received larger ones`);
  }
  const pixels = deep ? Uint16Array.from((await clip(image, 0, 0xffff).data()) as Int32Array) : await image.data();
  const { default: sharp } = await import('sharp');
  let source = sharp(pixels as Uint8Array, { raw: { width, height, channels: channels as 1 | 3 | 4 } });
  if (format === 'jpeg' && channels === 4) {
    process.emitWarning(`[${where}] JPEG has no opacity: it is left out`);
    source = source.removeAlpha();
  }
  if (channels === 1) source = source.toColourspace(deep ? 'grey16' : 'b-w');
  const options = {
    ...(args.quality === undefined ? {} : { quality: args.quality }),
    ...(format === 'tiff' ? { compression: 'deflate' } : {}),
  };
  await replaceFile(path, where, (beside) => source.toFormat(format, options).toFile(beside));
}

/** Options of `smartResize`. */
export interface SmartResizeArgs {
  /** Default `bilinear`. */
  readonly interpolation?: Interpolation;
  /** Default `channels_last`. */
  readonly dataFormat?: DataFormat;
}

/**
 * Resizes images [height, width, channels] or [batch, height, width, channels] to `size` = [height, width] without
 * distorting them: the largest part in the middle that has the aspect ratio of `size` is cut out first.
 *
 * @throws HornetError for other ranks, and sizes that are not positive integers.
 */
export const smartResize = (x: TensorLike, size: readonly number[], args: SmartResizeArgs = {}): Tensor =>
  resize(x, size, { dataFormat: 'channels_last', ...args, cropToAspectRatio: true });
