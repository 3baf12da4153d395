// The HDF5 files of older Keras versions: whole models and weights, one group per layer. Their configs are in
// legacy-config.ts.
import { HornetError } from '../errors.js';
import type { Layer } from '../layers/layer.js';
import type { Model } from '../models/model.js';
import type { Variable } from '../variable.js';
import { replaceFile } from './atomic.js';
import { buildModel } from './build-model.js';
import { Hdf5Reader } from './hdf5-reader.js';
import { Hdf5Writer, type Attributes } from './hdf5-writer.js';
import { KERAS_VERSION } from './keras-version.js';
import { fromLegacyModel, fromLegacyTraining, toLegacyModel, toLegacyTraining } from './legacy-config.js';
import type { LoadModelArgs } from './models.js';
import { parsePythonJson, toPythonJson } from './python-json.js';
import { optimizerVariables } from './optimizer-order.js';
import { Restoration, type StoredWeight } from './restore.js';
import { deserialize, serialize } from './serialize.js';

/** Attributes larger than this, in bytes, do not fit the header of a group. */
const HEADER_LIMIT = 64512;
const TOP_LEVEL = 'top_level_model_weights';

const about = { backend: 'hornet', keras_version: KERAS_VERSION };

/** How these files order a layer's weights. */
const weightsOf = (layer: Layer): Variable[] => [...layer.trainableWeights, ...layer.nonTrainableWeights];

/** The weights of the model itself, outside of its layers. */
const topLevelWeights = (model: Layer): Variable[] => model.savedWeights().map(({ variable }) => variable);

/** Writes a model with its weights, and the state of its optimizer. */
export async function saveLegacyModel(model: Model, path: string, includeOptimizer: boolean): Promise<void> {
  if (model.graph === null) {
    throw new HornetError('saveModel', 'only functional and Sequential models can be saved as .h5; use .keras');
  }
  const json = serialize(model);
  const training = includeOptimizer && model.isCompiled ? toLegacyTraining(json.compile_config) : null;
  const attributes = {
    ...about,
    model_config: toPythonJson(toLegacyModel(json)),
    ...(training && { training_config: toPythonJson(training) }),
  };
  await replaceFile(path, 'saveModel', (beside) =>
    Hdf5Writer.write(beside, async (writer) => {
      writer.group('', attributes);
      await writeModelWeights(writer, 'model_weights', model);
      if (training) await writeGroup(writer, 'optimizer_weights', model.optimizer.variables);
    }),
  );
}

/** Writes the weights alone. */
export async function saveLegacyWeights(model: Layer, path: string): Promise<void> {
  await replaceFile(path, 'saveWeights', (beside) =>
    Hdf5Writer.write(beside, (writer) => writeModelWeights(writer, '', model)),
  );
}

async function writeModelWeights(writer: Hdf5Writer, group: string, model: Layer): Promise<void> {
  const layers = model.subLayers;
  const names = layers.map(({ name }) => name);
  writer.group(group, { ...about, ...listAttribute('layer_names', names) });
  const inGroup = (name: string): string => (group ? `${group}/${name}` : name);
  for (const layer of layers) await writeGroup(writer, inGroup(layer.name), weightsOf(layer));
  await writeGroup(writer, inGroup(TOP_LEVEL), topLevelWeights(model));
}

async function writeGroup(writer: Hdf5Writer, group: string, weights: readonly Variable[]): Promise<void> {
  const used = new Set<string>();
  const names = weights.map(({ path }) => {
    let name = path;
    for (let count = 1; used.has(name); count++) name = `${path}_${count}`;
    used.add(name);
    return name;
  });
  writer.group(group, listAttribute('weight_names', names));
  for (const [i, variable] of weights.entries()) {
    await writer.dataset(`${group}/${names[i]}`, variable.dtype, variable.shape, await variable.data());
  }
}

/** A list as one attribute, or as several (`name0`, `name1` …) where it is too long for one. */
function listAttribute(name: string, values: readonly string[]): Attributes {
  const bytes = values.length * Math.max(16, ...values.map((value) => Buffer.byteLength(value)));
  const count = Math.ceil(bytes / HEADER_LIMIT);
  if (count <= 1) return { [name]: values };
  const size = Math.ceil(values.length / count);
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`${name}${i}`, values.slice(i * size, (i + 1) * size)]),
  );
}

/** Reads a model. */
export function loadLegacyModel(path: string, args: LoadModelArgs): Promise<Model> {
  const { customObjects, compile = true } = args;
  return Hdf5Reader.read(path, 'loadModel', async (file) => {
    const [texts] = await file.texts(['']);
    const read = (name: string): unknown => {
      const text = texts[name];
      return typeof text === 'string' ? parsePythonJson(text, 'loadModel', `${name} of ${path}`) : null;
    };
    const config = read('model_config');
    if (config === null)
      throw new HornetError('loadModel', `${path} holds no model; loadWeights() reads weights alone`);
    const training = compile ? read('training_config') : null;
    const model = buildModel(path, customObjects, () => {
      const made = deserialize(fromLegacyModel(config)) as Model;
      if (training) made.compileFromConfig(fromLegacyTraining(training));
      return made;
    });
    const into = new Restoration('loadModel', path, false);
    await byOrder(file, 'model_weights', model, into);
    if (training) await restoreOptimizer(file, model, into);
    await into.finish();
    notify(model);
    return model;
  });
}

/** Reads weights from a file of weights, or from one of a model. */
export function loadLegacyWeights(
  model: Layer,
  path: string,
  { byName = false, skipMismatch = false }: { readonly byName?: boolean; readonly skipMismatch?: boolean },
): Promise<void> {
  return Hdf5Reader.read(path, 'loadWeights', async (file) => {
    const isModel =
      (await file.names('model_weights')) !== null && (await listsOf(file, [''], 'layer_names'))[0].length === 0;
    const into = new Restoration('loadWeights', path, skipMismatch);
    await (byName ? matchNames : byOrder)(file, isModel ? 'model_weights' : '', model, into);
    await into.finish();
    notify(model);
  });
}

const notify = (model: Layer): void => {
  for (const layer of model.flattenLayers()) layer.weightsRestored();
};

const within = (group: string, name: string): string => (group ? `${group}/${name}` : name);

/** The lists that an attribute of groups, or several, hold. */
async function listsOf(file: Hdf5Reader, groups: readonly string[], name: string): Promise<(readonly string[])[]> {
  return (await file.texts(groups)).map((texts) => {
    if (name in texts) return [texts[name]].flat();
    const list: string[] = [];
    for (let i = 0; `${name}${i}` in texts; i++) list.push(...[texts[`${name}${i}`]].flat());
    return list;
  });
}

/** The weights of layers' groups, in order. */
async function storedIn(file: Hdf5Reader, groups: readonly string[]): Promise<(StoredWeight | null)[][]> {
  const names = await listsOf(file, groups, 'weight_names');
  const paths = names.map((list, i) => list.map((name) => `${groups[i]}/${name}`));
  const weights = (await file.weights(paths.flat())).values();
  return paths.map((list) => list.map(() => weights.next().value ?? null));
}

function pair(
  into: Restoration,
  name: string,
  weights: readonly Variable[],
  stored: readonly (StoredWeight | null)[],
): void {
  if (weights.length !== stored.length) {
    return into.refuse(`'${name}' has ${weights.length} weights, in ${into.path} ${stored.length}`);
  }
  weights.forEach((variable, i) => into.add(variable, stored[i]));
}

/** The layers that have weights, in order, get the weights of the groups that have such. */
async function byOrder(file: Hdf5Reader, group: string, model: Layer, into: Restoration): Promise<void> {
  const layers = model.subLayers.filter((layer) => layer.weights.length > 0);
  const places = (await layerNames(file, group, into)).map((name) => within(group, name));
  const groups = (await storedIn(file, places)).filter((stored) => stored.length > 0);
  if (layers.length !== groups.length) {
    const message = `the model has ${layers.length} layers with weights, ${into.path} ${groups.length}`;
    throw new HornetError(into.where, message);
  }
  layers.forEach((layer, i) => pair(into, layer.name, weightsOf(layer), groups[i]));
  await pairTopLevel(file, group, model, into);
}

/** Every layer gets the weights of the group that is called like it; others stay as they are. */
async function matchNames(file: Hdf5Reader, group: string, model: Layer, into: Restoration): Promise<void> {
  const names = await layerNames(file, group, into);
  const places = names.map((name) => within(group, name));
  for (const [i, stored] of (await storedIn(file, places)).entries()) {
    for (const layer of model.subLayers) {
      if (layer.name === names[i]) pair(into, layer.name, weightsOf(layer), stored);
    }
  }
  await pairTopLevel(file, group, model, into);
}

async function layerNames(file: Hdf5Reader, group: string, into: Restoration): Promise<readonly string[]> {
  const [names] = await listsOf(file, [group], 'layer_names');
  if (names.length === 0) throw new HornetError(into.where, `${into.path} has no weights of layers`);
  return names;
}

async function pairTopLevel(file: Hdf5Reader, group: string, model: Layer, into: Restoration): Promise<void> {
  const place = within(group, TOP_LEVEL);
  if ((await file.names(place)) === null) return;
  const [stored] = await storedIn(file, [place]);
  pair(into, model.name, topLevelWeights(model), stored);
}

async function restoreOptimizer(file: Hdf5Reader, model: Model, into: Restoration): Promise<void> {
  if ((await file.names('optimizer_weights')) === null) return;
  const [[first]] = await listsOf(file, ['optimizer_weights'], 'weight_names');
  const [stored] = await storedIn(file, ['optimizer_weights']);
  const variables = optimizerVariables(model, stored, /\/iter(:0)?$/.test(first));
  if (variables) variables.forEach((variable, i) => into.add(variable, stored[i]));
  else into.warn(`'${model.optimizer.name}' has other variables than ${into.path}`);
}
