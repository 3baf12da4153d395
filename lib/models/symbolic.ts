// Calls on symbolic tensors: shapes are found by tracing the layer or op, and the call is recorded as a node. Unknown sizes
// are traced with two different stand-ins; where the results differ, the size stays unknown.
import { HornetError } from '../errors.js';
import { abstractEval } from '../graph/trace.js';
import type { Aval } from '../graph/ir.js';
import { cast, compute, masksOf, nameError, passMask, type CallForm } from '../layers/call.js';
import type { Shape } from '../layers/input-spec.js';
import type { Layer, Shapes } from '../layers/layer.js';
import { getMask } from '../layers/mask.js';
import { snakeCase, uniqueName } from '../layers/naming.js';
import { setSymbolicDispatch } from '../ops/public-op.js';
import { Tensor } from '../tensor.js';
import { flatten, mapTree, type Tree } from '../tree.js';
import { KerasTensor, Node, OpCall } from './keras-tensor.js';

// Divisible by what windows, heads and groups usually divide by, and larger than usual kernels.
const standIns = [240, 360] as const;

/** A result of tracing: its structure, with a symbolic tensor for each tensor. `where`: who is called, for errors. */
function infer(where: string, fn: (args: Tree<unknown>) => unknown, args: Tree<unknown>): Tree<unknown> {
  const symbolic = [...new Set(flatten(args).filter((leaf): leaf is KerasTensor => leaf instanceof KerasTensor))];
  const shapes = symbolic.map(({ symbolicShape }) => symbolicShape);
  const run = (given: readonly Shape[]): Evaluated[] =>
    standIns.slice(0, given.flat().includes(null) ? 2 : 1).map((size) =>
      evaluate(
        fn,
        args,
        symbolic,
        given.map((shape) => shape.map((dim) => dim ?? size)),
      ),
    );
  const [first, second] = attempt(run, shapes);
  if (second && second.avals.length !== first.avals.length) {
    throw new HornetError(where, 'how many results there are depends on a size that is unknown');
  }
  let next = 0;
  return mapTree(first.result, (leaf) => {
    if (!(leaf instanceof Tensor)) return leaf;
    const { shape, dtype } = first.avals[next];
    const other = (second ?? first).avals[next++].shape;
    return new KerasTensor(
      shape.map((dim, axis) => (dim === other[axis] ? dim : null)),
      dtype,
    );
  });
}

/** Runs with shapes as they are; where that fails, with unknown sizes that meet a known one taken to be the same. */
function attempt(run: (shapes: readonly Shape[]) => Evaluated[], shapes: readonly Shape[]): Evaluated[] {
  try {
    return run(shapes);
  } catch (error) {
    const met = shapes.map((shape) => shape.map((dim, axis) => dim ?? meeting(shapes, axis - shape.length)));
    if (met.flat().every((dim, i) => dim === shapes.flat()[i])) throw error;
    try {
      return run(met);
    } catch {
      throw error;
    }
  }
}

/** The size that some shape has at a place, counted from the end; sizes of one broadcast and say nothing. */
const meeting = (shapes: readonly Shape[], place: number): number | null =>
  shapes.map((shape) => shape.at(place) ?? null).find((dim) => dim !== null && dim !== 1) ?? null;

interface Evaluated {
  readonly result: Tree<unknown>;
  readonly avals: readonly Aval[];
}

function evaluate(
  fn: (args: Tree<unknown>) => unknown,
  args: Tree<unknown>,
  symbolic: readonly KerasTensor[],
  shapes: readonly (readonly number[])[],
): Evaluated {
  let result: Tree<unknown> = null;
  const inputs = symbolic.map(({ dtype }, i) => ({ shape: shapes[i], dtype }));
  const avals = abstractEval((...traced) => {
    const places = new Map<unknown, Tensor>(symbolic.map((leaf, i) => [leaf, traced[i]]));
    result = fn(mapTree(args, (leaf) => places.get(leaf) ?? leaf));
    return flatten(result).filter((leaf): leaf is Tensor => leaf instanceof Tensor);
  }, inputs);
  return { result, avals };
}

/** Calls a layer on symbolic tensors. */
export function recordCall(layer: Layer, form: CallForm): Tree<Tensor> {
  const { args, options } = form;
  const [first, ...others] = args;
  const masks = masksOf(layer, form);
  const all = { ...options, ...masks, ...(flatten(first).some(isStrings) && { encoded: true }) };
  const used = new Set<string>();
  const onUse = Object.values(masks).some((mask) => mask !== null) ? (name: string) => used.add(name) : undefined;
  const call = (given: Tree<unknown>): unknown => {
    const { args: traced, options: tracedOptions } = given as CallForm;
    const inputs = traced.map((tree) => mapTree(tree, (leaf) => cast(layer, leaf)));
    return compute(layer, { args: inputs, options: tracedOptions }, onUse);
  };
  const numbers = [layer.encodeSymbols(first), ...others];
  const outputs = infer(layer.name, call, { args: numbers, options: all }) as Tree<KerasTensor>;
  // A mask that the layer never looks at is no argument of the call.
  const kept = Object.entries(masks).filter(([name, mask]) => used.has(name) && mask !== null);
  new Node(layer, args, { ...options, ...Object.fromEntries(kept) }, outputs);
  passMask(layer, args[0], mapTree(args[0], getMask), outputs);
  return outputs;
}

const isStrings = (leaf: unknown): boolean => leaf instanceof KerasTensor && leaf.isString;

let nextName: string | null = null;

/** Runs `fn`, which calls one op on symbolic tensors; that call gets the name. */
export function withOpName<T>(name: string, fn: () => T): T {
  nextName = name;
  try {
    return fn();
  } finally {
    nextName = null;
  }
}

/** Calls an op on symbolic tensors. */
function recordOp(name: string, op: (...args: never[]) => unknown, args: readonly unknown[]): unknown {
  if (flatten(args).some(isStrings)) throw new HornetError(name, 'expected numbers, received strings');
  const result = infer(name, (given) => op(...(given as never[])), args);
  if (!flatten(result).some((leaf) => leaf instanceof KerasTensor)) return result;
  const opName = name.split('.').at(-1)!;
  new Node(new OpCall(nextName ?? uniqueName(snakeCase(opName)), opName, op), args, {}, result);
  return result;
}

setSymbolicDispatch(recordOp);

/** The shapes of a layer's outputs for inputs of the given shapes. */
export function outputShape(layer: Layer, shapes: readonly Shapes[]): Shapes {
  layer.build(...(shapes as [Shapes, ...Shapes[]]));
  const takesStrings = layer.inputDtype === 'string';
  const dtype = takesStrings ? 'string' : layer.computeDtype;
  const [first, ...others] = shapes.map((shape) => mapShapes(shape, (dims) => new KerasTensor(dims, dtype)));
  try {
    const call = (args: Tree<unknown>): unknown =>
      compute(layer, { args: args as readonly Tree<Tensor>[], options: { encoded: takesStrings } });
    const outputs = infer(layer.name, call, [layer.encodeSymbols(first), ...others]) as Tree<KerasTensor>;
    return mapTree(outputs, ({ symbolicShape }) => symbolicShape);
  } catch (error) {
    throw nameError(layer, 'computeOutputShape()', error);
  }
}

const isShape = (item: Shapes): item is Shape =>
  Array.isArray(item) && item.every((dim) => dim === null || typeof dim === 'number');

/** Replaces every shape in a structure of shapes. */
export function mapShapes<T>(shapes: Shapes, fn: (shape: Shape) => T): Tree<T> {
  if (isShape(shapes)) return fn(shapes);
  if (Array.isArray(shapes)) return (shapes as readonly Shapes[]).map((item) => mapShapes(item, fn));
  if (shapes === null || typeof shapes !== 'object') {
    throw new HornetError('shape', `expected a shape (numbers, null for unknown sizes), received ${String(shapes)}`);
  }
  return Object.fromEntries(Object.entries(shapes).map(([key, item]) => [key, mapShapes(item, fn)]));
}
