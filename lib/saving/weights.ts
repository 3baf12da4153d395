// Weights in files: which format a path asks for. The formats are in the files beside.
import { HornetError } from '../errors.js';
import type { Layer } from '../layers/layer.js';
import { loadKerasWeights } from './keras-file.js';
import { loadLegacyWeights, saveLegacyWeights } from './legacy-h5.js';
import { loadSafetensors, saveSafetensors } from './safetensors.js';
import { loadShards, saveShards } from './shards.js';
import { loadWeightsH5, saveWeightsH5 } from './weights-h5.js';

/** What `saveWeights` takes. */
export interface SaveWeightsArgs {
  /** Several files, of at most so many gigabytes, and a `.weights.json`. Default: one file. */
  readonly maxShardSize?: number | null;
  /** Layers that are left out; `.weights.h5` only. */
  readonly objectsToSkip?: readonly Layer[];
}

/** What `loadWeights` takes. */
export interface LoadWeightsArgs {
  /** Weights that do not fit are left out, with a warning. Default false: an error, and nothing is changed. */
  readonly skipMismatch?: boolean;
  /** Layers are found by their names instead of their order; older `.h5` files only. Default false. */
  readonly byName?: boolean;
  /** Layers whose weights stay as they are; `.weights.h5` only. */
  readonly objectsToSkip?: readonly Layer[];
}

/**
 * Writes all weights. What was there is replaced in one step.
 *
 * @param path - Ends in `.weights.h5` (with the optimizer's state), in `.safetensors`, or in `.h5` for the format of older
 *   versions; in `.weights.json` with `maxShardSize`.
 */
export async function saveWeights(model: Layer, path: string, args: SaveWeightsArgs = {}): Promise<void> {
  const { maxShardSize = null, objectsToSkip } = args;
  if (!model.built) throw new HornetError('saveWeights', `'${model.name}' has no weights yet; build it first`);
  if (maxShardSize !== null) {
    if (!(maxShardSize > 0)) {
      throw new HornetError('saveWeights', `expected maxShardSize to be positive, received ${maxShardSize}`);
    }
    if (/\.weights\.(json|h5)$/.test(path)) return saveShards(model, path, maxShardSize);
    throw new HornetError('saveWeights', `expected a path that ends in .weights.json, received '${path}'`);
  }
  if (path.endsWith('.weights.h5')) return saveWeightsH5(model, path, objectsToSkip);
  if (path.endsWith('.safetensors')) return saveSafetensors(model, path);
  if (/\.(h5|hdf5)$/.test(path)) return saveLegacyWeights(model, path);
  const formats = '.weights.h5, .safetensors or .h5';
  throw new HornetError('saveWeights', `expected a path that ends in ${formats}, received '${path}'`);
}

/**
 * Reads the weights of a model of the same architecture, and the state of its optimizer where the file has it; nothing is
 * changed unless all fit.
 *
 * @param path - `.weights.h5`, `.weights.json`, `.keras`, `.safetensors`, or `.h5` of older versions.
 */
export async function loadWeights(model: Layer, path: string, args: LoadWeightsArgs = {}): Promise<void> {
  if (!model.built) throw new HornetError('loadWeights', `'${model.name}' has no weights yet; build it first`);
  const isLegacy = /\.(h5|hdf5)$/.test(path) && !path.endsWith('.weights.h5');
  if (args.byName && !isLegacy)
    throw new HornetError('loadWeights', `byName is for older .h5 files, received '${path}'`);
  if (path.endsWith('.weights.h5')) return loadWeightsH5(model, path, 'loadWeights', args);
  if (path.endsWith('.weights.json')) return loadShards(model, path, 'loadWeights', args);
  if (path.endsWith('.keras')) return loadKerasWeights(model, path, args);
  if (path.endsWith('.safetensors')) return loadSafetensors(model, path, args);
  if (isLegacy) return loadLegacyWeights(model, path, args);
  const formats = '.weights.h5, .weights.json, .keras, .safetensors or .h5';
  throw new HornetError('loadWeights', `expected a path that ends in ${formats}, received '${path}'`);
}
