// Epilogues: a bias and an activation behind a matmul or convolution become part of it.
import { Node, type Graph, type Value } from '../ir.js';
import { opTable } from '../op.js';
import { countUses, rewrite } from '../rewrite.js';

const producers = new Set(['matmul', 'conv', 'conv_input_grad']);
const activations = new Set(['relu', 'sigmoid', 'tanh']);

const isBias = (bias: Value, target: Value): boolean => {
  const channels = target.shape[target.shape.length - 1];
  return (
    bias.dtype === target.dtype &&
    bias.shape.length <= target.shape.length &&
    bias.shape[bias.shape.length - 1] === channels &&
    bias.shape.every((dim, i) => dim === 1 || i === bias.shape.length - 1)
  );
};

const reshapeTo = (value: Value, shape: readonly number[]): Node =>
  new Node(opTable.get('reshape')!, [value], { shape }, [{ shape, dtype: value.dtype }]);

/** Runs after common subexpressions are gone, since it asks how often a value is used. */
export function fuseEpilogues(graph: Graph): Graph {
  return fuseActivation(fuseBias(graph));
}

/** The matmul or convolution behind a value, seen through one reshape that keeps the last dimension. */
function producerOf(value: Value, single: (value: Value) => boolean): Value | null {
  if (!single(value)) return null;
  const { node } = value;
  if (producers.has(node.op.name)) return value;
  if (node.op.name !== 'reshape' || value.shape[value.shape.length - 1] !== node.inputs[0].shape.at(-1)) return null;
  return single(node.inputs[0]) && producers.has(node.inputs[0].node.op.name) ? node.inputs[0] : null;
}

function attach(
  graph: Graph,
  match: (node: Node, inputs: readonly Value[], producer: Value) => Node | null,
  arity: number,
): Graph {
  const uses = countUses(graph);
  const fresh = new Map<Value, Value>();
  const single = (value: Value): boolean => uses.get(fresh.get(value) ?? value) === 1;
  return rewrite(graph, (node, inputs, add) => {
    if (node.inputs.length !== arity) return remember(node, inputs, add, fresh);
    for (const side of inputs) {
      const producer = producerOf(side, single);
      const fused =
        producer &&
        match(
          node,
          inputs.filter((input) => input !== side),
          producer,
        );
      if (!fused) continue;
      const [output] = add(fused);
      const shaped = side === producer ? output : add(reshapeTo(output, node.outputs[0].shape))[0];
      fresh.set(output, node.outputs[0]).set(shaped, node.outputs[0]);
      return [shaped];
    }
    return remember(node, inputs, add, fresh);
  });
}

/** Keeps a node, and the way from its new values to the old ones that uses were counted for. */
function remember(
  node: Node,
  inputs: readonly Value[],
  add: (node: Node) => readonly Value[],
  fresh: Map<Value, Value>,
): readonly Value[] {
  if (inputs.every((input, i) => input === node.inputs[i])) return add(node);
  const outputs = add(new Node(node.op, inputs, node.attrs, node.outputs));
  outputs.forEach((output, i) => fresh.set(output, node.outputs[i]));
  return outputs;
}

function fuseBias(graph: Graph): Graph {
  return attach(
    graph,
    (node, [bias], producer) => {
      const { op, inputs, attrs } = producer.node;
      if (node.op.name !== 'add' || !bias || inputs.length !== 2 || !isBias(bias, producer)) return null;
      if (node.outputs[0].shape.at(-1) !== producer.shape.at(-1) || node.outputs[0].shape.length < 1) return null;
      if (node.outputs[0].shape.reduce((a, b) => a * b, 1) !== producer.shape.reduce((a, b) => a * b, 1)) return null;
      return new Node(op, [...inputs, bias], attrs, [producer]);
    },
    2,
  );
}

function fuseActivation(graph: Graph): Graph {
  return attach(
    graph,
    (node, _rest, producer) => {
      const { op, inputs, attrs } = producer.node;
      if (!activations.has(node.op.name) || (attrs.activation ?? 'linear') !== 'linear') return null;
      return new Node(op, inputs, { ...attrs, activation: node.op.name }, [producer]);
    },
    1,
  );
}
