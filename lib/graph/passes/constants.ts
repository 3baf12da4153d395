// Constants of one element: reading and making them, for the passes.
import { arrayOf, decodeNumber, encodeNumbers, type DType } from '../../dtype.js';
import { Node, sizeOf, type Value } from '../ir.js';
import type { Primitive } from '../op.js';
import { constantOp } from '../trace.js';

/** The number that a constant of one element holds; undefined for every other value, and where no number is exact. */
export function scalarOf(value: Value): number | undefined {
  const { op, attrs } = value.node;
  if (op.name !== 'constant' || sizeOf(value.shape) !== 1) return undefined;
  const data = (attrs.data as Uint8Array).slice();
  const number = decodeNumber(new (arrayOf(value.dtype))(data.buffer), 0, value.dtype);
  return value.dtype === 'int64' && !Number.isSafeInteger(number) ? undefined : number;
}

/** A constant of one element. */
export function scalarNode(number: number, shape: readonly number[], dtype: DType): Node {
  const array = encodeNumbers([number], dtype);
  const data = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return new Node(constantOp as unknown as Primitive, [], { data }, [{ shape, dtype }]);
}
