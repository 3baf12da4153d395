// Loops and branches. Their bodies see the tensors around them, so only what is carried or sliced is handed over.
import type { Graph, Value } from '../../../graph/ir.js';
import { finish } from '../../../turns.js';
import type { Call, Rule } from '../call.js';
import { lowerNodes } from '../lower.js';
import type { OnnxGraph, ValueInfo } from '../proto.js';
import { plain, Scope } from '../scope.js';
import { isKnown } from '../traces.js';

/** A name below that of the layer. */
const fresh = (call: Call, name: string): string =>
  call.scope.file.unique(`${call.scope.label ? `${call.scope.label}/` : ''}${name}`);

/** What is known of the tensors that a body takes and gives. */
function infoOf(call: Call, value: Value, name: string): ValueInfo {
  const shape = call.scope.file.sized.sizesOf(value).map((size) => (isKnown(size) ? size[0] : null));
  return { name, dtype: value.dtype, shape };
}

/** A body as a graph of the file. `inputs` and `outputs` are in ONNX's order. */
function closed(
  call: Call,
  scope: Scope,
  inputs: readonly ValueInfo[],
  results: readonly Value[],
  first?: ValueInfo,
): OnnxGraph {
  // Outputs have names of their own: the same value may be several, or come from outside.
  const outputs = results.map((value) => infoOf(call, value, scope.emit('Identity', [scope.plain(value)])[0]));
  return { name: fresh(call, 'body'), nodes: scope.nodes, inputs, outputs: first ? [first, ...outputs] : outputs };
}

/** Makes the parameters of a body stand for the operands, but for those that the body is handed. */
function enter(call: Call, body: Graph, handed: ReadonlyMap<Value, string>, operands: readonly Value[]): Scope {
  const scope = new Scope(call.scope.file, call.scope);
  body.parameters.forEach((parameter, i) => {
    const name = handed.get(parameter);
    if (name === undefined) scope.alias(parameter, operands[i]);
    else scope.bind(parameter, plain(name));
  });
  finish(lowerNodes(body, scope));
  return scope;
}

const scan: Rule = (call) => {
  const [body] = call.bodies;
  const sliced = call.attr<readonly number[]>('sliced');
  const reverse = call.attr<boolean>('reverse') ? 1 : 0;
  const carried = body.updates.map(({ parameter }) => parameter);
  const slices = sliced.map((i) => body.parameters[i]);
  const handed = new Map<Value, string>([...carried, ...slices].map((value) => [value, fresh(call, 'state')]));
  const infos = [...handed].map(([value, name]) => infoOf(call, value, name));
  const operandOf = (parameter: Value): string => call.scope.plain(call.operand(body.parameters.indexOf(parameter)));
  const sequences = slices.map(operandOf);
  if (slices.length === 0) {
    // ONNX counts steps by a sequence: any one will do.
    const length = call.scope.sizes.scalar(call.scope.file.sized.attrsOf(call.node, 'length') as number[]);
    sequences.push(call.emit('Range', [call.number(0, 'int64'), length, call.number(1, 'int64')]));
    infos.push({ name: fresh(call, 'step'), dtype: 'int64', shape: [] });
  }
  const scope = enter(call, body, handed, call.node.inputs);
  const graph = closed(call, scope, infos, [...body.updates.map(({ value }) => value), ...body.results]);
  const directions = {
    scan_input_directions: sequences.map(() => reverse),
    scan_output_directions: body.results.map(() => reverse),
  };
  return call.scope.emit(
    'Scan',
    [...carried.map(operandOf), ...sequences],
    { body: graph, num_scan_inputs: sequences.length, ...(reverse && directions) },
    carried.length + body.results.length,
  );
};

const whileLoop: Rule = (call) => {
  const [body, condition] = call.bodies;
  const carried = body.updates.map(({ parameter }) => parameter);
  const initial = carried.map((parameter) => call.operand(body.parameters.indexOf(parameter)));
  // Before the first step.
  const before = enter(call, condition, new Map(), call.node.inputs);
  call.scope.nodes.push(...before.nodes);
  const goesOn = before.plain(condition.results[0]);

  const handed = new Map<Value, string>(carried.map((value) => [value, fresh(call, 'state')]));
  const infos: ValueInfo[] = [
    { name: fresh(call, 'step'), dtype: 'int64', shape: [] },
    { name: fresh(call, 'goes-on'), dtype: 'bool', shape: [] },
    ...[...handed].map(([value, name]) => infoOf(call, value, name)),
  ];
  const scope = enter(call, body, handed, call.node.inputs);
  const after = new Scope(call.scope.file, scope);
  condition.parameters.forEach((parameter, i) => {
    const update = body.updates.find((each) => each.parameter === body.parameters[i]);
    after.alias(parameter, update ? update.value : call.operand(i));
  });
  finish(lowerNodes(condition, after));
  const next = after.plain(condition.results[0]);
  scope.nodes.push(...after.nodes);
  const [test] = scope.emit('Identity', [next]);
  const updates = body.updates.map(({ value }) => value);
  const graph = closed(call, scope, infos, updates, { name: test, dtype: 'bool', shape: [] });
  return call.scope.emit(
    'Loop',
    ['', goesOn, ...initial.map((value) => call.scope.plain(value))],
    { body: graph },
    carried.length,
  );
};

const branch: Rule = (call) => {
  const operands = call.node.inputs.slice(1);
  const index = call.input(0);
  const count = call.node.outputs.length;
  const graphs = call.bodies.map((body) => closed(call, enter(call, body, new Map(), operands), [], body.results));
  /** Branches from number `i` on, as one graph. */
  const from = (i: number, scope: Scope): string[] => {
    const isThis = scope.emit('LessOrEqual', [index, scope.number(i, 'int32')])[0];
    return scope.emit('If', [isThis], { then_branch: graphs[i], else_branch: rest(i + 1, scope) }, count);
  };
  const rest = (i: number, outer: Scope): OnnxGraph => {
    if (i === graphs.length - 1) return graphs[i];
    const scope = new Scope(call.scope.file, outer);
    const outputs = from(i, scope).map((name, o) => infoOf(call, call.node.outputs[o], name));
    return { name: fresh(call, 'branch'), nodes: scope.nodes, inputs: [], outputs };
  };
  if (graphs.length > 1) return from(0, call.scope);
  call.scope.nodes.push(...graphs[0].nodes);
  return graphs[0].outputs.map(({ name }) => name);
};

export const controlFlow: Readonly<Record<string, Rule>> = { scan, while: whileLoop, branch };
