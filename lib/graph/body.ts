// Bodies: what a loop or branch runs, recorded as a graph of its own. All parameters of a body stand for something
// around it: what the loop carries from step to step, slices of sequences, and whatever else the body uses.
import { HornetError } from '../errors.js';
import { copyRule } from '../ops/custom-gradient.js';
import type { Tensor } from '../tensor.js';
import { Variable, withAutocast } from '../variable.js';
import { avalOf, sameShape, sizeOf, type Aval, type Graph, type Node, type Value } from './ir.js';
import { currentTrace, Trace, TracedTensor, withTrace } from './trace.js';

/** The graph that a body differentiates, and how the body gets at a value of it. */
export interface Primal {
  readonly values: ReadonlySet<Value>;
  readonly fetch: (value: Value) => Tensor;
}

/** What a loop hands from step to step. */
export class Carry {
  /** What the next step gets; in the end, what the loop gives. */
  value: Tensor;

  constructor(
    readonly initial: Tensor,
    readonly parameter: TracedTensor,
  ) {
    this.value = parameter;
  }
}

/** A recorded body. */
export interface RecordedBody {
  /** Its updates say what the next step finds in a parameter; its results are what it gives in each step. */
  readonly graph: Graph;
  /** Where the parameters take their values from, in their order. */
  readonly sources: readonly (Variable | Tensor)[];
  /** What the body changes, in the order of `graph.updates`. */
  readonly updated: readonly (Variable | Carry)[];
}

export class Body extends Trace<Tensor> {
  /** Indices of the parameters that are slices of their sources. */
  readonly sliced: number[] = [];
  private readonly carries: Carry[] = [];

  /** @param outer - What is recorded around the body; null outside of any trace. */
  constructor(
    private readonly outer: Trace<Tensor> | null = currentTrace(),
    private readonly primal: Primal | null = null,
  ) {
    super();
  }

  /** A value that the loop hands from step to step; unless somebody sets another `value`, it stays `initial`. */
  carry(initial: Tensor): Carry {
    const carry = new Carry(initial, this.wrap(this.parameter(initial, initial)));
    this.carries.push(carry);
    return carry;
  }

  /** The slice of `sequence`, along its first axis, that belongs to the step. */
  slice(sequence: Tensor): TracedTensor {
    this.sliced.push(this.parameters.length);
    return this.wrap(this.parameter({ shape: sequence.shape.slice(1), dtype: sequence.dtype }, sequence));
  }

  /** Makes parameters of what another body of the same node takes from outside. Both carry the same. */
  adoptAll(other: Body): void {
    for (const source of other.sources.slice(other.carries.length)) {
      if (source instanceof Variable) this.read(source);
      else this.lift(source);
    }
  }

  /** Records a node of the primal graph once more. */
  repeat(node: Node): TracedTensor[] {
    const inputs = node.inputs.map((input) => this.lift(this.wrap(input)));
    const outputs = this.append(node.op, inputs, node.attrs, node.outputs);
    copyRule(node.outputs[0], outputs[0]);
    return outputs.map((output) => this.wrap(output));
  }

  override lift(tensor: Tensor): Value {
    if (!(tensor instanceof TracedTensor) || !this.primal?.values.has(tensor.node)) return super.lift(tensor);
    return this.captured(tensor.node, () => super.lift(this.primal!.fetch(tensor.node)));
  }

  override reaches(tensor: TracedTensor): boolean {
    return super.reaches(tensor) || this.primal?.values.has(tensor.node) || (this.outer?.reaches(tensor) ?? false);
  }

  /** A loop outside of any trace runs as soon as it is recorded. */
  override get isEager(): boolean {
    return this.outer?.isEager ?? true;
  }

  protected override capture(tensor: Tensor): Value {
    if (!(tensor instanceof TracedTensor) || !this.outer?.reaches(tensor)) return super.capture(tensor);
    const { node } = tensor;
    return this.captured(node, () =>
      // Scalars known now are better known inside, too.
      node.node.op.name === 'constant' && sizeOf(node.shape) === 1
        ? this.append(node.node.op, [], node.node.attrs, [avalOf(node)])[0]
        : this.parameter(tensor, tensor),
    );
  }

  /** Records what the body does. */
  record<T>(fn: () => T): T {
    return withTrace(this, fn);
  }

  /** Ends the recording. @param op - What errors call the loop. */
  close(results: readonly Tensor[], op: string): RecordedBody {
    const changed = this.carries.filter((carry) => carry.value !== carry.parameter);
    for (const { value, parameter } of changed) checkKept(op, parameter, value);
    const carried = changed.map(({ parameter, value }) => ({ parameter: parameter.node, value: this.lift(value) }));
    const { graph, sources, updated } = this.finish(results);
    const updates = [...carried, ...graph.updates];
    return { graph: { ...graph, updates }, sources, updated: [...changed, ...updated] };
  }
}

function checkKept(op: string, before: Aval, after: Aval): void {
  if (before.dtype === after.dtype && sameShape(before.shape, after.shape)) return;
  const text = ({ dtype, shape }: Aval): string => `${dtype}[${shape.join(', ')}]`;
  throw new HornetError(op, `expected a step to give what it carries as ${text(before)}, received ${text(after)}`);
}

/** Records bodies that run on the same operands, so that they have the same parameters in the same order. */
export function recordTogether(bodies: readonly Body[], fns: readonly (() => readonly Tensor[])[]): TracedTensor[][] {
  const results = bodies.map((body, i) => {
    if (i > 0) body.adoptAll(bodies[i - 1]);
    return body.record(() => fns[i]().map((result) => body.wrap(body.lift(result))));
  });
  for (const body of bodies) body.adoptAll(bodies.at(-1)!);
  return results;
}

/** The operands of a node that runs a body: the present values of its sources. */
export const operandsOf = (sources: readonly (Variable | Tensor)[]): Tensor[] =>
  // A variable is read in its own type: the body casts it as the layers within it wish.
  sources.map((source) => (source instanceof Variable ? withAutocast(null, () => source.value) : source));

/** Makes what a loop or branch gives the present values of what its bodies changed. */
export function settle(updated: readonly (Variable | Carry)[], values: readonly Tensor[]): void {
  updated.forEach((one, i) => {
    if (one instanceof Variable) one.assign(values[i]);
    else one.value = values[i];
  });
}
