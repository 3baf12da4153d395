// The `ops.image` namespace.
export { affineTransform, type AffineTransformArgs } from './affine.js';
export { gaussianBlur, sobelEdges, type GaussianBlurArgs } from './blur.js';
export { hsvToRgb, rgbToGrayscale, rgbToHsv } from './color.js';
export { cropImages, padImages, type CropImagesArgs, type PadImagesArgs } from './crop-pad.js';
export { elasticTransform, type ElasticTransformArgs } from './elastic.js';
export { type ImageArgs } from './layout.js';
export { mapCoordinates, type MapCoordinatesArgs } from './map-coordinates.js';
export { extractPatches, extractPatches3d, type ExtractPatchesArgs } from './patches.js';
export { perspectiveTransform, type PerspectiveTransformArgs } from './perspective.js';
export { resize, type Interpolation, type ResizeArgs } from './resize.js';
export { type FillMode, type SampleInterpolation } from './sample.js';
export { scaleAndTranslate, type ScaleAndTranslateArgs, type ScaleMethod } from './scale-and-translate.js';
export { ssim, type SsimArgs } from './ssim.js';
