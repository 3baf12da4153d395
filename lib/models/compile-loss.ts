// The losses of a compiled model: one per output, weighted and summed.
import { HornetError } from '../errors.js';
import { getMask } from '../layers/mask.js';
import { getLoss, type Loss, type LossLike } from '../losses/index.js';
import { Mean } from '../metrics/index.js';
import { add, cast, multiply } from '../ops/index.js';
import type { Tensor } from '../tensor.js';
import { flatten, type Tree } from '../tree.js';

/** A loss, one per output in a list, or by output name; null for outputs without one. */
export type LossSpec = LossLike | readonly (LossLike | null)[] | { readonly [output: string]: LossLike | null };

/** A number per output, as a list or by output name. */
export type LossWeights = readonly number[] | { readonly [output: string]: number };

interface OutputLoss {
  readonly index: number;
  readonly loss: Loss;
  readonly weight: number | null;
  /** The mean of this loss alone; only where there are several. */
  readonly metric: Mean | null;
}

/** One thing per output, from what users write: one for all, a list, or a record by output name. */
export function perOutput<T>(
  where: string,
  spec: T | readonly T[] | { readonly [output: string]: T },
  names: readonly string[],
  isLeaf: (item: unknown) => boolean,
): (T | null)[] {
  if (spec === null || spec === undefined) return names.map(() => null);
  if (isLeaf(spec)) return names.map(() => spec as T);
  if (Array.isArray(spec)) {
    if (spec.length !== names.length) {
      throw new HornetError(where, `expected one entry per output (${names.length}), received ${spec.length}`);
    }
    return spec as T[];
  }
  const record = spec as { readonly [output: string]: T };
  const unknown = Object.keys(record).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new HornetError(
      where,
      `there is no output '${unknown}'; the outputs are ${names.map((name) => `'${name}'`).join(', ')}`,
    );
  }
  return names.map((name) => record[name] ?? null);
}

/** The leaves of targets or weights in the order of the outputs; a record is read by output names where it fits. */
export function outputLeaves(tree: Tree<Tensor> | null, names: readonly string[]): (Tensor | null)[] {
  if (tree === null) return names.map(() => null);
  if (!Array.isArray(tree) && typeof tree === 'object' && names.some((name) => Object.hasOwn(tree, name))) {
    return names.map((name) => (tree as Record<string, Tensor>)[name] ?? null);
  }
  return flatten(tree as Tree<Tensor>);
}

/** Computes the total of all losses. Made at the first step, when the outputs are known. */
export class CompileLoss {
  private readonly losses: OutputLoss[];

  constructor(spec: LossSpec, weights: LossWeights | null, names: readonly string[]) {
    const isLoss = (item: unknown): boolean =>
      typeof item === 'string' || typeof item === 'function' || isLossObject(item);
    const given = perOutput<LossLike | null>('compile', spec, names, isLoss);
    const factors =
      weights === null ? [] : perOutput<number>('compile', weights, names, (item) => typeof item === 'number');
    const present = given.flatMap((loss, index) => (loss === null ? [] : [{ index, loss: getLoss(loss) }]));
    if (present.length === 0) throw new HornetError('compile', 'expected a loss for at least one output');
    this.losses = present.map(({ index, loss }) => ({
      index,
      loss,
      weight: factors[index] ?? null,
      metric: names.length > 1 ? new Mean({ name: `${names[index]}_loss` }) : null,
    }));
  }

  /** Means of the single losses, where there are several outputs. */
  get metrics(): Mean[] {
    return this.losses.flatMap(({ metric }) => (metric ? [metric] : []));
  }

  /** The weighted sum of all losses. */
  call(yTrue: readonly (Tensor | null)[], yPred: readonly Tensor[], sampleWeight: readonly (Tensor | null)[]): Tensor {
    const values = this.losses.map(({ index, loss, weight, metric }) => {
      const target = yTrue[index];
      if (!target) throw new HornetError('fit', `output ${index} has a loss but no target; pass y for it`);
      const weights = sampleWeight.length === 1 ? sampleWeight[0] : (sampleWeight[index] ?? null);
      const value = loss(target, yPred[index], { sampleWeight: weightsWithMask(weights, yPred[index]) });
      metric?.updateState(value, { sampleWeight: yPred[index].shape[0] });
      return weight === null ? value : multiply(value, weight);
    });
    return values.reduce((total, value) => add(total, value));
  }
}

const isLossObject = (item: unknown): boolean => item !== null && typeof item === 'object' && 'reduction' in item;

/** Where an output carries a mask, what it leaves out has no weight: losses read the mask themselves. */
function weightsWithMask(weights: Tensor | null, yPred: Tensor): Tensor | null {
  const mask = getMask(yPred);
  return weights && mask ? cast(weights, yPred.dtype) : weights;
}
