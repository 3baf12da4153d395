// The public API of Hornet.
export * as applications from './applications/index.js';
export * as activations from './activations/index.js';
export * as callbacks from './callbacks/index.js';
export * as constraints from './constraints/index.js';
export * as datasets from './datasets/hosted/index.js';
export * as distillation from './distillation/index.js';
export * as initializers from './initializers/index.js';
export * as layers from './layers/index.js';
export * as losses from './losses/index.js';
export * as metrics from './metrics/index.js';
export * as ops from './ops/index.js';
export * as optimizers from './optimizers/index.js';
export * as regularizers from './regularizers/index.js';
export * as quantizers from './quantizers/index.js';
export * as random from './random.js';
export * as saving from './saving/index.js';
export * as tree from './structures.js';
export * as utils from './utils/index.js';
export * as visualization from './vis/images/index.js';

export * from './layers/index.js';
export {
  BackupAndRestore,
  Callback,
  CSVLogger,
  EarlyStopping,
  History,
  LambdaCallback,
  LearningRateScheduler,
  ModelCheckpoint,
  ProgbarLogger,
  ReduceLROnPlateau,
  RemoteMonitor,
  SwapEMAWeights,
  TensorBoard,
  TerminateOnNaN,
  type CallbackParams,
  type Logs,
} from './callbacks/index.js';
export {
  epsilon,
  floatx,
  imageDataFormat,
  maxEpochs,
  maxStepsPerEpoch,
  setEpsilon,
  setFloatx,
  setImageDataFormat,
  setMaxEpochs,
  setMaxStepsPerEpoch,
  type DataFormat,
} from './config.js';
export {
  configureDevice,
  currentDevice,
  devices,
  setDevice,
  withDevice,
  type Device,
  type DeviceDescription,
  type DeviceKind,
  type DeviceOptions,
} from './device.js';
export type { DType, TypedArray } from './dtype.js';
export { HornetError } from './errors.js';
export { disableInteractiveLogging, enableInteractiveLogging, isInteractiveLoggingEnabled } from './messages.js';
export { grad, jit, valueAndGrad, type GradOptions, type ValueAndGrad } from './graph/transforms.js';
export {
  DTypePolicy,
  dtypePolicy,
  Int4DTypePolicy,
  QuantizedDTypePolicy,
  QuantizedFloat8DTypePolicy,
  setDtypePolicy,
  type DTypePolicyName,
  type Float8PolicyArgs,
  type PlainPolicyName,
  type QuantizationMode,
  type QuantizedPolicyArgs,
} from './layers/dtype-policy.js';
export { getMask, setMask } from './layers/mask.js';
export { clearSession } from './layers/naming.js';
export { RematScope, type RematArgs, type RematMode } from './layers/remat-scope.js';
export { Dataset } from './datasets/dataset.js';
export { loadImg, saveImg, type LoadImgArgs, type SaveImgArgs } from './datasets/image-files.js';
export { imageDatasetFromDirectory, type ImageDataset, type ImageDirectoryArgs } from './datasets/images.js';
export { PyDataset, type PyDatasetArgs } from './datasets/py-dataset.js';
export { audioDatasetFromDirectory, type AudioDataset, type AudioDirectoryArgs } from './datasets/sounds.js';
export { textDatasetFromDirectory, type TextDataset, type TextDirectoryArgs } from './datasets/texts.js';
export type { ColorMode } from './datasets/decode-image.js';
export type { DirectoryArgs, DirectoryDataset, LabelledBatch, LabelMode } from './datasets/directory.js';
export type { Interpolation } from './ops/image/taps.js';
export { loadNpy, loadNpz } from './datasets/npz.js';
export { splitDataset, type SplitDatasetArgs } from './datasets/split.js';
export { timeseriesDatasetFromArray, type TimeseriesArgs } from './datasets/timeseries.js';
export { padSequences, type PadSequencesArgs } from './utils/pad-sequences.js';
export { toCategorical } from './utils/to-categorical.js';
export { Loss } from './losses/index.js';
export { Metric } from './metrics/index.js';
export { cloneModel, type CloneModelArgs } from './models/clone.js';
export { KerasTensor } from './models/keras-tensor.js';
export { Model, type ModelArgs } from './models/model.js';
export type { LayerFilter, QuantizeModelArgs } from './models/quantize.js';
export { Sequential } from './models/sequential.js';
export type { Batch, BatchIterable, DataTree, StepData } from './models/data.js';
export type { EvaluateArgs, FitArgs, PredictArgs, ValidationData } from './models/loop.js';
export type { CompileArgs } from './models/compiled.js';
export type { StepLogs, TestOnBatchArgs, TrainOnBatchArgs } from './models/trainer.js';
export { remat } from './ops/remat.js';
export { stopGradient } from './ops/shape.js';
export type { TensorLike } from './ops/convert.js';
export { Optimizer } from './optimizers/optimizer.js';
export { SeedGenerator, setRandomSeed } from './random.js';
export { getRegisteredName, getRegisteredObject, registerKerasSerializable } from './saving/registry.js';
export {
  deserialize,
  serialize,
  withCustomObjects,
  type CustomObjects,
  type SerializedObject,
} from './saving/serialize.js';
export { KerasFileEditor, type Comparison } from './saving/file-editor.js';
export { loadModel, modelFromJson, saveModel, type LoadModelArgs, type SaveModelArgs } from './saving/models.js';
export type { ExportArgs } from './saving/onnx/export.js';
export type { InputSignature } from './saving/onnx/signature.js';
export { loadWeights, saveWeights, type LoadWeightsArgs, type SaveWeightsArgs } from './saving/weights.js';
export { StringArray, type NestedStrings, type StringData } from './strings.js';
export { DeviceTensor, tensor, Tensor, type NestedArray } from './tensor.js';
export { Variable, type VariableArgs } from './variable.js';
export { historySvg, plotHistory, type PlotHistoryOptions } from './vis/history.js';
