// Weights as Keras 3 keeps them: one HDF5 group per layer, `layers/dense/vars/0`. What belongs to which group is in
// parts.ts, weights in several files are in shards.ts.
import { Layer } from '../layers/layer.js';
import { Model } from '../models/model.js';
import { Optimizer } from '../optimizers/optimizer.js';
import type { DeviceTensor } from '../tensor.js';
import { replaceFile } from './atomic.js';
import { Hdf5Reader, type GroupContents, type GroupWanted } from './hdf5-reader.js';
import { Hdf5Writer } from './hdf5-writer.js';
import { optimizerVariables } from './optimizer-order.js';
import { keyOf, partsOf, type Part } from './parts.js';
import { Restoration } from './restore.js';

/** How weights that do not fit are taken. */
export interface LoadOptions {
  /** Weights of other shapes or in other number are left out, with a warning. Default false: an error. */
  readonly skipMismatch?: boolean;
  /** Layers whose weights stay as they are. */
  readonly objectsToSkip?: readonly Layer[];
}

/** The group of a part's weights. */
export const varsOf = (path: string): string => (path ? `${path}/vars` : 'vars');

/** Writes the groups of all parts. */
export async function writeParts(writer: Hdf5Writer, parts: readonly Part[]): Promise<void> {
  for (const part of parts) await writePart(writer, part, 0, part.weights.length);
}

/** Writes the group of a part with some of its weights; gives the number of bytes. */
export async function writePart(writer: Hdf5Writer, part: Part, from: number, to: number): Promise<number> {
  const { path, owner, weights } = part;
  writer.group(varsOf(path), { name: owner.name });
  let bytes = 0;
  for (const [i, weight] of weights.slice(from, to).entries()) {
    const { variable, value } = weight;
    const { dtype, shape } = variable;
    const data = await (value ? (value() as DeviceTensor).data() : variable.data());
    await writer.dataset(`${varsOf(path)}/${keyOf(weight, from + i)}`, dtype, shape, data);
    bytes += data.byteLength;
  }
  return bytes;
}

/** Writes all weights, and the state of the optimizer, to one file. */
export async function saveWeightsH5(model: Layer, path: string, objectsToSkip: readonly Layer[] = []): Promise<void> {
  const parts = partsOf(model).filter(({ owner }) => !objectsToSkip.includes(owner as Layer));
  await replaceFile(path, 'saveWeights', (beside) => Hdf5Writer.write(beside, (writer) => writeParts(writer, parts)));
}

/** One or several files that are read as one. */
export class WeightSource {
  constructor(
    /** The files that hold parts of a group. */
    private readonly filesOf: (group: string) => readonly Hdf5Reader[],
    /** Files of Keras before 2.14 have another name for `layers`. */
    private readonly rename: (group: string) => string = (group) => group,
  ) {}

  /** What groups hold in all files together. */
  async contents(groups: readonly GroupWanted[]): Promise<readonly GroupContents[]> {
    const found = groups.map(() => ({ count: 0, datasets: [] as GroupContents['datasets'][number][] }));
    for (const file of new Set(groups.flatMap(({ path }) => this.filesOf(path)))) {
      const here = groups.flatMap(({ path }, i) => (this.filesOf(path).includes(file) ? [i] : []));
      const asked = here.map((i) => ({ ...groups[i], path: this.rename(groups[i].path) }));
      for (const [k, { count, datasets }] of (await file.contents(asked)).entries()) {
        const group = found[here[k]];
        group.count += count;
        group.datasets.push(...datasets);
      }
    }
    return found;
  }
}

/** Reads weights, and the state of the optimizer, from a `.weights.h5` file. */
export async function loadWeightsH5(
  model: Layer,
  path: string,
  where: string,
  options: LoadOptions = {},
): Promise<void> {
  await Hdf5Reader.read(path, where, async (file) => {
    const names = (await file.names('')) ?? [];
    const isOld = names.includes('_layer_checkpoint_dependencies');
    const rename = (group: string): string =>
      isOld ? group.replaceAll('layers', '_layer_checkpoint_dependencies') : group;
    await restoreWeights(model, new WeightSource(() => [file], rename), path, where, options);
  });
}

/** Puts the weights of a source into a model; `name` stands for it in errors. */
export async function restoreWeights(
  model: Layer,
  source: WeightSource,
  name: string,
  where: string,
  { skipMismatch = false, objectsToSkip = [] }: LoadOptions,
): Promise<void> {
  const into = new Restoration(where, name, skipMismatch);
  const restored: Layer[] = [];
  if (model instanceof Model) model.buildOptimizer();
  const parts = partsOf(model).filter(({ owner }) => !objectsToSkip.includes(owner as Layer));
  const groups = parts.map(({ path, weights }) => ({ path: varsOf(path), expected: weights.length }));
  for (const [i, { count, datasets }] of (await source.contents(groups)).entries()) {
    const { owner, weights } = parts[i];
    const { path: group } = groups[i];
    const named = new Map(datasets);
    if (count !== weights.length) {
      const message = `'${owner.name}' has ${weights.length} weights, in ${into.path} ${count} at '${group}'`;
      // As in Keras, a model may be trained on with another optimizer.
      if (owner instanceof Optimizer) {
        const stored = datasets.map((_, k) => named.get(String(k)) ?? null);
        const variables = model instanceof Model ? optimizerVariables(model, stored) : null;
        if (variables) variables.forEach((variable, k) => into.add(variable, stored[k]));
        else if (count > 0) into.warn(message);
      } else into.refuse(message);
      continue;
    }
    weights.forEach((weight, k) => into.add(weight.variable, named.get(keyOf(weight, k)) ?? null));
    if (owner instanceof Layer) restored.push(owner);
  }
  await into.finish();
  for (const layer of restored) layer.weightsRestored();
}
