// Loops of a few steps become straight code, which fuses with what is around it; so do branches that are known.
import { bodiesOf, Node, type Graph, type Value } from '../ir.js';
import { opTable } from '../op.js';
import { inline, rewrite } from '../rewrite.js';
import { scalarOf } from './constants.js';

/** Up to so many nodes in all steps together: more cost more to compile than they save when they run. */
const MAX_NODES = 64;

type Add = (node: Node) => readonly Value[];

export function unrollShortLoops(graph: Graph): Graph {
  return rewrite(graph, (node, inputs, add) => {
    if (node.op.name === 'scan') return unrolled(node, inputs, add);
    if (node.op.name === 'branch') return chosen(node, inputs, add);
    return null;
  });
}

/** Only what computes something counts. */
const sizeOfBody = ({ nodes }: Graph): number => nodes.filter(({ op }) => !op.structural).length;

function unrolled(node: Node, inputs: readonly Value[], add: Add): readonly Value[] | null {
  const [body] = bodiesOf(node);
  const length = node.attrs.length as number;
  const sliced = node.attrs.sliced as readonly number[];
  if (length > 1 && length * sizeOfBody(body) > MAX_NODES) return null;
  if (length === 0) return null;
  const results: Value[][] = body.results.map(() => []);
  let carried = new Map<Value, Value>();
  for (let i = 0; i < length; i++) {
    const step = node.attrs.reverse ? length - 1 - i : i;
    const operands = body.parameters.map((parameter, p) => {
      if (sliced.includes(p)) return sliceOf(inputs[p], step, add);
      return carried.get(parameter) ?? inputs[p];
    });
    const lookup = inline(body, operands, add);
    carried = new Map(body.updates.map(({ parameter, value }) => [parameter, lookup(value)]));
    body.results.forEach((result, r) => (results[r][step] = lookup(result)));
  }
  return [...carried.values(), ...results.map((steps) => stacked(steps, add))];
}

/** The branch that a known index picks. */
function chosen(node: Node, [index, ...operands]: readonly Value[], add: Add): readonly Value[] | null {
  const bodies = bodiesOf(node);
  const known = bodies.length === 1 ? 0 : scalarOf(index);
  if (known === undefined) return null;
  const body = bodies[Math.min(Math.max(known, 0), bodies.length - 1)];
  return body.results.map(inline(body, operands, add));
}

function reshape(value: Value, shape: readonly number[], add: Add): Value {
  return add(new Node(opTable.get('reshape')!, [value], { shape }, [{ shape, dtype: value.dtype }]))[0];
}

function sliceOf(sequence: Value, step: number, add: Add): Value {
  const { shape, dtype } = sequence;
  const sizes = [1, ...shape.slice(1)];
  const attrs = { starts: sizes.map((_, axis) => (axis === 0 ? step : 0)), strides: sizes.map(() => 1), sizes };
  const [slice] = add(new Node(opTable.get('slice')!, [sequence], attrs, [{ shape: sizes, dtype }]));
  return reshape(slice, shape.slice(1), add);
}

function stacked(steps: readonly Value[], add: Add): Value {
  const rows = steps.map((step) => reshape(step, [1, ...step.shape], add));
  const [{ shape, dtype }] = rows;
  const aval = { shape: [rows.length, ...shape.slice(1)], dtype };
  return add(new Node(opTable.get('concat')!, rows, { axis: 0 }, [aval]))[0];
}
