// associativeScan: all prefixes of a sequence under an associative operation, in a logarithmic number of steps.
import { HornetError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { flatten, mapTree, unflatten, type Tree } from '../tree.js';
import { normalizeAxis } from './axes.js';
import { convertToTensor } from './convert.js';
import type { Tensors } from './control-flow.js';
import { concatTensors, flipAxes, partOf, sliceAt } from './movement.js';
import { publicOp } from './public-op.js';
import { reshapeTo } from './reshape-core.js';

/** Options of `associativeScan`. */
export interface AssociativeScanOptions {
  /** Whether to combine from the end. Default false. */
  readonly reverse?: boolean;
  /** Default 0. */
  readonly axis?: number;
}

/** Every second element along an axis. */
function everySecond(x: Tensor, axis: number, from: number): Tensor {
  const at = (value: number, others: readonly number[]): number[] =>
    others.map((other, i) => (i === axis ? value : other));
  const none = x.shape.map(() => 0);
  const count = Math.ceil((x.shape[axis] - from) / 2);
  return sliceAt(
    x,
    at(from, none),
    at(count, x.shape),
    at(
      2,
      none.map(() => 1),
    ),
  );
}

/** Elements of the two in turn, beginning with `even`, which may have one more. */
function interleave(even: Tensor, odd: Tensor, axis: number): Tensor {
  const pairs = odd.shape[axis];
  const spread = (x: Tensor): Tensor => reshapeTo(x, [...x.shape.slice(0, axis + 1), 1, ...x.shape.slice(axis + 1)]);
  const pair = concatTensors([spread(partOf(even, axis, 0, pairs)), spread(odd)], axis + 1);
  const joined = reshapeTo(
    pair,
    odd.shape.map((dim, i) => (i === axis ? 2 * dim : dim)),
  );
  return even.shape[axis] === pairs ? joined : concatTensors([joined, partOf(even, axis, pairs, pairs + 1)], axis);
}

type Combine = (a: readonly Tensor[], b: readonly Tensor[]) => Tensor[];

function prefixes(f: Combine, elems: readonly Tensor[], axis: number): readonly Tensor[] {
  const size = elems[0].shape[axis];
  if (size < 2) return elems;
  const all = (from: number): Tensor[] => elems.map((elem) => everySecond(elem, axis, from));
  const pairs = Math.floor(size / 2);
  const cut = (list: readonly Tensor[], from: number, to: number): Tensor[] =>
    list.map((x) => partOf(x, axis, from, to));
  // Prefixes that end at odd places, from those of the sequence of pairs.
  const odd = prefixes(f, f(cut(all(0), 0, pairs), all(1)), axis);
  const rest = cut(all(0), 1, Math.ceil(size / 2));
  const first = cut(elems, 0, 1);
  const later = size === 2 ? null : f(cut(odd, 0, rest[0].shape[axis]), rest);
  const even = later ? first.map((x, i) => concatTensors([x, later[i]], axis)) : first;
  return even.map((x, i) => interleave(x, odd[i], axis));
}

/**
 * All prefixes of `elems` under `f`, which must be associative and takes many elements at a time: 1, 1∘2, 1∘2∘3, … `elems`
 * is a tensor, or a nested structure of tensors of one size along `axis`.
 */
export const associativeScan = publicOp(
  'associativeScan',
  <T>(
    f: (a: Tensors<T>, b: Tensors<T>) => unknown,
    elems: T,
    { reverse = false, axis = 0 }: AssociativeScanOptions = {},
  ): Tensors<T> => {
    const tree = mapTree(elems as Tree<Tensor>, (leaf) => convertToTensor(leaf));
    const leaves = flatten(tree);
    const sizes = leaves.map((leaf) => leaf.shape[normalizeAxis('associativeScan', axis, leaf.rank)]);
    if (sizes.some((size) => size !== sizes[0])) {
      throw new HornetError('associativeScan', `expected one size along the axis, received ${sizes.join(', ')}`);
    }
    const along = normalizeAxis('associativeScan', axis, leaves[0].rank);
    const turned = (list: readonly Tensor[]): Tensor[] => list.map((x) => (reverse ? flipAxes(x, [along]) : x));
    const combine: Combine = (a, b) =>
      flatten(f(unflatten(tree, a) as Tensors<T>, unflatten(tree, b) as Tensors<T>) as Tree<Tensor>);
    return unflatten(tree, turned(prefixes(combine, turned(leaves), along))) as Tensors<T>;
  },
);
