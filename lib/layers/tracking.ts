// What belongs to a layer: sub-layers, variables, seed generators and metrics are found in its own properties, and in
// arrays and plain objects there, in the order in which the properties came to be.
import { type Tensor } from '../tensor.js';
import { isBranch } from '../tree.js';
import { Variable } from '../variable.js';
import type { Layer } from './layer.js';
import { WeightOwner } from './weights.js';

/** A seed generator, as far as layers are concerned. */
export interface SeedHolder {
  readonly state: Variable;
  next(): Tensor;
}

/** A metric, as far as layers are concerned. */
export interface MetricLike {
  readonly name: string;
  readonly variables: readonly Variable[];
  updateState(...args: never[]): unknown;
  result(): unknown;
  resetState(): void;
}

/** What was found in a layer's properties. */
export interface Belongings {
  readonly layers: Set<Layer>;
  readonly variables: Set<Variable>;
  readonly seeds: Set<SeedHolder>;
  readonly metrics: Set<MetricLike>;
}

/** Searches the own properties of an object. Private `#fields` cannot be seen: hand their content to `track()`. */
export function scan(owner: object, tracked: readonly unknown[]): Belongings {
  const found: Belongings = { layers: new Set(), variables: new Set(), seeds: new Set(), metrics: new Set() };
  for (const item of tracked) visit(item, found);
  for (const key of Object.keys(owner)) visit((owner as Record<string, unknown>)[key], found);
  return found;
}

function visit(item: unknown, found: Belongings): void {
  if (item === null || (typeof item !== 'object' && typeof item !== 'function')) return;
  if (item instanceof WeightOwner) found.layers.add(item as Layer);
  else if (item instanceof Variable) found.variables.add(item);
  else if (isBranch(item)) {
    // A long list of numbers or words holds no layers.
    if (
      Array.isArray(item) &&
      item.length > 0 &&
      (item[0] === null || typeof item[0] !== 'object') &&
      typeof item[0] !== 'function'
    )
      return;
    for (const child of Object.values(item)) visit(child, found);
  } else if (isMetric(item)) found.metrics.add(item);
  else if (isSeed(item)) found.seeds.add(item);
}

const isSeed = (item: object): item is SeedHolder =>
  'next' in item && 'state' in item && item.state instanceof Variable;
const isMetric = (item: object): item is MetricLike => 'updateState' in item && 'resetState' in item;
