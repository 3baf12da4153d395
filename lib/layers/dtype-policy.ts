// Dtype policies: in which type a layer computes, in which it keeps its weights, and whether these are quantized.
import { floatx } from '../config.js';
import { dtypes, type DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { registerSerializable } from '../saving/registry.js';

/** A dtype, `mixed_float16` or `mixed_bfloat16` (computation in half, weights in float32). */
export type PlainPolicyName = DType | 'mixed_float16' | 'mixed_bfloat16';

/** How weights are quantized: whole numbers of 8 or 4 bits for inference, or training in 8-bit floats. */
export type QuantizationMode = 'int8' | 'int4' | 'float8';

/** The names of policies; `int4/128` stands for blocks of 128 numbers with a scale of their own. */
export type DTypePolicyName = PlainPolicyName | `${QuantizationMode | `int4/${number}`}_from_${PlainPolicyName}`;

/** In which type a layer computes and in which it keeps its weights. */
export class DTypePolicy {
  static readonly className: string = 'DTypePolicy';
  static readonly requiredArgs: readonly string[] = ['name'];
  readonly computeDtype: DType;
  readonly variableDtype: DType;
  /** How weights are quantized; null where they are not. */
  readonly quantizationMode: QuantizationMode | null = null;

  /** @throws HornetError when the name is neither a dtype nor a mixed policy. */
  constructor(readonly name: DTypePolicyName) {
    // Names of quantized policies end with that of the policy before.
    const source = new.target === DTypePolicy ? name : name.replace(/^.*_from_/, '');
    const mixed = /^mixed_(float16|bfloat16)$/.exec(source);
    if (!mixed && !(dtypes as readonly string[]).includes(source)) {
      const wanted = `${dtypes.join(', ')}, mixed_float16 or mixed_bfloat16`;
      throw new HornetError('DTypePolicy', `expected one of ${wanted}, received '${source}'`);
    }
    this.computeDtype = (mixed ? mixed[1] : source) as DType;
    this.variableDtype = mixed ? 'float32' : (source as DType);
  }

  getConfig(): Record<string, unknown> {
    return { name: this.name };
  }
}

/** Options of policies of quantized layers. */
export interface QuantizedPolicyArgs {
  /** The policy that the layer had before. Default: the global one. */
  readonly sourceName?: PlainPolicyName | null;
}

const quantizationModes: readonly string[] = ['int8', 'float8', 'int4'];

/** Throws a `HornetError` unless `mode` is one of those that Hornet has. */
export function checkQuantizationMode(where: string, mode: string): asserts mode is QuantizationMode {
  if (quantizationModes.includes(mode)) return;
  const known = ['gptq', 'awq'].includes(mode)
    ? `; '${mode}' calibrates weights on data, which Hornet does not do`
    : '';
  throw new HornetError(
    where,
    `expected the quantization mode to be one of ${quantizationModes.join(', ')}, received '${mode}'${known}`,
  );
}

/** The policy of a quantized layer. */
export class QuantizedDTypePolicy extends DTypePolicy {
  static override readonly className: string = 'QuantizedDTypePolicy';
  static override readonly requiredArgs: readonly string[] = ['mode'];
  readonly sourceName: PlainPolicyName;
  override readonly quantizationMode: QuantizationMode;

  /** @throws HornetError for an unknown mode, and for int8 with computation in `float16`. */
  constructor(
    /** The mode, with the sizes that belong to it. */
    readonly mode: string,
    args: QuantizedPolicyArgs = {},
  ) {
    const sourceName = args.sourceName ?? (dtypePolicy().name as PlainPolicyName);
    super(`${mode}_from_${sourceName}` as DTypePolicyName);
    const [base] = mode.split('/');
    checkQuantizationMode('DTypePolicy', base);
    this.sourceName = sourceName;
    this.quantizationMode = base;
    if (base === 'int8' && this.computeDtype === 'float16') {
      throw new HornetError('DTypePolicy', "int8 does not go with computation in float16; use 'mixed_bfloat16'");
    }
  }

  override getConfig(): Record<string, unknown> {
    return { mode: this.mode, sourceName: this.sourceName };
  }
}

/** The policy of a layer with weights of 4 bits: `int4/<block size>`, -1 for one scale per channel. */
export class Int4DTypePolicy extends QuantizedDTypePolicy {
  static override readonly className: string = 'Int4DTypePolicy';
  /** How many numbers along the inputs share a scale; -1 for all. */
  readonly blockSize: number;

  /** @throws HornetError unless the mode is `int4/` and -1 or a positive integer. */
  constructor(mode: string, args: QuantizedPolicyArgs = {}) {
    super(mode, args);
    const size = /^int4\/(-1|[1-9]\d*)$/.exec(mode)?.[1];
    if (size === undefined) {
      throw new HornetError('Int4DTypePolicy', `expected 'int4/<block size>', -1 or positive, received '${mode}'`);
    }
    this.blockSize = Number(size);
  }
}

/** Options of the policy of layers that train in 8-bit floats. */
export interface Float8PolicyArgs extends QuantizedPolicyArgs {
  /** How many steps the largest magnitudes are remembered. Default 1024. */
  readonly amaxHistoryLength?: number;
}

/** The policy of a layer that trains in 8-bit floats. */
export class QuantizedFloat8DTypePolicy extends QuantizedDTypePolicy {
  static override readonly className: string = 'QuantizedFloat8DTypePolicy';
  readonly amaxHistoryLength: number;

  /** @throws HornetError unless the length of the history is a positive integer. */
  constructor(mode: string, args: Float8PolicyArgs = {}) {
    super(mode, args);
    this.amaxHistoryLength = args.amaxHistoryLength ?? 1024;
    if (!(Number.isInteger(this.amaxHistoryLength) && this.amaxHistoryLength > 0)) {
      const received = String(this.amaxHistoryLength);
      throw new HornetError('DTypePolicy', `expected amaxHistoryLength to be a positive integer, received ${received}`);
    }
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), amaxHistoryLength: this.amaxHistoryLength };
  }
}

registerSerializable('keras', DTypePolicy);
for (const policy of [QuantizedDTypePolicy, Int4DTypePolicy, QuantizedFloat8DTypePolicy]) {
  registerSerializable('keras.dtype_policies', policy);
}

let globalPolicy: DTypePolicy | null = null;

/** The policy of layers that name none; by default the default float type. */
export const dtypePolicy = (): DTypePolicy => globalPolicy ?? new DTypePolicy(floatx());

/** Sets the policy of layers made from now on. */
export function setDtypePolicy(policy: DTypePolicyName | DTypePolicy): void {
  globalPolicy = toDtypePolicy(policy);
}

/** The policy that a name, a policy, or nothing stands for. */
export function toDtypePolicy(policy: DTypePolicyName | DTypePolicy | null | undefined): DTypePolicy {
  if (policy === null || policy === undefined) return dtypePolicy();
  if (policy instanceof DTypePolicy) return policy;
  const [mode, sourceName] = policy.split('_from_') as [string, PlainPolicyName | undefined];
  if (sourceName === undefined) return new DTypePolicy(policy);
  if (mode.startsWith('int4/')) return new Int4DTypePolicy(mode, { sourceName });
  return new (mode === 'float8' ? QuantizedFloat8DTypePolicy : QuantizedDTypePolicy)(mode, { sourceName });
}
