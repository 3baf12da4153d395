// Classes that configs may name: by module and class name, as Keras writes them.
import { HornetError } from '../errors.js';

/** A class whose objects can be rebuilt from their config. */
export interface SerializableClass {
  new (...args: never[]): unknown;
  /** Keras's name of the class. */
  readonly className?: string;
  /** Names of the constructor's positional parameters, in order. */
  readonly requiredArgs?: readonly string[];
}

interface Entry {
  readonly module: string;
  readonly name: string;
  readonly cls: SerializableClass;
}

const byName = new Map<string, Entry>();
const byClass = new Map<unknown, Entry>();

const plain = (name: string): string => name.toLowerCase().replaceAll('_', '');

/** Enters a class of Hornet under Keras's module, e.g. `keras.layers`. */
export function registerSerializable(module: string, cls: SerializableClass, name = cls.className ?? cls.name): void {
  const entry = { module, name, cls };
  byName.set(`${module}>${plain(name)}`, entry);
  byClass.set(cls, entry);
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
  const name = options.name ?? cls.className ?? cls.name;
  if (!name) throw new HornetError('registerKerasSerializable', 'expected a class with a name');
  const module = options.package ?? 'Custom';
  const entry = { module, name, cls };
  byName.set(`custom>${plain(`${module}>${name}`)}`, entry);
  byClass.set(cls, entry);
}

/** The class of Hornet with that module and name; the spelling of the name (case, underscores) does not matter. */
export const lookUpClass = (module: string, name: string): SerializableClass | undefined =>
  byName.get(`${module}>${plain(name)}`)?.cls;

/** The class a user registered as `package>ClassName`. */
export const lookUpCustom = (registeredName: string): SerializableClass | undefined =>
  byName.get(`custom>${plain(registeredName)}`)?.cls;

/** Module and class name under which a class is registered. */
export const registeredAs = (cls: unknown): { module: string; name: string } | undefined => byClass.get(cls);
