// The table that `model.summary()` prints, in the look of Keras's.
import { printLine } from '../messages.js';
import type { Variable } from '../variable.js';
import { byteSize } from '../dtype.js';
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import { shapeText } from '../layers/input-spec.js';
import type { Layer } from '../layers/layer.js';
import type { KerasTensor, Node, Operation } from './keras-tensor.js';
import { OpCall } from './keras-tensor.js';
import type { FunctionGraph } from './function-graph.js';

/** Options of `summary`. */
export interface SummaryArgs {
  /** Width in characters. Default 80. */
  readonly lineLength?: number;
  /** Whether to say which layers are trained. Default false. */
  readonly showTrainable?: boolean;
  /** Whether to list the layers of nested models. Default false. */
  readonly expandNested?: boolean;
  /** The first and the last layer to list, by name or pattern (regular expressions). Default: all. */
  readonly layerRange?: readonly [string, string] | null;
  /** Receives the table. Default: standard output. */
  readonly printFn?: (text: string) => void;
}

/** What a summary needs to know of a model. */
export interface Summarized extends Layer {
  readonly graph: FunctionGraph | null;
  readonly layers: readonly Layer[];
  readonly isCompiled: boolean;
  readonly optimizer: { readonly variables: readonly Variable[] };
}

interface Column {
  readonly title: string;
  readonly width: number;
  readonly align: 'left' | 'right' | 'center';
}

type Row = readonly string[];

/** Prints a model's layers, shapes and numbers of weights. */
export function printSummary(model: Summarized, args: SummaryArgs): void {
  const { lineLength = 80, showTrainable = false, expandNested = false, layerRange = null } = args;
  const print = args.printFn ?? printLine;
  const connected = model.graph !== null && !isChain(model.graph);
  const columns = makeColumns(lineLength, connected, showTrainable);
  const rows = rowsOf(model, '', { connected, showTrainable, expandNested, layerRange });
  print([`Model: "${model.name}"`, ...table(columns, rows), ...totals(model)].join('\n'));
}

/** Keras's widths for lines of 80 characters; other line lengths share out the difference. */
const widths = { chain: [31, 22, 13], connected: [19, 17, 10, 17], trainable: 5 };

function makeColumns(lineLength: number, connected: boolean, showTrainable: boolean): Column[] {
  const titles = ['Layer (type)', 'Output Shape', 'Param #', ...(connected ? ['Connected to'] : [])];
  const shares = [...(connected ? widths.connected : widths.chain)];
  if (showTrainable) {
    titles.push('Trainable');
    shares[0] -= 4;
    shares[1] -= 1;
    shares[2] -= connected ? 0 : 3;
    shares.push(widths.trainable);
  }
  const usual = shares.reduce((sum, width) => sum + width, 0);
  // Borders and blanks take three characters a column and one more; Keras leaves four at the end of the line.
  const room = Math.max(lineLength - 5 - 3 * titles.length, 6 * titles.length);
  const scaled = shares.map((share) => Math.floor((room * share) / usual));
  scaled[0] += room - scaled.reduce((sum, width) => sum + width, 0);
  const align = (title: string): Column['align'] =>
    title === 'Param #' ? 'right' : title === 'Trainable' ? 'center' : 'left';
  return titles.map((title, i) => ({ title, width: scaled[i], align: align(title) }));
}

interface RowArgs {
  readonly connected: boolean;
  readonly showTrainable: boolean;
  readonly expandNested: boolean;
  readonly layerRange: readonly [string, string] | null;
}

/** The operations from the first that one pattern matches to the last that the other does. Patterns match beginnings. */
function inRange(operations: readonly Operation[], range: readonly [string, string] | null): readonly Operation[] {
  if (range === null) return operations;
  const [first, last] = range.map((pattern) => new RegExp(`^(?:${pattern})`));
  const from = operations.findIndex(({ name }) => first.test(name));
  const to = operations.findLastIndex(({ name }) => last.test(name));
  if (from >= 0 && from <= to) return operations.slice(from, to + 1);
  throw new HornetError('summary', `no layers are within layerRange ['${range[0]}', '${range[1]}']`);
}

function rowsOf(model: Summarized, indent: string, args: RowArgs): Row[] {
  const { graph } = model;
  const operations: readonly Operation[] =
    graph && graph.layers.length === graph.operations.length
      ? listed(model, graph)
      : (graph?.operations ?? model.layers);
  return inRange(operations, args.layerRange).flatMap((operation) => {
    const row = rowOf(operation, graph, indent, args);
    if (!args.expandNested || operation instanceof OpCall || !('layers' in operation)) return [row];
    return [row, ...rowsOf(operation as unknown as Summarized, `${indent}   `, { ...args, layerRange: null })];
  });
}

/** A `Sequential` hides its input layer. */
const listed = (model: Summarized, graph: FunctionGraph): readonly Operation[] =>
  graph.layers.filter((layer) => model.layers.includes(layer));

function rowOf(operation: Operation, graph: FunctionGraph | null, indent: string, args: RowArgs): Row {
  const layer = operation instanceof OpCall ? null : (operation as Layer);
  const lead = indent === '' ? '' : `${indent} └ `.slice(1);
  const row = [`${lead}${operation.name} (${operation.className})`, shapeOfOutputs(operation, graph), params(layer)];
  if (args.connected) row.push(indent === '' && graph ? connections(operation, graph) : '');
  if (args.showTrainable) row.push(layer === null || layer.weights.length === 0 ? '-' : layer.trainable ? 'Y' : 'N');
  return row;
}

function params(layer: Layer | null): string {
  if (!layer) return '0';
  return layer.built || layer.weights.length > 0 ? thousands(layer.countParams()) : '0 (unbuilt)';
}

function shapeOfOutputs(operation: Operation, graph: FunctionGraph | null): string {
  const [node] = graph?.callsOf(operation) ?? operation.inboundNodes;
  if (!node) return '?';
  const texts = node.outputs.map(({ symbolicShape }) => tupleText(symbolicShape));
  return texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
}

const tupleText = (shape: KerasTensor['symbolicShape']): string =>
  shapeText(shape).replaceAll('null', 'None').replace('[', '(').replace(']', ')');

function connections(operation: Operation, graph: FunctionGraph): string {
  const inputs = graph.callsOf(operation).flatMap((node) => node.inputs);
  if (inputs.length === 0) return '-';
  const position = (node: Node): number => graph.callsOf(node.operation).indexOf(node);
  return inputs
    .map(({ history }) => `${history!.node.operation.name}[${position(history!.node)}][${history!.index}]`)
    .join(', ');
}

/** Whether every layer is called once, on the output of the one before. */
function isChain(graph: FunctionGraph): boolean {
  const uses = new Map<Operation, number>();
  for (const node of graph.nodes) {
    if (node.inputs.length > 1 || graph.callsOf(node.operation).length > 1) return false;
    for (const { history } of node.inputs)
      uses.set(history!.node.operation, (uses.get(history!.node.operation) ?? 0) + 1);
  }
  return graph.inputLayers.length === 1 && [...uses.values()].every((count) => count === 1);
}

function table(columns: readonly Column[], rows: readonly Row[]): string[] {
  const line = (left: string, fill: string, cross: string, right: string): string =>
    left + columns.map(({ width }) => fill.repeat(width + 2)).join(cross) + right;
  const cells = (row: Row, bar: string): string[] => {
    const wrapped = columns.map(({ width }, i) => wrap(row[i] ?? '', width));
    const height = Math.max(...wrapped.map((lines) => lines.length));
    return Array.from({ length: height }, (_, y) => {
      const texts = columns.map(({ width, align }, i) => ` ${aligned(wrapped[i][y] ?? '', width, align)} `);
      return bar + texts.join(bar) + bar;
    });
  };
  const titles = columns.map(({ title, width }) => (title.length > width ? `${title.slice(0, width - 1)}…` : title));
  const body = rows.flatMap((row, i) => [...(i > 0 ? [line('├', '─', '┼', '┤')] : []), ...cells(row, '│')]);
  return [line('┏', '━', '┳', '┓'), ...cells(titles, '┃'), line('┡', '━', '╇', '┩'), ...body, line('└', '─', '┴', '┘')];
}

function aligned(text: string, width: number, align: Column['align']): string {
  if (align === 'left') return text.padEnd(width);
  return align === 'right' ? text.padStart(width) : text.padStart(Math.floor((width + text.length) / 2)).padEnd(width);
}

/** Breaks between words where possible, else anywhere. Blanks at the beginning are kept. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const blank = rest
      .slice(0, width + 1)
      .trimEnd()
      .lastIndexOf(' ');
    const at = blank > 0 && rest.slice(0, blank).trim() !== '' && !rest.slice(0, blank).endsWith('└') ? blank : width;
    lines.push(rest.slice(0, at));
    rest = rest.slice(at).trimStart();
  }
  return [...lines, rest];
}

function totals(model: Summarized): string[] {
  const trainable = counted(model.trainableWeights);
  const frozen = counted(model.nonTrainableWeights);
  const optimizer = counted(model.isCompiled ? model.optimizer.variables : []);
  const all = {
    count: trainable.count + frozen.count + optimizer.count,
    bytes: trainable.bytes + frozen.bytes + optimizer.bytes,
  };
  const text = (what: string, { count, bytes }: Counted): string =>
    ` ${what} params: ${thousands(count)} (${bytesText(bytes)})`;
  const lines = [text('Total', all), text('Trainable', trainable), text('Non-trainable', frozen)];
  return optimizer.count > 0 ? [...lines, text('Optimizer', optimizer)] : lines;
}

interface Counted {
  readonly count: number;
  readonly bytes: number;
}

const counted = (variables: readonly Variable[]): Counted => ({
  count: variables.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
  bytes: variables.reduce((sum, { shape, dtype }) => sum + sizeOf(shape) * byteSize(dtype), 0),
});

const thousands = (count: number): string => count.toLocaleString('en-US');

function bytesText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const unit = bytes === 0 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  return `${(bytes / 1024 ** unit).toFixed(2)} ${units[unit]}`;
}
