// Configs of models in the HDF5 files of older Keras versions: `{ class_name, config }` without modules, and what Keras 2
// wrote in another way. The rest of a config is as in serialize.ts.
import { HornetError } from '../errors.js';
import { getLoss } from '../losses/index.js';
import { getMetric } from '../metrics/index.js';
import { shapeDependent } from '../models/target-kind.js';
import { isBranch } from '../tree.js';
import { mapKeys, toCamel } from './config-case.js';
import { serialize, type Json, type SerializedObject } from './serialize.js';

type Entry = Readonly<Record<string, Json>>;

const isEntry = (value: unknown): value is Entry & { class_name: string; config: Json } =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && 'class_name' in value && 'config' in value;

/** A model's config without modules; that of nested models, too. */
export function toLegacyModel(json: SerializedObject): Json {
  const { class_name: name, config, registered_name: registered } = json;
  const { layers } = config;
  const inner = Array.isArray(layers) ? { ...config, layers: layers.map(toLegacyLayer) } : config;
  return { class_name: registered ?? name, config: inner };
}

function toLegacyLayer(layer: Json): Json {
  const { module, name, inbound_nodes: nodes } = layer as unknown as SerializedObject & Entry;
  // Older versions know no ops in models.
  if (module?.startsWith('keras.src.ops.')) return layer;
  const legacy = toLegacyModel(layer as unknown as SerializedObject) as Entry;
  return nodes === undefined ? legacy : { ...legacy, name, inbound_nodes: nodes };
}

/** How a model was compiled; null where that cannot be written. */
export function toLegacyTraining(compile: SerializedObject['compile_config']): Json {
  if (!compile) return null;
  const { optimizer, loss, metrics, weighted_metrics: weighted, ...rest } = compile;
  const plain = (value: Json): Json => {
    if (isEntry(value)) return { class_name: value.class_name, config: value.config };
    if (Array.isArray(value)) return value.map(plain);
    return isBranch(value) ? (mapKeys(value, (key) => key, plain as (item: unknown) => unknown) as Json) : value;
  };
  const metric = (name: string): Json =>
    shapeDependent(name) ? name : named(name, serialize(getMetric(name)) as unknown as Entry);
  const written = {
    ...rest,
    loss: eachName(loss, (name) => serialize(getLoss(name)) as unknown as Json),
    metrics: eachName(metrics, metric),
    weighted_metrics: eachName(weighted, metric),
  };
  return { ...(plain(written) as Entry), optimizer_config: plain(optimizer) };
}

/** Names replaced by the objects for which they stand: Keras does not find all of them in these files. */
function eachName(json: Json, replace: (name: string) => Json): Json {
  if (typeof json === 'string') return replace(json);
  if (isEntry(json) || !isBranch(json)) return json;
  if (Array.isArray(json)) return json.map((item: Json) => eachName(item, replace));
  return mapKeys(
    json,
    (key) => key,
    (item) => eachName(item as Json, replace),
  ) as Json;
}

/** A metric that is called as it was given. */
const named = (name: string, metric: Entry): Json => ({ ...metric, config: { ...(metric.config as Entry), name } });

/** A model's config as Keras 3 would write it. */
export function fromLegacyModel(json: unknown): SerializedObject {
  if (!isEntry(json)) throw new HornetError('loadModel', 'expected the config of a model');
  return fromLegacy(json) as unknown as SerializedObject;
}

function fromLegacy(entry: Entry & { class_name: string; config: Json }): Entry {
  const { class_name: name, config: given, inbound_nodes: nodes } = entry;
  if ('module' in entry) return entry;
  const config: Record<string, Json> = Array.isArray(given) ? { layers: given } : { ...(given as Entry) };
  const { batch_input_shape: shape, axis, layers } = config;
  if (Array.isArray(layers)) config.layers = layers.map((layer: Json) => (isEntry(layer) ? fromLegacy(layer) : layer));
  if (Array.isArray(shape)) {
    if (name === 'InputLayer') config.batch_shape = shape;
    else Object.assign(config, { batch_size: shape[0] as Json, input_shape: shape.slice(1) as Json[] });
    delete config.batch_input_shape;
  }
  if (Array.isArray(axis) && axis.length === 1) config.axis = axis[0] as Json;
  if (name === 'Lambda' && Array.isArray(config.function)) config.function = { class_name: '__lambda__', config: {} };
  // Layers say whether they are trained and in which type; uses of ops have a name only.
  const isOp = Array.isArray(nodes) && !('trainable' in config) && !('dtype' in config);
  const modern = { ...entry, module: isOp ? 'keras.src.ops.numpy' : null, registered_name: name, config };
  return Array.isArray(nodes) ? { ...modern, inbound_nodes: nodes.map(fromLegacyNode) } : modern;
}

/** A call: Keras 2 lists its inputs as `[layer, node, tensor, options]`. */
function fromLegacyNode(node: Json): Json {
  if (!Array.isArray(node)) return node;
  const tensor = (item: Json): Json => {
    const isTensor = Array.isArray(item) && item.length >= 3 && typeof item[0] === 'string';
    if (!isTensor) return Array.isArray(item) ? item.map(tensor) : item;
    return { class_name: '__keras_tensor__', config: { keras_history: (item as Json[]).slice(0, 3) } };
  };
  const inputs = node.map(tensor);
  const options = (Array.isArray(node[0]) ? ((node[0] as Json[])[3] ?? {}) : {}) as Entry;
  const kwargs = mapKeys(options, (key) => key, tensor as (item: unknown) => unknown) as Entry;
  return { args: [inputs.length === 1 ? inputs[0] : inputs], kwargs };
}

/** The arguments of `compile`. */
export function fromLegacyTraining(json: unknown): Record<string, unknown> {
  const { optimizer_config: optimizer, loss, metrics, ...rest } = json as Entry;
  const config = { ...rest, optimizer, loss: loss ?? null, metrics: metrics ?? null };
  return mapKeys(config, toCamel);
}
