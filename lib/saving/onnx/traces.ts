// The graph of a model with unknown sizes: the model is traced with several stand-ins for each of them, and wherever the
// traces differ in a number, that number depends on what is unknown.
import type { DType } from '../../dtype.js';
import { HornetError } from '../../errors.js';
import { bodiesOf, isBodies, type AttrValue, type Graph, type Node, type Value } from '../../graph/ir.js';
import { eliminateDeadCode } from '../../graph/passes/dce.js';
import { synchronous, Trace, withTrace, type TracedGraph, type TracedTensor } from '../../graph/trace.js';
import { scopeNames } from '../../layers/naming.js';
import type { Shape } from '../../layers/input-spec.js';
import type { DeviceTensor, Tensor } from '../../tensor.js';
import type { Steps } from '../../turns.js';
import type { Variable } from '../../variable.js';

/** A size: what it is in each of the traces. All alike is a known one. */
export type Size = readonly number[];

export const isKnown = (size: Size): boolean => size.every((each) => each === size[0]);

/** What computes something, for errors: a layer by its label, where there is one. */
export const whoIs = (label: string): string => (label ? `layer '${label}'` : 'the model');

/** One input of the function to trace. */
export interface TraceInput {
  readonly name: string;
  /** null for unknown sizes; all unknown first sizes are one and the same, the batch. */
  readonly shape: Shape;
  readonly dtype: DType;
}

/** What is unknown, by the name it gets in the file, with its stand-ins. */
export type Symbols = ReadonlyMap<string, Size>;

/** A function as a graph with unknown sizes. */
export class SizedGraph {
  /** The nodes of the other traces, in the place of each of the first. */
  private readonly twins = new Map<Node, readonly Node[]>();

  constructor(
    private readonly graphs: readonly Graph[],
    /** Where the parameters behind the inputs take their values from. */
    readonly sources: readonly (Variable | DeviceTensor)[],
    readonly symbols: Symbols,
    /** The name of each unknown size of each input; null where it is known. */
    readonly unknown: readonly (readonly (string | null)[])[],
    private readonly labels: WeakMap<Node, string>,
  ) {
    this.pair(graphs);
  }

  get graph(): Graph {
    return this.graphs[0];
  }

  /** The layers, from the outside, whose call recorded a node; empty where that was the model itself. */
  labelOf(node: Node): string {
    return this.labels.get(node) ?? '';
  }

  /** The name of an unknown size; null for one that follows from such. */
  symbolOf(size: Size): string | null {
    return [...this.symbols].find(([, own]) => String(own) === String(size))?.[0] ?? null;
  }

  sizesOf({ node, index, shape }: Value): Size[] {
    const shapes = this.nodesOf(node).map(({ outputs }) => outputs[index].shape);
    return shape.map((_, axis) => shapes.map((each) => each[axis]));
  }

  /** An attribute in each of the traces. */
  attrsOf(node: Node, name: string): AttrValue[] {
    return this.nodesOf(node).map(({ attrs }) => attrs[name]);
  }

  /** A node as it is in each of the traces. */
  nodesOf(node: Node): readonly Node[] {
    return [node, ...this.twins.get(node)!];
  }

  /**
   * Makes the nodes of the first graph stand for those of the others.
   *
   * @throws HornetError when the graphs differ in more than numbers.
   */
  pair(graphs: readonly Graph[]): void {
    const [first, ...others] = graphs;
    const places = graphs.map(({ nodes }) => new Map(nodes.map((node, i) => [node, i])));
    first.nodes.forEach((node, i) => {
      const twins = others.map(({ nodes }) => nodes[i]);
      const alike = (twin: Node | undefined, t: number): boolean =>
        twin !== undefined &&
        twin.op === node.op &&
        twin.inputs.length === node.inputs.length &&
        twin.outputs.every(
          ({ dtype, shape }, o) => dtype === node.outputs[o].dtype && shape.length === node.outputs[o].shape.length,
        ) &&
        twin.inputs.every(
          ({ node: made, index }, k) =>
            index === node.inputs[k].index && places[t + 1].get(made) === places[0].get(node.inputs[k].node),
        );
      if (!twins.every(alike)) {
        const what = `what ${whoIs(this.labelOf(node))} computes depends on the unknown sizes of the inputs`;
        throw new HornetError(
          'export',
          `${what} (at op '${node.op.name}'); give all sizes but the batch in inputSignature`,
        );
      }
      this.twins.set(node, twins);
      bodiesOf(node).forEach((body, b) => this.pair([body, ...twins.map((twin) => bodiesOf(twin)[b])]));
    });
  }
}

/** Remembers which layer recorded each node. */
class LabelledTrace extends Trace {
  constructor(private readonly labels: WeakMap<Node, string>) {
    super();
  }

  protected override append(...args: Parameters<Trace['append']>): readonly Value[] {
    const outputs = super.append(...args);
    // The first one is the model.
    this.labels.set(outputs[0].node, scopeNames().slice(1).join('/'));
    return outputs;
  }
}

/** Stand-ins of three traces. All remainders come up with the first, so that rounding shows; the others divide well. */
const standIns = [
  [251, 362, 543],
  [240, 360, 840],
] as const;
/** Between the stand-ins of different unknowns, more with each trace: so none is another one plus or times a number. */
const STEPS = [60, 120] as const;

/**
 * Traces a function with unknown sizes. Unknown sizes of several inputs are taken to be different ones, or if that is
 * impossible to be equal wherever their axes are.
 */
export function* traceSized(
  fn: (inputs: readonly TracedTensor[]) => readonly Tensor[],
  inputs: readonly TraceInput[],
): Steps<SizedGraph> {
  let failure: unknown;
  for (const apart of [true, false]) {
    for (const [i, sizes] of standIns.entries()) {
      const { symbols, unknown } = nameUnknown(inputs, apart, sizes, STEPS[i]);
      try {
        const labels = new WeakMap<Node, string>();
        const count = symbols.size === 0 ? 1 : sizes.length;
        const traced: TracedGraph[] = [];
        for (let t = 0; t < count; t++) {
          const recording = new LabelledTrace(labels);
          const values = inputs.map(({ shape, dtype }, i) =>
            recording.input({ shape: shape.map((dim, axis) => dim ?? symbols.get(unknown[i][axis]!)![t]), dtype }),
          );
          traced.push(withTrace(recording, () => recording.finish(synchronous(fn(values)))));
          yield;
        }
        const graphs = traced.map(({ graph }) => eliminateDeadCode(graph));
        const stateful = traced[0].updated.map(({ path }) => `'${path}'`);
        if (stateful.length > 0) throw new StatefulError(stateful.join(', '));
        return new SizedGraph(graphs, traced[0].sources, symbols, unknown, labels);
      } catch (error) {
        if (error instanceof StatefulError) throw error;
        failure ??= error;
      }
    }
  }
  throw failure;
}

class StatefulError extends HornetError {
  constructor(variables: string) {
    super(
      'export',
      `the model changes ${variables} when it predicts, and a graph of ONNX keeps no state between calls`,
    );
  }
}

function nameUnknown(inputs: readonly TraceInput[], apart: boolean, sizes: readonly number[], step: number) {
  const symbols = new Map<string, Size>();
  const unknown = inputs.map(({ name, shape }) =>
    shape.map((dim, axis) => {
      if (dim !== null) return null;
      const symbol = axis === 0 ? 'batch' : apart ? `${name}.${axis}` : `axis.${axis}`;
      if (!symbols.has(symbol)) {
        const shift = step * symbols.size;
        symbols.set(
          symbol,
          sizes.map((size, t) => size + shift * (t + 1)),
        );
      }
      return symbol;
    }),
  );
  return { symbols, unknown };
}

/** Whether an attribute is the same in all traces; graphs never are. */
export function sameAttr(values: readonly AttrValue[]): boolean {
  const [first, ...others] = values;
  if (isBodies(first)) return false;
  if (first instanceof Uint8Array) return others.every((each) => Buffer.compare(first, each as Uint8Array) === 0);
  return others.every((each) => JSON.stringify(each) === JSON.stringify(first));
}
