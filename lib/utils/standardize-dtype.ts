// Names of types as users write them.
import { floatx } from '../config.js';
import { checkDType, type DType } from '../dtype.js';

/** What numbers without a type of their own are. */
const plain: Readonly<Record<string, () => DType>> = { bool: () => 'bool', int: () => 'int32', float: floatx };

/**
 * The name of a dtype: `floatx()` for none and for `float`, `int32` for `int`.
 *
 * @throws HornetError for names that no dtype has.
 */
export const standardizeDtype = (dtype: string | null = null): DType =>
  plain[dtype ?? 'float']?.() ?? checkDType(dtype!, 'standardizeDtype');
