// One op of the model on its way into the file: its operands as tensors of the file, its attributes, and nodes to add.
import type { DType } from '../../dtype.js';
import { HornetError } from '../../errors.js';
import { bodiesOf, type AttrValue, type Graph, type Node, type Value } from '../../graph/ir.js';
import { identity, isIdentity, plain, type Held, type Scope } from './scope.js';
import { dataTypes, type OnnxAttr } from './proto.js';
import { sameAttr, type Size } from './traces.js';

/** What became of an op: a tensor per output (only those that inference needs). */
export type Lowered = string | Held | readonly (string | Held)[];

/** How one op is written. */
export type Rule = (call: Call) => Lowered;

export class Call {
  constructor(
    readonly node: Node,
    readonly scope: Scope,
  ) {}

  get output(): Value {
    return this.node.outputs[0];
  }

  get count(): number {
    return this.node.inputs.length;
  }

  operand(i: number): Value {
    return this.node.inputs[i];
  }

  /** An operand, its axes in their order. */
  input(i: number): string {
    return this.scope.plain(this.operand(i));
  }

  rank(i: number): number {
    return this.operand(i).shape.length;
  }

  dtype(i = 0): DType {
    return this.operand(i).dtype;
  }

  sizes(i: number): Size[] {
    return this.scope.file.sized.sizesOf(this.operand(i));
  }

  outputSizes(i = 0): Size[] {
    return this.scope.file.sized.sizesOf(this.node.outputs[i]);
  }

  /** An attribute that is the same whatever the unknown sizes are. */
  attr<T extends AttrValue>(name: string): T {
    if (!sameAttr(this.scope.file.sized.attrsOf(this.node, name))) this.fail(`its ${name} depends on an unknown size`);
    return this.node.attrs[name] as T;
  }

  /** An attribute of numbers, each in every trace. */
  numbers(name: string): Size[] {
    const lists = this.scope.file.sized.attrsOf(this.node, name) as (readonly number[])[];
    return lists[0].map((_, i) => lists.map((list) => list[i]));
  }

  get bodies(): readonly Graph[] {
    return bodiesOf(this.node);
  }

  /** Adds a node with one output. */
  emit(op: string, inputs: readonly string[], attrs: Readonly<Record<string, OnnxAttr>> = {}): string {
    return this.scope.emit(op, inputs, attrs)[0];
  }

  cast(name: string, dtype: DType): string {
    return this.emit('Cast', [name], { to: dataTypes[dtype] });
  }

  /** A number in the type of an operand. */
  number(value: number, dtype: DType = this.dtype()): string {
    return this.scope.number(value, dtype);
  }

  int64(values: readonly number[]): string {
    return this.scope.int64(values);
  }

  /** The order of axes that some operand is in, if not all are in the plain one: what goes on in it costs nothing. */
  commonOrder(operands: readonly Value[], rank: number): number[] {
    for (const operand of operands) {
      if (operand.shape.length !== rank || this.scope.isFixed(operand)) continue;
      const { perm } = this.scope.hold(operand);
      if (perm) return [...perm];
    }
    return identity(rank);
  }

  /** An op on one tensor that works in whatever order its axes are in; `make` gets the tensor and the place of each axis. */
  inAnyOrder(make: (name: string, placeOf: (axis: number) => number) => string): Held {
    const { name, perm } = this.scope.hold(this.operand(0));
    return { name: make(name, (axis) => (perm ? perm.indexOf(axis) : axis)), perm };
  }

  fail(reason: string): never {
    const { label } = this.scope;
    const where = label ? `layer '${label}': ` : '';
    throw new HornetError('export', `${where}op '${this.node.op.name}' cannot be written to ONNX: ${reason}`);
  }
}

/** The order of axes with channels in front of space, as ONNX has images. */
export const channelsFirst = (rank: number): number[] => [0, rank - 1, ...identity(rank).slice(1, -1)];

/** What a result in some order of axes is, by its value's own axes. */
export const ordered = (name: string, perm: readonly number[]): Held =>
  isIdentity(perm) ? plain(name) : { name, perm };
