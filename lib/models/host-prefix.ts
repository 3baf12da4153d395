// The host prefix of a functional model: the calls that encode strings. What is behind it is a graph of numbers like any
// other, which is what steps are compiled from.
import { HornetError } from '../errors.js';
import { InputLayer } from '../layers/input.js';
import { shapeText } from '../layers/input-spec.js';
import { isSymbolicStrings, type StringEncoder } from '../layers/string-layer.js';
import { isStrings, StringArray } from '../strings.js';
import { Tensor } from '../tensor.js';
import { flatten, isBranch, mapTree, unflatten, type Tree } from '../tree.js';
import type { Steps } from '../turns.js';
import { uploadLeaf, type ArrayData, type DataTree } from './data.js';
import { FunctionGraph } from './function-graph.js';
import { KerasTensor, Node } from './keras-tensor.js';

/** One call that is given strings. */
interface Encoding {
  readonly encoder: StringEncoder;
  /** The first argument as it was recorded. */
  readonly inputs: Tree<KerasTensor>;
  /** The inputs of the graph behind, in the places of the strings; null in all others. */
  readonly codes: Tree<InputLayer | null>;
}

/** A functional model in two parts. */
export class HostPrefix {
  private constructor(
    private readonly whole: FunctionGraph,
    /** The graph behind the prefix. Its inputs are a record: codes of strings, and the other inputs by their names. */
    readonly graph: FunctionGraph,
    private readonly encodings: readonly Encoding[],
  ) {}

  /** Splits a graph; null where no input is strings. Throws a `HornetError` where strings would come out. */
  static of(graph: FunctionGraph): HostPrefix | null {
    const inputs = flatten(graph.inputs);
    if (!inputs.some(isSymbolicStrings)) return null;
    const encodings: Encoding[] = [];
    const replaced = new Map<unknown, KerasTensor>();
    const swap = (leaf: unknown): unknown => replaced.get(leaf) ?? leaf;
    for (const node of graph.nodes) {
      const encoding = node.inputs.some(isSymbolicStrings) ? encodingOf(graph, node) : null;
      if (encoding) encodings.push(encoding);
      else if (!node.inputs.some((input) => replaced.has(input))) continue;
      const [first, ...others] = node.args;
      const args = [
        encoding ? numbersOf(encoding, swap) : mapTree(first, swap),
        ...others.map((arg) => mapTree(arg, swap)),
      ];
      const options = {
        ...(mapTree(node.options as Tree<unknown>, swap) as object),
        ...(encoding && { encoded: true }),
      };
      for (const output of node.outputs) replaced.set(output, new KerasTensor(output.symbolicShape, output.dtype));
      new Node(node.operation, args, options, mapTree(node.result, swap));
    }
    const outputs = mapTree(graph.outputs, swap) as Tree<KerasTensor>;
    if (flatten(outputs).some(isSymbolicStrings))
      throw new HornetError('model', 'expected outputs of numbers, received strings');
    const placeholders = [
      ...inputs.filter((input) => !isSymbolicStrings(input)),
      ...encodings.flatMap(({ codes }) => flatten(codes).flatMap((layer) => layer?.output ?? [])),
    ];
    const record = Object.fromEntries(placeholders.map((input) => [input.history!.node.operation.name, input]));
    return new HostPrefix(graph, new FunctionGraph(record, outputs), encodings);
  }

  /** Whether these are inputs of the graph behind the prefix already. */
  isEncoded(inputs: unknown): boolean {
    const isRecord = inputs !== null && typeof inputs === 'object' && !Array.isArray(inputs);
    return isRecord && Object.keys(this.graph.inputs).every((name) => name in inputs);
  }

  /** The inputs of the graph behind, for values of all inputs (one per leaf): strings become codes, the rest stays. */
  *encode(where: string, values: readonly unknown[]): Steps<Record<string, unknown>> {
    const record: Record<string, unknown> = {};
    const known = new Map<unknown, unknown>();
    flatten(this.whole.inputs).forEach((input, i) => {
      const layer = this.whole.inputLayers[i];
      if (isSymbolicStrings(input)) known.set(input, fitStrings(where, layer, values[i]));
      else record[layer.name] = values[i];
    });
    for (const { encoder, inputs, codes } of this.encodings) {
      const encoded = flatten(yield* encoder.encodeStrings(mapTree(inputs, (leaf) => known.get(leaf) ?? leaf)));
      flatten(codes).forEach((layer, i) => {
        if (layer) record[layer.name] = encoded[i];
      });
    }
    return record;
  }

  /** The same for symbolic values: what the graph behind gets, as symbolic tensors. */
  encodeSymbols(values: readonly (Tensor | null)[]): Tree<Tensor> {
    const given = new Map<unknown, Tensor | null>(this.whole.inputLayers.map(({ output }, i) => [output, values[i]]));
    return mapTree(this.graph.inputs, (input) => given.get(input) ?? new KerasTensor(input.symbolicShape, input.dtype));
  }
}

/** The values of a model's inputs, one per leaf: strings as such, all else on the current device. */
export function readValues(where: string, graph: FunctionGraph, given: DataTree): unknown[] {
  const layers = graph.inputLayers;
  const isRecord = isBranch(given) && !Array.isArray(given);
  const values = isRecord || (Array.isArray(given) && layers.length > 1) ? listValues(where, graph, given) : [given];
  return layers.map((layer, i) => {
    const value = values[i] as ArrayData;
    if (isSymbolicStrings(layer.output)) return isStrings(value) ? StringArray.from(value) : value;
    if (value instanceof Tensor || value === null) return value;
    return uploadLeaf(where, 'x', value, layer.batchShape.slice(1));
  });
}

/** The items of a list, or of a record in the order of the inputs. */
function listValues(where: string, graph: FunctionGraph, given: DataTree): readonly unknown[] {
  const names = graph.inputLayers.map(({ name }) => name);
  if (Array.isArray(given)) {
    if (given.length === names.length) return given;
    throw new HornetError(where, `expected ${names.length} inputs (${names.join(', ')}), received ${given.length}`);
  }
  const { inputs } = graph;
  const keys = isBranch(inputs) && !Array.isArray(inputs) ? Object.keys(inputs).sort() : names;
  const missing = keys.find((key) => !(key in (given as object)));
  if (missing === undefined) return keys.map((key) => (given as Record<string, unknown>)[key]);
  throw new HornetError(where, `expected inputs ${keys.join(', ')}, received ${Object.keys(given).join(', ')}`);
}

/** Makes the inputs that take the place of a call's strings. */
function encodingOf(graph: FunctionGraph, node: Node): Encoding {
  const encoder = node.operation as unknown as StringEncoder;
  const inputs = node.args[0] as Tree<KerasTensor>;
  const calls = graph.callsOf(node.operation);
  const name = calls.length > 1 ? `${node.operation.name}.${calls.indexOf(node)}` : node.operation.name;
  const encoded = encoder.encodeSymbols(inputs);
  const before = new Set<unknown>(flatten(inputs));
  let next = 0;
  const codes = mapTree(encoded, (leaf) => {
    if (before.has(leaf)) return null;
    const { symbolicShape: batchShape, dtype } = leaf as KerasTensor;
    return new InputLayer({ batchShape, dtype, name: `${name}.codes${next++ || ''}` });
  });
  return { encoder, inputs, codes };
}

/** The first argument of a call with codes in the places of strings. */
function numbersOf({ encoder, inputs, codes }: Encoding, swap: (leaf: unknown) => unknown): Tree<unknown> {
  const layers = flatten(codes);
  const encoded = encoder.encodeSymbols(inputs);
  return unflatten(
    encoded,
    flatten(encoded).map((leaf, i) => layers[i]?.output ?? swap(leaf)),
  );
}

/** Strings in the shape that an input expects; a last axis of size one may be missing or too many. */
function fitStrings(where: string, { name, batchShape }: InputLayer, value: unknown): StringArray {
  if (!(value instanceof StringArray)) {
    throw new HornetError(where, `expected strings for input '${name}', received numbers`);
  }
  const { shape } = value;
  const rank = batchShape.length;
  const fitted =
    shape.length === rank + 1 && shape.at(-1) === 1
      ? value.reshape(shape.slice(0, -1))
      : shape.length === rank - 1 && batchShape.at(-1) === 1
        ? value.reshape([...shape, 1])
        : value;
  const matches = (dim: number | null, i: number): boolean => i === 0 || dim === null || dim === fitted.shape[i];
  if (fitted.rank === rank && batchShape.every(matches)) return fitted;
  const wanted = shapeText(batchShape);
  throw new HornetError(where, `expected input '${name}' of shape ${wanted}, received ${shapeText(shape)}`);
}
