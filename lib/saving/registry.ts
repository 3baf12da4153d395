// Which classes and functions configs may name: by module and class name, as Keras writes them. Each registers itself
// beside its definition; nothing is listed here.
import { HornetError } from '../errors.js';

/** A class whose objects can be rebuilt from their config. */
export interface SerializableClass {
  new (...args: never[]): unknown;
  /** Keras's name of the class, where it is not the JavaScript name. Subclasses do not inherit it. */
  readonly className?: string;
  /** Names of the constructor's positional parameters, in order; the rest goes into the options object behind them. */
  readonly requiredArgs?: readonly string[];
  /** Parts of the config that `fromConfig` gets as they stand in JSON; objects elsewhere are made before. */
  readonly rawKeys?: readonly string[];
  fromConfig?(config: Record<string, unknown>): unknown;
}

/** A function that configs may name: an activation, a loss. */
export type NamedFunction = (...args: never[]) => unknown;

interface Entry {
  readonly module: string;
  readonly name: string;
  readonly cls: SerializableClass;
  /** Registered by a user, under `module>name`. */
  readonly custom: boolean;
}

const byName = new Map<string, Entry>();
const byClass = new Map<unknown, Entry>();
const functions = new Map<string, NamedFunction>();
const functionNames = new Map<NamedFunction, string>();

const plain = (name: string): string => name.toLowerCase().replaceAll('_', '');

/** The name of a class in configs. */
export const classNameOf = (cls: SerializableClass): string =>
  (Object.hasOwn(cls, 'className') && cls.className) || cls.name;

/** Enters a class of Hornet under Keras's module, e.g. `keras.layers`. */
export function registerSerializable(module: string, cls: SerializableClass, name = classNameOf(cls)): void {
  const entry = { module, name, cls, custom: false };
  byName.set(`${module}>${plain(name)}`, entry);
  if (!byClass.has(cls)) byClass.set(cls, entry);
}

/**
 * Makes a class of the user's known to configs, under `package>ClassName` as in Keras.
 *
 * @param options.package - Default `Custom`.
 */
export function registerKerasSerializable(
  cls: SerializableClass,
  options: { package?: string; name?: string } = {},
): void {
  const name = options.name ?? classNameOf(cls);
  if (!name) throw new HornetError('registerKerasSerializable', 'expected a class with a name');
  const module = options.package ?? 'Custom';
  const entry = { module, name, cls, custom: true };
  byName.set(`custom>${plain(`${module}>${name}`)}`, entry);
  byClass.set(cls, entry);
}

/** The class of Hornet with that module and name; the spelling of the name (case, underscores) does not matter. */
export const lookUpClass = (module: string, name: string): SerializableClass | undefined =>
  byName.get(`${module}>${plain(name)}`)?.cls;

/** The class a user registered as `package>ClassName`. */
export const lookUpCustom = (registeredName: string): SerializableClass | undefined =>
  byName.get(`custom>${plain(registeredName)}`)?.cls;

/** How a class is registered. */
export const registeredAs = (cls: unknown): Entry | undefined => byClass.get(cls);

/** Lets configs name a function, which stands in a config as its bare name. */
export function registerFunction(name: string, fn: NamedFunction): void {
  functions.set(plain(name), fn);
  if (!functionNames.has(fn)) functionNames.set(fn, name);
}

/** The function of that name; its spelling (case, underscores) does not matter. */
export const lookUpFunction = (name: string): NamedFunction | undefined => functions.get(plain(name));

/** The name under which a function is registered. */
export const functionName = (fn: unknown): string | undefined => functionNames.get(fn as NamedFunction);

/** The name under which configs know a class or function: `package>ClassName` where the user registered it. */
export function getRegisteredName(object: SerializableClass | NamedFunction): string {
  const entry = registeredAs(object);
  if (entry) return entry.custom ? `${entry.module}>${entry.name}` : entry.name;
  return functionName(object) ?? object.name;
}

/** The class or function that was registered under this name; undefined where there is none. */
export const getRegisteredObject = (name: string): SerializableClass | NamedFunction | undefined =>
  lookUpCustom(name) ?? lookUpFunction(name);
