// Weights as Keras 3 keeps them: one HDF5 group per layer, `layers/dense/vars/0`. Also as several files with a JSON that
// says what is where. What belongs to which group is in parts.ts.
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { byteSize } from '../dtype.js';
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import { Layer } from '../layers/layer.js';
import { Model } from '../models/model.js';
import { Optimizer } from '../optimizers/optimizer.js';
import type { DeviceTensor } from '../tensor.js';
import { replaceFile } from './atomic.js';
import { Hdf5Reader } from './hdf5-reader.js';
import { Hdf5Writer } from './hdf5-writer.js';
import { optimizerVariables } from './optimizer-order.js';
import { partsOf, type Part } from './parts.js';
import { parsePythonJson, toPythonJson } from './python-json.js';
import { Restoration, type StoredWeight } from './restore.js';

/** How weights that do not fit are taken. */
export interface LoadOptions {
  /** Weights of other shapes or in other number are left out, with a warning. Default false: an error. */
  readonly skipMismatch?: boolean;
  /** Layers whose weights stay as they are. */
  readonly objectsToSkip?: readonly Layer[];
}

const varsOf = (path: string): string => (path ? `${path}/vars` : 'vars');

/** Writes the groups of all parts. */
export async function writeParts(writer: Hdf5Writer, parts: readonly Part[]): Promise<void> {
  for (const part of parts) {
    writer.group(varsOf(part.path), { name: part.owner.name });
    await writeWeights(writer, part, 0, part.weights.length);
  }
}

async function writeWeights(writer: Hdf5Writer, { path, weights }: Part, from: number, to: number): Promise<void> {
  for (const [i, { variable, value, name = String(from + i) }] of weights.slice(from, to).entries()) {
    const { dtype, shape } = variable;
    const data = await (value ? (value() as DeviceTensor).data() : variable.data());
    await writer.dataset(`${varsOf(path)}/${name}`, dtype, shape, data);
  }
}

/** Writes all weights, and the state of the optimizer, to one file. */
export async function saveWeightsH5(model: Layer, path: string, objectsToSkip: readonly Layer[] = []): Promise<void> {
  const parts = partsOf(model).filter(({ owner }) => !objectsToSkip.includes(owner as Layer));
  await replaceFile(path, 'saveWeights', (beside) => Hdf5Writer.write(beside, (writer) => writeParts(writer, parts)));
}

interface Slice {
  readonly part: Part;
  readonly from: number;
  readonly to: number;
}

/**
 * Writes all weights to several files of limited size, and a JSON that says what is where. Each file is replaced as a
 * whole, the JSON last.
 *
 * @param gigabytes - The largest size of a file, not counting its headers.
 */
export async function saveShards(model: Layer, path: string, gigabytes: number): Promise<void> {
  const limit = gigabytes * 2 ** 30;
  const shards: Slice[][] = [[]];
  let [room, total] = [limit, 0];
  for (const part of partsOf(model)) {
    let from = 0;
    part.weights.forEach(({ variable: { shape, dtype, path: name } }, i) => {
      const bytes = sizeOf(shape) * byteSize(dtype);
      if (bytes > limit) {
        throw new HornetError('saveWeights', `weight '${name}' has ${bytes} bytes, maxShardSize allows ${limit}`);
      }
      if (bytes > room) {
        shards.at(-1)!.push({ part, from, to: i });
        shards.push([]);
        [from, room] = [i, limit];
      }
      room -= bytes;
      total += bytes;
    });
    shards.at(-1)!.push({ part, from, to: part.weights.length });
  }
  const base = basename(path).replace(/(\.weights)?\.(json|h5)$/, '');
  const map = new Map<string, string[]>();
  for (const [number, slices] of shards.entries()) {
    const name = `${base}_${String(number).padStart(5, '0')}.weights.h5`;
    const fill = async (writer: Hdf5Writer): Promise<void> => {
      for (const { part, from, to } of slices) {
        writer.group(varsOf(part.path), { name: part.owner.name });
        await writeWeights(writer, part, from, to);
        const key = `/${varsOf(part.path)}`;
        if (to > from) map.set(key, [...(map.get(key) ?? []), name]);
      }
    };
    await replaceFile(join(dirname(path), name), 'saveWeights', (beside) => Hdf5Writer.write(beside, fill));
  }
  const json = { metadata: { total_size: total }, weight_map: Object.fromEntries(map) };
  await replaceFile(path.replace(/\.h5$/, '.json'), 'saveWeights', (beside) =>
    writeFile(beside, toPythonJson(json, 4)),
  );
}

/** One or several files that are read as one. */
class Source {
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
    await restore(model, new Source(() => [file], rename), restoration(where, path, options), options);
  });
}

/** Reads weights from the files that a JSON names; they are beside it. */
export async function loadShards(model: Layer, path: string, where: string, options: LoadOptions = {}): Promise<void> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new HornetError(where, `cannot open ${path}: ${(error as Error).message}`, { cause: error });
  }
  const json = parsePythonJson(text, where, path) as { readonly weight_map?: unknown } | null;
  const map = json?.weight_map;
  if (map === null || typeof map !== 'object') throw new HornetError(where, `${path} has no weight_map`);
  const namesOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
  const entries = Object.entries(map).map(([group, value]) => [group, namesOf(value)] as const);
  const names = [...new Set(entries.flatMap(([, list]) => list))];
  for (const name of names) {
    if (typeof name !== 'string' || name !== basename(name) || name === '..') {
      throw new HornetError(where, `${path} names '${String(name)}', which is not the name of a file beside it`);
    }
  }
  const opened = new Map<unknown, Hdf5Reader>();
  const open = async ([name, ...rest]: readonly unknown[]): Promise<void> => {
    if (name !== undefined) {
      return Hdf5Reader.read(join(dirname(path), name as string), where, (file) =>
        open((opened.set(name, file), rest)),
      );
    }
    const filesOf = new Map(entries.map(([group, list]) => [group, list.map((each) => opened.get(each)!)]));
    const source = new Source((group) => filesOf.get(`/${group}`) ?? []);
    await restore(model, source, restoration(where, path, options), options);
  };
  await open(names);
}

const restoration = (where: string, path: string, { skipMismatch = false }: LoadOptions): Restoration =>
  new Restoration(where, path, skipMismatch);

/** Puts the weights of a source into a model. */
async function restore(
  model: Layer,
  source: Source,
  into: Restoration,
  { objectsToSkip = [] }: LoadOptions,
): Promise<void> {
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
