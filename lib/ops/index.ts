// The `ops` namespace: the public ops of all families.
export * from './arithmetic.js';
export * from './comparison.js';
export { castTo, convertToTensor, type TensorLike } from './convert.js';
export * from './creation.js';
export { scatter, scatterUpdate, take, takeAlongAxis, type ScatterMode } from './gather.js';
export {
  all,
  amax,
  amin,
  any,
  argmax,
  argmin,
  average,
  countNonzero,
  logsumexp,
  max,
  mean,
  min,
  prod,
  std,
  sum,
  variance,
  type ReduceArgs,
} from './reduce.js';
export { cumprod, cumsum } from './scan.js';
export * from './shape.js';
export { getItem, slice, sliceUpdate, type IndexSpec, type SliceSpec } from './slice.js';
export { argsort, inTopK, sort, topK } from './sort.js';
