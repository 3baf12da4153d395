// All layers and their factories.
export * from './activation-layers.js';
export * from './activity-regularization.js';
export * from './adaptive-pooling.js';
export * from './attention.js';
export * from './aug-mix.js';
export type { Factor, ValueRange } from './augmentation-args.js';
export type { AugmentationPolicyArgs } from './augmentation-policy.js';
export type { AdaptableDenseArgs, BaseDenseArgs } from './base-dense.js';
export type { AttentionCallOptions, BaseAttentionArgs } from './base-attention.js';
export { BatchNormalization, batchNormalization, type BatchNormalizationArgs } from './batch-normalization.js';
export * from './bidirectional.js';
export * from './borders.js';
export * from './category-encoding.js';
export * from './clahe.js';
export * from './conv-transpose.js';
export { Conv1D, Conv2D, Conv3D, conv1d, conv2d, conv3d, type BaseConvArgs, type ConvArgs } from './conv.js';
export * from './core.js';
export { CenterCrop, centerCrop, RandomCrop, randomCrop } from './cropping-images.js';
export * from './dense.js';
export * from './depthwise-conv.js';
export * from './discretization.js';
export * from './einsum-dense.js';
export * from './embedding.js';
export * from './equalization.js';
export * from './gru.js';
export {
  Hashing,
  HashedCrossing,
  hashing,
  hashedCrossing,
  type HashingArgs,
  type HashedCrossingArgs,
} from './hashing.js';
export {
  BaseImagePreprocessingLayer,
  type ImageInputs,
  type ImagePreprocessingArgs,
  type LabeledImages,
  type RandomImageArgs,
  type RandomTransformationArgs,
  type TransformArgs,
} from './image-preprocessing.js';
export * from './input.js';
export { type InputSpec, type Shape } from './input-spec.js';
export {
  Layer,
  type CallArgs,
  type CallOptions,
  type Config,
  type LayerArgs,
  type Mask,
  type Shapes,
  type WeightArgs,
} from './layer.js';
export {
  IntegerLookup,
  StringLookup,
  integerLookup,
  stringLookup,
  type IntegerLookupArgs,
  type StringLookupArgs,
} from './lookups.js';
export {
  ConvLSTM1D,
  ConvLSTM2D,
  ConvLSTM3D,
  convLstm1d,
  convLstm2d,
  convLstm3d,
  type ConvLSTMArgs,
} from './conv-lstm.js';
export * from './lstm.js';
export * from './masking.js';
export * from './max-num-bounding-boxes.js';
export * from './merging.js';
export * from './mixing.js';
export * from './multi-head-attention.js';
export * from './normalization.js';
export * from './pipeline.js';
export * from './pooling.js';
export type { QuantizeArgs } from './quantization.js';
export type { ProjectedAttentionArgs, ProjectedAttentionCallOptions } from './projected-attention.js';
export * from './rand-augment.js';
export {
  RandomRotation,
  randomRotation,
  RandomShear,
  randomShear,
  RandomTranslation,
  randomTranslation,
  RandomZoom,
  randomZoom,
  type RandomAffineArgs,
  type RandomShearArgs,
  type RandomZoomArgs,
} from './random-affine.js';
export {
  RandomElasticTransform,
  randomElasticTransform,
  type RandomElasticTransformArgs,
} from './random-elastic-transform.js';
export { RandomFlip, randomFlip, type FlipMode, type RandomFlipArgs } from './random-flip.js';
export { RandomPerspective, randomPerspective, type RandomPerspectiveArgs } from './random-perspective.js';
export * from './random-color.js';
export type { RandomColorArgs } from './random-color-layer.js';
export * from './random-color-jitter.js';
export * from './random-erasing.js';
export * from './random-gaussian-blur.js';
export * from './random-hue.js';
export * from './random-tones.js';
export type { CellArgs, RecurrentCell, States, StateSize } from './recurrent-cell.js';
export * from './reshaping.js';
export { Resizing, resizing, type ResizingArgs } from './resizing.js';
export * from './reversible-embedding.js';
export { RNN, rnn, type RNNArgs, type RNNCallOptions } from './rnn.js';
export type { ScaleArgs } from './scaled-normalization.js';
export * from './scaling.js';
export {
  AlphaDropout,
  alphaDropout,
  Dropout,
  dropout,
  GaussianDropout,
  gaussianDropout,
  GaussianNoise,
  gaussianNoise,
  SpatialDropout1D,
  spatialDropout1d,
  SpatialDropout2D,
  spatialDropout2d,
  SpatialDropout3D,
  spatialDropout3d,
  type DropoutArgs,
  type NoiseArgs,
  type SpatialDropoutArgs,
} from './noise.js';
export * from './simple-rnn.js';
export * from './spectrogram.js';
export * from './spectral-normalization.js';
export * from './stacked-cells.js';
export * from './standardization.js';
export * from './ternary-dense.js';
export * from './text-vectorization.js';
export * from './time-distributed.js';
export type { AdaptArgs, AdaptData } from './adapt.js';
export type { OutputMode } from './categories.js';
export type { Token, VocabularyData } from './vocabulary.js';
export { Wrapper } from './wrapper.js';
