// `.keras` archives, zipped or as folders: metadata, the model's config, its weights as HDF5, and the texts of layers that have such.
import { readdir, rm } from 'node:fs/promises';
import { HornetError } from '../errors.js';
import { Layer } from '../layers/layer.js';
import type { Model } from '../models/model.js';
import type { Archive, Member } from './archive.js';
import { isFolder, replaceFile, replaceFolder } from './atomic.js';
import { buildModel } from './build-model.js';
import { FolderReader, writeFolder } from './folder.js';
import { Hdf5Writer } from './hdf5-writer.js';
import { KERAS_VERSION } from './keras-version.js';
import { fromLegacyModel } from './legacy-config.js';
import type { LoadModelArgs } from './models.js';
import { partsOf } from './parts.js';
import { parsePythonJson, toPythonJson } from './python-json.js';
import { deserialize, serialize, withSharing, type Json, type SerializedObject } from './serialize.js';
import { loadWeightsH5, writeParts, type LoadOptions } from './weights-h5.js';
import { writeZip, ZipReader } from './zip.js';

const CONFIG = 'config.json';
const METADATA = 'metadata.json';
const WEIGHTS = 'model.weights.h5';

/** Writes a model; not `zipped`, a folder. */
export async function saveKeras(model: Layer, path: string, zipped = true): Promise<void> {
  if (!zipped) await checkFolder(path);
  const config = withSharing(() => serialize(model)) as unknown as Json;
  const members = new Map<string, Member>([
    [METADATA, toPythonJson({ keras_version: KERAS_VERSION, date_saved: dateSaved(new Date()) })],
    [CONFIG, toPythonJson(config)],
  ]);
  const parts = partsOf(model);
  await (zipped ? replaceFile : replaceFolder)(path, 'saveModel', async (beside) => {
    const weights = `${beside}.h5`;
    try {
      await Hdf5Writer.write(weights, (writer) => writeParts(writer, parts));
      members.set(WEIGHTS, { file: weights });
      for (const { path: place, owner } of parts) {
        if (!(owner instanceof Layer)) continue;
        for (const [name, text] of Object.entries(owner.saveAssets())) members.set(`assets/${place}/${name}`, text);
      }
      await (zipped ? writeZip : writeFolder)(beside, members);
    } finally {
      await rm(weights, { force: true });
    }
  });
}

/** A folder is replaced as a whole: there must be nothing else in it. */
async function checkFolder(path: string): Promise<void> {
  const names = (await isFolder(path)) ? await readdir(path) : [];
  const other = names.find((name) => ![CONFIG, METADATA, WEIGHTS, 'assets'].includes(name));
  if (other !== undefined) throw new HornetError('saveModel', `${path} holds '${other}', which is no part of a model`);
}

/** `2026-11-28@14:26:46`. */
const dateSaved = (date: Date): string => date.toISOString().slice(0, 19).replace('T', '@');

/** Reads a model from a `.keras` file or a folder. */
export async function loadKeras<T extends Layer = Model>(
  path: string,
  { customObjects, compile = true }: LoadModelArgs,
): Promise<T> {
  const reader = (await isFolder(path)) ? FolderReader : ZipReader;
  return reader.read(path, 'loadModel', async (archive: Archive) => {
    const read = async (name: string): Promise<string> => (await archive.bytes(name)).toString('utf8');
    const json = parsePythonJson(await read(CONFIG), 'loadModel', `${CONFIG} in ${path}`);
    const config = json as unknown as SerializedObject;
    const metadata = archive.names.includes(METADATA) ? await read(METADATA) : '';
    const isKeras2 = /"keras_version": "2\./.test(metadata);
    const model = buildModel<T>(path, customObjects, () => {
      const modern = isKeras2 ? fromLegacyModel(config) : config;
      return deserialize(compile ? modern : { ...modern, compile_config: null });
    });
    // Texts may decide about the shapes of weights.
    await restoreAssets(model, archive);
    await restoreWeights(model, archive, 'loadModel', {});
    return model;
  });
}

/** Reads the weights of an archive into a model. */
export function loadKerasWeights(model: Layer, path: string, options: LoadOptions): Promise<void> {
  return ZipReader.read(path, 'loadWeights', (zip) => restoreWeights(model, zip, 'loadWeights', options));
}

const restoreWeights = (model: Layer, archive: Archive, where: string, options: LoadOptions): Promise<void> =>
  archive.withFile(WEIGHTS, (file) => loadWeightsH5(model, file, where, options));

async function restoreAssets(model: Layer, archive: Archive): Promise<void> {
  for (const { path, owner } of partsOf(model)) {
    const prefix = `assets/${path}/`;
    const names = archive.names.filter((name) => name.startsWith(prefix) && !name.slice(prefix.length).includes('/'));
    if (names.length === 0 || !(owner instanceof Layer)) continue;
    const texts: Record<string, string> = {};
    for (const name of names) texts[name.slice(prefix.length)] = (await archive.bytes(name)).toString('utf8');
    owner.loadAssets(texts);
  }
}
