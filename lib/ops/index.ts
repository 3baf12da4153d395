// The `ops` namespace: the public ops of all families.
export * from './arithmetic.js';
export { associativeScan, type AssociativeScanOptions } from './associative-scan.js';
export * from './comparison.js';
export {
  angle,
  conj,
  conjugate,
  imag,
  isreal,
  polar,
  real,
  viewAsComplex,
  viewAsReal,
  type Complex,
  type ComplexLike,
} from './complex.js';
export * from './control-flow.js';
export type { TensorLike } from './convert.js';
export { ctcDecode, ctcLoss, type CtcDecodeArgs } from './ctc.js';
export {
  array,
  convertToTensor,
  empty,
  emptyLike,
  full,
  fullLike,
  multiHot,
  oneHot,
  ones,
  onesLike,
  zeros,
  zerosLike,
  type DTypeArg,
} from './creation.js';
export { customGradient } from './custom-gradient.js';
export * from './data-dependent.js';
export * from './diagonal.js';
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
  variance as var,
  type ReduceArgs,
} from './reduce.js';
export * from './join.js';
export * from './pad.js';
export * from './range.js';
export * from './nan.js';
export * from './products.js';
export * from './quantile.js';
export { depthToSpace, extractSequences, rearrange, spaceToDepth } from './rearrange.js';
export { cumprod, cumsum, type ScanArgs } from './scan.js';
export * from './search.js';
export * from './segment.js';
export * from './signal.js';
export * from './special.js';
export * from './statistics.js';
export * from './difference.js';
export * from './shape.js';
export { getItem, slice, sliceUpdate, type IndexSpec, type SliceSpec } from './slice.js';
export { argpartition, argsort, inTopK, sort, topK } from './sort.js';
export * from './activation.js';
export {
  conv,
  convTranspose,
  depthwiseConv,
  separableConv,
  type ConvOptions,
  type ConvTransposeOptions,
} from './conv.js';
export { dotProductAttention, type AttentionArgs } from './attention.js';
export { einsum } from './einsum.js';
export {
  fft,
  fft2,
  ifft2,
  irfft,
  istft,
  rfft,
  stft,
  type IstftArgs,
  type StftArgs,
  type StftWindow,
} from './fourier.js';
export { fold, unfold, type FoldArgs } from './fold.js';
export * as image from './image/index.js';
export * from './linalg.js';
export * as linalg from './linalg.js';
export * from './loss.js';
export { dot, inner, matmul, outer, tensordot, vdot, type TensordotAxes } from './matmul.js';
export * from './norm.js';
export {
  adaptiveAveragePool,
  adaptiveMaxPool,
  averagePool,
  maxPool,
  type AdaptivePoolOptions,
  type PoolOptions,
} from './pool.js';
export { logSoftmax, softmax, sparsemax, type SoftmaxOptions } from './softmax.js';
export { vectorize, type VectorizeArgs } from './vectorize.js';
