// What a weights file holds of a model: its parts, layers and optimizers, each under the path that Keras gives it. The path
// comes from properties: their names, and the classes of what stands in lists.
import { snakeCase } from '../layers/naming.js';
import { Layer } from '../layers/layer.js';
import type { SavedWeight } from '../layers/weights.js';
import { Model } from '../models/model.js';
import { Sequential } from '../models/sequential.js';
import { Optimizer } from '../optimizers/optimizer.js';
import { isBranch } from '../tree.js';
import { toSnake } from './config-case.js';
import { classNameOf, type SerializableClass } from './registry.js';

/** A layer or optimizer, whose weights are in one group of a file. */
export interface Part {
  /** Where it is, without the last `vars`. Empty for the model itself. */
  readonly path: string;
  readonly owner: Layer | Optimizer;
  readonly weights: readonly SavedWeight[];
}

/** What a part's weight of this number is called in the group: numbers stand for those without a name. */
export const keyOf = ({ name }: SavedWeight, number: number): string => name ?? String(number);

/** All parts of a model in Keras's order, each once; the optimizer only where it is `withOptimizer`. */
export function partsOf(model: Layer, { withOptimizer = true } = {}): Part[] {
  const parts: Part[] = [];
  const seen = new Set<unknown>();
  const join = (path: string, name: string): string => (path ? `${path}/${name}` : name);
  const visit = (path: string, owner: unknown): void => {
    if (seen.has(owner)) return;
    if (!(owner instanceof Layer || owner instanceof Optimizer)) return visitList(path, owner);
    if (owner instanceof Optimizer && !withOptimizer) return;
    seen.add(owner);
    parts.push({ path, owner, weights: owner.savedWeights() });
    for (const [name, child] of childrenOf(owner)) visit(join(path, name), child);
  };
  const visitList = (path: string, list: unknown): void => {
    if (!isBranch(list)) return;
    seen.add(list);
    const used = new Map<string, number>();
    for (const item of Object.values(list)) {
      const name = nameInList(item);
      if (name === null) continue;
      const count = used.get(name) ?? 0;
      used.set(name, count + 1);
      visit(join(path, count === 0 ? name : `${name}_${count}`), item);
    }
  };
  visit('', model);
  return parts;
}

/** How something is called in a list: by its class, since names of layers differ from run to run. */
function nameInList(item: unknown): string | null {
  if (item instanceof Layer) return snakeCase(item.pythonName);
  if (item instanceof Optimizer) return snakeCase(classNameOf(item.constructor as unknown as SerializableClass));
  return isBranch(item) ? 'container' : null;
}

/** What an object's properties hold, by Keras's names in Keras's order: alphabetical, private ones last. */
function childrenOf(owner: Layer | Optimizer): [string, unknown][] {
  const renamed = owner instanceof Layer ? (owner.constructor as typeof Layer).savedNames : {};
  const own = Object.keys(owner)
    .map((key): [string, unknown] => [renamed[key] ?? toSnake(key), (owner as unknown as Record<string, unknown>)[key]])
    .filter(([, value]) => holdsParts(value));
  if (owner instanceof Model) {
    own.push(['layers', owner.layers]);
    if (owner.isCompiled) own.push(['optimizer', owner.optimizer]);
  }
  // The layers of a functional model come first, whatever else it has.
  const isFirst = (name: string): boolean =>
    name === 'layers' && owner instanceof Model && (owner.graph !== null || owner instanceof Sequential);
  const key = (name: string): string => (isFirst(name) ? '' : name.startsWith('_') ? `~${name}` : name);
  return own.sort(([a], [b]) => (key(a) < key(b) ? -1 : 1));
}

function holdsParts(value: unknown): boolean {
  if (value instanceof Layer || value instanceof Optimizer) return true;
  return isBranch(value) && Object.values(value).some(holdsParts);
}
