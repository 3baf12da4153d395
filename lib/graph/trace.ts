// Tracing: functions on tensors become graphs. Also the one place where an op decides between recording and running.
import { byteSize, type DType, type TypedArray } from '../dtype.js';
import { HornetError } from '../errors.js';
import { DeviceTensor, Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { runEager } from './eager.js';
import { avalOf, Node, type Attrs, type Aval, type Graph, type StateUpdate, type Value } from './ir.js';
import { defineOp, type Primitive } from './op.js';

/** A tensor inside a trace: it has a shape and a type, and numbers only when the program runs. */
export class TracedTensor extends Tensor {
  constructor(
    /** Internal. */
    readonly trace: Trace<Tensor>,
    /** Internal. */
    readonly node: Value,
  ) {
    super(node.shape, node.dtype);
  }
}

/** An input of the program; `index` counts parameters. */
export const parameterOp = defineOp<{ index: number }>({
  name: 'parameter',
  infer: () => [],
  grad: null,
  structural: true,
});

/** Numbers known when the program is made, as little-endian bytes. */
export const constantOp = defineOp<{ data: Uint8Array }>({
  name: 'constant',
  infer: () => [],
  grad: null,
  structural: true,
});

interface VariableState {
  readonly parameter: Value;
  current: Value;
}

/** The recording of one function: its nodes, and the variables and outer tensors it touched. */
export class Trace<Outside extends Tensor = DeviceTensor> {
  readonly nodes: Node[] = [];
  readonly parameters: Value[] = [];
  /** Where the parameters after the explicit inputs take their memory from. */
  readonly sources: (Variable | Outside)[] = [];
  private readonly variables = new Map<Variable, VariableState>();
  private readonly captures = new Map<object, Value>();

  /** Adds an explicit input. All inputs come before the first variable or capture. */
  input(aval: Aval): TracedTensor {
    return new TracedTensor(this, this.parameter(aval));
  }

  /** The value of a variable at this point of the program. */
  read(variable: Variable): TracedTensor {
    return new TracedTensor(this, this.state(variable).current);
  }

  /** Makes `value` the variable's value from this point on. */
  write(variable: Variable, value: Tensor): void {
    this.state(variable).current = this.lift(value);
  }

  /** A constant of the program. */
  constant(array: TypedArray, shape: readonly number[], dtype: DType): TracedTensor {
    const data = new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice();
    if (data.length !== shape.reduce((n, d) => n * d, byteSize(dtype))) {
      throw new HornetError('constant', `${data.length} bytes do not fill shape [${shape.join(', ')}] of ${dtype}`);
    }
    return new TracedTensor(this, this.append(constantOp as unknown as Primitive, [], { data }, [{ shape, dtype }])[0]);
  }

  /** The graph value of a tensor: its own, or a new parameter for a tensor from outside. */
  lift(tensor: Tensor): Value {
    return tensor instanceof TracedTensor && tensor.trace === this ? tensor.node : this.capture(tensor);
  }

  /** Whether a traced tensor has a value here. */
  reaches(tensor: TracedTensor): boolean {
    return tensor.trace === this;
  }

  /** Whether what is recorded runs as soon as it is recorded. */
  get isEager(): boolean {
    return false;
  }

  /** The value of a tensor that is not of this trace. */
  protected capture(tensor: Tensor): Value {
    if (tensor instanceof TracedTensor) {
      throw new HornetError('trace', 'a tensor of another traced function is used here; return it from that function');
    }
    if (!(tensor instanceof DeviceTensor)) {
      throw new HornetError('trace', 'a symbolic tensor has no value here; call the layer or op on real tensors');
    }
    return this.captured(tensor, () => this.parameter(tensor, tensor as Tensor as Outside));
  }

  /** What stands for something from outside, made at its first use. */
  protected captured(key: object, make: () => Value): Value {
    let value = this.captures.get(key);
    if (!value) this.captures.set(key, (value = make()));
    return value;
  }

  /** Records one op. */
  emit<A extends Attrs>(op: Primitive<A>, inputs: readonly Tensor[], attrs: A): TracedTensor[] {
    const values = inputs.map((input) => this.lift(input));
    const avals = op.infer(values, attrs);
    for (const { shape } of avals) {
      if (shape.every((dim) => Number.isInteger(dim) && dim >= 0)) continue;
      throw new HornetError(op.name, `expected sizes to be non-negative integers, received [${shape.join(', ')}]`);
    }
    return this.append(op as unknown as Primitive, values, attrs, avals).map((value) => new TracedTensor(this, value));
  }

  /** The value that a variable had when the recording began. */
  initial(variable: Variable): Value {
    return this.state(variable).parameter;
  }

  /** A graph value as a tensor. */
  wrap(value: Value): TracedTensor {
    return new TracedTensor(this, value);
  }

  /** The present value of every variable touched so far. */
  snapshot(): ReadonlyMap<Variable, Value> {
    return new Map([...this.variables].map(([variable, state]) => [variable, state.current]));
  }

  /** The variables that were assigned. */
  changed(): Variable[] {
    return [...this.variables].flatMap(([variable, { current, parameter }]) => (current === parameter ? [] : variable));
  }

  /** Closes the recording. */
  finish(results: readonly Tensor[]): TracedGraph<Outside> {
    const lifted = results.map((result) => this.lift(result));
    const changed = [...this.variables].filter(([, state]) => state.current !== state.parameter);
    const updates: StateUpdate[] = changed.map(([, { parameter, current }]) => ({ parameter, value: current }));
    return {
      graph: { nodes: this.nodes, parameters: this.parameters, results: lifted, updates },
      sources: this.sources,
      updated: changed.map(([variable]) => variable),
    };
  }

  private state(variable: Variable): VariableState {
    let state = this.variables.get(variable);
    if (!state) {
      const parameter = this.parameter(variable, variable);
      this.variables.set(variable, (state = { parameter, current: parameter }));
    }
    return state;
  }

  /** A new parameter; `source` is where it takes its memory from, unless it is an explicit input. */
  protected parameter(aval: Aval, source?: Variable | Outside): Value {
    const attrs = { index: this.parameters.length };
    const [value] = this.append(parameterOp as unknown as Primitive, [], attrs, [avalOf(aval)]);
    this.parameters.push(value);
    if (source) this.sources.push(source);
    return value;
  }

  protected append(op: Primitive, inputs: readonly Value[], attrs: Attrs, outputs: readonly Aval[]): readonly Value[] {
    const node = new Node(op, inputs, attrs, outputs);
    this.nodes.push(node);
    return node.outputs;
  }
}

/** A finished recording. */
export interface TracedGraph<Outside extends Tensor = DeviceTensor> {
  readonly graph: Graph;
  /** Variables and outer tensors behind the parameters that follow the explicit inputs. */
  readonly sources: readonly (Variable | Outside)[];
  /** The variables that the program changes, in the order of `graph.updates`. */
  readonly updated: readonly Variable[];
}

let current: Trace<Tensor> | null = null;

/** The trace that is being recorded, or null outside of any. */
export const currentTrace = (): Trace<Tensor> | null => current;

/** Whether a tensor was made by what is running now: the function that is being recorded, or none. */
export const isOfPresent = (tensor: Tensor): boolean =>
  tensor instanceof TracedTensor ? (current?.reaches(tensor) ?? false) : (current?.isEager ?? true);

/** Runs `fn` while `trace` records (null: eagerly). */
export function withTrace<T>(trace: Trace<Tensor> | null, fn: () => T): T {
  const outer = current;
  current = trace;
  try {
    return synchronous(fn());
  } finally {
    current = outer;
  }
}

/** What a traced function returned; throws when that is a promise. */
export function synchronous<T>(result: T): T {
  if (!(result instanceof Promise)) return result;
  // It fails by itself as soon as it asks for numbers: nobody is left to hear of that.
  result.catch(() => undefined);
  throw new HornetError('trace', 'a traced function cannot be async: tensors have no numbers while it is recorded');
}

/** Records `fn` on inputs of the given shapes and types. */
export function trace(fn: (...inputs: TracedTensor[]) => readonly Tensor[], avals: readonly Aval[]): TracedGraph {
  const recording = new Trace();
  const inputs = avals.map((aval) => recording.input(aval));
  return withTrace(recording, () => recording.finish(fn(...inputs)));
}

/** The shapes and types that `fn` would give; nothing runs, and what `fn` does to variables is forgotten. */
export function abstractEval(fn: (...inputs: TracedTensor[]) => readonly Tensor[], avals: readonly Aval[]): Aval[] {
  return trace(fn, avals).graph.results.map(avalOf);
}

/** Applies a primitive: recorded in a trace, otherwise run at once as a program of one op. */
export function emit<A extends Attrs>(op: Primitive<A>, inputs: readonly Tensor[], attrs: A): Tensor[] {
  return current ? current.emit(op, inputs, attrs) : runEager(op as unknown as Primitive, inputs, attrs);
}

/** `emit` for primitives with one output. */
export function emit1<A extends Attrs>(op: Primitive<A>, inputs: readonly Tensor[], attrs: A): Tensor {
  return emit(op, inputs, attrs)[0];
}
