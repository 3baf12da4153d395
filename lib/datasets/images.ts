// Images: data sets from directories, single files.
import { imageDataFormat, type DataFormat } from '../config.js';
import { HornetError } from '../errors.js';
import { transpose } from '../ops/index.js';
import { interpolations, type Interpolation } from '../ops/image/taps.js';
import { tensor, type Tensor } from '../tensor.js';
import { channelsOf, decodeImage, type ColorMode, type DecodedImage } from './decode-image.js';
import { datasetFromDirectory, type DirectoryArgs, type DirectoryDataset, type LabelledBatch } from './directory.js';

const extensions = ['.gif', '.jpeg', '.jpg', '.png', '.webp'];

/** Options of `imageDatasetFromDirectory`. */
export interface ImageDirectoryArgs extends DirectoryArgs {
  /** Default `rgb`. */
  readonly colorMode?: ColorMode;
  /** [height, width], or one number for both. Default 256. */
  readonly imageSize?: number | readonly [number, number];
  /** Default `bilinear`. */
  readonly interpolation?: Interpolation;
  /** Cut off what does not fit the aspect ratio, instead of distorting. Default false. */
  readonly cropToAspectRatio?: boolean;
  /** Fill up what the aspect ratio needs with black, instead of distorting. Default false. */
  readonly padToAspectRatio?: boolean;
  /** Default: `imageDataFormat()`. */
  readonly dataFormat?: DataFormat | null;
}

/** A data set of images and labels. */
export type ImageDataset = DirectoryDataset<LabelledBatch<Tensor>>;

/**
 * Images in folders, one folder a class, as batches `[images, labels]`: images float32 [batch, height, width, channels] from
 * 0 to 255. They are decoded in threads of their own while the device works. JPEG, PNG, GIF (the first picture), WebP.
 *
 * @throws HornetError for a directory that cannot be read, or holds no images.
 */
export function imageDatasetFromDirectory(
  directory: string,
  args: ImageDirectoryArgs & { readonly subset: 'both' },
): Promise<[ImageDataset, ImageDataset]>;
export function imageDatasetFromDirectory(directory: string, args?: ImageDirectoryArgs): Promise<ImageDataset>;
export async function imageDatasetFromDirectory(
  directory: string,
  args: ImageDirectoryArgs = {},
): Promise<ImageDataset | ImageDataset[]> {
  const where = 'imageDatasetFromDirectory';
  const { imageSize = 256, cropToAspectRatio, padToAspectRatio } = args;
  const format = args.dataFormat ?? imageDataFormat();
  const size: readonly [number, number] = typeof imageSize === 'number' ? [imageSize, imageSize] : imageSize;
  if (size.length !== 2 || !size.every((side) => Number.isInteger(side) && side > 0)) {
    throw new HornetError(where, `expected imageSize to be two positive integers, received [${size.join(', ')}]`);
  }
  if (cropToAspectRatio && padToAspectRatio) {
    throw new HornetError(where, 'expected at most one of cropToAspectRatio and padToAspectRatio');
  }
  const decoding = { ...decodeArgs(where, args), size, cropToAspectRatio, padToAspectRatio };
  const batch = (images: readonly DecodedImage[]): Tensor => {
    const { shape } = images[0];
    const pixels = new Float32Array(images.length * images[0].pixels.length);
    images.forEach((image, i) => pixels.set(image.pixels, i * image.pixels.length));
    return inFormat(tensor(pixels, [images.length, ...shape]), format);
  };
  const kind = {
    where,
    what: 'images',
    extensions,
    decode: (path: string) => decodeImage(where, path, decoding),
    batch,
    single: (image: DecodedImage) => inFormat(tensor(image.pixels, image.shape), format),
  };
  return datasetFromDirectory(directory, kind, args);
}

/** Options of `loadImg`. */
export interface LoadImgArgs {
  /** Default `rgb`. */
  readonly colorMode?: ColorMode;
  /** [height, width]. Default: the image's own. */
  readonly targetSize?: readonly [number, number] | null;
  /** Default `nearest`. */
  readonly interpolation?: Interpolation;
  /** Cut the middle out in the aspect ratio of `targetSize`, instead of distorting. Default false. */
  readonly keepAspectRatio?: boolean;
}

/** An image from a file: float32 [height, width, channels] from 0 to 255. */
export async function loadImg(path: string, args: LoadImgArgs = {}): Promise<Tensor> {
  const { targetSize = null, keepAspectRatio, interpolation = 'nearest', colorMode } = args;
  const decoding = decodeArgs('loadImg', { colorMode, interpolation });
  const { pixels, shape } = await decodeImage('loadImg', path, {
    ...decoding,
    size: targetSize,
    cropToAspectRatio: keepAspectRatio,
  });
  return tensor(pixels, shape);
}

/** Options of `saveImg`. */
export interface SaveImgArgs {
  /** Default: `imageDataFormat()`. */
  readonly dataFormat?: DataFormat | null;
  /** Whether values are stretched so that they reach from 0 to 255. Default true. */
  readonly scale?: boolean;
}

/** Writes an image [height, width, channels] (1, 3 or 4 channels) into a file of the kind that its ending says. */
export async function saveImg(path: string, x: Tensor, args: SaveImgArgs = {}): Promise<void> {
  const { scale = true } = args;
  const format = args.dataFormat ?? imageDataFormat();
  const image = format === 'channels_first' ? transpose(x, { axes: [1, 2, 0] }) : x;
  const [height, width, channels] = image.shape;
  if (image.rank !== 3 || ![1, 3, 4].includes(channels)) {
    throw new HornetError(
      'saveImg',
      `expected an image with 1, 3 or 4 channels, received shape [${x.shape.join(', ')}]`,
    );
  }
  const values = Float64Array.from((await image.data()) as ArrayLike<number>, Number);
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const stretch = (value: number): number => ((value - least) / (most > least ? most - least : 1)) * 255;
  const bytes = Uint8ClampedArray.from(values, (value) => Math.floor(scale ? stretch(value) : value));
  const { default: sharp } = await import('sharp');
  await sharp(bytes, { raw: { width, height, channels: channels as 1 | 3 | 4 } }).toFile(path);
}

function decodeArgs(where: string, args: { colorMode?: ColorMode; interpolation?: Interpolation }) {
  const { colorMode = 'rgb', interpolation = 'bilinear' } = args;
  if (!Object.hasOwn(channelsOf, colorMode)) {
    const known = Object.keys(channelsOf).join(', ');
    throw new HornetError(where, `expected colorMode to be one of ${known}, received '${String(colorMode)}'`);
  }
  if (!interpolations.includes(interpolation)) {
    const known = interpolations.join(', ');
    throw new HornetError(where, `expected interpolation to be one of ${known}, received '${String(interpolation)}'`);
  }
  return { colorMode, interpolation };
}

/** Images [… , height, width, channels] in a format. */
function inFormat(x: Tensor, format: DataFormat): Tensor {
  if (format === 'channels_last') return x;
  return transpose(x, { axes: x.rank === 4 ? [0, 3, 1, 2] : [2, 0, 1] });
}
