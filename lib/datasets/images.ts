// Data sets of images in directories.
import { imageDataFormat, type DataFormat } from '../config.js';
import { HornetError, oneOf } from '../errors.js';
import { transpose } from '../ops/index.js';
import { croppedTo, fittedInto } from '../ops/image/aspect.js';
import { checkSizes } from '../ops/image/layout.js';
import { interpolations, interpolationTaps, type Interpolation } from '../ops/image/taps.js';
import { tensor, type Tensor } from '../tensor.js';
import { checkColorMode, decodeImage, type ColorMode, type DecodedImage, type Plan } from './decode-image.js';
import { datasetFromDirectory, type DirectoryArgs, type DirectoryDataset, type LabelledBatch } from './directory.js';

const extensions = ['.bmp', '.gif', '.jpeg', '.jpg', '.png', '.webp'];

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
 * 0 to 255. They are decoded in threads of their own while the device works. JPEG, PNG, GIF (the first picture), WebP, BMP.
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
  checkSizes(where, 'imageSize', size);
  if (cropToAspectRatio && padToAspectRatio) {
    throw new HornetError(where, 'expected at most one of cropToAspectRatio and padToAspectRatio');
  }
  const colorMode = checkColorMode(where, args.colorMode);
  oneOf(where, 'interpolation', args.interpolation ?? 'bilinear', interpolations);
  const decode = (path: string): Promise<DecodedImage> =>
    decodeImage(where, path, colorMode, (image) => planOf(image, size, args));
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
    decode,
    batch,
    single: (image: DecodedImage) => inFormat(tensor(image.pixels, image.shape), format),
  };
  return datasetFromDirectory(directory, kind, args);
}

/** An image of any size in another, as TensorFlow resizes. */
function planOf(image: readonly [number, number], size: readonly [number, number], args: ImageDirectoryArgs): Plan {
  const cut = args.cropToAspectRatio ? croppedTo(image, size) : { starts: [0, 0], sizes: image };
  const placed = args.padToAspectRatio ? fittedInto(image, size) : { starts: [0, 0], sizes: size };
  const taps = placed.sizes.map((places, axis) =>
    interpolationTaps(cut.sizes[axis], places, args.interpolation ?? 'bilinear'),
  );
  return { size, cut, placed, taps };
}

/** Images [.., height, width, channels] in a format. */
function inFormat(x: Tensor, format: DataFormat): Tensor {
  if (format === 'channels_last') return x;
  return transpose(x, { axes: x.rank === 4 ? [0, 3, 1, 2] : [2, 0, 1] });
}
