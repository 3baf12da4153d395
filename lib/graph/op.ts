// Primitives: the small set of ops that the graph knows. `defineOp` keeps shape rule, gradient and meaning in one place.
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import type { Attrs, Aval } from './ir.js';

/** What a gradient rule sees: the forward inputs and outputs and the gradient of each output (null where none flows). */
export interface GradContext<A extends Attrs = Attrs> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly grads: readonly (Tensor | null)[];
  readonly attrs: A;
  /** Which inputs need a gradient at all; the others may be left null. */
  readonly needs: readonly boolean[];
}

export interface OpDefinition<A extends Attrs = Attrs> {
  /** The name in programs, error messages and, unless `elementwise`, of the native kernel. */
  readonly name: string;
  /** Shapes and types of the outputs; throws a `HornetError` when the inputs do not fit. */
  readonly infer: (inputs: readonly Aval[], attrs: A) => readonly Aval[];
  /** The gradient of each input in terms of other ops, or null where the op has none by definition. */
  readonly grad: ((context: GradContext<A>) => readonly (Tensor | null)[]) | null;
  /** One functor of native/elementwise.h: inputs broadcast to the output, fused with its neighbours. */
  readonly elementwise?: true;
  /** The meaning of a fused op in simpler ones: the test oracle. */
  readonly decompose?: (inputs: readonly Tensor[], attrs: A) => readonly Tensor[];
  /** No kernel: the graph itself resolves the op (parameter, constant, reshape). */
  readonly structural?: true;
  /** Structural, and the result is the memory of the input with another shape or dtype. */
  readonly alias?: true;
}

/** A defined primitive. */
export type Primitive<A extends Attrs = Attrs> = Readonly<OpDefinition<A>>;

const table = new Map<string, Primitive>();

/** Defines a primitive and enters it into the op table. Names are unique. */
export function defineOp<A extends Attrs = Attrs>(definition: OpDefinition<A>): Primitive<A> {
  if (table.has(definition.name)) throw new HornetError(definition.name, 'this op is already defined');
  table.set(definition.name, definition as unknown as Primitive);
  return definition;
}

/** All primitives by name. */
export const opTable: ReadonlyMap<string, Primitive> = table;
