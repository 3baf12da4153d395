// Damaging model files at random, reproducibly: bytes of archives and HDF5 files, and values in configs. What comes of it is
// tried by `tryFile`.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModel, HornetError, type Model } from 'hornet';
import { parsePythonJson, toPythonJson } from '../../lib/saving/python-json.js';
import { serialize, type Json } from '../../lib/saving/serialize.js';
import type { Member } from '../../lib/saving/archive.js';
import { writeZip, ZipReader } from '../../lib/saving/zip.js';
import { isBranch } from '../../lib/tree.js';

/** A stream of whole numbers below a limit. */
export function random(seed: number): (limit: number) => number {
  let state = (seed * 2654435761) >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Bytes with a few of them changed, cut off, moved, or made extreme. */
export function mutateBytes(bytes: Uint8Array, pick: (limit: number) => number): Uint8Array {
  let result = Uint8Array.from(bytes);
  for (let count = 1 + pick(4); count > 0; count--) {
    const at = pick(Math.max(1, result.length));
    const length = Math.min(1 + pick(16), result.length - at);
    const changes = [
      () => (result[at] ^= 1 << pick(8)),
      () => result.fill(0xff, at, at + length),
      () => result.fill(0, at, at + length),
      () => (result = result.slice(0, at)),
      () => result.copyWithin(at, pick(result.length), at + length),
      () => new DataView(result.buffer).setUint32(Math.max(0, Math.min(at, result.length - 4)), pick(2 ** 32)),
    ];
    if (result.length >= 4) changes[pick(changes.length)]();
  }
  return result;
}

const odd: readonly Json[] = [
  null,
  -1,
  0,
  1e15,
  2 ** 31,
  0.5,
  NaN,
  '',
  'constructor',
  '__proto__',
  [],
  {},
  [[]],
  true,
  '../x',
];

/** A config with one of its values replaced by something else. */
export function mutateConfig(json: Json, pick: (limit: number) => number): Json {
  const copy = structuredClone(json) as Record<string, Json>;
  const places: [Record<string, Json>, string][] = [];
  const visit = (branch: Record<string, Json>): void => {
    for (const [key, value] of Object.entries(branch)) {
      places.push([branch, key]);
      if (isBranch(value)) visit(value as Record<string, Json>);
    }
  };
  visit(copy);
  const [branch, key] = places[pick(places.length)];
  const [, other] = places[pick(places.length)];
  const source = places[pick(places.length)];
  const changes = [
    () => (branch[key] = odd[pick(odd.length)]),
    () => delete branch[key],
    () => (branch[other] = branch[key]),
    // A part of the config where another one is, perhaps within itself.
    () => (branch[key] = structuredClone(source[0][source[1]])),
  ];
  changes[pick(changes.length)]();
  return copy;
}

/** Loads a file: it must give a model, or a `HornetError` that names a place. */
export async function tryFile(path: string, model: Model | null): Promise<'loaded' | 'refused'> {
  try {
    if (model) await model.loadWeights(path);
    else serialize(await loadModel(path));
    return 'loaded';
  } catch (error) {
    if (error instanceof HornetError) return 'refused';
    throw error;
  }
}

/** Members of an archive. */
export const membersOf = (path: string): Promise<Map<string, Uint8Array>> =>
  ZipReader.read(path, 'test', async (zip) => {
    const members = new Map<string, Uint8Array>();
    for (const name of zip.names) members.set(name, await zip.bytes(name));
    return members;
  });

/** Tries mutations of the files in a folder until the time is over; gives how many ended how. */
export async function fuzz(folder: string, milliseconds: number, firstSeed: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = { loaded: 0, refused: 0 };
  const work = await mkdtemp(join(tmpdir(), 'hornet-fuzz-'));
  const keras = join(folder, 'mlp.keras');
  const members = await membersOf(keras);
  const config = parsePythonJson(Buffer.from(members.get('config.json')!).toString(), 'test', 'config');
  const model = await loadModel(keras);
  const wrap = async (path: string, changed: ReadonlyMap<string, Member>): Promise<void> =>
    writeZip(path, new Map([...members, ...changed]));
  const kinds: ((path: string, pick: (limit: number) => number) => Promise<string>)[] = [
    async (path, pick) => {
      await writeFile(`${path}.keras`, mutateBytes(await readFile(keras), pick));
      return `${path}.keras`;
    },
    async (path, pick) => {
      await wrap(`${path}.keras`, new Map([['config.json', toPythonJson(mutateConfig(config, pick))]]));
      return `${path}.keras`;
    },
    async (path, pick) => {
      const bytes = mutateBytes(members.get('model.weights.h5')!, pick);
      await wrap(`${path}.keras`, new Map([['model.weights.h5', bytes]]));
      return `${path}.keras`;
    },
    async (path, pick) => {
      await writeFile(`${path}.h5`, mutateBytes(await readFile(join(folder, 'branches.h5')), pick));
      return `${path}.h5`;
    },
    async (path, pick) => {
      await writeFile(`${path}.weights.h5`, mutateBytes(await readFile(join(folder, 'mlp.weights.h5')), pick));
      return `${path}.weights.h5`;
    },
  ];
  const weights = join(work, 'whole.safetensors');
  await model.saveWeights(weights);
  kinds.push(async (path, pick) => {
    await writeFile(`${path}.safetensors`, mutateBytes(await readFile(weights), pick));
    return `${path}.safetensors`;
  });
  // Several files with a JSON, of which one is damaged; a folder likewise.
  const shards = join(work, 'shards.weights.json');
  await model.saveWeights(shards, { maxShardSize: 200 / 2 ** 30 });
  kinds.push(async (path, pick) => {
    const json = parsePythonJson(await readFile(shards, 'utf8'), 'test', 'shards');
    const files = (await readdir(work)).filter((name) => /^shards-.*\.h5$/.test(name));
    const damaged = files[pick(files.length)];
    const changed = join(work, `damaged-${damaged}`);
    await writeFile(changed, mutateBytes(await readFile(join(work, damaged)), pick));
    const text = toPythonJson(pick(2) ? mutateConfig(json, pick) : json);
    await writeFile(`${path}.weights.json`, text.replaceAll(damaged, `damaged-${damaged}`));
    return `${path}.weights.json`;
  });
  kinds.push(async (path, pick) => {
    await rm(`${path}.folder`, { recursive: true, force: true });
    await mkdir(`${path}.folder`);
    const names = [...members.keys()];
    const damaged = names[pick(names.length)];
    for (const [name, bytes] of members) {
      await writeFile(join(`${path}.folder`, name), name === damaged ? mutateBytes(bytes, pick) : bytes);
    }
    return `${path}.folder`;
  });
  const end = Date.now() + milliseconds;
  try {
    for (let seed = firstSeed; Date.now() < end; seed++) {
      const pick = random(seed);
      const path = await kinds[seed % kinds.length](join(work, 'file'), pick);
      const begin = Date.now();
      const outcome = await tryFile(path, /file\.(keras|h5|folder)$/.test(path) ? null : model).catch(
        (error: unknown) => {
          throw new Error(`seed ${seed}, ${path}: ${String(error)}`, { cause: error });
        },
      );
      if (Date.now() - begin > 20_000) throw new Error(`seed ${seed}, ${path}: it took ${Date.now() - begin} ms`);
      counts[outcome]++;
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return counts;
}
