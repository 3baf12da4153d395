// The `tree` namespace: what users do with nested structures, under the names of Keras. Lists are arrays, dictionaries plain
// objects; all else is a leaf. What the library itself needs of structures is in tree.ts.
import { HornetError } from './errors.js';
import { describe } from './tensor.js';
import { flatten, isBranch, unflatten, type Tree } from './tree.js';

export { flatten };
export { isBranch as isNested };

/** Where a leaf is: indices and keys from the outside to the inside. */
export type Path = readonly (number | string)[];

/** Returned by the function of `traverse` for a part that is to become null. */
export class MAP_TO_NONE {}

/** The parts of an inner node by index or sorted key, in the order of `flatten`. */
const partsOf = (branch: readonly unknown[] | Record<string, unknown>): (readonly [number | string, unknown])[] =>
  Array.isArray(branch)
    ? branch.map((part: unknown, i) => [i, part] as const)
    : Object.keys(branch)
        .sort()
        .map((key) => [key, (branch as Record<string, unknown>)[key]] as const);

/** Each leaf with its path, in the order of `flatten`. */
export function flattenWithPath<T>(structure: Tree<T>): (readonly [Path, T])[] {
  const visit = (part: unknown, path: Path): (readonly [Path, T])[] =>
    isBranch(part) ? partsOf(part).flatMap(([key, inner]) => visit(inner, [...path, key])) : [[path, part as T]];
  return visit(structure, []);
}

/** What of a structure stands at the leaves of a shallower one. */
function partsUpTo(where: string, shallow: unknown, structure: unknown, path: Path = []): unknown[] {
  if (!isBranch(shallow)) return [structure];
  const [wanted, received] = [shallow, structure].map((part) =>
    isBranch(part)
      ? `${Array.isArray(part) ? 'an array' : 'a record'} of ${partsOf(part)
          .map(([key]) => key)
          .join(', ')}`
      : describe(part),
  );
  if (wanted !== received) {
    const place = path.length === 0 ? '' : ` at ${path.join('.')}`;
    throw new HornetError(where, `expected ${wanted}${place}, received ${received}`);
  }
  const parts = structure as Readonly<Record<string, unknown>>;
  return partsOf(shallow).flatMap(([key, part]) => partsUpTo(where, part, parts[key], [...path, key]));
}

/** The leaves of structures of one form; `structures` must have no more than the first. */
function leavesOf(where: string, structures: readonly unknown[]): unknown[][] {
  if (structures.length === 0) throw new HornetError(where, 'expected a structure, received none');
  return structures.map((structure) => {
    const leaves = partsUpTo(where, structures[0], structure);
    const branch = leaves.find(isBranch);
    if (branch !== undefined) throw new HornetError(where, `expected a leaf, received ${describe(branch)}`);
    return leaves;
  });
}

/** Calls a function with what stands at each place of all lists. */
const zip = <U>(fn: (...values: never[]) => U, lists: readonly unknown[][]): U[] =>
  lists[0].map((_, i) => fn(...(lists.map((list) => list[i]) as never[])));

/**
 * A structure of the same form with what a function gives for each leaf; for several structures of one form it is given the
 * leaves of all.
 *
 * @throws HornetError for structures of different form.
 */
export function mapStructure<U>(fn: (...leaves: never[]) => U, ...structures: readonly unknown[]): Tree<U> {
  return unflatten(structures[0], zip(fn, leavesOf('mapStructure', structures)));
}

/**
 * A structure of the form of `shallow` with what a function gives for the parts of the structures that stand at its leaves.
 *
 * @throws HornetError for a structure that is not of this form down to there.
 */
export function mapStructureUpTo<U>(
  shallow: unknown,
  fn: (...parts: never[]) => U,
  ...structures: readonly unknown[]
): Tree<U> {
  const where = 'mapStructureUpTo';
  if (structures.length === 0) throw new HornetError(where, 'expected a structure, received none');
  const parts = structures.map((structure) => partsUpTo(where, shallow, structure));
  return unflatten(shallow, zip(fn, parts));
}

/** Throws a `HornetError` for structures that are not nested in the same way. */
export function assertSameStructure(a: unknown, b: unknown): void {
  leavesOf('assertSameStructure', [a, b]);
}

/** Throws a `HornetError` for structures whose leaves have other paths; an array is as good as a record of its indices. */
export function assertSamePaths(a: unknown, b: unknown): void {
  const paths = [a, b].map((tree) => flattenWithPath(tree).map(([path]) => `[${path.join(', ')}]`));
  const [missing, added] = [
    paths[0].filter((path) => !paths[1].includes(path)),
    paths[1].filter((path) => !paths[0].includes(path)),
  ];
  if (missing.length === 0 && added.length === 0) return;
  const list = (found: readonly string[]): string => found.join(' ') || 'none';
  throw new HornetError(
    'assertSamePaths',
    `expected the same paths; missing in b: ${list(missing)}, in a: ${list(added)}`,
  );
}

/**
 * The leaves, in the order of `flatten`, in the form of a structure.
 *
 * @throws HornetError for another number of leaves.
 */
export function packSequenceAs<U>(structure: unknown, leaves: readonly U[]): Tree<U> {
  const wanted = flatten(structure).length;
  if (leaves.length !== wanted) {
    throw new HornetError('packSequenceAs', `expected ${wanted} leaves, received ${leaves.length}`);
  }
  return unflatten(structure, leaves);
}

/** Options of `traverse`. */
export interface TraverseArgs {
  /** Whether a part comes before those within it. Default true. */
  readonly topDown?: boolean;
}

/**
 * Calls a function with every part of a structure, the structure itself included. What it gives takes the place of the part;
 * from the top down the parts within are then left out. Nothing (undefined, null) leaves the part; `MAP_TO_NONE` stands for
 * null.
 */
export function traverse(
  fn: (part: never) => unknown,
  structure: unknown,
  { topDown = true }: TraverseArgs = {},
): unknown {
  const within = (part: unknown): unknown => {
    if (!isBranch(part)) return part;
    const visited = new Map(partsOf(part).map(([key, inner]) => [key, visit(inner)]));
    if (Array.isArray(part)) return [...visited.values()];
    return Object.fromEntries(Object.keys(part).map((key) => [key, visited.get(key)]));
  };
  const visit = (part: unknown): unknown => {
    const inner = topDown ? part : within(part);
    const result = fn(inner as never) ?? null;
    if (result === MAP_TO_NONE) return null;
    return result ?? (topDown ? within(part) : inner);
  };
  return visit(structure);
}

/** As `mapStructure`, but arrays of numbers and nulls are shapes, of which the function is given the whole. */
export function mapShapeStructure<U>(fn: (shape: never) => U, structure: unknown): Tree<U> {
  if (!isBranch(structure) || isShape(structure)) return fn(structure as never);
  const parts = partsOf(structure).map(([key, part]) => [key, mapShapeStructure(fn, part)] as const);
  if (Array.isArray(structure)) return parts.map(([, part]) => part);
  return Object.fromEntries(parts);
}

const isShape = (item: unknown): boolean =>
  Array.isArray(item) && item.every((size) => size === null || typeof size === 'number');
