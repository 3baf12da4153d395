// Max pooling gives every gradient to one input. What would be done to all inputs' gradients afterwards, the mask of a
// ReLU or a sum, is done before, to fewer numbers.
import { Node, type Graph, type Value } from '../ir.js';
import { opTable } from '../op.js';
import { rewrite } from '../rewrite.js';
import { scalarOf } from './constants.js';

export function shrinkPoolGradients(graph: Graph): Graph {
  return rewrite(graph, (node, inputs, add) => maskBefore(node, inputs, add) ?? sumBefore(node, inputs, add));
}

type Add = (node: Node) => readonly Value[];

const isPoolGradient = (value: Value): boolean => value.node.op.name === 'max_pool_grad';

/** select(x > c, poolGradient(x, y, dy), 0): where x gets a gradient it is y, so dy is masked by y > c. */
function maskBefore(node: Node, [mask, gradient, other]: readonly Value[], add: Add): readonly Value[] | null {
  if (node.op.name !== 'select' || mask.node.op.name !== 'greater' || !isPoolGradient(gradient)) return null;
  const [x, y, dy] = gradient.node.inputs;
  const [compared, bound] = mask.node.inputs;
  if (compared !== x || bound.shape.length > 0 || scalarOf(other) !== 0 || other.shape.length > 0) return null;
  const { shape, dtype } = dy;
  const [kept] = add(new Node(mask.node.op, [y, bound], mask.node.attrs, [{ shape, dtype: 'bool' }]));
  const [masked] = add(new Node(node.op, [kept, dy, other], node.attrs, [{ shape, dtype }]));
  return add(new Node(gradient.node.op, [x, y, masked], gradient.node.attrs, gradient.node.outputs));
}

/** The sum over all positions of an image is that of dy, as long as no window lies in the padding only. */
function sumBefore(node: Node, [gradient]: readonly Value[], add: Add): readonly Value[] | null {
  if (node.op.name !== 'reduce_sum' || !isPoolGradient(gradient)) return null;
  const axes = node.attrs.axes as readonly number[];
  const { window, lo, hi } = gradient.node.attrs as Record<string, readonly number[]>;
  const reachesAll = window.every((size, i) => lo[i] < size && hi[i] < size && axes.includes(i + 1));
  if (!reachesAll) return null;
  return add(new Node(opTable.get('reduce_sum')!, [gradient.node.inputs[2]], node.attrs, node.outputs));
}
