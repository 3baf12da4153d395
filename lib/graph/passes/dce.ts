// Dead code: nodes whose values nobody needs. Parameters stay, they are the program's interface.
import { roots, type Graph, type Node } from '../ir.js';

export function eliminateDeadCode(graph: Graph): Graph {
  const live = new Set<Node>();
  const visit = [...roots(graph), ...graph.parameters].map((value) => value.node);
  for (let node = visit.pop(); node; node = visit.pop()) {
    if (live.has(node)) continue;
    live.add(node);
    for (const input of node.inputs) visit.push(input.node);
  }
  return { ...graph, nodes: graph.nodes.filter((node) => live.has(node)) };
}
