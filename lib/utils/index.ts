// The `utils` namespace.
export * as boundingBoxes from './bounding-boxes/index.js';
export { padSequences, type PadSequencesArgs } from './pad-sequences.js';
export { toCategorical } from './to-categorical.js';
export { splitDataset, type SplitDatasetArgs } from '../datasets/split.js';
export { timeseriesDatasetFromArray, type TimeseriesArgs } from '../datasets/timeseries.js';
