// The `ops.image` namespace.
export { resize, type Interpolation, type ResizeArgs } from './resize.js';
