// Common subexpressions: equal ops on equal inputs are computed once.
import type { Graph, Node, Value } from '../ir.js';
import { attrText } from '../print.js';
import { rewrite } from '../rewrite.js';

export function eliminateCommonSubexpressions(graph: Graph): Graph {
  const ids = new Map<Value, number>();
  const seen = new Map<string, Node>();
  const id = (value: Value): number => {
    if (!ids.has(value)) ids.set(value, ids.size);
    return ids.get(value)!;
  };
  return rewrite(graph, (node, inputs, add) => {
    const key = `${node.op.name}|${inputs.map(id).join()}|${attrsKey(node)}`;
    const twin = seen.get(key);
    if (twin) return twin.outputs;
    const outputs = add(node.inputs === inputs ? node : rebuilt(node, inputs));
    seen.set(key, outputs[0].node);
    return outputs;
  });
}

const rebuilt = (node: Node, inputs: readonly Value[]): Node =>
  new (node.constructor as typeof Node)(node.op, inputs, node.attrs, node.outputs);

function attrsKey(node: Node): string {
  const types = node.outputs.map(({ shape, dtype }) => `${dtype}[${shape.join()}]`).join(';');
  return `${attrText(node.attrs)}|${types}`;
}
