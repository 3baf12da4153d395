// Names that stand for what fits the targets: 'accuracy' and 'crossentropy' are binary, categorical or sparse.
import type { Tensor } from '../tensor.js';

/** What targets are to predictions: numbers for one unit, rows with a one, or class numbers. */
export type TargetKind = 'binary' | 'categorical' | 'sparse_categorical';

/** Tells by the shapes of a target and an output. */
export function targetKind(target: Tensor, output: Tensor): TargetKind {
  const [own, others] = [target.shape.at(-1), output.shape.at(-1)];
  if (others === 1) return 'binary';
  return target.rank < output.rank || (own === 1 && others !== 1) ? 'sparse_categorical' : 'categorical';
}

const shortNames: Readonly<Record<string, string>> = {
  accuracy: 'accuracy',
  acc: 'accuracy',
  crossentropy: 'crossentropy',
  ce: 'crossentropy',
};

/** What a name that fits any kind of target stands for; undefined for all other names. */
export const shapeDependent = (name: unknown): string | undefined =>
  typeof name === 'string' ? shortNames[name.toLowerCase().replaceAll('_', '')] : undefined;

/** The full name of what such a name stands for here. Other things are themselves. */
export function fitting<T>(item: T, target: Tensor, output: Tensor): T | string {
  const kind = shapeDependent(item);
  return kind === undefined ? item : `${targetKind(target, output)}_${kind}`;
}
