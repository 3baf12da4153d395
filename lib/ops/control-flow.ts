// keras.ops' control flow: loops and branches whose bodies are functions of tensors. Each is recorded once, however
// often it runs. associativeScan is in associative-scan.ts.
import { isFloat } from '../dtype.js';
import { HornetError } from '../errors.js';
import { Body } from '../graph/body.js';
import { describe, Tensor } from '../tensor.js';
import { flatten, mapTree, type Tree } from '../tree.js';
import { Variable } from '../variable.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import { runBranch, runScan, runWhile, type LoopStep } from './control-flow-core.js';
import { add, less } from './elementwise.js';
import { logicalAnd } from './comparison.js';
import { scalar } from './fill.js';
import { iota } from './movement.js';
import { publicOp } from './public-op.js';

/** What stands in structures as a tensor: plain arrays are structures of their own. */
export type TensorLeaf = Tensor | Variable | number | boolean | bigint;

/** The same structure with a tensor in the place of every number and variable. */
export type Tensors<T> = T extends TensorLeaf ? Tensor : { readonly [K in keyof T]: Tensors<T[K]> };

/** Options of `scan`. */
export interface ScanOptions {
  /** Number of steps. Default: the first size of `xs`. */
  readonly length?: number | null;
  /** Whether to begin at the end of `xs`; results keep the places of their elements. Default false. */
  readonly reverse?: boolean;
  /** For Keras's sake: short loops are unrolled by themselves. Default 1. */
  readonly unroll?: number | boolean;
}

const isLeaf = (item: unknown): item is TensorLeaf => item !== null && item !== undefined;

/** The tensors of a structure. */
const tensorsIn = (tree: unknown): Tensor[] =>
  flatten(tree).flatMap((leaf) => (isLeaf(leaf) ? convertToTensor(leaf) : []));

/** The structure with other tensors. */
function withTensors<T>(tree: T, tensors: readonly Tensor[]): Tensors<T> {
  let next = 0;
  return mapTree(tree as Tree<unknown>, (leaf) => (isLeaf(leaf) ? tensors[next++] : leaf)) as Tensors<T>;
}

/** What a loop carries before its first step. Plain numbers take the dtype that the steps give them. */
function initialCarries(tree: unknown, step: (carries: Tensor[], body: Body) => readonly Tensor[]): Tensor[] {
  let carries = tensorsIn(tree);
  const leaves = flatten(tree).filter(isLeaf);
  const isWeak = leaves.map((leaf) => !(leaf instanceof Tensor) && !(leaf instanceof Variable));
  // A step may give a float what the next one makes an integer of.
  for (let round = 0; isWeak.includes(true) && round < 3; round++) {
    const body = new Body();
    const given = body.record(() => {
      const parameters = carries.map((initial) => body.carry(initial).parameter);
      return step(parameters, body);
    });
    const isSettled = carries.every(({ dtype }, i) => !isWeak[i] || given[i]?.dtype === dtype);
    if (isSettled) break;
    carries = carries.map((carry, i) => (isWeak[i] && given[i] ? castTo(carry, given[i].dtype) : carry));
  }
  return carries;
}

function checkFunction(op: string, name: string, fn: unknown): void {
  if (typeof fn !== 'function')
    throw new HornetError(op, `expected ${name} to be a function, received ${describe(fn)}`);
}

/** The common first size of all tensors. */
function lengthOf(op: string, tensors: readonly Tensor[], given?: number | null): number {
  const sizes = tensors.map(({ rank, shape }) => {
    if (rank > 0) return shape[0];
    throw new HornetError(op, 'expected tensors of one dimension or more to go through, received a scalar');
  });
  const length = given ?? sizes[0];
  if (length === undefined) throw new HornetError(op, 'expected xs or a length, received neither');
  if (!(Number.isInteger(length) && length >= 0)) {
    throw new HornetError(op, `expected length to be a non-negative integer, received ${length}`);
  }
  if (sizes.every((size) => size === length)) return length;
  const wanted = given === null || given === undefined ? 'one first size of all tensors' : `a first size of ${length}`;
  throw new HornetError(op, `expected ${wanted}, received ${sizes.join(', ')}`);
}

/**
 * Goes through the elements of `xs` along their first axis and carries something from step to step: `f(carry, x)` gives
 * `[carry, y]`. Gives the last carry and all `y`, stacked. `init` and `xs` may be nested structures, `xs` null.
 *
 * @example
 * const [total, sums] = ops.scan((sum, x: Tensor) => [ops.add(sum, x), ops.add(sum, x)], ops.zeros([]), xs);
 * @throws HornetError when a step changes the shape or dtype of what it carries.
 */
export const scan = publicOp(
  'scan',
  <C, X, Y>(
    f: (carry: Tensors<C>, x: Tensors<X>) => readonly [unknown, Y],
    init: C,
    xs?: X,
    options: ScanOptions = {},
  ): [Tensors<C>, Tensors<Y>] => {
    checkFunction('scan', 'f', f);
    const { unroll = 1, reverse = false } = options;
    if (typeof unroll !== 'boolean' && !(Number.isInteger(unroll) && unroll > 0)) {
      throw new HornetError('scan', `expected unroll to be a positive integer or boolean, received ${unroll}`);
    }
    const sequences = tensorsIn(xs);
    const length = lengthOf('scan', sequences, options.length);
    let y: Y | null = null;
    const step = (carries: Tensor[], slices: Tensor[]): LoopStep => {
      const [carry, output] = f(withTensors(init, carries), withTensors(xs as X, slices));
      y = output;
      return { carries: tensorsIn(carry), outputs: tensorsIn(output) };
    };
    const carries = initialCarries(init, (given, body) => {
      const slices = sequences.map((sequence) => body.slice(sequence));
      return step(given, slices).carries;
    });
    const result = runScan({ length, reverse, carries, sequences, step });
    return [withTensors(init, result.carries), withTensors(y as Y, result.outputs)];
  },
);

/** Options of `whileLoop`. */
export interface WhileOptions {
  /** Ends the loop after so many steps in any case. Default: no limit. */
  readonly maximumIterations?: number | null;
}

/**
 * Runs `body(...loopVars)` for as long as `cond(...loopVars)` holds; `loopVars` is an array, or one tensor. Gives them in
 * the end. There is no gradient through it.
 *
 * @throws HornetError when the body changes the shape or dtype of what it is given.
 */
export const whileLoop = publicOp(
  'whileLoop',
  <T>(
    cond: (...loopVars: never[]) => TensorLike,
    body: (...loopVars: never[]) => unknown,
    loopVars: T,
    options: WhileOptions = {},
  ): Tensors<T> => {
    checkFunction('whileLoop', 'cond', cond);
    checkFunction('whileLoop', 'body', body);
    const limit = options.maximumIterations ?? null;
    const args = (carries: readonly Tensor[]): never[] => {
      const given: unknown = withTensors(loopVars, carries);
      return (Array.isArray(given) ? given : [given]) as never[];
    };
    const step = (carries: Tensor[]): Tensor[] => tensorsIn(body(...args(carries)));
    const goesOn = (carries: Tensor[]): Tensor => asCondition('whileLoop', cond(...args(carries)));
    const initial = initialCarries(loopVars, step);
    if (limit === null) return withTensors(loopVars, runWhile('whileLoop', initial, goesOn, step));
    const [, ...rest] = runWhile(
      'whileLoop',
      [scalar(0, 'int32'), ...initial],
      ([count, ...carries]) => logicalAnd(less(count, scalar(limit, 'int32')), goesOn(carries)),
      ([count, ...carries]) => [add(count, scalar(1, 'int32')), ...step(carries)],
    );
    return withTensors(loopVars, rest);
  },
);

/** A condition as a bool: numbers that are not zero hold. */
function asCondition(op: string, given: TensorLike): Tensor {
  const condition = convertToTensor(given);
  if (condition.rank === 0) return castTo(condition, 'bool');
  throw new HornetError(op, `expected a scalar as condition, received shape [${condition.shape.join(', ')}]`);
}

/**
 * Runs `bodyFun(i, value)` for i from `lower` up to but without `upper`, each time with what it gave before, and gives the
 * last. Between plain numbers there is a gradient through it.
 */
export const foriLoop = publicOp(
  'foriLoop',
  <T>(
    lower: TensorLike,
    upper: TensorLike,
    bodyFun: (i: Tensor, value: Tensors<T>) => unknown,
    initVal: T,
  ): Tensors<T> => {
    checkFunction('foriLoop', 'bodyFun', bodyFun);
    const step = (i: Tensor, carries: readonly Tensor[]): Tensor[] =>
      tensorsIn(bodyFun(i, withTensors(initVal, carries)));
    const initial = initialCarries(initVal, (carries) => step(scalar(0, 'int32'), carries));
    if (typeof lower === 'number' && typeof upper === 'number') {
      const length = Math.max(0, upper - lower);
      const result = runScan({
        op: 'foriLoop',
        length,
        carries: initial,
        sequences: [add(iota([length], 0, 'int32'), scalar(lower, 'int32'))],
        step: (carries, [i]) => ({ carries: step(i, carries), outputs: [] }),
      });
      return withTensors(initVal, result.carries);
    }
    const [from, to] = [lower, upper].map((bound) => castTo(convertToTensor(bound), 'int32'));
    const [, ...rest] = runWhile(
      'foriLoop',
      [from, ...initial],
      ([i]) => less(i, to),
      ([i, ...carries]) => [add(i, scalar(1, 'int32')), ...step(i, carries)],
    );
    return withTensors(initVal, rest);
  },
);

/** `f` of every element of `xs` along the first axis, stacked; `xs` may be a nested structure of tensors. */
export const map = publicOp('map', <X, Y>(f: (x: Tensors<X>) => Y, xs: X): Tensors<Y> => mapped('map', f, xs));

/**
 * `fn` of every element along the first axis, stacked. Keras may compute all of them at once; here one follows the other.
 */
export const vectorizedMap = publicOp('vectorizedMap', <X, Y>(fn: (x: Tensors<X>) => Y, elements: X): Tensors<Y> =>
  mapped('vectorizedMap', fn, elements),
);

function mapped<X, Y>(op: string, f: (x: Tensors<X>) => Y, xs: X): Tensors<Y> {
  checkFunction(op, 'f', f);
  const sequences = tensorsIn(xs);
  let y: Y | null = null;
  const { outputs } = runScan({
    op,
    length: lengthOf(op, sequences),
    carries: [],
    sequences,
    step: (_, slices) => ({ carries: [], outputs: tensorsIn((y = f(withTensors(xs, slices)))) }),
  });
  return withTensors(y as Y, outputs);
}

/**
 * What `trueFn()` gives where `pred`, a scalar, holds, else what `falseFn()` gives; only that one runs. Both give tensors
 * of the same shapes and dtypes.
 */
export const cond = publicOp('cond', <T>(pred: TensorLike, trueFn: () => T, falseFn: () => T): Tensors<T> => {
  checkFunction('cond', 'trueFn', trueFn);
  checkFunction('cond', 'falseFn', falseFn);
  const index = castTo(asCondition('cond', pred), 'int32');
  return branched('cond', index, [falseFn, trueFn]);
});

/**
 * What the branch with number `index`, a scalar, gives of the operands; only that one runs. An index out of range means the
 * first or last branch.
 */
const switchTo = publicOp(
  'switch',
  <A extends readonly unknown[], T>(
    index: TensorLike,
    branches: readonly ((...operands: { [K in keyof A]: Tensors<A[K]> }) => T)[],
    ...operands: A
  ): Tensors<T> => {
    const which = convertToTensor(index);
    if (branches.length === 0) throw new HornetError('switch', 'expected one branch or more, received none');
    if (which.rank > 0 || isFloat(which.dtype)) {
      throw new HornetError(
        'switch',
        `expected an integer as index, received ${which.dtype}[${which.shape.join(', ')}]`,
      );
    }
    const given = withTensors(operands, tensorsIn(operands)) as { [K in keyof A]: Tensors<A[K]> };
    return branched(
      'switch',
      castTo(which, 'int32'),
      branches.map((branch) => () => branch(...given)),
    );
  },
);
export { switchTo as switch };

function branched<T>(op: string, index: Tensor, functions: readonly (() => T)[]): Tensors<T> {
  let result: T | null = null;
  const results = runBranch(
    op,
    index,
    functions.map((fn) => () => tensorsIn((result = fn()))),
  );
  return withTensors(result as T, results);
}
