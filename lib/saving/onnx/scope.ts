// A graph of the file while it is made, the main one or the body of a loop or branch: its nodes, and which of its values
// stand for the values of the model. Transpositions are not made but remembered, until somebody needs the plain order: what
// computes with channels first and what is element by element goes on in the order that is there.
import { arrayOf, decodeNumber, encodeNumbers, type DType } from '../../dtype.js';
import { HornetError } from '../../errors.js';
import type { Value } from '../../graph/ir.js';
import { transposeTo } from '../../ops/movement.js';
import type { DeviceTensor } from '../../tensor.js';
import type { OnnxFile } from './file.js';
import { dataTypes, type OnnxAttr, type OnnxNode } from './proto.js';
import { SizeSource } from './sizes.js';
import { isKnown, whoIs, type Size } from './traces.js';

/** A tensor of the file: axis i of it is axis `perm[i]` of the value that it stands for; null where they are the same. */
export interface Held {
  readonly name: string;
  readonly perm: readonly number[] | null;
}

/** A smaller tensor that stands for a value repeated to the value's shape. */
interface Spread {
  readonly of: Value;
}

export const plain = (name: string): Held => ({ name, perm: null });
export const identity = (rank: number): number[] => Array.from({ length: rank }, (_, axis) => axis);
export const isIdentity = (perm: readonly number[]): boolean => perm.every((axis, i) => axis === i);

export class Scope {
  readonly nodes: OnnxNode[] = [];
  readonly sizes: SizeSource;
  private readonly held = new Map<Value, Held | Value | Spread>();
  private readonly derived = new Map<string, string>();
  /** Who is being written, for the names of nodes. */
  label = '';

  constructor(
    readonly file: OnnxFile,
    private readonly outer: Scope | null = null,
  ) {
    this.sizes = new SizeSource(this, outer?.sizes ?? null);
    if (outer) this.label = outer.label;
  }

  // — nodes —

  /** Adds a node and gives the names of its outputs. */
  emit(op: string, inputs: readonly string[], attrs: Readonly<Record<string, OnnxAttr>> = {}, count = 1): string[] {
    const name = this.file.unique(`${this.label ? `${this.label}/` : ''}${op}`);
    const outputs = Array.from({ length: count }, (_, i) => (i === 0 ? name : this.file.unique(`${name}.${i}`)));
    // Optional inputs at the end are left out rather than empty.
    const given = inputs.slice(0, inputs.findLastIndex((input) => input !== '') + 1);
    this.nodes.push({ op, name, inputs: given, outputs, attrs });
    return outputs;
  }

  /** The result of nodes that are added once here or around this graph. */
  once(key: string, make: () => string): string {
    const found = this.find(key);
    if (found !== null) return found;
    const made = make();
    this.derived.set(key, made);
    return made;
  }

  private find(key: string): string | null {
    return this.derived.get(key) ?? this.outer?.find(key) ?? null;
  }

  int64(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.file.constant(BigInt64Array.from(values, BigInt), shape, 'int64');
  }

  /** A constant without axes. */
  number(value: number, dtype: DType): string {
    return this.file.constant(encodeNumbers([value], dtype), [], dtype);
  }

  // — values —

  /** Whether a value is a tensor of the file without any node. */
  isFixed(value: Value): boolean {
    const origin = this.origin(value);
    return this.file.isFixed(origin) && !this.search(origin);
  }

  /** Says what a value is called here. */
  bind(value: Value, held: Held): void {
    this.held.set(value, held);
    this.sizes.learn(this.file.sized.sizesOf(value), held);
  }

  /** Makes a parameter of a body stand for what is around it. */
  alias(parameter: Value, value: Value): void {
    this.held.set(parameter, value);
  }

  /** Says that a value is another one repeated. */
  spread(value: Value, of: Value): void {
    this.held.set(value, { of });
  }

  /** The value that stands for a value: an outer one for the parameter of a body. */
  origin(value: Value): Value {
    const found = this.search(value);
    return found && 'node' in found ? this.origin(found) : value;
  }

  /** The smaller value that is repeated to this one, or the value itself. */
  unspread(value: Value): Value {
    const found = this.search(value);
    if (found && 'node' in found) return this.unspread(found);
    return found && 'of' in found ? this.unspread(found.of) : value;
  }

  /** The tensor that stands for a value, in whatever order of axes. */
  hold(value: Value): Held {
    const found = this.search(value);
    if (found && 'node' in found) return this.hold(found);
    if (found && 'of' in found) {
      const { sized } = this.file;
      const shape = this.expandedShape(sized.sizesOf(value), sized.sizesOf(found.of));
      const made = plain(this.emit('Expand', [this.plain(found.of), shape])[0]);
      this.bind(value, made);
      return made;
    }
    if (found) return found;
    if (this.file.isFixed(value)) return plain(this.fixed(value, identity(value.shape.length)));
    if (value.node.op.name === 'constant')
      return plain(this.once(`constant|${this.file.idOf(value)}`, () => this.sizedConstant(value)));
    throw new HornetError('export', `a value of op '${value.node.op.name}' is used before it is made`);
  }

  private search(value: Value): Held | Value | Spread | null {
    return this.held.get(value) ?? this.outer?.search(value) ?? null;
  }

  /** A tensor that is the value itself, axes in their order. */
  plain(value: Value): string {
    return this.inOrder(value, identity(value.shape.length));
  }

  /** A tensor whose axis i is the value's axis `perm[i]`. */
  inOrder(value: Value, perm: readonly number[]): string {
    const origin = this.origin(value);
    if (this.isFixed(origin)) return this.fixed(origin, perm);
    const { name, perm: own } = this.hold(origin);
    const from = own ?? identity(perm.length);
    return this.transposed(
      name,
      perm.map((axis) => from.indexOf(axis)),
    );
  }

  /** A weight in an order of axes. One that is there in its own order is not written to the file again. */
  private fixed(value: Value, perm: readonly number[]): string {
    const { op, attrs, inputs } = value.node;
    if (op.name === 'transpose') {
      const inner = attrs.perm as readonly number[];
      return this.fixed(
        inputs[0],
        perm.map((axis) => inner[axis]),
      );
    }
    if (isIdentity(perm)) return this.file.weight(value);
    if (this.file.has(value)) return this.transposed(this.file.weight(value), perm);
    return this.file.weight(value, {
      key: `transpose ${perm.join()}`,
      shape: perm.map((axis) => value.shape[axis]),
      apply: (tensor) => transposeTo(tensor, perm) as DeviceTensor,
    });
  }

  private transposed(name: string, perm: readonly number[]): string {
    if (isIdentity(perm)) return name;
    return this.once(`transpose|${name}|${perm.join()}`, () => this.emit('Transpose', [name], { perm })[0]);
  }

  /** A tensor of int64 that holds a shape. */
  shape(sizes: readonly Size[]): string {
    if (sizes.every(isKnown)) return this.int64(sizes.map(([size]) => size));
    return this.emit(
      'Concat',
      sizes.map((size) => this.sizes.vector(size)),
      { axis: 0 },
    )[0];
  }

  /** The shape that makes `from` repeat to `to`: ones where nothing is to be repeated. */
  private expandedShape(to: readonly Size[], from: readonly Size[]): string {
    const lead = to.length - from.length;
    return this.shape(
      to.map((size, axis) => (axis >= lead && String(from[axis - lead]) === String(size) ? size.map(() => 1) : size)),
    );
  }

  /** A constant of one number that is the same in no two traces: it counts something. */
  private sizedConstant(value: Value): string {
    const { sized } = this.file;
    const dtype = value.dtype;
    const data = sized.attrsOf(value.node, 'data') as Uint8Array[];
    const numbers = data.map((bytes) => readNumbers(bytes, dtype));
    const fail = (): never => {
      const what = `${whoIs(sized.labelOf(value.node))} makes numbers of a size that is unknown`;
      throw new HornetError('export', `${what}; give all sizes but the batch in inputSignature`);
    };
    if (!numbers.every((each) => each.length === 1) || !sized.sizesOf(value).every(isKnown)) return fail();
    const flat = numbers.map(([n]) => n);
    const inverse = flat.map((n) => 1 / n);
    const isWhole = (n: number): boolean => Number.isInteger(n) && n >= 0;
    const near = inverse.map(Math.round);
    const isInverse = !flat.every(isWhole) && inverse.every((n, i) => Math.abs(n - near[i]) < 1e-3 * Math.max(1, n));
    if (!flat.every(isWhole) && !isInverse) return fail();
    const size = this.sizes.vector(isInverse ? near : flat);
    const reshaped = this.emit('Reshape', [size, this.int64(value.shape)])[0];
    const [cast] = this.emit('Cast', [reshaped], { to: dataTypes[dtype] });
    return isInverse ? this.emit('Reciprocal', [cast])[0] : cast;
  }
}

function readNumbers(bytes: Uint8Array, dtype: DType): number[] {
  const array = new (arrayOf(dtype))(bytes.slice().buffer);
  return Array.from({ length: array.length }, (_, i) => decodeNumber(array, i, dtype));
}
