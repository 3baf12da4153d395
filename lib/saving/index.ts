// keras.saving: models and weights in files, objects in Keras's JSON, and classes that it may name.
import { classNameOf, lookUpCustom, registeredAs, type SerializableClass } from './registry.js';
import {
  deserialize,
  serializeValue,
  withCustomObjects,
  type CustomObjects,
  type SerializedObject,
} from './serialize.js';

export { KerasFileEditor, type Comparison } from './file-editor.js';
export { loadModel, saveModel, type LoadModelArgs, type SaveModelArgs } from './models.js';
export { loadWeights, saveWeights, type LoadWeightsArgs, type SaveWeightsArgs } from './weights.js';
export { registerKerasSerializable } from './registry.js';

/** An object, or whatever may stand in a config, as JSON. */
export const serializeKerasObject = serializeValue;

/** The object that JSON describes. Throws a `HornetError` on names that nobody knows. */
export const deserializeKerasObject = (
  config: SerializedObject,
  options: { readonly customObjects?: CustomObjects } = {},
): unknown => deserialize(config, options);

/** Runs `fn` while configs may name these classes and functions, too. */
export const customObjectScope = <T>(objects: CustomObjects, fn: () => T): T => withCustomObjects(objects, fn);

/** The name under which a class stands in configs: `package>ClassName` for one of the user's. */
export function getRegisteredName(cls: SerializableClass): string {
  const entry = registeredAs(cls);
  return entry?.custom ? `${entry.module}>${entry.name}` : classNameOf(cls);
}

/** The class that was registered as `package>ClassName`; null where there is none. */
export const getRegisteredObject = (name: string): SerializableClass | null => lookUpCustom(name) ?? null;
