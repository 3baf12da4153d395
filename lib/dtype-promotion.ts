// Which dtype several operands have together: Keras's promotion lattice, in which plain numbers are weak.
import { floatx } from './config.js';
import { isFloat, type DType } from './dtype.js';

/** `int` and `float` are the weak types of plain numbers: they take the other operand's width. */
export type PromotableType = DType | 'int' | 'float';

/** The next wider types of each type. */
const wider: Record<PromotableType, readonly PromotableType[]> = {
  bool: ['int'],
  int: ['uint8', 'int8'],
  uint8: ['int16', 'uint16'],
  uint16: ['int32', 'uint32'],
  uint32: ['int64'],
  int8: ['int16'],
  int16: ['int32'],
  int32: ['int64'],
  int64: ['float'],
  float: ['bfloat16', 'float16'],
  bfloat16: ['float32'],
  float16: ['float32'],
  float32: ['float64'],
  float64: [],
};

const bounds = new Map<PromotableType, ReadonlySet<PromotableType>>();

/** A type and all that are wider. */
function upperBounds(type: PromotableType): ReadonlySet<PromotableType> {
  let set = bounds.get(type);
  if (!set) bounds.set(type, (set = new Set([type, ...wider[type].flatMap((next) => [...upperBounds(next)])])));
  return set;
}

function join(a: PromotableType, b: PromotableType): PromotableType {
  if (a === b) return a;
  const common = [...upperBounds(a)].filter((type) => upperBounds(b).has(type));
  return common.find((type) => common.every((other) => upperBounds(type).has(other)))!;
}

/** The narrowest dtype that all operands promote to; plain numbers alone become int32 or `floatx()`. */
export function resultType(...types: readonly PromotableType[]): DType {
  const type = types.length === 0 ? 'float' : types.reduce(join);
  if (type === 'int') return 'int32';
  return type === 'float' ? floatx() : type;
}

/** `resultType` where integers and booleans give a float: the type of quotients, roots, means. */
export function floatResultType(...types: readonly PromotableType[]): DType {
  const type = resultType(...types);
  return isFloat(type) ? type : resultType(type, 'float');
}
