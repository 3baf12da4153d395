// What the runner uses of the library, and recorded values as the library's own.
import { fromBytes, type DeviceTensor, type Tensor } from '../../lib/tensor.js';
import { setMask } from '../../lib/layers/mask.js';
import { KerasTensor } from '../../lib/models/keras-tensor.js';
import * as ops from '../../lib/ops/index.js';
import '../../lib/index.js';
import { StringArray } from '../../lib/strings.js';
import { deserialize, type SerializedObject } from '../../lib/saving/serialize.js';
import { camelCase } from './signatures.js';
import { NotImplemented } from './outcome.js';
import {
  ComplexTensor,
  Ellipsis,
  HostTensor,
  ObjectConfig,
  Slice,
  StringTensor,
  SymbolicTensor,
  WholeFloat,
  type Value,
} from './values.js';

export { ops };

/** A function of any kind that a case calls. */
export type AnyFunction = (...args: unknown[]) => unknown;

/** The member `a.b_c` of a namespace: `a.bC`. */
export function member(space: object, path: string): AnyFunction {
  let value: unknown = space;
  for (const part of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[camelCase(part)];
  if (typeof value !== 'function') throw new NotImplemented(path);
  return value as AnyFunction;
}

/** The object that a recorded config describes. */
export const make = <T = unknown>(config: unknown): T => deserialize(config as SerializedObject) as T;

/** A recorded tensor on the device. */
export function upload(host: HostTensor): DeviceTensor {
  const tensor = fromBytes(host.data, host.shape, host.dtype);
  if (host.mask) setMask(tensor, upload(host.mask));
  return tensor;
}

/** A recorded value as an argument of ours; `replace` may give the tensor to use for a recorded one. */
export function toArgument(value: Value, replace?: (host: HostTensor) => Tensor | undefined): unknown {
  if (value instanceof HostTensor) {
    const replacement = replace?.(value);
    if (replacement && value.mask) setMask(replacement, upload(value.mask));
    return replacement ?? upload(value);
  }
  if (value instanceof WholeFloat) return value.value;
  if (value instanceof Slice) return [value.start, value.stop, value.step];
  if (value instanceof Ellipsis) return '...';
  if (value instanceof SymbolicTensor) return new KerasTensor(value.shape, value.dtype);
  if (value instanceof ObjectConfig) return make(value.config);
  if (value instanceof StringTensor) return new StringArray(value.strings, value.shape);
  if (value instanceof ComplexTensor) return value.pair.map(upload);
  if (Array.isArray(value)) return value.map((item) => toArgument(item, replace));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toArgument(item, replace)]));
}

/** All recorded tensors and scalars in a value, in document order. */
export function leavesOf(value: Value): Value[] {
  if (Array.isArray(value)) return value.flatMap(leavesOf);
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return [value];
  return Object.values(value).flatMap(leavesOf);
}
