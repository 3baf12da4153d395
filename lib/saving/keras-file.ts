// `.keras` archives: metadata, the model's config, its weights as HDF5, and the texts of layers that have such.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Layer } from '../layers/layer.js';
import type { Model } from '../models/model.js';
import { replaceFile } from './atomic.js';
import { buildModel } from './build-model.js';
import { KERAS_VERSION } from './keras-version.js';
import { Hdf5Writer } from './hdf5-writer.js';
import { fromLegacyModel } from './legacy-config.js';
import type { LoadModelArgs } from './models.js';
import { partsOf } from './parts.js';
import { parsePythonJson, toPythonJson } from './python-json.js';
import { deserialize, serialize, withSharing, type Json, type SerializedObject } from './serialize.js';
import { loadWeightsH5, writeParts, type LoadOptions } from './weights-h5.js';
import { writeZip, ZipReader, type Member } from './zip.js';

const CONFIG = 'config.json';
const METADATA = 'metadata.json';
const WEIGHTS = 'model.weights.h5';

/** Writes a model. */
export async function saveKeras(model: Model, path: string): Promise<void> {
  const config = withSharing(() => serialize(model)) as unknown as Json;
  const members = new Map<string, Member>([
    [METADATA, toPythonJson({ keras_version: KERAS_VERSION, date_saved: dateSaved(new Date()) })],
    [CONFIG, toPythonJson(config)],
  ]);
  const parts = partsOf(model);
  await replaceFile(path, 'saveModel', async (beside) => {
    const weights = `${beside}.h5`;
    try {
      await Hdf5Writer.write(weights, (writer) => writeParts(writer, parts));
      members.set(WEIGHTS, { file: weights });
      for (const { path: place, owner } of parts) {
        if (!(owner instanceof Layer)) continue;
        for (const [name, text] of Object.entries(owner.saveAssets())) members.set(`assets/${place}/${name}`, text);
      }
      await writeZip(beside, members);
    } finally {
      await rm(weights, { force: true });
    }
  });
}

/** `2026-11-28@14:26:46`. */
const dateSaved = (date: Date): string => date.toISOString().slice(0, 19).replace('T', '@');

/** Reads a model. */
export function loadKeras(path: string, { customObjects, compile = true }: LoadModelArgs): Promise<Model> {
  return ZipReader.read(path, 'loadModel', async (zip) => {
    const read = async (name: string): Promise<string> => (await zip.bytes(name)).toString('utf8');
    const json = parsePythonJson(await read(CONFIG), 'loadModel', `${CONFIG} in ${path}`);
    const config = json as unknown as SerializedObject;
    const metadata = zip.names.includes(METADATA) ? await read(METADATA) : '';
    const isKeras2 = /"keras_version": "2\./.test(metadata);
    const model = buildModel(path, customObjects, () => {
      const modern = isKeras2 ? fromLegacyModel(config) : config;
      return deserialize(compile ? modern : { ...modern, compile_config: null });
    });
    // Texts may decide about the shapes of weights.
    await restoreAssets(model, zip);
    await restoreWeights(model, zip, 'loadModel', {});
    return model;
  });
}

/** Reads the weights of an archive into a model. */
export function loadKerasWeights(model: Layer, path: string, options: LoadOptions): Promise<void> {
  return ZipReader.read(path, 'loadWeights', (zip) => restoreWeights(model, zip, 'loadWeights', options));
}

async function restoreWeights(model: Layer, zip: ZipReader, where: string, options: LoadOptions): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'hornet-'));
  try {
    const file = join(directory, WEIGHTS);
    await zip.extract(WEIGHTS, file);
    await loadWeightsH5(model, file, where, options);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function restoreAssets(model: Model, zip: ZipReader): Promise<void> {
  for (const { path, owner } of partsOf(model)) {
    const prefix = `assets/${path}/`;
    const names = zip.names.filter((name) => name.startsWith(prefix) && !name.slice(prefix.length).includes('/'));
    if (names.length === 0 || !(owner instanceof Layer)) continue;
    const texts: Record<string, string> = {};
    for (const name of names) texts[name.slice(prefix.length)] = (await zip.bytes(name)).toString('utf8');
    owner.loadAssets(texts);
  }
}
