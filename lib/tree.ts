// Nested structures (arrays and plain objects) of tensors: flatten, rebuild, map. Knows nothing of tensors themselves.

/** A leaf, or arrays and plain objects of such. */
export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };

const isPlainObject = (item: unknown): item is Record<string, unknown> =>
  item !== null && typeof item === 'object' && Object.getPrototypeOf(item) === Object.prototype;

/** Whether the item is an array or plain object, that is, an inner node. */
export const isBranch = (item: unknown): item is readonly unknown[] | Record<string, unknown> =>
  Array.isArray(item) || isPlainObject(item);

/** The leaves in order; an object's in the sorted order of its keys, as Keras has it. */
export function flatten<T>(tree: Tree<T>): T[] {
  const leaves: T[] = [];
  collect(tree, leaves);
  return leaves;
}

function collect<T>(tree: Tree<T>, leaves: T[]): void {
  if (Array.isArray(tree)) for (const item of tree as readonly Tree<T>[]) collect(item, leaves);
  else if (isPlainObject(tree)) for (const key of Object.keys(tree).sort()) collect(tree[key], leaves);
  else leaves.push(tree as T);
}

/** A tree of the same form with every leaf replaced. Leaves are visited in the order of `flatten`. */
export function mapTree<T, U>(tree: Tree<T>, fn: (leaf: T) => U): Tree<U> {
  if (Array.isArray(tree)) return tree.map((item: Tree<T>) => mapTree(item, fn));
  if (isPlainObject(tree)) {
    const keys = Object.keys(tree);
    const mapped = new Map<string, Tree<U>>();
    for (const key of keys.toSorted()) mapped.set(key, mapTree((tree as Record<string, Tree<T>>)[key], fn));
    return Object.fromEntries(keys.map((key) => [key, mapped.get(key)!]));
  }
  return fn(tree as T);
}

/** A tree of the form of `like` with the given leaves. */
export function unflatten<T, U>(like: Tree<T>, leaves: readonly U[]): Tree<U> {
  let next = 0;
  return mapTree(like, () => leaves[next++]);
}
