// The last steps on a graph of the file: results get their names, and what nothing needs is left out.
import type { OnnxAttr, OnnxGraph, OnnxNode } from './proto.js';

const isGraph = (attr: OnnxAttr): attr is OnnxGraph => typeof attr === 'object' && 'nodes' in attr;

/** A node with its bodies replaced. */
function withBodies(node: OnnxNode, replace: (body: OnnxGraph) => OnnxGraph): OnnxNode {
  if (!Object.values(node.attrs).some(isGraph)) return node;
  const attrs = Object.entries(node.attrs).map(([key, attr]) => [key, isGraph(attr) ? replace(attr) : attr] as const);
  return { ...node, attrs: Object.fromEntries(attrs) };
}

/** The nodes with the results called by their names. What no node makes, or is a result already, is copied. */
export function nameResults(nodes: readonly OnnxNode[], made: readonly string[], names: readonly string[]): OnnxNode[] {
  const isMade = new Set(nodes.flatMap(({ outputs }) => outputs));
  const renamed = new Map<string, string>();
  const copies: OnnxNode[] = [];
  made.forEach((from, i) => {
    if (isMade.has(from) && !renamed.has(from)) renamed.set(from, names[i]);
    else copies.push({ op: 'Identity', name: `${names[i]}/Identity`, inputs: [from], outputs: [names[i]], attrs: {} });
  });
  const rename = (name: string): string => renamed.get(name) ?? name;
  const inNode = (node: OnnxNode): OnnxNode => ({
    ...withBodies(node, (body) => ({ ...body, nodes: body.nodes.map(inNode) })),
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  });
  return [...nodes, ...copies].map(inNode);
}

/** The graph without what none of its outputs depends on, in its bodies as well. */
export const prune = (graph: OnnxGraph): OnnxGraph => pruned(graph, new Set());

/** `used` are the names that are needed; what the graph needs from around it comes along. */
function pruned(graph: OnnxGraph, used: Set<string>): OnnxGraph {
  for (const { name } of graph.outputs) used.add(name);
  const nodes: OnnxNode[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => used.has(output))) continue;
    for (const input of node.inputs) used.add(input);
    nodes.push(withBodies(node, (body) => pruned(body, used)));
  }
  const initializers = graph.initializers?.filter(({ name }) => used.has(name));
  return { ...graph, nodes: nodes.reverse(), ...(initializers && { initializers }) };
}
