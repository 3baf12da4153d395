// The `visualization` namespace: what is drawn into images, and images beside each other.
export type { Color } from './batch.js';
export { drawBoundingBoxes, type BoxesOfImages, type DrawBoxesArgs } from './boxes.js';
export { plotBoundingBoxGallery, type BoxGalleryArgs } from './box-gallery.js';
export { plotImageGallery, type GalleryArgs, type ImageGalleryArgs, type LegendHandle } from './gallery.js';
export { plotSegmentationMaskGallery, type MaskGalleryArgs } from './mask-gallery.js';
export { drawSegmentationMasks, type DrawMasksArgs, type MaskDrawingArgs } from './masks.js';
