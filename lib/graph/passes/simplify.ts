// Algebra: constant folding on scalars, neutral elements, and movement ops that cancel or are needless.
import { byteSize, isFloat } from '../../dtype.js';
import { Node, sameShape, sizeOf, Value, type Graph } from '../ir.js';
import { opTable } from '../op.js';
import { rewrite } from '../rewrite.js';
import { scalarNode, scalarOf } from './constants.js';

type Simplification = (node: Node, inputs: readonly Value[]) => Value | readonly Value[] | Node | null;

const unary: Record<string, (x: number) => number> = {
  neg: (x) => -x,
  abs: Math.abs,
  square: (x) => x * x,
  sqrt: Math.sqrt,
  exp: Math.exp,
  log: Math.log,
  cast: (x) => x,
};
const binary: Record<string, (x: number, y: number) => number> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  max: (x, y) => Math.max(x, y),
  min: (x, y) => Math.min(x, y),
};
/** Right operands that change nothing, and whether the left one may play that part too. */
const neutral: Record<string, { readonly value: number; readonly commutes: boolean }> = {
  add: { value: 0, commutes: true },
  sub: { value: 0, commutes: false },
  mul: { value: 1, commutes: true },
  div: { value: 1, commutes: false },
};

const foldable = (value: Value): boolean => value.dtype === 'float32' || value.dtype === 'float64';

function foldScalars(node: Node, inputs: readonly Value[]): Node | null {
  const output = node.outputs[0];
  const fold = inputs.length === 1 ? unary[node.op.name] : binary[node.op.name];
  if (!fold || sizeOf(output.shape) !== 1 || !(foldable(output) || node.op.name === 'cast')) return null;
  const numbers = inputs.map(scalarOf);
  if (numbers.some((number) => number === undefined)) return null;
  const result = (fold as (...n: (number | undefined)[]) => number)(...numbers);
  // A float without an equal in an integer type saturates: the kernel's business.
  if (!isFloat(output.dtype) && !Number.isInteger(result)) return null;
  const folded = scalarNode(result, output.shape, output.dtype);
  return isFloat(output.dtype) || scalarOf(folded.outputs[0]) === result ? folded : null;
}

function dropNeutral(node: Node, inputs: readonly Value[]): Value | null {
  const rule = neutral[node.op.name];
  if (!rule) return null;
  const keeps = (value: Value): boolean => sameShape(value.shape, node.outputs[0].shape);
  if (scalarOf(inputs[1]) === rule.value && keeps(inputs[0])) return inputs[0];
  if (rule.commutes && scalarOf(inputs[0]) === rule.value && keeps(inputs[1])) return inputs[1];
  return null;
}

/** Element-wise ops broadcast by themselves: an explicit broadcast in front is needless where another input has the shape. */
function dropBroadcast(node: Node, inputs: readonly Value[]): Node | null {
  if (!node.op.elementwise || !inputs.some((input) => input.node.op.name === 'broadcast')) return null;
  const bare = inputs.map((input) => (input.node.op.name === 'broadcast' ? input.node.inputs[0] : input));
  const [output] = node.op.infer(bare, node.attrs);
  return sameShape(output.shape, node.outputs[0].shape) ? new Node(node.op, bare, node.attrs, node.outputs) : null;
}

const reshaped = (input: Value, shape: readonly number[]): Node =>
  new Node(opTable.get('reshape')!, [input], { shape }, [{ shape, dtype: input.dtype }]);

const movement: Record<string, Simplification> = {
  stop_gradient: (_node, [input]) => input,
  custom_gradient: (node, inputs) => inputs.slice(0, node.outputs.length),
  cast: (node, [input]) => (input.dtype === node.outputs[0].dtype ? input : null),
  reshape: (node, [input]) => {
    const { shape } = node.outputs[0];
    if (sameShape(input.shape, shape)) return input;
    return input.node.op.name === 'reshape' ? reshaped(input.node.inputs[0], shape) : null;
  },
  broadcast: (node, [input]) => (sameShape(input.shape, node.outputs[0].shape) ? input : null),
  transpose: (node, [input]) => {
    let perm = node.attrs.perm as readonly number[];
    let source = input;
    if (input.node.op.name === 'transpose') {
      const inner = input.node.attrs.perm as readonly number[];
      perm = perm.map((axis) => inner[axis]);
      source = input.node.inputs[0];
    }
    // Axes of size one may go anywhere: only the order of the others moves memory.
    const moved = perm.filter((axis) => source.shape[axis] !== 1);
    if (moved.every((axis, i) => i === 0 || moved[i - 1] < axis)) {
      return sameShape(source.shape, node.outputs[0].shape) ? source : reshaped(source, node.outputs[0].shape);
    }
    return source === input ? null : new Node(node.op, [source], { perm }, node.outputs);
  },
  slice: (node, [input]) => {
    if (input.node.op.name !== 'slice') return null;
    const list = (of: Node, name: string): readonly number[] => of.attrs[name] as readonly number[];
    const strides = list(input.node, 'strides').map((stride, axis) => stride * list(node, 'strides')[axis]);
    const starts = list(input.node, 'starts').map(
      (start, axis) => start + list(node, 'starts')[axis] * list(input.node, 'strides')[axis],
    );
    const [source] = input.node.inputs;
    const { shape } = node.outputs[0];
    // Two reversals are none.
    const isWhole = shape.every(
      (dim, i) => dim === source.shape[i] && starts[i] === 0 && (strides[i] === 1 || dim < 2),
    );
    return isWhole ? source : new Node(node.op, [source], { ...node.attrs, starts, strides }, node.outputs);
  },
  concat: (_node, inputs) => (inputs.length === 1 ? inputs[0] : null),
};
for (const reduce of ['reduce_sum', 'reduce_max', 'reduce_min', 'reduce_prod']) {
  movement[reduce] = (node, [input]) => {
    const axes = node.attrs.axes as readonly number[];
    if (!axes.every((axis) => input.shape[axis] === 1) || input.dtype !== node.outputs[0].dtype) return null;
    return axes.length === 0 ? input : reshaped(input, node.outputs[0].shape);
  };
}

/** Wider types hold every finite number and no more of the others: the narrow value tells as well, and is there anyway. */
const isWidening = ({ node, dtype }: Value): boolean =>
  node.op.name === 'cast' && isFloat(node.inputs[0].dtype) && byteSize(node.inputs[0].dtype) < byteSize(dtype);
movement.all_finite = (node, inputs) =>
  inputs.some(isWidening)
    ? new Node(
        node.op,
        inputs.map((input) => (isWidening(input) ? input.node.inputs[0] : input)),
        {},
        node.outputs,
      )
    : null;

/** Applies every simplification once, in one sweep from inputs to results. */
export function simplify(graph: Graph): Graph {
  return rewrite(graph, (node, inputs, add) => {
    const result =
      foldScalars(node, inputs) ??
      dropNeutral(node, inputs) ??
      dropBroadcast(node, inputs) ??
      movement[node.op.name]?.(node, inputs) ??
      null;
    if (result === null) return null;
    if (result instanceof Node) return add(result);
    return result instanceof Value ? [result] : result;
  });
}
