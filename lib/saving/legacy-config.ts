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
type LegacyObject = Entry & { readonly class_name: string; readonly config: Json };

const isEntry = (value: unknown): value is LegacyObject =>
  isBranch(value) && typeof (value as Entry).class_name === 'string' && 'config' in value;

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

/** A model's config as Keras 3 would write it: of an older `.h5`, or of a `.keras` of Keras 2. */
export function fromLegacyModel(json: unknown): SerializedObject {
  if (!isEntry(json)) throw new HornetError('loadModel', 'expected the config of a model');
  return fromLegacy(json) as unknown as SerializedObject;
}

/** A value, with all objects within it. */
function fromLegacyValue(value: Json): Json {
  if (Array.isArray(value)) return value.map(fromLegacyValue);
  if (!isBranch(value)) return value;
  return isEntry(value) ? fromLegacy(value) : (mapKeys(value, (key) => key, fromLegacyValue as never) as Json);
}

function fromLegacy(entry: LegacyObject): Entry {
  const { config: given, inbound_nodes: nodes, module, compile_config: compile } = entry;
  if (!isBranch(given) || (typeof module === 'string' && module.startsWith('keras.src.'))) return entry;
  const whole = Array.isArray(given) ? { layers: given as readonly Json[] } : given;
  const config: Record<string, Json> = { ...(fromLegacyValue(renumbered(whole)) as Entry) };
  const name = modernNames.get(entry.class_name) ?? entry.class_name.replace(/^Custom>/, '');
  if (Object.hasOwn(wrappers, name))
    return wrappers[name](config.fn as string, config.name as string) as unknown as Entry;
  for (const change of changes) change(name, config);
  // Layers say whether they are trained and in which type; uses of ops have a name only.
  const isOp = Array.isArray(nodes) && !['trainable', 'dtype', 'layers'].some((key) => key in config);
  const modern: Entry = {
    registered_name: entry.class_name,
    ...entry,
    class_name: name,
    module: module ?? (isOp ? 'keras.src.ops.numpy' : null),
    config,
    ...(compile !== undefined && { compile_config: fromLegacyValue(withoutNulls(compile)) }),
  };
  return Array.isArray(nodes) ? { ...modern, inbound_nodes: nodes.map(fromLegacyNode) } : modern;
}

/** Names of classes that are called otherwise today. */
const modernNames: ReadonlyMap<string, string> = new Map([
  ['Model', 'Functional'],
  ['BatchNormalizationV1', 'BatchNormalization'],
  ['BatchNormalizationV2', 'BatchNormalization'],
]);

/** Functions that Keras 2 wrapped into objects. */
const wrappers: Readonly<Record<string, (fn: string, name: string) => SerializedObject>> = {
  MeanMetricWrapper: (fn, name) =>
    named(name, serialize(getMetric(fn)) as unknown as Entry) as unknown as SerializedObject,
  LossFunctionWrapper: (fn) => serialize(getLoss(fn)),
};

/** What is said in another way today, by class and config. */
const changes: readonly ((name: string, config: Record<string, Json>) => void)[] = [
  (name, config) => {
    const { batch_input_shape: shape } = config;
    if (!Array.isArray(shape)) return;
    if (name === 'InputLayer') config.batch_shape = shape;
    else Object.assign(config, { batch_size: shape[0] as Json, input_shape: shape.slice(1) as Json[] });
    delete config.batch_input_shape;
  },
  (_, config) => {
    if (Array.isArray(config.axis) && config.axis.length === 1) config.axis = config.axis[0] as Json;
  },
  (name, config) => {
    if (name === 'Lambda' && Array.isArray(config.function)) config.function = { class_name: '__lambda__', config: {} };
  },
  (_, config) => {
    if (config.reduction === 'auto') config.reduction = 'sum_over_batch_size';
  },
  // Optimizers from before 2.11.
  (_, config) => {
    const { decay, learning_rate: rate } = config;
    if (typeof decay !== 'number' || typeof rate !== 'number') return;
    delete config.decay;
    if (decay === 0) return;
    const schedule = { initial_learning_rate: rate, decay_steps: 1, decay_rate: decay };
    config.learning_rate = { module: 'keras.optimizers.schedules', class_name: 'InverseTimeDecay', config: schedule };
  },
];

/** What `compile` was not told. */
const withoutNulls = (json: Json): Json =>
  isBranch(json) && !Array.isArray(json)
    ? Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null))
    : json;

/** An output of a call as Keras 2 names it: `[layer, call, output]`, perhaps with options. */
const isHistory = (item: Json): item is readonly [string, number, ...Json[]] =>
  Array.isArray(item) && item.length >= 3 && typeof item[0] === 'string' && typeof item[1] === 'number';

const mapHistories = (json: Json, map: (history: readonly [string, number, ...Json[]]) => Json): Json => {
  if (isHistory(json)) return map(json);
  const inner = (item: Json): Json => mapHistories(item, map);
  return Array.isArray(json)
    ? json.map(inner)
    : isBranch(json)
      ? (mapKeys(json, (key) => key, inner as never) as Json)
      : json;
};

/** Keras 2 counts how a nested model was made as its first call: calls of such are numbered from zero. */
function renumbered(config: Json): Json {
  const { layers, output_layers: outputs } = config as Entry;
  if (!Array.isArray(layers) || !outputs) return config;
  const calls = layers
    .filter(isEntry)
    .map(({ inbound_nodes: nodes }) => (Array.isArray(nodes) ? nodes : []).filter(Array.isArray));
  const first = new Map<Json, number>();
  mapHistories(
    [calls as Json, outputs],
    ([layer, call]) => first.set(layer, Math.min(call, first.get(layer) ?? call)) && null,
  );
  const nested = layers
    .filter((layer) => isEntry(layer) && 'layers' in Object(layer.config))
    .map((layer) => (layer as Entry).name);
  const shift = (json: Json): Json =>
    mapHistories(json, ([layer, call, ...rest]) => [
      layer,
      nested.includes(layer) ? call - first.get(layer)! : call,
      ...rest,
    ]);
  const shifted = layers.map((layer: Json) =>
    isEntry(layer) && Array.isArray(layer.inbound_nodes)
      ? { ...layer, inbound_nodes: layer.inbound_nodes.map((node: Json) => (Array.isArray(node) ? shift(node) : node)) }
      : layer,
  );
  return { ...(config as Entry), layers: shifted, output_layers: shift(outputs) };
}

/** A call: Keras 2 lists its inputs as `[layer, call, output, options]`. */
function fromLegacyNode(node: Json): Json {
  if (!Array.isArray(node)) return node;
  const tensors = (json: Json): Json =>
    mapHistories(json, (history) => ({
      class_name: '__keras_tensor__',
      config: { keras_history: history.slice(0, 3) },
    }));
  const options = isHistory(node[0] as Json) ? ((node[0] as readonly Json[])[3] ?? {}) : {};
  const inputs = node.map(tensors);
  return { args: [inputs.length === 1 ? inputs[0] : inputs], kwargs: tensors(options) };
}

/** The arguments of `compile`. */
export function fromLegacyTraining(json: unknown): Record<string, unknown> {
  const { optimizer_config: optimizer, loss, metrics, ...rest } = fromLegacyValue(json as Json) as Entry;
  const config = { ...rest, optimizer, loss: loss ?? null, metrics: metrics ?? null };
  return mapKeys(config, toCamel);
}
