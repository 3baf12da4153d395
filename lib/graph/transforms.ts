// What users compose functions with: jit, grad, valueAndGrad. All of them record, compile and run whole programs.
import { currentDevice, deviceOf, onDevice, perDevice } from '../device.js';
import { HornetError } from '../errors.js';
import { sizeOf } from './ir.js';
import { flatten, isBranch, mapTree, unflatten, type Tree } from '../tree.js';
import { reshapeOp } from '../ops/reshape-core.js';
import { concrete, describe, type DeviceTensor, Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { CompiledFunction } from './compile.js';
import { gradients } from './gradients.js';
import { currentTrace, emit1, synchronous, trace } from './trace.js';

/** Any arguments; tensors may stand in nested arrays and plain objects. Everything else is part of the program. */
type Args = readonly unknown[];

/**
 * Compiles a function of tensors into one native program per combination of shapes, dtypes and other arguments.
 *
 * Inside, variables may be read and assigned; assignments take effect with each call. Tensors are taken from arguments
 * (nested arrays and plain objects included); of the others, numbers, strings and the like are compared by value,
 * functions and objects of classes by identity. Calls return at once.
 *
 * @example
 * const normalize = jit((x: Tensor) => ops.divide(x, ops.norm(x)));
 */
export function jit<A extends Args, R>(fn: (...args: A) => R): (...args: A) => R {
  const cacheOf = perDevice(() => new Map<string, { compiled: CompiledFunction; result: Tree<unknown> }>());
  return (...args: A): R => {
    // Within a trace the function becomes part of the program around it.
    if (currentTrace()) return fn(...args);
    const leaves = flatten(args as Tree<unknown>);
    const tensors = leaves.filter((leaf): leaf is Tensor => leaf instanceof Tensor);
    const key = JSON.stringify(mapTree(args as Tree<unknown>, staticForm));
    const home = deviceOf(tensors);
    const cache = cacheOf(home ?? currentDevice());
    let entry = cache.get(key);
    if (!entry) {
      entry = onDevice(home ?? currentDevice(), () => record(fn, args, leaves, tensors));
      cache.set(key, entry);
    }
    const results = entry.compiled.run(tensors.map((x) => concrete('jit', x)));
    return restore(entry.result, results) as R;
  };
}

const identities = new WeakMap<object, number>();
let identityCount = 0;

/** What an argument adds to the key: programs differ where it differs. */
const staticForm = (leaf: unknown): unknown => {
  if (leaf instanceof Tensor) return { shape: leaf.shape, dtype: leaf.dtype };
  // JSON has no infinities and no NaN.
  if (typeof leaf === 'number' && !Number.isFinite(leaf)) return { number: String(leaf) };
  if (typeof leaf === 'bigint') return { bigint: String(leaf) };
  if (ArrayBuffer.isView(leaf)) {
    const bytes = Buffer.from(leaf.buffer, leaf.byteOffset, leaf.byteLength);
    return { array: leaf.constructor.name, bytes: bytes.toString('base64') };
  }
  if (leaf === null || (typeof leaf !== 'object' && typeof leaf !== 'function')) return leaf ?? null;
  if (!identities.has(leaf)) identities.set(leaf, ++identityCount);
  return { identity: identities.get(leaf) };
};

function record<A extends Args, R>(fn: (...args: A) => R, args: A, leaves: unknown[], tensors: Tensor[]) {
  let result: Tree<unknown> = null;
  const traced = trace((...inputs) => {
    let next = 0;
    const substituted = leaves.map((leaf) => (leaf instanceof Tensor ? inputs[next++] : leaf));
    const form: Tree<unknown> = args;
    result = synchronous(fn(...(unflatten<unknown, unknown>(form, substituted) as A)));
    return tensorsOf(result);
  }, tensors);
  return { compiled: new CompiledFunction('jit', traced, deviceOf(tensors) ?? undefined), result: result };
}

const tensorsOf = (result: Tree<unknown>): Tensor[] =>
  flatten(result).filter((leaf): leaf is Tensor => leaf instanceof Tensor);

/** The recorded result with concrete tensors in the places of traced ones. */
function restore(result: Tree<unknown>, tensors: readonly DeviceTensor[]): unknown {
  let next = 0;
  return mapTree(result, (leaf) => (leaf instanceof Tensor ? tensors[next++] : leaf));
}

/** With respect to what `grad` and `valueAndGrad` differentiate. */
export interface GradOptions {
  /** Positions of arguments. Default: the first, or none where `variables` are given. */
  readonly argnums?: readonly number[];
  /** Variables that the function reads. */
  readonly variables?: readonly Variable[];
}

/** What `valueAndGrad` gives. */
export interface ValueAndGrad<R> {
  /** What the function returned. */
  readonly value: R;
  /** Gradients of the arguments in `argnums`, each of the argument's own structure; null where none flows. */
  readonly argGrads: readonly Tree<Tensor | null>[];
  /** Gradients of `variables`, in their order; null where the loss does not depend on one. */
  readonly grads: readonly (Tensor | null)[];
}

/**
 * A function that computes `fn` and the gradients of its loss: the tensor of one element that `fn` returns alone, first in
 * an array or as `loss` in a record. Further results are passed through. Inside a trace (`trainStep`, `jit`) it is recorded into the
 * program; outside it runs at once as a program of its own.
 *
 * @throws HornetError when the loss is not a tensor of one element.
 */
export function valueAndGrad<A extends Args, R>(
  fn: (...args: A) => R,
  options: GradOptions = {},
): (...args: A) => ValueAndGrad<R> {
  const { variables = [], argnums = options.variables ? [] : [0] } = options;
  const differentiate = (...args: A): ValueAndGrad<R> => {
    const active = currentTrace()!;
    const own = args.map((arg, i) => (argnums.includes(i) ? mapTree(arg, (leaf) => renewed(leaf, i)) : arg));
    const wrtArgs = argnums.flatMap((argnum) => flatten(own[argnum] as Tree<Tensor>));
    const wrt = [...wrtArgs.map((x) => active.lift(x)), ...variables.map((v) => active.read(v).node)];
    const value = synchronous(fn(...(own as unknown as A)));
    const grads = gradients(active, [lossOf(value)], wrt);
    let next = 0;
    const argGrads = argnums.map((argnum) => mapTree(args[argnum] as Tree<Tensor>, () => grads[next++]));
    return { value, argGrads, grads: grads.slice(next) };
  };
  return (...args) => (currentTrace() ? differentiate(...args) : jit(differentiate)(...args));
}

/** The argument as a value of its own: where it is used outside of the function, or twice, no gradient mixes in. */
export function renewed(leaf: unknown, argnum: number, where = 'grad'): Tensor {
  if (leaf instanceof Tensor) return emit1(reshapeOp, [leaf], { shape: leaf.shape });
  throw new HornetError(where, `expected argument ${argnum} to be a tensor, received ${describe(leaf)}`);
}

function lossOf(value: unknown): Tensor {
  const loss: unknown = Array.isArray(value) ? value[0] : isBranch(value) ? (value as { loss?: unknown }).loss : value;
  if (loss instanceof Tensor && sizeOf(loss.shape) === 1) return loss;
  const received = loss instanceof Tensor ? `shape [${loss.shape.join(', ')}]` : describe(loss);
  throw new HornetError(
    'grad',
    `expected the function to return a loss of one element, alone, first in an array or as 'loss' in a record, received ${received}`,
  );
}

/** A function that computes the gradient of `fn` with respect to its first argument (or `options.argnums`). */
export function grad<A extends Args>(
  fn: (...args: A) => Tensor,
  options: GradOptions = {},
): (...args: A) => Tree<Tensor | null> {
  const both = valueAndGrad(fn, options);
  return (...args) => {
    const { argGrads } = both(...args);
    return argGrads.length === 1 ? argGrads[0] : argGrads;
  };
}
