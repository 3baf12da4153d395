// How a layer is to be quantized: the mode, and with what its weights and its inputs are.
import { HornetError } from '../errors.js';
import type { QuantizationMode } from '../layers/dtype-policy.js';
import { registerSerializable } from '../saving/registry.js';
import { describe } from '../tensor.js';
import { AbsMaxQuantizer, type Quantizer } from './quantizer.js';

/** Options of quantization configs. */
export interface QuantizationArgs {
  /** Default: by the largest magnitude of each channel. */
  readonly weightQuantizer?: Quantizer | null;
  /** Null: inputs stay floats. Default: by the largest magnitude of each sample for int8, none for int4. */
  readonly activationQuantizer?: Quantizer | 'default' | null;
}

/** Base of quantization configs. */
export abstract class QuantizationConfig {
  readonly weightQuantizer: Quantizer | null;
  readonly activationQuantizer: Quantizer | null;

  constructor(weightQuantizer: Quantizer | null = null, activationQuantizer: Quantizer | null = null) {
    this.weightQuantizer = weightQuantizer;
    this.activationQuantizer = activationQuantizer;
  }

  abstract get mode(): QuantizationMode;

  getConfig(): Record<string, unknown> {
    const { weightQuantizer, activationQuantizer } = this;
    return { weightQuantizer, activationQuantizer };
  }
}

function checkWeightQuantizer(quantizer: Quantizer | null, range: readonly [number, number] | null): void {
  if (quantizer === null) return;
  if (quantizer.outputDtype !== 'int8') {
    throw new HornetError('quantize', `expected a weightQuantizer to int8, received one to ${quantizer.outputDtype}`);
  }
  const { valueRange } = quantizer as Partial<AbsMaxQuantizer>;
  if (range && valueRange?.join() !== range.join()) {
    const received = valueRange ? `[${valueRange.join(', ')}]` : 'none';
    throw new HornetError(
      'quantize',
      `expected a weightQuantizer of valueRange [${range.join(', ')}], received ${received}`,
    );
  }
}

/** Weights of 8 bits; products are computed with whole numbers where inputs are quantized, too. */
export class Int8QuantizationConfig extends QuantizationConfig {
  static readonly className = 'Int8QuantizationConfig';

  /** @throws HornetError for a quantizer of weights to another type. */
  constructor(args: QuantizationArgs = {}) {
    const { weightQuantizer = null, activationQuantizer = 'default' } = args;
    super(weightQuantizer, activationQuantizer === 'default' ? new AbsMaxQuantizer() : activationQuantizer);
    checkWeightQuantizer(weightQuantizer, null);
  }

  get mode(): 'int8' {
    return 'int8';
  }
}

/** Options of `Int4QuantizationConfig`. */
export interface Int4QuantizationArgs extends QuantizationArgs {
  /** How many numbers along the inputs share a scale and a zero point; null or -1 for all. Default 128. */
  readonly blockSize?: number | null;
}

/** Weights of 4 bits, two to a byte. */
export class Int4QuantizationConfig extends QuantizationConfig {
  static readonly className = 'Int4QuantizationConfig';
  readonly blockSize: number | null;

  /** @throws HornetError for a size that is none, and for quantizers of one's own beside blocks. */
  constructor(args: Int4QuantizationArgs = {}) {
    const { weightQuantizer = null, activationQuantizer = null, blockSize = 128 } = args;
    super(weightQuantizer, activationQuantizer === 'default' ? null : activationQuantizer);
    this.blockSize = blockSize;
    if (blockSize !== null && !(Number.isInteger(blockSize) && (blockSize === -1 || blockSize > 0))) {
      throw new HornetError(
        'quantize',
        `expected blockSize to be null, -1 or a positive integer, received ${blockSize}`,
      );
    }
    if (blockSize !== null && blockSize > 0 && (this.weightQuantizer || this.activationQuantizer)) {
      throw new HornetError('quantize', 'blocks have their own quantizer; set blockSize to -1 for others');
    }
    checkWeightQuantizer(weightQuantizer, [-8, 7]);
  }

  get mode(): 'int4' {
    return 'int4';
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), blockSize: this.blockSize };
  }

  /** Configs from before there were blocks have none. */
  static fromConfig({ blockSize = null, ...args }: Int4QuantizationArgs): Int4QuantizationConfig {
    return new Int4QuantizationConfig({ ...args, blockSize });
  }
}

/** Training in 8-bit floats. */
export class Float8QuantizationConfig extends QuantizationConfig {
  static readonly className = 'Float8QuantizationConfig';

  get mode(): 'float8' {
    return 'float8';
  }

  override getConfig(): Record<string, unknown> {
    return {};
  }

  static fromConfig(): Float8QuantizationConfig {
    return new Float8QuantizationConfig();
  }
}

for (const config of [Int8QuantizationConfig, Int4QuantizationConfig, Float8QuantizationConfig]) {
  registerSerializable('keras.quantizers', config);
}

const defaults = { int8: Int8QuantizationConfig, int4: Int4QuantizationConfig, float8: Float8QuantizationConfig };

/** The config that a mode, a config, or both stand for. Throws a `HornetError` where they contradict each other. */
export function resolveQuantization(
  where: string,
  mode: QuantizationMode | null,
  config: QuantizationConfig | null,
): QuantizationConfig {
  if (config === null && mode === null) throw new HornetError(where, 'quantize() needs a mode or a config');
  if (config !== null && !(config instanceof QuantizationConfig)) {
    throw new HornetError(where, `expected a quantization config, received ${describe(config)}`);
  }
  if (config !== null && mode !== null && config.mode !== mode) {
    throw new HornetError(where, `the mode '${mode}' contradicts the config's '${config.mode}'`);
  }
  return config ?? new defaults[mode!]();
}
