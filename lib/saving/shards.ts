// Weights in several files of limited size, with a JSON that says what is where. Each save writes files of new names and
// then replaces the JSON, which is the one step from the old weights to the new.
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { byteSize } from '../dtype.js';
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import type { Layer } from '../layers/layer.js';
import { exists, removeStale, replaceFile } from './atomic.js';
import { Hdf5Reader } from './hdf5-reader.js';
import { Hdf5Writer } from './hdf5-writer.js';
import { partsOf, type Part } from './parts.js';
import { parsePythonJson, toPythonJson } from './python-json.js';
import { restoreWeights, varsOf, writePart, type LoadOptions, WeightSource } from './weights-h5.js';

/** Some weights of a layer or optimizer. */
interface Slice {
  readonly part: Part;
  readonly from: number;
  readonly to: number;
}

/** What the JSON says: the files that hold each group. */
type WeightMap = ReadonlyMap<string, readonly string[]>;

/**
 * Writes all weights to several files of limited size, and a JSON that says what is where. Whoever is interrupted leaves the
 * old weights or the new ones; files that the JSON no longer names are removed.
 *
 * @param gigabytes - The largest size of a file, not counting its headers.
 */
export async function saveShards(model: Layer, path: string, gigabytes: number): Promise<void> {
  const slices = divide(model, gigabytes * 2 ** 30);
  const index = path.replace(/\.h5$/, '.json');
  const folder = dirname(path);
  const base = basename(path).replace(/(\.weights)?\.(json|h5)$/, '');
  const generation = `${base}-${randomBytes(4).toString('hex')}`;
  const map = new Map<string, string[]>();
  const written: string[] = [];
  // Keras opens the file of this name first, whatever the JSON says.
  const first = join(folder, shardName(base, 0));
  const outdated = await namedIn(index);
  let total = 0;
  try {
    for (const [number, shard] of slices.entries()) {
      const name = shardName(generation, number);
      written.push(name);
      await writeShard(join(folder, name), async (writer) => {
        for (const { part, from, to } of shard) {
          total += await writePart(writer, part, from, to);
          const key = `/${varsOf(part.path)}`;
          if (to > from) map.set(key, [...(map.get(key) ?? []), name]);
        }
      });
    }
    if (!(await exists(first))) await writeShard(first);
    const json = { metadata: { total_size: total }, weight_map: Object.fromEntries(map) };
    await replaceFile(index, 'saveWeights', (beside) => writeFile(beside, toPythonJson(json, 4)));
  } catch (error) {
    for (const name of written) await rm(join(folder, name), { force: true });
    throw error;
  }
  if (outdated.includes(basename(first))) await writeShard(first);
  for (const name of outdated) if (name !== basename(first)) await rm(join(folder, name), { force: true });
  await removeUnnamed(folder, base, written);
}

const shardName = (base: string, number: number): string => `${base}_${String(number).padStart(5, '0')}.weights.h5`;

const writeShard = (path: string, fill: (writer: Hdf5Writer) => Promise<void> = async () => {}): Promise<void> =>
  replaceFile(path, 'saveWeights', (beside) => Hdf5Writer.write(beside, fill));

/** Which weights go into which file. */
function divide(model: Layer, limit: number): Slice[][] {
  const shards: Slice[][] = [[]];
  let room = limit;
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
    });
    shards.at(-1)!.push({ part, from, to: part.weights.length });
  }
  return shards;
}

/** The files that a JSON names; none where there is no such JSON. */
async function namedIn(index: string): Promise<string[]> {
  const map = await readMap(index, 'saveWeights').catch(() => new Map<string, readonly string[]>());
  return [...new Set([...map.values()].flat())];
}

/** Removes what interrupted saves have left. */
async function removeUnnamed(folder: string, base: string, named: readonly string[]): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${base}-`) && !named.includes(name));
  const left = names.filter((name) => /^-[0-9a-f]{8}_\d{5,}\.weights\.h5$/.test(name.slice(base.length)));
  for (const name of left) await removeStale(join(folder, name));
}

async function readMap(path: string, where: string): Promise<WeightMap> {
  return parseMap(await readIndex(path, where), path, where);
}

async function readIndex(path: string, where: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new HornetError(where, `cannot open ${path}: ${(error as Error).message}`, { cause: error });
  }
}

function parseMap(text: string, path: string, where: string): WeightMap {
  const map = (parsePythonJson(text, where, path) as { readonly weight_map?: unknown } | null)?.weight_map;
  if (map === null || typeof map !== 'object') throw new HornetError(where, `${path} has no weight_map`);
  const entries = Object.entries(map).map(([group, value]): [string, unknown[]] => [group, [value].flat()]);
  for (const name of entries.flatMap(([, names]) => names)) {
    if (typeof name !== 'string' || name !== basename(name) || name === '..') {
      throw new HornetError(where, `${path} names '${String(name)}', which is not the name of a file beside it`);
    }
  }
  return new Map(entries as [string, string[]][]);
}

/** Reads weights from the files that a JSON names; they are beside it. */
export async function loadShards(model: Layer, path: string, where: string, options: LoadOptions = {}): Promise<void> {
  const text = await readIndex(path, where);
  try {
    await loadNamed(model, path, parseMap(text, path, where), where, options);
  } catch (error) {
    if (text === (await readIndex(path, where))) throw error;
    // Somebody has saved meanwhile.
    await loadShards(model, path, where, options);
  }
}

async function loadNamed(
  model: Layer,
  path: string,
  map: WeightMap,
  where: string,
  options: LoadOptions,
): Promise<void> {
  const opened = new Map<string, Hdf5Reader>();
  const open = async ([name, ...rest]: readonly string[]): Promise<void> => {
    if (name !== undefined) {
      return Hdf5Reader.read(join(dirname(path), name), where, (file) => open((opened.set(name, file), rest)));
    }
    const source = new WeightSource((group) => (map.get(`/${group}`) ?? []).map((each) => opened.get(each)!));
    await restoreWeights(model, source, path, where, options);
  };
  await open([...new Set([...map.values()].flat())]);
}
