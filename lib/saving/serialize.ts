// Objects to and from Keras's JSON: `{ module, class_name, config, registered_name }`. Keys are snake_case there and
// camelCase inside.
import { HornetError } from '../errors.js';
import { Layer } from '../layers/layer.js';
import { describe } from '../tensor.js';
import { flatten } from '../tree.js';
import { mapKeys, toCamel, toSnake } from './config-case.js';
import {
  classNameOf,
  functionName,
  lookUpClass,
  lookUpCustom,
  lookUpFunction,
  registeredAs,
  type NamedFunction,
  type SerializableClass,
} from './registry.js';

/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** An object in Keras's JSON. */
export interface SerializedObject {
  readonly module: string | null;
  readonly class_name: string;
  readonly config: { readonly [key: string]: Json };
  readonly registered_name: string | null;
  readonly build_config?: { readonly [key: string]: Json };
  readonly compile_config?: { readonly [key: string]: Json } | null;
  readonly shared_object_id?: number;
}

/** Classes and functions that a config names and nobody registered. */
export type CustomObjects = Readonly<Record<string, SerializableClass | NamedFunction>>;

let customObjects: CustomObjects = {};

/** Runs `fn` while configs may name these classes and functions, too. */
export function withCustomObjects<T>(objects: CustomObjects | undefined, fn: () => T): T {
  const outer = customObjects;
  customObjects = { ...outer, ...objects };
  try {
    return fn();
  } finally {
    customObjects = outer;
  }
}

/** Layers that stand in several places of a model are one object there, too. */
interface Sharing {
  /** What has been written, by object. */
  readonly written: Map<unknown, { json: SerializedObject; id: number }>;
  /** What has been made, by the number under which the file knows it. */
  readonly made: Map<number, unknown>;
}

let sharing: Sharing | null = null;

/** Runs `fn`, in which a layer that is written or read several times stays one layer. */
export function withSharing<T>(fn: () => T): T {
  const outer = sharing;
  sharing = { written: new Map(), made: new Map() };
  try {
    return fn();
  } finally {
    sharing = outer;
  }
}

/** Gives both places the same number when a layer has been written before. */
function markShared(object: unknown, json: SerializedObject): SerializedObject {
  if (!sharing || !(object instanceof Layer)) return json;
  const before = sharing.written.get(object);
  if (!before) {
    sharing.written.set(object, { json, id: sharing.written.size + 1 });
    return json;
  }
  Object.assign(before.json, { shared_object_id: before.id });
  return { ...json, shared_object_id: before.id };
}

/**
 * Writes a layer, model, optimizer, loss, initializer or other object with `getConfig()` in Keras's JSON.
 *
 * @throws HornetError on a function that is not registered, or a value that JSON cannot hold.
 */
export function serialize(object: { getConfig(): object }): SerializedObject {
  const cls = object.constructor as SerializableClass;
  const entry = registeredAs(cls);
  const className = object instanceof Layer ? object.className : (entry?.name ?? classNameOf(cls));
  const module = object instanceof Layer && entry && !entry.custom ? object.moduleName(entry.module) : entry?.module;
  const keras = entry !== undefined && !entry.custom;
  const registered = keras
    ? className === 'Functional'
      ? className
      : null
    : entry
      ? `${entry.module}>${className}`
      : className;
  return markShared(object, {
    module: keras ? (module ?? null) : null,
    class_name: className,
    config: serializeConfig(object.getConfig()),
    registered_name: registered,
    ...extraConfigs(object),
  });
}

function extraConfigs(object: unknown): object {
  if (!(object instanceof Layer)) return {};
  const build = object.getBuildConfig();
  const compile = (object as { getCompileConfig?: () => object | null }).getCompileConfig?.();
  return {
    ...(build && { build_config: serializeConfig(build) }),
    ...(compile && serializeCompilation(compile)),
  };
}

/** How a model was compiled. A loss written in place cannot be restored: then the copy has to be compiled anew. */
function serializeCompilation(config: object): object {
  const isUnknown = (value: unknown): boolean =>
    typeof value === 'function' && !hasConfig(value) && functionName(value) === undefined;
  return flatten(Object.values(config)).some(isUnknown) ? {} : { compile_config: serializeConfig(config) };
}

const serializeConfig = (config: object): { readonly [key: string]: Json } => {
  const present = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
  return mapKeys(present, toSnake, serializeValue) as { readonly [key: string]: Json };
};

/** A value within a config. */
export function serializeValue(value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean' || typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(serializeValue);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number | bigint>, Number);
  if (hasConfig(value)) return serialize(value) as unknown as Json;
  if (typeof value === 'function') {
    const custom = Object.entries(customObjects).find(([, object]) => object === value);
    const name = functionName(value) ?? custom?.[0];
    if (name !== undefined) return name;
    throw new HornetError('serialize', `${describe(value)} is not registered; call registerFunction() for it`);
  }
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return mapKeys(value, (key) => key, serializeValue) as Json;
  }
  throw new HornetError('serialize', `a config cannot hold ${describe(value)}`);
}

const hasConfig = (value: unknown): value is { getConfig(): object } =>
  value !== null &&
  (typeof value === 'object' || typeof value === 'function') &&
  typeof (value as { getConfig?: unknown }).getConfig === 'function';

/**
 * Makes the object that Keras's JSON describes.
 *
 * @param options.customObjects - Classes and functions that the config names and nobody registered.
 * @throws HornetError on names that nobody knows.
 */
export function deserialize(json: SerializedObject, options: { customObjects?: CustomObjects } = {}): unknown {
  return withCustomObjects(options.customObjects, () => deserializeObject(json));
}

function deserializeObject(json: SerializedObject): unknown {
  const { class_name: name, module, shared_object_id: id } = json;
  if (name === 'function') return namedFunction(json.config);
  if (name === '__lambda__') return replacedLambda(null);
  if (json.config === null || typeof json.config !== 'object' || Array.isArray(json.config)) {
    throw new HornetError('deserialize', `expected the config of '${String(name)}' to be an object`);
  }
  const shared = id === undefined ? undefined : sharing?.made.get(id);
  if (shared) return shared;
  const cls = findClass(module, name, json.registered_name);
  const config: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json.config)) {
    const name = toCamel(key);
    config[name] = cls.rawKeys?.includes(name) ? value : deserializeValue(value);
  }
  const object = cls.fromConfig ? cls.fromConfig(config) : construct(cls, config);
  if (id !== undefined) sharing?.made.set(id, object);
  if (json.build_config && object instanceof Layer && !object.built) {
    object.buildFromConfig(mapKeys(json.build_config, toCamel));
  }
  // A model that was not compiled may say so with an empty record.
  if (Object.keys(json.compile_config ?? {}).length > 0 && isCompilable(object)) {
    object.compileFromConfig(mapKeys(json.compile_config!, toCamel));
  }
  return object;
}

const isCompilable = (object: unknown): object is { compileFromConfig(config: Record<string, unknown>): void } =>
  object instanceof Layer && 'compileFromConfig' in object;

function construct(cls: SerializableClass, config: Record<string, unknown>): unknown {
  const required = cls.requiredArgs ?? [];
  const rest = Object.fromEntries(Object.entries(config).filter(([key]) => !required.includes(key)));
  return new (cls as new (...args: unknown[]) => unknown)(...required.map((key) => config[key]), rest);
}

/** A value within a config: objects are made, everything else stays. */
export function deserializeValue(value: Json): unknown {
  if (Array.isArray(value)) return value.map(deserializeValue);
  if (value === null || typeof value !== 'object') return value;
  const record = value as { readonly [key: string]: Json };
  if (record.class_name === '__tuple__') return (record.items as readonly Json[]).map(deserializeValue);
  if (record.class_name === '__numpy__' || record.class_name === '__tensor__') {
    return (record.config as { readonly value: Json }).value;
  }
  if (typeof record.class_name === 'string' && 'config' in record) {
    return deserializeObject(record as unknown as SerializedObject);
  }
  return mapKeys(record, (key) => key, deserializeValue as (value: unknown) => unknown);
}

/** Where Keras keeps its classes. Files of older versions name a class without its module. */
const groups = ['layers', 'initializers', 'regularizers', 'constraints', 'losses', 'metrics', 'optimizers'];

/** Keras's inner modules (`keras.src.layers.core.dense`) count as the outer one. */
function findClass(module: string | null, name: string, registeredName: string | null | undefined): SerializableClass {
  const group = groups.find((each) => module?.split('.').includes(each));
  const found =
    (customObject(name) as SerializableClass | undefined) ??
    (registeredName ? lookUpCustom(registeredName) : undefined) ??
    (module ? lookUpClass(module, name) : undefined) ??
    (group
      ? lookUpClass(
          group === 'optimizers' && name.endsWith('Decay') ? 'keras.optimizers.schedules' : `keras.${group}`,
          name,
        )
      : undefined) ??
    lookUpClass('keras', name) ??
    (module ? undefined : groups.map((each) => lookUpClass(`keras.${each}`, name)).find((cls) => cls !== undefined));
  if (found) return found;
  const hint = 'pass it in customObjects or call registerKerasSerializable() for it';
  throw new HornetError(
    'deserialize',
    `class '${registeredName ?? name}'${module ? ` of ${module}` : ''} is not known; ${hint}`,
  );
}

/** What the user has passed under a name. */
const customObject = (name: string): CustomObjects[string] | undefined =>
  Object.hasOwn(customObjects, name) ? customObjects[name] : undefined;

/** The function of that name: the user's, or Hornet's. Throws a `HornetError` where there is none. */
export function namedFunction(name: unknown): NamedFunction {
  const found = typeof name === 'string' ? (customObject(name) ?? lookUpFunction(name)) : undefined;
  if (found) return found as NamedFunction;
  throw new HornetError('deserialize', `function '${String(name)}' is not known; pass it in customObjects`);
}

/** What the user has passed in the place of a Python lambda, which is never run: a function under the layer's name. */
export function replacedLambda(layer: string | null): NamedFunction {
  const found = layer === null ? undefined : customObject(layer);
  if (found) return found as NamedFunction;
  const hint = layer === null ? '' : `; pass a function of your own as '${layer}' in customObjects`;
  throw new HornetError('deserialize', `the config holds Python code (a lambda), which is not run${hint}`);
}
