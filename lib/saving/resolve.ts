// What a user may pass where an object of a family is wanted: the object, a function, or its name in either spelling.
import { HornetError } from '../errors.js';
import { lookUpClass } from './registry.js';

/** The object that `identifier` stands for: names are looked up under `module` and made with their defaults. */
export function resolve<T>(module: string, kind: string, identifier: T | string): T {
  if (typeof identifier !== 'string') return identifier;
  const found = lookUpClass(module, identifier) as (new () => T) | undefined;
  if (!found) throw new HornetError(kind, `unknown ${kind} '${identifier}'`);
  return new found();
}
