// The base of all initializers, and what may stand for one. The distributions are in the files beside.
import { floatx } from '../config.js';
import type { DType } from '../dtype.js';
import { Callable } from '../layers/callable.js';
import { resolve } from '../saving/resolve.js';
import type { Tensor } from '../tensor.js';

/** A function that makes the first value of a weight. */
export type InitializerFunction = (shape: readonly number[], dtype?: DType) => Tensor;

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- instances are functions, see callable.ts
export interface Initializer {
  /** A tensor of the given shape; dtype by default `floatx()`. */
  (shape: readonly number[], dtype?: DType): Tensor;
}

/** Base class of initializers. One of your own has `call(shape, dtype)` and, if it is to be saved, `getConfig()`. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- instances are functions, see callable.ts
export abstract class Initializer extends Callable {
  abstract call(shape: readonly number[], dtype: DType): Tensor;

  protected override invoke([shape, dtype]: readonly unknown[]): Tensor {
    return this.call(shape as readonly number[], (dtype as DType | undefined) ?? floatx());
  }

  /** The constructor's options. */
  getConfig(): Record<string, unknown> {
    return {};
  }

  /** This initializer for a weight of which certain axes count as inputs and outputs, unless it was told so itself. */
  withAxes(_inputAxes: readonly number[], _outputAxes: readonly number[]): Initializer {
    return this;
  }
}

/** Names of the initializers. */
export type InitializerName =
  | 'zeros'
  | 'ones'
  | 'constant'
  | 'identity'
  | 'orthogonal'
  | 'varianceScaling'
  | 'glorotNormal'
  | 'glorotUniform'
  | 'heNormal'
  | 'heUniform'
  | 'lecunNormal'
  | 'lecunUniform'
  | 'randomNormal'
  | 'randomUniform'
  | 'truncatedNormal'
  | 'stft';

/** An initializer, its name in either spelling, or a function from a shape to a tensor. */
export type InitializerLike = Initializer | InitializerFunction | InitializerName | (string & {});

/** Keras's short names. */
const shortNames: Partial<Record<string, InitializerName>> = {
  uniform: 'randomUniform',
  normal: 'randomNormal',
  zero: 'zeros',
  one: 'ones',
};

/** The initializer that `identifier` stands for. Throws a `HornetError` for an unknown name. */
export function getInitializer(identifier: InitializerLike): InitializerFunction {
  const name = typeof identifier === 'string' ? (shortNames[identifier] ?? identifier) : identifier;
  return resolve<InitializerFunction>('keras.initializers', 'initializer', name);
}

/** An initializer like this one: without a given seed it draws numbers of its own. Functions stay themselves. */
export function renewed(initializer: InitializerFunction): InitializerFunction {
  if (!(initializer instanceof Initializer)) return initializer;
  return new (initializer.constructor as new (config: object) => Initializer)(initializer.getConfig());
}
