// Whole models in files: which format a path asks for. The formats are in keras-file.ts and legacy-h5.ts.
import { HornetError } from '../errors.js';
import type { Layer } from '../layers/layer.js';
import type { Model } from '../models/model.js';
import { exists, isFolder } from './atomic.js';
import { buildModel } from './build-model.js';
import { mapKeys, toCamel } from './config-case.js';
import { loadKeras, saveKeras } from './keras-file.js';
import { loadLegacyModel, saveLegacyModel } from './legacy-h5.js';
import { deserialize, type CustomObjects, type SerializedObject } from './serialize.js';

/** What `saveModel` takes. */
export interface SaveModelArgs {
  /** Whether a file of that name may be replaced. Default true. */
  readonly overwrite?: boolean;
  /** Whether the state of training goes along; `.h5` only, `.keras` always has it. Default true. */
  readonly includeOptimizer?: boolean;
  /** Whether `.keras` is one file; false: a folder, whose name must not end in `.keras`. Default true. */
  readonly zipped?: boolean;
}

/** What `loadModel` takes. */
export interface LoadModelArgs {
  /** Classes and functions by the names that the file has for them, and functions by the names of `Lambda` layers. */
  readonly customObjects?: CustomObjects;
  /** Whether the model is compiled as it was when saved. Default true. */
  readonly compile?: boolean;
  /** Hornet never runs code from a file: both values mean the same. For Keras's sake. Default true. */
  readonly safeMode?: boolean;
}

/**
 * Writes a model with its weights and the state of its training. The file is replaced as a whole.
 *
 * @param path - Ends in `.keras`; or in `.h5` for the format of older versions; or, not `zipped`, the name of a folder.
 * @throws HornetError when the file cannot be written, or the model has parts that no config can hold.
 */
export async function saveModel(model: Model, path: string, args: SaveModelArgs = {}): Promise<void> {
  const { overwrite = true, includeOptimizer = true, zipped = true } = args;
  if (!overwrite && (await exists(path))) throw new HornetError('saveModel', `${path} is there already`);
  if (!zipped) {
    if (!path.endsWith('.keras')) return saveKeras(model, path, false);
    throw new HornetError('saveModel', `expected the name of a folder, not in .keras, received '${path}'`);
  }
  if (path.endsWith('.keras')) return saveKeras(model, path);
  if (isLegacy(path)) return saveLegacyModel(model, path, includeOptimizer);
  throw new HornetError('saveModel', `expected a path that ends in .keras or .h5, received '${path}'`);
}

/**
 * Reads a model that Hornet or Keras wrote: `.keras`, `.h5` or a folder. Nothing in the file is executed.
 * `loadModel<FeatureSpace>` for what a `FeatureSpace` has saved.
 *
 * @throws HornetError when the file is not there, is damaged, or names classes that nobody knows.
 */
export async function loadModel<T extends Layer = Model>(path: string, args: LoadModelArgs = {}): Promise<T> {
  if (path.endsWith('.keras') || (await isFolder(path))) return loadKeras(path, args);
  if (isLegacy(path)) return (await loadLegacyModel(path, args)) as Layer as T;
  throw new HornetError('loadModel', `expected a path that ends in .keras or .h5, received '${path}'`);
}

/**
 * A model from what `model.toJson()` or Keras's `to_json()` gave, with new weights; compiled where the JSON says how.
 *
 * @throws HornetError when it is no JSON of a model, or names classes that nobody knows.
 */
export function modelFromJson(json: string, args: Pick<LoadModelArgs, 'customObjects'> = {}): Model {
  let parsed: SerializedObject;
  try {
    parsed = JSON.parse(json) as SerializedObject;
  } catch (error) {
    throw new HornetError('modelFromJson', 'expected the JSON of a model', { cause: error });
  }
  const model = buildModel('the JSON', args.customObjects, () => deserialize(parsed));
  if (parsed.compile_config) model.compileFromConfig(mapKeys(parsed.compile_config, toCamel));
  return model;
}

const isLegacy = (path: string): boolean => /\.(h5|hdf5)$/.test(path);
