// The graph: SSA values with static shapes and types, and the nodes that make them. No tracing, no passes here.
import type { DType } from '../dtype.js';
import type { Primitive } from './op.js';

/** What is known of a tensor without its numbers. */
export interface Aval {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** What an instruction's attribute may be; `Uint8Array` holds the bytes of a constant, graphs are bodies (see body.ts). */
export type AttrValue = number | boolean | string | readonly number[] | Uint8Array | readonly Graph[];
export type Attrs = Readonly<Record<string, AttrValue>>;

/** One result of one node. */
export class Value implements Aval {
  constructor(
    readonly node: Node,
    readonly index: number,
    readonly shape: readonly number[],
    readonly dtype: DType,
  ) {}
}

/** One application of a primitive. */
export class Node {
  readonly outputs: readonly Value[];

  constructor(
    readonly op: Primitive,
    readonly inputs: readonly Value[],
    readonly attrs: Attrs,
    outputs: readonly Aval[],
  ) {
    this.outputs = outputs.map((aval, index) => new Value(this, index, aval.shape, aval.dtype));
  }
}

/**
 * A program's graph. `nodes` are in an order in which every input comes before its use; parameters and constants are
 * nodes too. `updates` names the results that replace a parameter's content when the program ends (state).
 */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly parameters: readonly Value[];
  readonly results: readonly Value[];
  readonly updates: readonly StateUpdate[];
}

/** The parameter's buffer holds `value` after the run. */
export interface StateUpdate {
  readonly parameter: Value;
  readonly value: Value;
}

/** The graphs that a loop or branch runs; none for every other op. */
export const bodiesOf = ({ attrs }: Node): readonly Graph[] => (attrs.bodies ?? []) as readonly Graph[];

/** Whether an attribute's value is a list of graphs. */
export const isBodies = (value: AttrValue): value is readonly Graph[] =>
  Array.isArray(value) && typeof value[0] === 'object';

/** Shape and dtype without the value that they are of. */
export const avalOf = ({ shape, dtype }: Aval): Aval => ({ shape, dtype });

/** Number of elements of a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, dim) => size * dim, 1);

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((dim, i) => dim === b[i]);

/** Every value that must survive: results and state updates. */
export const roots = (graph: Graph): Value[] => [...graph.results, ...graph.updates.map((update) => update.value)];
