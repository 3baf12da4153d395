// Keys of configs: camelCase inside, Keras's snake_case outside. Only an object's own keys are converted, nested data is not.

// Keras numbers these with an underscore; l1, l2 and the like it does not.
const numbered = /(beta|epsilon)(\d)/i;

/** `kernelInitializer` → `kernel_initializer`, `beta1` → `beta_1`. */
export const toSnake = (key: string): string =>
  key.replace(numbered, '$1_$2').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** `kernel_initializer` → `kernelInitializer`, `beta_1` → `beta1`. */
export const toCamel = (key: string): string =>
  key.replace(/(?!^)_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** A record with its keys renamed and its values mapped. */
export const mapKeys = (
  record: object,
  rename: (key: string) => string,
  map: (value: unknown) => unknown = (value) => value,
): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [rename(key), map(value)]));
