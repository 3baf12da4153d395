// Dtype policies: in which type a layer computes and in which it keeps its weights.
import { floatx } from '../config.js';
import { dtypes, type DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { registerSerializable } from '../saving/registry.js';

/** The names of policies: a dtype, `mixed_float16` or `mixed_bfloat16` (computation in half, weights in float32). */
export type DTypePolicyName = DType | 'mixed_float16' | 'mixed_bfloat16';

/** In which type a layer computes and in which it keeps its weights. */
export class DTypePolicy {
  static readonly className: string = 'DTypePolicy';
  static readonly requiredArgs: readonly string[] = ['name'];
  readonly computeDtype: DType;
  readonly variableDtype: DType;

  /** @throws HornetError when the name is neither a dtype nor a mixed policy. */
  constructor(readonly name: DTypePolicyName) {
    const mixed = /^mixed_(float16|bfloat16)$/.exec(name);
    if (!mixed && !(dtypes as readonly string[]).includes(name)) {
      const wanted = `${dtypes.join(', ')}, mixed_float16 or mixed_bfloat16`;
      throw new HornetError('DTypePolicy', `expected one of ${wanted}, received '${name}'`);
    }
    this.computeDtype = (mixed ? mixed[1] : name) as DType;
    this.variableDtype = mixed ? 'float32' : (name as DType);
  }

  getConfig(): Record<string, unknown> {
    return { name: this.name };
  }
}

registerSerializable('keras', DTypePolicy);

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
  return policy instanceof DTypePolicy ? policy : new DTypePolicy(policy);
}
