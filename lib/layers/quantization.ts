// What `quantize` of layers and models asks and decides, and products with quantized weights. The weights themselves are
// in quantized-weight.ts.
import { HornetError } from '../errors.js';
import { cast, divide, multiply } from '../ops/index.js';
import { differentiatedAs } from '../ops/custom-gradient.js';
import { Int4QuantizationConfig, resolveQuantization, type QuantizationConfig } from '../quantizers/config.js';
import type { Quantizer } from '../quantizers/quantizer.js';
import { registeredAs } from '../saving/registry.js';
import type { DType } from '../dtype.js';
import type { Tensor } from '../tensor.js';
import {
  checkQuantizationMode,
  Int4DTypePolicy,
  toDtypePolicy,
  type DTypePolicy,
  type DTypePolicyName,
  type QuantizationMode,
} from './dtype-policy.js';
import type { Layer } from './layer.js';

/** Options of `quantize`. */
export interface QuantizeArgs {
  /** What quantizes weights and inputs. Default: that of the mode. */
  readonly config?: QuantizationConfig | null;
  /** Whether subclasses of your own are left alone, since what they do with their weights is not known. Default true. */
  readonly typeCheck?: boolean;
}

/** Whether a layer is of one of Hornet's own classes. */
export const isOwnClass = (layer: Layer): boolean => registeredAs(layer.constructor)?.custom === false;

/** The config that `quantize` was asked for. Throws a `HornetError` where the layer is not ready for it. */
export function checkQuantization(
  layer: Layer,
  mode: QuantizationMode | null,
  { config = null, typeCheck = true }: QuantizeArgs,
): QuantizationConfig {
  if (mode !== null) checkQuantizationMode(layer.name, mode);
  const resolved = resolveQuantization(layer.name, mode, config);
  if (!layer.built) throw new HornetError(layer.name, 'quantize() needs a built layer; call it on data first');
  if (layer.quantizationMode !== null) {
    throw new HornetError(layer.name, `this layer is quantized already, as '${layer.dtypePolicy.name}' says`);
  }
  if (resolved.mode === 'int8' && layer.computeDtype === 'float16') {
    throw new HornetError(layer.name, "int8 does not go with computation in float16; use 'mixed_bfloat16'");
  }
  if (typeCheck && !isOwnClass(layer)) {
    throw new HornetError(
      layer.name,
      `layers of class ${layer.className} may use their weights in ways of their own; quantize with typeCheck: false`,
    );
  }
  return resolved;
}

/** The policy of a layer that had the policy `source` and was quantized. */
export function policyOf(config: QuantizationConfig, source: DTypePolicy): DTypePolicy {
  const mode = config instanceof Int4QuantizationConfig ? `int4/${config.blockSize ?? -1}` : config.mode;
  return toDtypePolicy(`${mode}_from_${source.name}` as DTypePolicyName);
}

/** The config with which a layer gets weights as a policy says. */
export const configOf = (policy: DTypePolicy): QuantizationConfig =>
  policy instanceof Int4DTypePolicy
    ? new Int4QuantizationConfig({ blockSize: policy.blockSize })
    : resolveQuantization('DTypePolicy', policy.quantizationMode, null);

/** How many numbers share a scale; null for all along the axis. */
export function blockSizeOf(config: QuantizationConfig | null, policy: DTypePolicy): number | null {
  const given = config instanceof Int4QuantizationConfig ? config : policy instanceof Int4DTypePolicy ? policy : null;
  return given && given.blockSize !== -1 ? given.blockSize : null;
}

/** A weight as products see it: as floats, and where whole numbers can be multiplied, as those with their factors. */
export interface QuantizedOperand {
  float(dtype: DType): Tensor;
  readonly whole: { readonly codes: Tensor; readonly scale: Tensor } | null;
}

/** How inputs meet a quantized weight. */
export interface QuantizedProductArgs {
  /** Of inputs and weight, or of the whole numbers that stand for both. */
  readonly product: (x: Tensor, weight: Tensor) => Tensor;
  /** Of the inputs; null where they stay floats. */
  readonly quantizer: Quantizer | null;
  /** The axes of the inputs over which the product sums; null for the quantizer's own. */
  readonly axis: number | readonly number[] | null;
  /** Brings the factors of the inputs among the axes of the product. */
  readonly align: (scale: Tensor) => Tensor;
  readonly dtype: DType;
}

/** The product with a quantized weight. What quantization does to the inputs does not count in the gradient. */
export function multiplyQuantized(x: Tensor, weight: QuantizedOperand, args: QuantizedProductArgs): Tensor {
  const { product, quantizer, axis, align, dtype } = args;
  const smooth = (inputs: Tensor): Tensor => product(inputs, weight.float(dtype));
  if (!quantizer) return smooth(x);
  const coarse = (inputs: Tensor): Tensor => {
    const [codes, scale] = quantizer(inputs, { axis });
    const factor = align(scale);
    const { whole } = weight;
    if (!whole) return divide(product(cast(codes, dtype), weight.float(dtype)), factor);
    return divide(cast(product(codes, whole.codes), dtype), multiply(factor, whole.scale));
  };
  return differentiatedAs(coarse, smooth)(x);
}
