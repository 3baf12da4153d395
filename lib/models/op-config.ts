// Uses of ops in a functional model, in Keras's JSON: which class of Keras an op is, and which arguments its config holds.
import { HornetError } from '../errors.js';
import { publicOps } from '../ops/public-op.js';
import { mapKeys, toCamel, toSnake } from '../saving/config-case.js';
import { serializeValue, type Json, type SerializedObject } from '../saving/serialize.js';
import { flatten, isBranch, mapTree } from '../tree.js';
import { KerasTensor, type Node, type OpCall } from './keras-tensor.js';
import { withOpName } from './symbolic.js';

/** A layer or the use of an op in a functional model's configuration. */
export interface OperationConfig extends SerializedObject {
  readonly name: string;
  readonly inbound_nodes: readonly NodeConfig[];
}

/** One call: arguments, and options by name. */
export interface NodeConfig {
  readonly args: readonly Json[];
  readonly kwargs: { readonly [name: string]: Json };
}

/** Keras's modules other than `keras.src.ops.numpy`, with the ops in them. */
const modules: Record<string, readonly string[]> = {
  'keras.src.ops.nn': words(`relu relu6 sigmoid sparseSigmoid softplus softsign softShrink sparsePlus silu squareplus
    logSigmoid leakyRelu hardSigmoid hardSilu elu selu gelu celu glu tanhShrink hardTanh hardShrink threshold softmax
    logSoftmax sparsemax maxPool averagePool conv depthwiseConv separableConv convTranspose oneHot multiHot moments
    binaryCrossentropy categoricalCrossentropy sparseCategoricalCrossentropy batchNormalization normalize
    layerNormalization rmsNormalization adaptiveMaxPool adaptiveAveragePool ctcLoss ctcDecode psnr polar fold unfold
    dotProductAttention depthToSpace spaceToDepth`),
  'keras.src.ops.core': words(
    'cast saturateCast convertToTensor stopGradient scatter scatterUpdate slice sliceUpdate unstack',
  ),
  'keras.src.ops.math': words(`segmentSum segmentMax segmentMin segmentProd topK inTopK logsumexp rsqrt erf erfc erfinv
    logdet cdist extractSequences fft fft2 ifft2 rfft irfft stft istft viewAsComplex viewAsReal`),
  'keras.src.ops.image':
    words(`resize affineTransform extractPatches extractPatches3d mapCoordinates padImages cropImages
    perspectiveTransform gaussianBlur elasticTransform scaleAndTranslate sobelEdges ssim rgbToGrayscale rgbToHsv hsvToRgb`),
  'keras.src.ops.linalg': words(`cholesky choleskyInverse det eig eigh inv lstsq luFactor matrixRank norm pinv qr solve
    solveTriangular svd`),
};

/** Classes whose names are not the op's. */
const classNames: Record<string, string> = {
  rgbToGrayscale: 'RGBToGrayscale',
  rgbToHsv: 'RGBToHSV',
  hsvToRgb: 'HSVToRGB',
  ssim: 'SSIM',
  extractPatches3d: 'ExtractPatches',
  allclose: 'AllClose',
  isin: 'IsIn',
  searchsorted: 'SearchSorted',
  batchNormalization: 'BatchNorm',
  layerNormalization: 'LayerNorm',
  rmsNormalization: 'RMSNorm',
  ctcLoss: 'CTCLoss',
  ctcDecode: 'CTCDecode',
  psnr: 'PSNR',
  cdist: 'CDist',
  svd: 'SVD',
  fft: 'FFT',
  fft2: 'FFT2',
  ifft2: 'IFFT2',
  rfft: 'RFFT',
  irfft: 'IRFFT',
  stft: 'STFT',
  istft: 'ISTFT',
};

/** Positional arguments that Keras keeps in the config: [first position, names]. */
const positional: Record<string, readonly [number, ...string[]]> = {
  reshape: [1, 'newshape'],
  broadcastTo: [1, 'shape'],
  clip: [1, 'x_min', 'x_max'],
  expandDims: [1, 'axis'],
  moveaxis: [1, 'source', 'destination'],
  swapaxes: [1, 'axis1', 'axis2'],
  pad: [1, 'pad_width'],
  repeat: [1, 'repeats'],
  tile: [1, 'repeats'],
  roll: [1, 'shift'],
  split: [1, 'indices_or_sections'],
  threshold: [1, 'threshold', 'default_value'],
  maxPool: [1, 'pool_size'],
  averagePool: [1, 'pool_size'],
  oneHot: [1, 'num_classes'],
  moments: [1, 'axes'],
  cast: [1, 'dtype'],
  saturateCast: [1, 'dtype'],
  topK: [1, 'k'],
  inTopK: [2, 'k'],
  einsum: [0, 'subscripts'],
  stft: [1, 'sequence_length', 'sequence_stride', 'fft_length'],
  istft: [1, 'sequence_length', 'sequence_stride', 'fft_length'],
  extractSequences: [1, 'sequence_length', 'sequence_stride'],
  depthToSpace: [1, 'block_size'],
  spaceToDepth: [1, 'block_size'],
  fold: [1, 'output_size', 'kernel_size'],
  unfold: [1, 'kernel_size'],
  adaptiveMaxPool: [1, 'output_size'],
  adaptiveAveragePool: [1, 'output_size'],
  psnr: [2, 'max_val'],
  resize: [1, 'size'],
  extractPatches: [1, 'size'],
  extractPatches3d: [1, 'size'],
  mapCoordinates: [2, 'order'],
  scaleAndTranslate: [4, 'spatial_dims', 'method'],
};

function words(text: string): string[] {
  return text.split(/\s+/);
}

/** The op's name within its namespace. */
const ownName = (op: string): string => op.split('.').at(-1)!;
const classOf = (op: string): string => classNames[op] ?? op[0].toUpperCase() + op.slice(1);

/** Writes one use of an op. */
export function serializeOp(call: OpCall, node: Node, write: (leaf: unknown) => Json): OperationConfig {
  const op = call.opName;
  const module = Object.keys(modules).find((each) => modules[each].includes(op)) ?? 'keras.src.ops.numpy';
  const [first, ...names] = positional[op] ?? [Infinity];
  const given = [...node.args];
  const last = given.at(-1);
  const options =
    given.length > 1 && isBranch(last) && !Array.isArray(last) && !holdsSymbolic(last) ? (given.pop() as object) : {};
  const inConfig = given.splice(first, names.length);
  const own = Object.fromEntries(names.slice(0, inConfig.length).map((name, i) => [name, serializeValue(inConfig[i])]));
  return {
    module,
    class_name: classOf(op),
    config: { name: call.name, ...own, ...(mapKeys(options, toSnake, serializeValue) as Record<string, Json>) },
    registered_name: classOf(op),
    name: call.name,
    inbound_nodes: [{ args: given.map((arg, i) => writeArgument(op, arg, i, write)), kwargs: {} }],
  };
}

function writeArgument(op: string, arg: unknown, index: number, write: (leaf: unknown) => Json): Json {
  if (op === 'getItem' && index === 1) return Array.isArray(arg) ? arg.map(writeIndex) : writeIndex(arg);
  return mapTree(arg, write);
}

/** An index of `getItem` as Keras writes Python's. */
function writeIndex(item: unknown): Json {
  if (item === '...') return { class_name: '__ellipsis__', config: {} };
  const slice = item === ':' ? [] : item;
  if (!Array.isArray(slice)) return item as Json;
  const [start = null, stop = null, step = null] = slice as (number | null)[];
  return { class_name: '__slice__', config: { start, stop, step } };
}

function readIndex(json: Json): unknown {
  if (Array.isArray(json)) return json.map(readIndex);
  const { class_name: name, config } = (json ?? {}) as { class_name?: string; config?: Record<string, number | null> };
  if (name === '__ellipsis__') return '...';
  return name === '__slice__' ? [config!.start, config!.stop, config!.step] : json;
}

const holdsSymbolic = (item: unknown): boolean => flatten(item).some((leaf) => leaf instanceof KerasTensor);

/** Repeats one use of an op as its config says; gives its symbolic outputs. */
export function callOp(json: OperationConfig, read: (json: Json) => unknown): readonly KerasTensor[] {
  const { class_name: className, config } = json;
  const name = [...publicOps.keys()].find((each) => classOf(ownName(each)) === className);
  if (name === undefined) throw new HornetError('model', `the config uses the op ${className}, which is not there`);
  const op = ownName(name);
  const [first = 0, ...names] = positional[op] ?? [];
  const [{ args, kwargs }] = json.inbound_nodes;
  const given = args.map((arg, i) => (op === 'getItem' && i === 1 ? readIndex(arg) : read(arg)));
  given.splice(first, 0, ...names.map((each) => config[each] as unknown));
  const isOption = ([key, value]: [string, unknown]): boolean =>
    key !== 'name' && !names.includes(key) && value !== null;
  const options = Object.fromEntries(Object.entries({ ...config, ...kwargs }).filter(isOption));
  const used =
    Object.keys(options).length > 0
      ? [...given, mapKeys(options, toCamel, read as (value: unknown) => unknown)]
      : given;
  const result = withOpName(json.name, () => publicOps.get(name)!(...(used as never[])));
  return flatten(result).filter((leaf): leaf is KerasTensor => leaf instanceof KerasTensor);
}
