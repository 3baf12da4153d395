// The gradient of a dense layer's bias is the sum over the rows that the gradient of its kernel multiplies: one matmul
// gives both.
import { isFloat } from '../../dtype.js';
import { Node, type Graph, type Value } from '../ir.js';
import { reaches, reordered } from '../rewrite.js';

/** Runs after the epilogues, which know matmuls of one output. */
export function fuseBiasGradients(graph: Graph): Graph {
  const position = new Map(graph.nodes.map((node, i) => [node, i]));
  const products = new Map<Value, Node>();
  for (const node of graph.nodes) if (isKernelGradient(node)) products.set(rowsOf(node.inputs[1]), node);

  const fused = new Map<Node, Node>();
  const removed = new Set<Node>();
  const replaced = new Map<Value, Value>();
  for (const sum of graph.nodes) {
    const product = isColumnSum(sum) ? products.get(rowsOf(sum.inputs[0])) : undefined;
    if (!product || fused.has(product) || product.inputs.some((input) => reaches(input, sum, position))) continue;
    const outputs = [product.outputs[0], sum.outputs[0]];
    const node = new Node(product.op, product.inputs, { ...product.attrs, biasGrad: true }, outputs);
    fused.set(product, node);
    removed.add(sum);
    outputs.forEach((output, i) => replaced.set(output, node.outputs[i]));
  }
  if (fused.size === 0) return graph;
  const kept = graph.nodes.filter((node) => !removed.has(node)).map((node) => fused.get(node) ?? node);
  return reordered(graph, kept, replaced);
}

const isKernelGradient = ({ op, inputs, attrs }: Node): boolean =>
  op.name === 'matmul' &&
  inputs.length === 2 &&
  inputs[1].shape.length === 2 &&
  isFloat(inputs[1].dtype) &&
  attrs.transposeA === true &&
  attrs.transposeB === false &&
  attrs.activation === 'linear';

const isColumnSum = ({ op, inputs, attrs }: Node): boolean =>
  op.name === 'reduce_sum' &&
  inputs[0].shape.length > 1 &&
  (attrs.axes as readonly number[]).length === inputs[0].shape.length - 1 &&
  !(attrs.axes as readonly number[]).includes(inputs[0].shape.length - 1);

/** The value behind reshapes that keep the last dimension. */
function rowsOf(value: Value): Value {
  const { op, inputs } = value.node;
  return op.name === 'reshape' && value.shape.at(-1) === inputs[0].shape.at(-1) ? rowsOf(inputs[0]) : value;
}
