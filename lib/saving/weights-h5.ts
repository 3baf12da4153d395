// Weights as Keras 3 keeps them: one HDF5 group per layer, `layers/dense/vars/0`. What belongs to which group is in
// parts.ts, weights in several files are in shards.ts.
import { Layer } from '../layers/layer.js';
import { Model } from '../models/model.js';
import { Optimizer } from '../optimizers/optimizer.js';
import type { DeviceTensor } from '../tensor.js';
import { replaceFile } from './atomic.js';
import { Hdf5Reader } from './hdf5-reader.js';
import { Hdf5Writer } from './hdf5-writer.js';
import { optimizerVariables } from './optimizer-order.js';
import { partsOf, type Part } from './parts.js';
import { Restoration, type StoredWeight } from './restore.js';

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
  for (const [i, { variable, value, name = String(from + i) }] of weights.slice(from, to).entries()) {
    const { dtype, shape } = variable;
    const data = await (value ? (value() as DeviceTensor).data() : variable.data());
    await writer.dataset(`${varsOf(path)}/${name}`, dtype, shape, data);
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

  /** A dataset of a group; null where no file holds it. */
  async find(group: string, name: string): Promise<StoredWeight | null> {
    const path = `${this.rename(group)}/${name}`;
    for (const file of this.filesOf(group)) {
      const weight = await file.weight(path);
      if (weight) return weight;
    }
    return null;
  }

  /** The number of datasets of a group. */
  async count(group: string): Promise<number> {
    let count = 0;
    for (const file of this.filesOf(group)) count += (await file.names(this.rename(group)))?.length ?? 0;
    return count;
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
  for (const { path, owner, weights } of partsOf(model)) {
    if (objectsToSkip.includes(owner as Layer)) continue;
    const group = varsOf(path);
    const count = await source.count(group);
    if (count !== weights.length) {
      const message = `'${owner.name}' has ${weights.length} weights, in ${into.path} ${count} at '${group}'`;
      // As in Keras, a model may be trained on with another optimizer.
      if (owner instanceof Optimizer) {
        const stored = await Promise.all(Array.from({ length: count }, (_, i) => source.find(group, String(i))));
        const variables = model instanceof Model ? optimizerVariables(model, stored) : null;
        if (variables) variables.forEach((variable, i) => into.add(variable, stored[i]));
        else if (count > 0) into.warn(message);
      } else into.refuse(message);
      continue;
    }
    const found = await Promise.all(weights.map(({ name }, i) => source.find(group, name ?? String(i))));
    for (const [i, { variable }] of weights.entries()) into.add(variable, found[i]);
    if (owner instanceof Layer) restored.push(owner);
  }
  await into.finish();
  for (const layer of restored) layer.weightsRestored();
}
