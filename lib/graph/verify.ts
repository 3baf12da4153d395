// The rules that every graph obeys between passes. A violation is a bug of Hornet, not of the user.
import { HornetError } from '../errors.js';
import { roots, sameShape, type Graph, type Value } from './ir.js';

/** Throws a `HornetError` unless every value is made before its use, and shapes and types are those of the op's rule. */
export function verify(graph: Graph, pass: string): void {
  const fail = (message: string): never => {
    throw new HornetError('graph', `after ${pass}: ${message}`);
  };
  const known = new Set<Value>();
  for (const node of graph.nodes) {
    for (const input of node.inputs) if (!known.has(input)) fail(`${node.op.name} uses a value before it is made`);
    if (node.op.name !== 'parameter' && node.op.name !== 'constant') {
      const expected = node.op.infer(node.inputs, node.attrs);
      node.outputs.forEach(({ shape, dtype }, i) => {
        if (!sameShape(shape, expected[i].shape) || dtype !== expected[i].dtype) {
          fail(
            `${node.op.name} gives ${dtype}[${shape}] where its rule says ${expected[i].dtype}[${expected[i].shape}]`,
          );
        }
      });
    }
    node.outputs.forEach((output) => known.add(output));
  }
  graph.parameters.forEach((parameter, i) => {
    if (!known.has(parameter) || parameter.node.attrs.index !== i) fail(`parameter ${i} is missing or out of order`);
  });
  for (const root of roots(graph)) if (!known.has(root)) fail('a result is not made by any node');
  for (const { parameter, value } of graph.updates) {
    if (!graph.parameters.includes(parameter)) fail('an update of something that is no parameter');
    if (!sameShape(parameter.shape, value.shape) || parameter.dtype !== value.dtype) {
      fail(`an update of ${parameter.dtype}[${parameter.shape}] with ${value.dtype}[${value.shape}]`);
    }
  }
}
