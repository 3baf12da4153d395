// The outputs of a model, and what users say of each of them (losses, weights, metrics, targets): for all alike, in the
// structure of the outputs, in their order, or by their names.
import { HornetError } from '../errors.js';
import { describe, type Tensor } from '../tensor.js';
import { flatten, isBranch, mapTree, type Tree } from '../tree.js';

/** Things for outputs: one for all, or structures of such. `null` where there is none for an output. */
export type PerOutput<T> = T | null | readonly PerOutput<T>[] | { readonly [output: string]: PerOutput<T> };

type Path = readonly (string | number)[];

/** One output tensor. */
export interface Output {
  /** Where it is in the structure of the outputs. */
  readonly path: Path;
  /** Its name in logs. */
  readonly name: string;
}

/** The structure of a model's outputs with the names of the tensors in it. */
export class Outputs {
  readonly list: readonly Output[];
  private readonly form: Tree<unknown>;
  /** Whether the structure has but one level. */
  private readonly isFlat: boolean;

  /**
   * @param outputs - Tensors in the structure of the outputs; only the structure is kept.
   * @param names - One per tensor, in the order of `flatten`.
   */
  constructor(outputs: Tree<unknown>, names: readonly string[]) {
    const form = mapTree(outputs, () => null);
    this.form = form;
    this.list = pathsOf(form).map((path, i) => ({ path, name: names[i] }));
    this.isFlat = this.list.every(({ path }) => path.length <= 1);
  }

  get names(): string[] {
    return this.list.map(({ name }) => name);
  }

  /** The name of the loss of one output: its path, with the output's own name in place of a position. */
  lossName({ path, name }: Output): string {
    if (path.length === 0) return name;
    return (typeof path.at(-1) === 'number' ? [...path.slice(0, -1), name] : path).join('/');
  }

  /**
   * What `spec` says of each output: lists of things, as one output may have several.
   *
   * @param where - Function named in errors.
   * @param option - Argument named in errors.
   * @param isOne - Tells a thing from a structure of things.
   */
  assign<T>(where: string, option: string, spec: PerOutput<T>, isOne: (item: unknown) => boolean): T[][] {
    const { list, form } = this;
    const items = (tree: PerOutput<T>): T[] =>
      flatten(tree as Tree<T | null>).filter((item): item is T => item !== null && item !== undefined);
    const record =
      isBranch(spec) && !isOne(spec) && !Array.isArray(spec) ? (spec as Record<string, PerOutput<T>>) : null;
    if (record && !isRecord(form)) {
      const { names } = this;
      const unknown = Object.keys(record).find((key) => !names.includes(key));
      if (unknown !== undefined) {
        const known = names.map((name) => `'${name}'`).join(', ');
        throw new HornetError(where, `there is no output '${unknown}' for ${option}; the outputs are ${known}`);
      }
      return names.map((name) => items(record[name] ?? null));
    }
    if (list.length === 1 && !record) return [items(spec)];
    // A flat list goes by the order of the outputs, whatever their structure.
    const inOrder = Array.isArray(spec) && spec.length === list.length;
    if (inOrder && (this.isFlat || spec.every((item) => item === null || isOne(item)))) return spec.map(items);
    const walk = (part: Tree<unknown>, said: PerOutput<T>, path: Path): T[][] => {
      if (!isBranch(part)) return [items(said)];
      const isEmpty = isBranch(said) && Object.keys(said).length === 0;
      if (!isBranch(said) || isOne(said) || isEmpty) return pathsOf(part).map(() => items(said));
      const children = Object.entries<Tree<unknown>>(part as Record<string, Tree<unknown>>);
      if (Array.isArray(said) !== Array.isArray(part) || (Array.isArray(said) && said.length !== children.length)) {
        const place = path.length === 0 ? '' : ` at '${path.join('/')}'`;
        const expected = Array.isArray(part)
          ? `a list of ${part.length}`
          : `a record of ${Object.keys(part).join(', ')}`;
        const received = Array.isArray(said) ? `a list of ${said.length}` : describe(said);
        throw new HornetError(
          where,
          `expected ${option} in the structure of the outputs${place}, ${expected}, received ${received}`,
        );
      }
      const given = said as Record<string, PerOutput<T>>;
      const unknown = Object.keys(given).find((key) => !(key in part));
      if (unknown !== undefined) {
        const known = Object.keys(part)
          .map((key) => `'${key}'`)
          .join(', ');
        throw new HornetError(
          where,
          `there is no output '${[...path, unknown].join('/')}' for ${option}; there are ${known}`,
        );
      }
      return inTreeOrder(part, children).flatMap(([key, child]) => walk(child, given[key] ?? null, [...path, key]));
    };
    return walk(form, spec, []);
  }

  /**
   * The leaves of targets, one per output: in the same structure, in order, or by name.
   *
   * @param wanted - Positions of the outputs that have a loss: the targets may be for these only.
   */
  targets(tree: Tree<Tensor> | null, wanted: readonly number[] = []): (Tensor | null)[] {
    const { list, names } = this;
    if (tree === null) return list.map(() => null);
    if (isRecord(tree) && this.isFlat && names.some((name) => Object.hasOwn(tree, name))) {
      return names.map((name) => (tree[name] as Tensor | undefined) ?? null);
    }
    const leaves = flatten(tree);
    if (leaves.length !== list.length && leaves.length === wanted.length) {
      return list.map((_, i) => leaves[wanted.indexOf(i)] ?? null);
    }
    return list.map((_, i) => leaves[i] ?? null);
  }

  /** Weights of samples, one per output; a single one is for all. */
  weights(tree: Tree<Tensor> | null, wanted: readonly number[] = []): (Tensor | null)[] {
    const leaves = tree === null ? [] : flatten(tree);
    return leaves.length === 1 && !isRecord(tree) ? this.list.map(() => leaves[0]) : this.targets(tree, wanted);
  }
}

const isRecord = (tree: unknown): tree is Record<string, unknown> => isBranch(tree) && !Array.isArray(tree);

/** The children of a node in the order of `flatten`. */
const inTreeOrder = <T>(node: object, children: [string, T][]): [string, T][] =>
  Array.isArray(node) ? children : children.sort(([a], [b]) => (a < b ? -1 : 1));

/** The ways to all leaves, in the order of `flatten`. */
function pathsOf(form: Tree<unknown>): Path[] {
  if (!isBranch(form)) return [[]];
  return inTreeOrder(form, Object.entries<Tree<unknown>>(form as Record<string, Tree<unknown>>)).flatMap(
    ([key, child]) => pathsOf(child).map((rest) => [Array.isArray(form) ? Number(key) : key, ...rest]),
  );
}
