// Derivatives along a direction, by the gradient of a gradient: what pulls back is linear, and its transpose pushes forward.
import { HornetError } from '../errors.js';
import { gradients } from '../graph/gradients.js';
import { sameShape } from '../graph/ir.js';
import { currentTrace } from '../graph/trace.js';
import { jit, renewed } from '../graph/transforms.js';
import { Tensor } from '../tensor.js';
import { flatten, mapTree, unflatten, type Tree } from '../tree.js';
import { convertToTensor } from './convert.js';
import { fullLike } from './fill.js';

/** What `jvp` differentiates. */
export interface JvpArgs {
  /** Whether `fun` gives a pair of what is differentiated and of what is only passed on. Default false. */
  readonly hasAux?: boolean;
}

const tensorsOf = (tree: unknown): Tensor[] => flatten(tree).filter((leaf): leaf is Tensor => leaf instanceof Tensor);

function checkDirections(primals: readonly unknown[], tangents: readonly unknown[]): void {
  const [points, directions] = [flatten(primals as Tree<Tensor>), flatten(tangents as Tree<Tensor>)];
  const shapes = (list: readonly Tensor[]): string => list.map(({ shape }) => `[${shape.join(', ')}]`).join(', ');
  if (points.length !== directions.length || points.some((x, i) => !sameShape(x.shape, directions[i].shape))) {
    const received = `shapes ${shapes(points)} and ${shapes(directions)}`;
    throw new HornetError('jvp', `expected a tangent of every primal's shape, received ${received}`);
  }
}

/** Arguments of a function: tensors and numbers, also in arrays and plain objects. */
type Arguments = readonly Tree<Tensor | number>[];

/**
 * The value of `fun(...primals)`, and how it changes along `tangents`: the product of its Jacobian with them. Both have the
 * structure of what `fun` gives; with `hasAux` what it gives besides comes third.
 *
 * @example
 * const [value, slope] = ops.jvp(ops.sin, [0.1], [0.2]);
 * @throws HornetError unless there is a tangent of every primal's shape.
 */
export function jvp<R extends Tree<Tensor>, A>(
  fun: (...args: never[]) => readonly [result: R, aux: A],
  primals: Arguments,
  tangents: Arguments,
  options: JvpArgs & { readonly hasAux: true },
): [primalsOut: R, tangentsOut: R, aux: A];
export function jvp<R extends Tree<Tensor>>(
  fun: (...args: never[]) => R,
  primals: Arguments,
  tangents: Arguments,
  options?: JvpArgs & { readonly hasAux?: false },
): [primalsOut: R, tangentsOut: R];
export function jvp(
  fun: (...args: never[]) => unknown,
  primals: Arguments,
  tangents: Arguments,
  options: JvpArgs = {},
): unknown {
  const push = (points: Tree<Tensor>[], directions: Tree<Tensor>[]): unknown[] => {
    const active = currentTrace()!;
    const own = points.map((arg, i) => mapTree(arg, (leaf) => renewed(leaf, i, 'jvp')));
    const given = fun(...(own as never[]));
    const [value, ...aux] = options.hasAux ? (given as [unknown, unknown]) : [given];
    const results = tensorsOf(value);
    const seeds = results.map((y) => renewed(fullLike(y, 0), 0, 'jvp'));
    const wrt = tensorsOf(own).map((x) => active.lift(x));
    const pulled = gradients(active, results, wrt, seeds);
    const reached = pulled.flatMap((grad, i) => (grad ? [{ grad, along: tensorsOf(directions)[i] }] : []));
    const pushed = gradients(
      active,
      reached.map(({ grad }) => grad),
      seeds.map((seed) => active.lift(seed)),
      reached.map(({ along }) => along),
    );
    const slopes = results.map((y, i) => pushed[i] ?? fullLike(y, 0));
    return [value, unflatten(value as Tree<Tensor>, slopes), ...aux];
  };
  const asTensors = (list: Arguments): Tree<Tensor>[] =>
    list.map((arg) => mapTree(arg, (leaf) => convertToTensor(leaf)));
  const [points, directions] = [asTensors(primals), asTensors(tangents)];
  checkDirections(points, directions);
  return currentTrace() ? push(points, directions) : jit(push)(points, directions);
}
