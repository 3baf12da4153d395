// The `utils` namespace.
export * as boundingBoxes from './bounding-boxes/index.js';
export { packXYSampleWeight, unpackXYSampleWeight, type Packed } from './batches.js';
export { standardizeDtype } from './standardize-dtype.js';
export { getFile, type GetFileArgs, type HashAlgorithm } from './get-file.js';
export { normalize, type NormalizeArgs } from './normalize.js';
export { padSequences, type PadSequencesArgs } from './pad-sequences.js';
export { Progbar, type ProgbarArgs, type ProgbarUpdate } from './progbar.js';
export { toCategorical } from './to-categorical.js';
export { getSourceInputs, isKerasTensor } from '../models/sources.js';
export { splitDataset, type SplitDatasetArgs } from '../datasets/split.js';
export { timeseriesDatasetFromArray, type TimeseriesArgs } from '../datasets/timeseries.js';
export { modelSvg, modelToDot, plotModel, type ModelPlotArgs, type PlotModelArgs } from '../vis/model-plot.js';
export {
  Cross,
  Feature,
  type CategoricalArgs,
  type FeatureArgs,
  type FeatureOutput,
  type FloatArgs,
} from './features.js';
export {
  FeatureSpace,
  featureSpace,
  type FeatureData,
  type FeatureKind,
  type FeatureSpaceArgs,
} from './feature-space.js';
export {
  arrayToImg,
  imgToArray,
  loadImg,
  saveImg,
  smartResize,
  type ArrayToImgArgs,
  type ImageFileFormat,
  type ImgToArrayArgs,
  type LoadImgArgs,
  type SaveImgArgs,
  type SmartResizeArgs,
} from '../datasets/image-files.js';
export { imageDatasetFromDirectory } from '../datasets/images.js';
export type { ResamplingFilter } from '../datasets/resampling.js';
export { PyDataset } from '../datasets/py-dataset.js';
export { audioDatasetFromDirectory } from '../datasets/sounds.js';
export { textDatasetFromDirectory } from '../datasets/texts.js';
