// Writing the ops of a graph one after the other.
import type { Attrs, Graph, Node } from '../../graph/ir.js';
import { trace } from '../../graph/trace.js';
import { hasMask, recurrentScan } from '../../ops/rnn-core.js';
import type { Tensor } from '../../tensor.js';
import type { Steps } from '../../turns.js';
import { Call, type Lowered } from './call.js';
import { rules } from './ops/index.js';
import { plain, type Held, type Scope } from './scope.js';

/** What an op means in others that ONNX has. */
type Expansion = (inputs: readonly Tensor[], attrs: Attrs) => readonly Tensor[];

const reasons: readonly (readonly [RegExp, string])[] = [
  [/^random/, 'it draws random numbers, for which ONNX has no seeds that go on from call to call'],
  [/_grad$/, 'it is a gradient'],
];

/** Adds the nodes of a graph, or body, to the file. Parameters have their names already. */
export function* lowerNodes(graph: Graph, scope: Scope): Steps<void> {
  const outside = scope.label;
  for (const node of graph.nodes) {
    const { op, outputs } = node;
    if (op.name === 'parameter' || op.name === 'constant' || scope.file.isFixed(outputs[0])) continue;
    scope.label = scope.file.sized.labelOf(node) || outside;
    const expansion = expansionOf(node);
    if (expansion) yield* expand(node, expansion, scope);
    else lower(new Call(node, scope));
    yield;
  }
  scope.label = outside;
}

function lower(call: Call): void {
  const { op, outputs } = call.node;
  const rule = ruleOf(op.name);
  if (!rule) return call.fail(reasons.find(([name]) => name.test(op.name))?.[1] ?? 'ONNX has no such op');
  const lowered = rule(call);
  const results = isList(lowered) ? lowered : [lowered];
  results.forEach((result, i) => {
    if (outputs[i]) call.scope.bind(outputs[i], typeof result === 'string' ? plain(result) : result);
  });
}

const isList = (lowered: Lowered): lowered is readonly (string | Held)[] => Array.isArray(lowered);

const ruleOf = (name: string) => (Object.hasOwn(rules, name) ? rules[name] : null);

function expansionOf({ op, inputs, attrs }: Node): Expansion | null {
  // ONNX's recurrences know lengths, no masks.
  if (op.name === 'rnn' && hasMask(inputs, attrs)) return recurrentScan as unknown as Expansion;
  return ruleOf(op.name) ? null : (op.decompose ?? null);
}

/** Adds what an op means, as if that had been recorded in its place. */
function* expand(node: Node, expansion: Expansion, scope: Scope): Steps<void> {
  const { sized } = scope.file;
  const graphs = sized
    .nodesOf(node)
    .map(({ inputs, attrs }) => trace((...operands) => expansion(operands, attrs), inputs).graph);
  sized.pair(graphs);
  const [graph] = graphs;
  graph.parameters.forEach((parameter, i) => scope.alias(parameter, node.inputs[i]));
  yield* lowerNodes(graph, scope);
  graph.results.forEach((result, i) => scope.alias(node.outputs[i], result));
}
