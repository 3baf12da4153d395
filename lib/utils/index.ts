// The `utils` namespace.
export * as boundingBoxes from './bounding-boxes/index.js';
