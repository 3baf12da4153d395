// Groups of nodes that are to become one instruction: union-find with a check that no cycle comes about.
import type { Node } from '../ir.js';

export class Grouping {
  private readonly group = new Map<Node, Set<Node>>();

  constructor(private readonly nodes: readonly Node[]) {
    for (const node of nodes) this.group.set(node, new Set([node]));
  }

  together(a: Node, b: Node): boolean {
    return this.group.get(a) === this.group.get(b);
  }

  /** Joins the groups of two nodes unless they grow beyond `limit` or a path between them leads through other groups. */
  tryMerge(producer: Node, consumer: Node, limit: number): boolean {
    const a = this.group.get(producer)!;
    const b = this.group.get(consumer)!;
    if (a === b) return true;
    if (a.size + b.size > limit || this.leadsAround(a, b) || this.leadsAround(b, a)) return false;
    const [large, small] = a.size >= b.size ? [a, b] : [b, a];
    for (const node of small) {
      large.add(node);
      this.group.set(node, large);
    }
    return true;
  }

  /** Whether `to` depends on `from` through at least one group that is neither of them. */
  private leadsAround(from: Set<Node>, to: Set<Node>): boolean {
    const seen = new Set<Set<Node>>([to]);
    const visit: Set<Node>[] = [];
    const push = (group: Set<Node>, direct: boolean): boolean => {
      for (const node of group) {
        for (const input of node.inputs) {
          const next = this.group.get(input.node)!;
          if (next === from) {
            if (!direct) return true;
          } else if (!seen.has(next)) {
            seen.add(next);
            visit.push(next);
          }
        }
      }
      return false;
    };
    push(to, true);
    for (let group = visit.pop(); group; group = visit.pop()) if (push(group, false)) return true;
    return false;
  }

  /** The groups in an order in which inputs come first; otherwise as near to the nodes' order as possible. */
  ordered(): Node[][] {
    const position = new Map(this.nodes.map((node, i) => [node, i]));
    const done = new Set<Set<Node>>();
    const result: Node[][] = [];
    const visit = (start: Set<Node>): void => {
      const stack: { group: Set<Node>; inputs: Set<Node>[] }[] = [];
      const open = (group: Set<Node>): void => {
        done.add(group);
        const inputs = [...group].flatMap((node) => node.inputs.map((input) => this.group.get(input.node)!));
        stack.push({ group, inputs });
      };
      open(start);
      while (stack.length > 0) {
        const top = stack[stack.length - 1];
        const next = top.inputs.pop();
        if (next === undefined) {
          result.push([...top.group].sort((a, b) => position.get(a)! - position.get(b)!));
          stack.pop();
        } else if (!done.has(next)) open(next);
      }
    };
    for (const node of this.nodes) {
      const group = this.group.get(node)!;
      // A group stands where its last member stood: the inputs of the others are there by then.
      if (!done.has(group) && [...group].every((member) => position.get(member)! <= position.get(node)!)) visit(group);
    }
    for (const node of this.nodes) if (!done.has(this.group.get(node)!)) visit(this.group.get(node)!);
    return result;
  }
}
